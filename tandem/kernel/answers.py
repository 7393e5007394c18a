"""Answers of the API that the operations of every room share."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest
from tandem.kernel.permissions import require_known

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class FieldErrorOut(Schema):
    """What is wrong with one field; ``field`` is a dotted path or empty."""

    field: str
    code: str
    message: str


class ErrorOut(Schema):
    """Why a request was refused; nothing was changed."""

    code: str
    message: str
    errors: list[FieldErrorOut] = Field(default_factory=list)


# Any operation may answer these; declared with each, so that they stand in the OpenAPI file.
REFUSALS: dict[int, Any] = dict.fromkeys((400, 401, 403, 404, 409, 413, 422, 429, 503), ErrorOut)


def asks_for(
    permission: str,
) -> Callable[
    [Callable[Concatenate[HttpRequest, Arguments], Answer]],
    Callable[Concatenate[HttpRequest, Arguments], Answer],
]:
    """An operation for actors with this permission; others get 403."""
    require_known(permission, by="An operation")

    def decorate(
        operation: Callable[Concatenate[HttpRequest, Arguments], Answer],
    ) -> Callable[Concatenate[HttpRequest, Arguments], Answer]:
        @wraps(operation)
        def enter(
            request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs
        ) -> Answer:
            actor_of(request).require(permission)
            return operation(request, *args, **kwargs)

        enter.permission = permission  # type: ignore[attr-defined]
        return enter

    return decorate


def actor_of(request: HttpRequest) -> Actor:
    """Who acts through this request; set by the API's authentication."""
    return cast("ActorRequest", request).actor
