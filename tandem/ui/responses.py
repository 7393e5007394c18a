"""Answers to a browser: a page, or the fragment of it that htmx asked for; toasts; redirects."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.middleware import HtmxDetails

from tandem.kernel.errors import DomainError

Text = str | Promise
SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Toast:
    """A word after the deed. `undo` is the public id of the change set; `link` leads on."""

    message: Text
    tone: str = "ok"
    undo: UUID | None = None
    link: str = ""
    link_label: Text = ""

    def as_dict(self) -> dict[str, str]:
        """The form in which the page's script and the messages carry it."""
        return {
            "message": str(self.message),
            "tone": self.tone,
            "undo": reverse("ui:undo", args=[self.undo]) if self.undo else "",
            "link": self.link,
            "link_label": str(self.link_label or _("Open")) if self.link else "",
        }


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page (not a boosted link, not a page from history)."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    return bool(htmx and not htmx.boosted and not htmx.history_restore_request)


def render(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    fragment: str | None = None,
    status: int = 200,
    toast: Toast | None = None,
) -> TemplateResponse:
    """The page, or its partial `fragment` when htmx asked."""
    part = f"{template}#{fragment}" if fragment and is_fragment(request) else template
    response = TemplateResponse(request, part, dict(context or {}), status=status)
    patch_vary_headers(response, ["HX-Request"])
    if toast is not None:
        trigger(response, "toast", toast.as_dict())
    return response


def done(request: HttpRequest, *, toast: Toast, to: str = "") -> HttpResponse:
    """After a write: the toast alone where htmx asked, else the toast on the page `to`."""
    if is_fragment(request):
        response = HttpResponse(status=204)
        trigger(response, "toast", toast.as_dict())
        return response
    return see_other(request, to or request.headers.get("Referer", "/"), toast=toast)


def see_other(request: HttpRequest, to: str, *, toast: Toast | None = None) -> HttpResponse:
    """Send the browser on to another page; a toast waits for it there."""
    if toast is not None:
        messages.info(request, str(toast.message), extra_tags=json.dumps(toast.as_dict()))
    if is_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    response = HttpResponseRedirect(to)
    response.status_code = SEE_OTHER
    return response


def own_page(request: HttpRequest) -> str:
    """The page of ours that the form stood on."""
    before = (
        request.POST.get("next")
        or request.headers.get("HX-Current-URL")
        or request.headers.get("Referer", "")
    )
    safe = url_has_allowed_host_and_scheme(
        before, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return before if safe else "/"


def trigger(response: HttpResponse, event: str, detail: Mapping[str, Any] | str = "") -> None:
    """Let the page hear an event once the answer is there; several add up."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    events[event] = detail
    response["HX-Trigger"] = json.dumps(events)


def errors_by_field(error: DomainError) -> dict[str, list[str]]:
    """The messages of a refusal under their fields; what belongs to none stands under ``""``."""
    found: dict[str, list[str]] = {}
    for one in error.errors:
        found.setdefault(one.field, []).append(str(one.message))
    return found or {"": [str(error)]}
