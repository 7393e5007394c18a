"""The NinjaAPI: who may come in, what a refusal looks like, and which routers there are."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from tandem.accounts.api import TokenAuth
from tandem.accounts.api import router as accounts_router
from tandem.kernel.answers import actor_of
from tandem.kernel.api import router as kernel_router
from tandem.kernel.errors import DomainError, Unauthenticated
from tandem.kernel.idempotency import Answer, fingerprint, once
from tandem.records.api import router_for
from tandem.records.slots import OBJECT_TYPES
from tandem.timeline.api import router as timeline_router

MAX_KEY = 200
MAX_DEPTH = 64
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Run = Callable[..., HttpResponseBase]


class StrictParser(Parser):
    """JSON as its standard has it: one value per key, finite numbers, real text, some depth."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = json.loads(
                request.body, object_pairs_hook=_one_value_per_key, parse_constant=_refuse
            )
            _check_text(body, depth=0)
        except (ValueError, RecursionError) as error:
            raise HttpError(400, _("The body is not JSON that can be read.")) from error
        return body


def _one_value_per_key(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _check_text(value: Any, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("text holds a null character")
        value.encode()  # a lone surrogate is no text
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key, depth=depth)
            _check_text(inner, depth=depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner, depth=depth + 1)


auth = TokenAuth()


def idempotent(run: Run) -> Run:
    """Writes with an Idempotency-Key run once; a repetition gets the first answer again."""

    @wraps(run)
    def wrapper(request: HttpRequest, **values: Any) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key", "")
        if request.method not in WRITES or not key:
            return run(request, **values)
        if len(key) > MAX_KEY or not key.isprintable():
            return _answer("invalid", _("An Idempotency-Key has up to 200 characters."), 422)
        try:
            if not auth(request):
                return run(request, **values)  # refused there
            body = request.body
        except (DomainError, AuthenticationError, RequestDataTooBig):
            return run(request, **values)
        same = fingerprint(str(request.method).encode(), request.get_full_path().encode(), body)
        try:
            answer = once(
                actor_of(request), key=key, request=same, run=lambda: _run(run, request, values)
            )
        except DomainError as error:
            return refusal(error)
        return HttpResponse(
            answer.body,
            status=answer.status,
            content_type="application/json; charset=utf-8",
            headers={"Idempotency-Replayed": "true"} if answer.is_replay else None,
        )

    return wrapper


def _run(run: Run, request: HttpRequest, values: dict[str, Any]) -> Answer:
    response = run(request, **values)
    assert isinstance(response, HttpResponse)
    return Answer(status=response.status_code, body=response.content.decode())


def _answer(
    code: str, message: str, status: int, errors: list[dict[str, str]] | None = None
) -> HttpResponse:
    body = json.dumps({"code": code, "message": message, "errors": errors or []})
    return HttpResponse(body, status=status, content_type="application/json; charset=utf-8")


def refusal(error: DomainError) -> HttpResponse:
    """A DomainError as the API answers it."""
    errors = [
        {"field": one.field, "code": one.code, "message": str(one.message)} for one in error.errors
    ]
    response = _answer(error.code, str(error), error.status, errors)
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def build_api() -> NinjaAPI:
    """The API with every router; built once when the routes are."""
    api = NinjaAPI(
        title="Tandem",
        version="1",
        description="Marketing and sales on one record of each customer.",
        urls_namespace="api",
        docs_url=None,
        openapi_url="/openapi.json",
        auth=auth,
        parser=StrictParser(),
    )
    api.add_decorator(idempotent, mode="view")
    _map_errors(api)
    api.add_router("", accounts_router)
    api.add_router("", kernel_router)
    for object_type in OBJECT_TYPES:
        api.add_router(f"/{object_type.slug}", router_for(object_type))
    api.add_router("/timeline", timeline_router)
    return api


def _map_errors(api: NinjaAPI) -> None:
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
        return _answer("invalid", _("Some of this cannot be accepted."), 422, errors)

    @api.exception_handler(HttpError)
    def http(request: HttpRequest, error: HttpError) -> HttpResponse:
        return _answer("bad_request", str(error), error.status_code)

    @api.exception_handler(RequestDataTooBig)
    def too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        return _answer("too_large", _("The body is too large."), 413)

    @api.exception_handler(Http404)
    def missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return _answer("not_found", _("There is nothing here."), 404)


def _field_of(place: tuple[Any, ...]) -> str:
    """``("body", "data", "name")`` is the field ``name``."""
    source, *rest = [str(part) for part in place]
    if source == "body" and rest[:1] == ["data"]:
        rest = rest[1:]
    if source == "query" and rest[:1] == ["params"]:
        rest = rest[1:]
    return ".".join(rest)
