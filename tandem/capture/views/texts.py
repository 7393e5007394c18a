"""Editing the questions of a form and the body of a page: one text, as people write it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from pydantic import BaseModel

from tandem.capture import queries
from tandem.capture.actions import change_form, change_page
from tandem.capture.schemas import ChangeForm, ChangePage
from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.records.slots import refuse_hidden
from tandem.ui.forms import Form
from tandem.ui.responses import Toast, render, see_other


@require_http_methods(["GET", "POST"])
@page(permission="capture.edit")
def questions(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    rows = queries.forms_visible_to(request.actor)
    return _edited(request, rows, public_id, "fields", ChangeForm, change_form)


@require_http_methods(["GET", "POST"])
@page(permission="capture.edit")
def body(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    rows = queries.pages_visible_to(request.actor)
    return _edited(request, rows, public_id, "blocks", ChangePage, change_page)


def _edited(
    request: ActorRequest,
    rows: Any,
    public_id: UUID,
    key: str,
    schema: type[BaseModel],
    change: Callable[..., Any],
) -> HttpResponseBase:
    record = rows.filter(public_id=public_id).first()
    if record is None:
        raise Missing()
    form = Form(
        schema,
        data=request.POST if request.method == "POST" else None,
        initial={key: getattr(record, f"{key}_text")},
        only=(key, "version"),
    )
    kind = "forms" if key == "fields" else "pages"
    refuse_hidden(request.actor, f"{kind[:-1]}.{key}")
    back = reverse("records:record", args=[kind, public_id])
    with form.refusals():
        if form.is_submitted:
            change(request.actor, public_id, data=form.value)
            return see_other(request, back, toast=Toast(_("Saved"), undo=last_change_set()))
    context = {
        "record": record,
        "form": form,
        "control": form[key],
        "back_url": back,
        "is_form": key == "fields",
        "page_title": _("Questions") if key == "fields" else _("Body"),
    }
    return render(request, "capture/edit.html", context, status=form.status)
