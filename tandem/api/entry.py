"""The way into every operation: who asks, what may stand in the address, once per key."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja.operation import Operation

from tandem.accounts.api import TokenAuth
from tandem.api.refusals import answer, refusal
from tandem.kernel.actions import last_change_set
from tandem.kernel.answers import actor_of
from tandem.kernel.errors import DomainError, FieldError, Invalid
from tandem.kernel.idempotency import Answer, fingerprint, once

MAX_KEY = 200
KEY = re.compile(rf"[ -~]{{1,{MAX_KEY}}}")
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
CHANGE_SET_HEADER = "Tandem-Change-Set"

Run = Callable[..., HttpResponseBase]

auth = TokenAuth()


class UnknownParameter(Invalid):
    """The address carries a parameter that the operation does not have, or one twice."""

    code = "unknown_parameter"
    message = gettext_lazy("This address has parameters that are not known here.")


def entered(run: Run) -> Run:
    """Around each operation: strict parameters, idempotency keys, the change set of a write."""
    operation: Operation = run.__self__  # type: ignore[attr-defined]
    known = _parameters(operation)
    is_write = bool(WRITES & set(operation.methods))
    if is_write:
        operation.openapi_extra = _described(operation)

    @wraps(run)
    def enter(request: HttpRequest, **values: Any) -> HttpResponseBase:
        try:
            if not auth(request):
                return run(request, **values)  # refused there
            _check_parameters(request, known)
        except DomainError as error:
            return refusal(error)
        if not is_write:
            return run(request, **values)
        key = request.headers.get(KEY_HEADER)
        if key is None:
            return _write(run, request, values)
        return _once(run, request, values, key)

    return enter


def _parameters(operation: Operation) -> frozenset[str]:
    """The names that the query of an operation may hold."""
    queries = [model for model in operation.models if model.__ninja_param_source__ == "query"]
    return frozenset(name for model in queries for name in model.__ninja_flatten_map__)


def _check_parameters(request: HttpRequest, known: frozenset[str]) -> None:
    # A parameter that is passed over in silence is a filter that does not filter.
    errors = [
        FieldError(name, UnknownParameter.code, _("There is no such parameter here."))
        for name in request.GET
        if name not in known
    ]
    errors += [
        FieldError(name, "given_twice", _("This stands twice."))
        for name, given in request.GET.lists()
        if name in known and len(given) > 1
    ]
    if errors:
        raise UnknownParameter(errors=errors)


def _write(run: Run, request: HttpRequest, values: dict[str, Any]) -> HttpResponseBase:
    before = last_change_set()
    response = run(request, **values)
    _tell(response, _made_since(before))
    return response


def _once(run: Run, request: HttpRequest, values: dict[str, Any], key: str) -> HttpResponseBase:
    if not KEY.fullmatch(key):
        text = _("An Idempotency-Key has 1 to 200 plain characters.")
        error = {"field": KEY_HEADER, "code": "invalid", "message": text}
        return answer("invalid", text, 422, [error])
    try:
        body = request.body
    except RequestDataTooBig:
        return run(request, **values)  # refused there
    same = fingerprint(str(request.method).encode(), request.get_full_path().encode(), body)

    def answered() -> Answer:
        before = last_change_set()
        response = run(request, **values)
        assert isinstance(response, HttpResponse)
        return Answer(
            status=response.status_code,
            body=response.content.decode(),
            change_set=_made_since(before),
        )

    try:
        found = once(actor_of(request), key=key, request=same, run=answered)
    except DomainError as error:
        return refusal(error)
    response = HttpResponse(
        found.body, status=found.status, content_type="application/json; charset=utf-8"
    )
    if found.is_replay:
        response[REPLAYED_HEADER] = "true"
    _tell(response, found.change_set)
    return response


def _made_since(before: UUID | None) -> UUID | None:
    """The change set that was completed since; a thread remembers those of earlier requests."""
    now = last_change_set()
    return None if now == before else now


def _tell(response: HttpResponseBase, change_set: UUID | None) -> None:
    if change_set is not None and response.status_code < 400:
        response[CHANGE_SET_HEADER] = str(change_set)


def _described(operation: Operation) -> dict[str, Any]:
    """The headers of a write as the OpenAPI file tells them."""
    key = {
        "in": "header",
        "name": KEY_HEADER,
        "required": False,
        "description": "A key of the client's own: the same request under it is done once.",
        "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
    }
    told = {
        CHANGE_SET_HEADER: {
            "description": "The change set of this write, for its undo.",
            "schema": {"type": "string", "format": "uuid"},
        },
        REPLAYED_HEADER: {
            "description": "Set where the answer is that of an earlier request with this key.",
            "schema": {"type": "string", "enum": ["true"]},
        },
    }
    done = [status for status in operation.response_models if int(status) < 400]
    return {
        **(operation.openapi_extra or {}),
        "parameters": [key],
        "responses": {status: {"headers": told} for status in done},
    }
