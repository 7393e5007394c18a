"""Hosted forms and landing pages: what the public sees, and what it sends."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from allauth.account.adapter import get_adapter
from csp.constants import SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from tandem.accounts.queries import company_settings
from tandem.capture import queries
from tandem.capture.actions import PUBLIC, submit_form
from tandem.capture.errors import TokenExpired, TokenInvalid
from tandem.capture.models import Form, LandingPage
from tandem.capture.queries import Question
from tandem.capture.rules import SEVERAL, network_of, origin_of
from tandem.capture.schemas import SubmissionIn
from tandem.kernel.actor import Actor
from tandem.kernel.doors import public_page
from tandem.kernel.errors import DomainError
from tandem.ui.responses import errors_by_field, see_other

TOKEN, TRAP, CONSENT, VISITOR = "_token", "_website", "_consent", "_visitor"
View = Callable[..., HttpResponseBase]
OK = 200


def open_to_all(view: View) -> View:
    """A page for anyone, also in a frame of our own; its form is signed and needs no cookie."""

    @wraps(view)
    def show(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Referrer-Policy"] = "strict-origin-when-cross-origin"
        return response

    framed = csp_replace({"frame-ancestors": [SELF]})(xframe_options_sameorigin(show))
    return public_page(reason="Forms and pages for the company's own visitors; rate-limited.")(
        csrf_exempt(never_cache(framed))
    )


@open_to_all
@require_http_methods(["GET", "HEAD", "POST"])
def hosted_form(request: HttpRequest, slug: str) -> HttpResponseBase:
    form = queries.published_form(_actor(request), slug)
    if request.method == "POST":
        return _sent(request, form, None)
    return _shown(request, form, None)


@open_to_all
@require_http_methods(["GET", "HEAD", "POST"])
def landing_page(request: HttpRequest, slug: str) -> HttpResponseBase:
    page = queries.published_page(_actor(request), slug)
    if request.method == "POST" and page.form is not None:
        return _sent(request, page.form, page)
    return _shown(request, page.form, page)


@open_to_all
@require_safe
def form_thanks(request: HttpRequest, slug: str) -> HttpResponseBase:
    form = queries.published_form(_actor(request), slug)
    return _page(request, "capture/thanks.html", {"form": form, "page": None})


@open_to_all
@require_safe
def page_thanks(request: HttpRequest, slug: str) -> HttpResponseBase:
    page = queries.published_page(_actor(request), slug)
    return _page(request, "capture/thanks.html", {"form": page.form, "page": page})


# --- showing --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Control:
    """One question as the page draws it, with what was answered."""

    of: Question
    value: str
    picked: Collection[str]
    errors: Sequence[str]
    autocomplete: str


_AUTOCOMPLETE = {
    "name": "name",
    "email": "email",
    "phone": "tel",
    "company": "organization",
    "title": "organization-title",
    "country": "country-name",
}


def _controls(
    form: Form, values: Mapping[str, str], errors: Mapping[str, Sequence[str]]
) -> list[Control]:
    return [
        Control(
            of=question,
            value=values.get(question.key, ""),
            picked=values.get(question.key, "").split(SEVERAL),
            errors=errors.get(question.key, ()),
            autocomplete=_AUTOCOMPLETE.get(question.key, ""),
        )
        for question in queries.questions_of(form)
    ]


def _shown(request: HttpRequest, form: Form | None, page: LandingPage | None) -> HttpResponseBase:
    context: dict[str, Any] = {"form": form, "page": page}
    if form is not None:
        here = request.build_absolute_uri()
        origin = origin_of(here, request.headers.get("Referer", ""))
        context["token"] = queries.signed_token(form, page, origin)
        context["controls"] = _controls(form, {}, {})
    return _page(request, "capture/page.html" if page else "capture/form.html", context)


def _page(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = OK
) -> HttpResponse:
    company = company_settings().name
    return TemplateResponse(request, template, {**context, "company": company}, status=status)


# --- sending --------------------------------------------------------------------------------------


def _sent(request: HttpRequest, form: Form, page: LandingPage | None) -> HttpResponseBase:
    posted = {name: SEVERAL.join(request.POST.getlist(name)) for name in request.POST}
    answers = {name: text for name, text in posted.items() if not name.startswith("_")}
    token = posted.get(TOKEN, "")
    try:
        submit_form(
            PUBLIC,
            data=SubmissionIn(
                token=token,
                answers=answers,
                has_consent=CONSENT in posted,
                is_trapped=bool(posted.get(TRAP, "").strip()),
                visitor=posted.get(VISITOR, ""),
                network=network_of(get_adapter(request).get_client_ip(request)),
            ),
        )
    except DomainError as refused:
        return _refused(request, form, page, answers, token, refused)
    name = "capture:page-thanks" if page else "capture:form-thanks"
    return see_other(request, reverse(name, args=[(page or form).slug]))


def _refused(
    request: HttpRequest,
    form: Form,
    page: LandingPage | None,
    answers: Mapping[str, str],
    token: str,
    refused: DomainError,
) -> HttpResponseBase:
    """The form once more, with what was written and what is wrong with it."""
    if isinstance(refused, TokenExpired | TokenInvalid):
        token = queries.signed_token(form, page, queries.origin_in(token))
    errors = errors_by_field(refused)
    controls = _controls(form, answers, errors)
    asked = {one.of.key for one in controls}
    context = {
        "form": form,
        "page": page,
        "token": token,
        "controls": controls,
        "general_errors": [
            f"{name}: {one}" if name else one
            for name, found in errors.items()
            if name not in asked
            for one in found
        ],
        "has_consent": CONSENT in request.POST,
        "is_refused": True,
    }
    template = "capture/page.html" if page else "capture/form.html"
    return _page(request, template, context, status=refused.status)


def _actor(request: HttpRequest) -> Actor:
    return cast(Actor, request.actor)  # type: ignore[attr-defined]
