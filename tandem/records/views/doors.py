"""The door of a record view: which kind it is about, and whether the actor may look at it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import register_converter
from django.urls.converters import SlugConverter

from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.records.errors import MergedInto
from tandem.records.queries.merging import refuse_merged
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
        try:
            return view(request, kind, *args, **kwargs)
        except Missing:
            old = kwargs.get("public_id")
            survivor = _survivor(request.actor, kind, old) if isinstance(old, UUID) else None
            if survivor is None or request.method != "GET":
                raise
            return redirect(request.get_full_path().replace(str(old), str(survivor), 1))

    return page(permission="records.view")(enter)


def _survivor(actor: Actor, kind: ObjectType, public_id: UUID) -> UUID | None:
    """In whom a record lives on since it was merged."""
    try:
        refuse_merged(kind, actor, public_id)
    except MergedInto as merged:
        return merged.survivor
    return None


def viewable_types(request: ActorRequest) -> list[ObjectType]:
    """The kinds of record that this actor may look at."""
    return [found for found in OBJECT_TYPES if request.actor.may(found.permissions.view)]
