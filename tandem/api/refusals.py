"""What a refusal looks like: ``{"code", "message", "errors": [{"field", "code", "message"}]}``."""

import json
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tandem.kernel.doors import public_page
from tandem.kernel.errors import DomainError, Unauthenticated
from tandem.records.errors import MergedInto

METHOD_NOT_ALLOWED = 405
RETRY_AFTER_SECONDS = 60

View = Callable[..., HttpResponseBase]


def answer(
    code: str, message: str, status: int, errors: Sequence[dict[str, str]] = ()
) -> HttpResponse:
    """A refusal in the one form that every client can read."""
    body = json.dumps({"code": code, "message": message, "errors": list(errors)})
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8")


def refusal(error: DomainError) -> HttpResponse:
    """A DomainError as the API answers it."""
    errors = [
        {"field": one.field, "code": one.code, "message": str(one.message)} for one in error.errors
    ]
    response = answer(error.code, str(error), error.status, errors)
    if isinstance(error, Unauthenticated):
        response["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MergedInto):
        response["Location"] = error.location
    if error.retryable:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def map_errors(api: NinjaAPI) -> None:
    """Answer whatever the operations of this API raise in our form."""

    @api.exception_handler(DomainError)
    def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
        return refusal(error)

    @api.exception_handler(AuthenticationError)
    def unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        return refusal(Unauthenticated())

    @api.exception_handler(ValidationError)
    def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        errors = [
            {
                "field": _field_of(one["loc"]),
                "code": str(one["type"]),
                "message": str(one["msg"]),
            }
            for one in error.errors
        ]
        return answer("invalid", _("Some of this cannot be accepted."), 422, errors)

    @api.exception_handler(HttpError)
    def http(request: HttpRequest, error: HttpError) -> HttpResponse:
        return answer("bad_request", str(error), error.status_code)

    @api.exception_handler(RequestDataTooBig)
    def too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        return answer("too_large", _("The body is too large."), 413)

    @api.exception_handler(Http404)
    def missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return _nothing_here()


def _field_of(place: tuple[Any, ...]) -> str:
    """``("body", "data", "name")`` is the field ``name``."""
    source, *rest = [str(part) for part in place]
    if source == "body" and rest[:1] == ["data"]:
        rest = rest[1:]
    if source == "query" and rest[:1] == ["params"]:
        rest = rest[1:]
    return ".".join(rest)


def other_methods_refused(view: View) -> View:
    """A view of Ninja whose answer to a method that the path does not have is in our form too."""

    @wraps(view)
    def enter(request: HttpRequest, *args: Any, **values: Any) -> HttpResponseBase:
        response = view(request, *args, **values)
        if response.status_code != METHOD_NOT_ALLOWED:
            return response
        text = _("This address does not take %(method)s.") % {"method": request.method}
        refused = answer("method_not_allowed", text, METHOD_NOT_ALLOWED)
        refused["Allow"] = ", ".join(sorted(response["Allow"].split(", ")))
        return refused

    return enter


@public_page(reason="Says that there is nothing here, and nothing else.")
def unknown_address(request: HttpRequest) -> HttpResponse:
    """404 below the API's address, for a program to read."""
    return _nothing_here()


unknown_address.csrf_exempt = True  # type: ignore[attr-defined]


def _nothing_here() -> HttpResponse:
    return answer("not_found", _("There is nothing here."), 404)
