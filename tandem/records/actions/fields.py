"""Fields of a company's own: added, changed, put in order, retired and brought back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.db.utils import IntegrityError
from django.utils import timezone

from tandem.accounts.queries import base_currency
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.jobs import enqueue
from tandem.kernel.live import changed
from tandem.kernel.models import RecordChange
from tandem.kernel.undo import UNDO_FOLLOWERS
from tandem.records.errors import (
    ChoiceInvalid,
    FieldKeyTaken,
    FieldRetired,
    NotCustomisable,
    RecordChanged,
    TooManyFields,
    TypeStays,
)
from tandem.records.models import FieldDef, IndexState
from tandem.records.queries.custom import definition_by_public_id, definitions_for
from tandem.records.rules import FieldType
from tandem.records.rules.custom import MAX_FIELDS, MAX_OPTIONS, key_of, numbered, option_values
from tandem.records.schemas import ChangeField, NewField, OptionIn
from tandem.records.slots import OBJECT_TYPES, forget_custom_fields

_CHOOSING = frozenset({FieldType.CHOICE, FieldType.CHOICES})
_PLAIN = ("label", "help", "is_required", "is_personal", "is_indexed")


@action(permission="records.fields")
def add_field(actor: Actor, *, data: NewField) -> FieldDef:
    """Add a field to a kind of record; it can be used at once, everywhere.

    Raises NotCustomisable, TooManyFields, ChoiceInvalid, FieldKeyTaken (a key that is given).
    """
    found = OBJECT_TYPES.get(data.kind)
    if found is None or not found.is_customisable:
        raise NotCustomisable(field="kind")
    _wait_in_line(data.kind)
    there = list(definitions_for(actor, data.kind).values_list("key", "position"))
    if len(there) >= MAX_FIELDS:
        raise TooManyFields()
    kind = FieldType(data.type)
    field = FieldDef(
        kind=data.kind,
        key=data.key or _free_key(data.label, {key for key, _position in there}),
        label=data.label,
        help=data.help,
        type=data.type,
        choices=_options(kind, data.choices, ()),
        currency=(data.currency or base_currency()) if kind is FieldType.MONEY else "",
        position=1 + max((position for _key, position in there), default=0),
        is_required=data.is_required,
        is_personal=data.is_personal,
        is_indexed=data.is_indexed,
        index_state=IndexState.BUILDING if data.is_indexed else IndexState.NONE,
    )
    try:
        with transaction.atomic():
            field.save()
    except IntegrityError as error:
        raise FieldKeyTaken(field="key") from error
    if data.is_indexed:
        _ask_for_index(actor, field)
    _tell(field)
    return field


@action(permission="records.fields")
def change_field(actor: Actor, public_id: UUID, *, data: ChangeField) -> FieldDef:
    """Change a field. Raises Missing, RecordChanged, TypeStays, ChoiceInvalid, FieldRetired."""
    field = _locked(actor, public_id)
    if data.version is not None and data.version != field.row_version:
        raise RecordChanged()
    for name in ("type", "key", "currency"):
        given = getattr(data, name)
        if given is not None and given != getattr(field, name):
            raise TypeStays(field=name)
    if field.retired_at is not None:
        raise FieldRetired()
    columns: dict[str, Any] = {
        name: getattr(data, name)
        for name in _PLAIN
        if getattr(data, name) not in (None, getattr(field, name))
    }
    if data.choices is not None:
        choices = _options(FieldType(field.type), data.choices, field.choices)
        if choices != field.choices:
            columns["choices"] = choices
    if columns:
        if "is_indexed" in columns:
            columns["index_state"] = IndexState.BUILDING
            _ask_for_index(actor, field)
        _write(field, **columns)
    if data.position is not None:
        _move(actor, field, data.position)
    _tell(field)
    return definition_by_public_id(actor, public_id)


@action(permission="records.fields")
def retire_field(actor: Actor, public_id: UUID) -> FieldDef:
    """Hide a field everywhere; the values stay, and come back with it."""
    field = _locked(actor, public_id)
    if field.retired_at is None:
        _write(field, retired_at=timezone.now())
        _tell(field)
    return definition_by_public_id(actor, public_id)


@action(permission="records.fields")
def restore_field(actor: Actor, public_id: UUID) -> FieldDef:
    """Bring a retired field back, with the values that records have of it."""
    field = _locked(actor, public_id)
    if field.retired_at is not None:
        _write(field, retired_at=None)
        _tell(field)
    return definition_by_public_id(actor, public_id)


@action(permission="records.fields")
def note_index(
    actor: Actor,
    field_id: int,
    *,
    state: IndexState,
    error: str = "",
    progress: UUID | None = None,
) -> None:
    """Keep how far the index of a field is; told to open pages."""
    FieldDef.objects.filter(pk=field_id).update(
        index_state=state, index_error=error[:200], progress=progress
    )
    changed("field")


def follow_undo(actor: Actor, change_set_id: int) -> None:
    """What an undo entails: definitions read anew, and each index made as its field says."""
    touched = RecordChange.objects.filter(change_set_id=change_set_id, root_kind="field")
    ids = set(touched.values_list("root_id", flat=True))
    for field in FieldDef.objects.filter(pk__in=ids):
        _ask_for_index(actor, field)
    if ids:
        forget_custom_fields()
        changed("field")


UNDO_FOLLOWERS.register("records.fields", follow_undo)


def _ask_for_index(actor: Actor, field: FieldDef) -> None:
    enqueue("records.index_field", field_id=field.pk, user_id=actor.user_id)


def _locked(actor: Actor, public_id: UUID) -> FieldDef:
    found = definition_by_public_id(actor, public_id)
    _wait_in_line(found.kind)
    found.refresh_from_db()
    return found


def _write(field: FieldDef, **columns: Any) -> None:
    FieldDef.objects.filter(pk=field.pk).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )


def _move(actor: Actor, field: FieldDef, position: int) -> None:
    """Put a field at a place among those in use, from 1; retired ones stand behind."""
    order = [one for one in definitions_for(actor, field.kind) if one.pk != field.pk]
    order.sort(key=lambda one: one.retired_at is not None)
    order.insert(position - 1, field)
    for place, one in enumerate(order, start=1):
        if one.position != place:
            _write(one, position=place)


def _tell(field: FieldDef) -> None:
    forget_custom_fields()
    changed("field", field.kind)


def _free_key(label: str, taken: set[str]) -> str:
    key = key_of(label) or "x_field"
    number = 1
    free = key
    while free in taken:
        number += 1
        free = numbered(key, number)
    return free


def _options(
    kind: FieldType, given: Sequence[OptionIn], there: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The choices as they are kept: the given ones in order, then those left out, retired."""
    if kind not in _CHOOSING:
        if given:
            raise ChoiceInvalid(field="choices")
        return []
    known = {one["value"] for one in there}
    labels = [one.label.casefold() for one in given if not one.is_retired]
    values = [one.value for one in given if one.value]
    strange = set(values) - known if there else set()
    if not labels or len(set(labels)) < len(labels) or len(set(values)) < len(values) or strange:
        raise ChoiceInvalid(field="choices")
    fresh = iter(option_values([one.label for one in given if not one.value], known | set(values)))
    kept = [
        {**one.model_dump(exclude={"value"}), "value": one.value or next(fresh)} for one in given
    ]
    left_out = [{**one, "is_retired": True} for one in there if one["value"] not in values]
    if len(kept) + len(left_out) > MAX_OPTIONS:
        raise ChoiceInvalid(field="choices")
    return [*kept, *left_out]


def _wait_in_line(kind: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"records.fields:{kind}"]
        )
