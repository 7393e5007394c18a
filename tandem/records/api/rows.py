"""API of many records that are each changed in their own way: all of them in one step, or none."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import BaseModel, ConfigDict, Field, create_model

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.records.actions.many import AT_ONCE
from tandem.records.actions.rows import RowChange, change_many
from tandem.records.errors import RowsUnfit
from tandem.records.rules.custom import PREFIX
from tandem.records.schemas import Values, own_part
from tandem.records.slots import ObjectType


class RowsOut(Schema):
    """What came of it: records asked for, those that changed, and the change set to undo."""

    matched: int
    changed: int
    unchanged: int
    change_set: UUID | None


def add_rows(router: Router, object_type: ObjectType) -> None:
    """The operation that changes many records of a kind, each in its own way."""
    row = create_model(
        f"{object_type.kind.capitalize()}Row",
        __base__=with_fields(object_type, object_type.change_schema),
        id=(UUID, ...),
    )
    body = create_model(
        f"{object_type.kind.capitalize()}Rows",
        __config__=ConfigDict(extra="forbid"),
        __doc__="Records by id, each with what to change of it; ``version`` is what was read.",
        rows=(Annotated[list[row], Field(min_length=1, max_length=AT_ONCE)], ...),
    )

    def change_each(request: HttpRequest, data: Any) -> Any:
        """Change many records, each in its own way: all, or none where one cannot be taken."""
        rows = [_change(one, object_type.change_schema) for one in data.rows]
        try:
            done = change_many(actor_of(request), object_type, rows)
        except RowsUnfit as refused:
            raise _in_fields(refused) from refused
        return {
            "matched": done.matched,
            "changed": done.changed,
            "unchanged": done.matched - done.changed,
            "change_set": done.change_set,
        }

    change_each.__annotations__["data"] = body
    router.patch(
        "",
        response={200: RowsOut, **REFUSALS},
        operation_id=f"{object_type.kind}_change_many",
    )(asks_for(object_type.permissions.edit)(change_each))


def with_fields(object_type: ObjectType, schema: type[BaseModel]) -> type[BaseModel]:
    """An input that takes values of custom fields by key, beside what the kind declares."""
    if not object_type.is_customisable:
        return schema
    return create_model(
        f"{schema.__name__}WithFields",
        __base__=schema,
        fields=(Values, Field(default_factory=dict)),
    )


def parted(data: Any, schema: type[BaseModel]) -> tuple[Any, dict[str, Any]]:
    """The kind's own input of it, and the values of custom fields."""
    fields = getattr(data, "fields", {}) if "fields" not in schema.model_fields else {}
    return own_part(schema, data), fields


def _change(row: Any, schema: type[BaseModel]) -> RowChange:
    own, fields = parted(row, schema)
    return RowChange(row.id, own, fields)


def _in_fields(refused: RowsUnfit) -> RowsUnfit:
    """Name a refused custom field by its place in the body: ``rows.3.fields.x_tier``."""
    errors = []
    for one in refused.errors:
        _rows, at, *key = one.field.split(".", 2)
        is_custom = bool(key) and key[0].startswith(PREFIX)
        place = f"rows.{at}.fields.{key[0]}" if is_custom else one.field
        errors.append(replace(one, field=place))
    return RowsUnfit(refused.text, errors=errors)
