"""API of the fields that a company adds to its kinds of record."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.records.actions import add_field, change_field, restore_field, retire_field
from tandem.records.models import FieldDef
from tandem.records.queries.custom import definition_by_public_id, definitions_for
from tandem.records.schemas import ChangeField, FieldKind, NewField

router = Router(tags=["Fields"])


class KindIn(Schema):
    """Of which kind of record; of all where it is left out."""

    kind: Annotated[str, Field(max_length=30, pattern=r"^[a-z_]*$")] = ""


class OptionOut(Schema):
    """A choice: ``value`` is stored, ``label`` shown; a retired one is offered no more."""

    value: str
    label: str
    tone: str
    is_retired: bool


class FieldOut(Schema):
    """A field that the company added; ``index`` is none, building, ready or failed."""

    id: UUID
    kind: str
    key: str
    label: str
    help: str
    type: FieldKind
    choices: list[OptionOut]
    currency: str | None
    position: int
    is_required: bool
    is_personal: bool
    is_indexed: bool
    index: Literal["none", "building", "ready", "failed"]
    is_retired: bool
    version: int


class FieldsOut(Schema):
    """Fields by kind, in their order; those that are retired too."""

    items: list[FieldOut]


@router.get("", response={200: FieldsOut, **REFUSALS}, operation_id="field_list")
@asks_for("records.view")
def list_fields(request: HttpRequest, params: Query[KindIn]) -> Any:
    """The custom fields of one kind of record, or of all."""
    return {"items": [_out(one) for one in definitions_for(actor_of(request), params.kind)]}


@router.post("", response={201: FieldOut, **REFUSALS}, operation_id="field_create")
@asks_for("records.fields")
def create_field(request: HttpRequest, data: NewField) -> Any:
    """Add a field to a kind of record."""
    actor = actor_of(request)
    made = add_field(actor, data=data)
    return Status(201, _out(definition_by_public_id(actor, made.public_id)))


@router.get("/{uuid:public_id}", response={200: FieldOut, **REFUSALS}, operation_id="field_get")
@asks_for("records.view")
def get_field(request: HttpRequest, public_id: UUID) -> Any:
    """One custom field."""
    return _out(definition_by_public_id(actor_of(request), public_id))


@router.patch(
    "/{uuid:public_id}", response={200: FieldOut, **REFUSALS}, operation_id="field_change"
)
@asks_for("records.fields")
def patch_field(request: HttpRequest, public_id: UUID, data: ChangeField) -> Any:
    """Change a field; its type, key and currency stay."""
    return _out(change_field(actor_of(request), public_id, data=data))


@router.post(
    "/{uuid:public_id}/retirement",
    response={200: FieldOut, **REFUSALS},
    operation_id="field_retire",
)
@asks_for("records.fields")
def retire(request: HttpRequest, public_id: UUID) -> Any:
    """Hide a field; the values stay."""
    return _out(retire_field(actor_of(request), public_id))


@router.post(
    "/{uuid:public_id}/restoration",
    response={200: FieldOut, **REFUSALS},
    operation_id="field_restore",
)
@asks_for("records.fields")
def restore(request: HttpRequest, public_id: UUID) -> Any:
    """Bring a retired field back, with its values."""
    return _out(restore_field(actor_of(request), public_id))


def _out(one: FieldDef) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "kind": one.kind,
        "key": one.key,
        "label": one.label,
        "help": one.help,
        "type": one.type,
        "choices": one.choices,
        "currency": one.currency or None,
        "position": one.position,
        "is_required": one.is_required,
        "is_personal": one.is_personal,
        "is_indexed": one.is_indexed,
        "index": one.index_state,
        "is_retired": one.retired_at is not None,
        "version": one.row_version,
    }
