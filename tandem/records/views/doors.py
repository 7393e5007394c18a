"""The door of a record view: which kind it is about, and whether the actor may look at it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import HttpResponseBase
from django.urls import register_converter
from django.urls.converters import SlugConverter

from tandem.kernel.doors import ActorRequest, page
from tandem.records.slots import OBJECT_TYPES, ObjectType, object_type_by_slug

Arguments = ParamSpec("Arguments")


class ObjectTypeConverter(SlugConverter):
    """``people`` in an address stands for its ObjectType; another word is no such page."""

    def to_python(self, value: str) -> Any:
        found = object_type_by_slug(value)
        if found is None:
            raise ValueError
        return found

    def to_url(self, value: Any) -> str:
        return value.slug if isinstance(value, ObjectType) else str(value)


register_converter(ObjectTypeConverter, "kind")


def record_page(
    view: Callable[Concatenate[ActorRequest, ObjectType, Arguments], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """A page about one kind of record, for actors who may view that kind."""

    @wraps(view)
    def enter(
        request: ActorRequest, kind: ObjectType, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> HttpResponseBase:
        request.actor.require(kind.permissions.view)
        return view(request, kind, *args, **kwargs)

    return page(permission="records.view")(enter)


def viewable_types(request: ActorRequest) -> list[ObjectType]:
    """The kinds of record that this actor may look at."""
    return [found for found in OBJECT_TYPES if request.actor.may(found.permissions.view)]
