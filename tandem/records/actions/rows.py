"""Many records, each changed in its own way: all of them in one step, or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel

from tandem.kernel.actions import action, last_change_set
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Conflict, DomainError, FieldError, Missing
from tandem.records import queries
from tandem.records.actions.values import change_record
from tandem.records.errors import RowsUnfit
from tandem.records.slots import Field, ObjectType


@dataclass(frozen=True, slots=True)
class RowChange:
    """What to change of one record: ``data`` of the kind's change schema, ``fields`` by key."""

    public_id: UUID
    data: BaseModel
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def keys(self) -> frozenset[str]:
        """The fields that would be written."""
        return frozenset((self.data.model_fields_set | set(self.fields)) - {"version"})

    def only(self, keys: frozenset[str]) -> "RowChange":
        """The same of just these fields."""
        own = {name: getattr(self.data, name) for name in self.data.model_fields_set}
        kept = {name: value for name, value in own.items() if name in keys or name == "version"}
        data = type(self.data).model_construct(_fields_set=set(kept), **kept)
        fields = {name: value for name, value in self.fields.items() if name in keys}
        return RowChange(self.public_id, data, fields)


@dataclass(frozen=True, slots=True)
class RowsReport:
    """What came of it: records asked for, those that changed, the change set of these."""

    matched: int
    changed: int
    change_set: UUID | None


@dataclass(frozen=True, slots=True)
class TriedRow:
    """What a change of a record would come to: values by field before and after (a record each, to
    be read with ``load_values``), and by field why it cannot be taken."""

    before: Any
    after: Any
    faults: Mapping[str, DomainError]


@dataclass(frozen=True, slots=True)
class Trial:
    """What ``change_rows`` would come to; ``loaded_before`` and ``loaded_after`` are the values of
    fields that are no columns, as ``load_values`` gives them."""

    rows: Sequence[TriedRow]
    loaded_before: Mapping[str, Mapping[int, Any]]
    loaded_after: Mapping[str, Mapping[int, Any]]


class _Tried(Exception):
    def __init__(self, trial: Trial) -> None:
        super().__init__()
        self.trial = trial


def change_many(actor: Actor, object_type: ObjectType, rows: Sequence[RowChange]) -> RowsReport:
    """Change all of these records, each in its own way, in one step; or none of them.

    Raises RowsUnfit with every field that cannot be taken as ``rows.N.field``: what its action
    refuses, ``changed_since`` where somebody else changed the same field after ``version``,
    ``not_found`` for a record that is not there for the actor. Also Refused and FieldHidden.
    """
    before = last_change_set()
    changed = change_rows(actor, object_type, rows)
    made = last_change_set()
    return RowsReport(len(rows), changed, made if changed and made != before else None)


def try_many(
    actor: Actor, object_type: ObjectType, rows: Sequence[RowChange], fields: Sequence[Field]
) -> Trial:
    """What ``change_many`` would come to, by doing it and taking it back: nothing is written.

    A field that cannot be taken is left out of its record, so that the others are tried as well.
    Raises Missing for a record that is not there, Refused, FieldHidden.
    """
    try:
        try_rows(actor, object_type, rows, fields)
    except _Tried as tried:
        return tried.trial
    raise RuntimeError("A trial ends by what it found.")


@action(permission="records.write")
def change_rows(actor: Actor, object_type: ObjectType, rows: Sequence[RowChange]) -> int:
    """``change_many`` in the running action: how many records changed."""
    found = _locked(actor, object_type, rows)
    errors: list[FieldError] = []
    seen: set[UUID] = set()
    for at, row in enumerate(rows):
        if row.public_id not in found:
            errors.append(FieldError(f"rows.{at}", Missing.code, Missing.message))
            continue
        if row.public_id in seen:
            errors.append(FieldError(f"rows.{at}", "stands_twice", _("This record stands twice.")))
            continue
        seen.add(row.public_id)
        try:
            _change(actor, object_type, row)
        except DomainError as refused:
            errors += _placed(refused, row, f"rows.{at}")
    if errors:
        raise RowsUnfit(errors=errors)
    now = _versions(object_type, list(found.values()))
    return sum(now[one.pk] != one.row_version for one in found.values())


@action(permission="records.write")
def try_rows(
    actor: Actor, object_type: ObjectType, rows: Sequence[RowChange], fields: Sequence[Field]
) -> None:
    """``try_many`` in the running action, which always ends by raising what was found."""
    found = _locked(actor, object_type, rows)
    if len(found) < len({row.public_id for row in rows}):
        raise Missing()
    before = _shown(actor, object_type, found)
    loaded_before = queries.load_values(object_type, actor, list(before.values()), fields)
    faults = [_try(actor, object_type, row) for row in rows]
    after = _shown(actor, object_type, found)
    loaded_after = queries.load_values(object_type, actor, list(after.values()), fields)
    tried = [
        TriedRow(before[pk], after.get(pk, before[pk]), wrong)
        for row, wrong in zip(rows, faults, strict=True)
        for pk in [found[row.public_id].pk]
    ]
    raise _Tried(Trial(tried, loaded_before, loaded_after))


def _locked(actor: Actor, object_type: ObjectType, rows: Sequence[RowChange]) -> dict[UUID, Any]:
    """The records that the actor sees, locked in one order until the action ends."""
    actor.require(object_type.permissions.edit)
    for row in rows:
        object_type.refuse_hidden(actor, (*row.data.model_fields_set, *row.fields))
    seen = object_type.visible_to(actor).filter(public_id__in=[row.public_id for row in rows])
    return {one.public_id: one for one in seen.select_for_update(of=("self",)).order_by("pk")}


def _change(actor: Actor, object_type: ObjectType, row: RowChange) -> None:
    """Change one record; what others changed since in other fields of it stands in nobody's way."""
    try:
        with transaction.atomic():
            _write(actor, object_type, row)
    except Conflict as conflict:
        others = {one.field for one in conflict.errors if one.code == "changed_since"}
        if not others or others & row.keys:
            raise
        data = row.data.model_copy(update={"version": None})
        with transaction.atomic():
            _write(actor, object_type, RowChange(row.public_id, data, row.fields))


def _write(actor: Actor, object_type: ObjectType, row: RowChange) -> None:
    if row.keys:
        change_record(actor, object_type, row.public_id, data=row.data, fields=row.fields)


def _try(actor: Actor, object_type: ObjectType, row: RowChange) -> dict[str, DomainError]:
    """Change one record as far as that goes: by field why the others cannot be taken."""
    faults: dict[str, DomainError] = {}
    left = row.keys
    while left:
        try:
            _change(actor, object_type, row.only(left))
        except DomainError as refused:
            named = {one.field for one in refused.errors} & left
            wrong = named or _alone(actor, object_type, row, left) or left
            faults |= dict.fromkeys(wrong, refused)
            left -= wrong
        else:
            break
    return faults


def _alone(
    actor: Actor, object_type: ObjectType, row: RowChange, keys: frozenset[str]
) -> frozenset[str]:
    """The fields that are refused each on its own, where the refusal names none."""
    wrong = set()
    for key in keys:
        try:
            with transaction.atomic():
                _change(actor, object_type, row.only(frozenset({key})))
                transaction.set_rollback(True)
        except DomainError:
            wrong.add(key)
    return frozenset(wrong)


def _placed(refused: DomainError, row: RowChange, place: str) -> list[FieldError]:
    """What was refused, under its place in the rows."""
    known = [
        FieldError(f"{place}.{one.field}", one.code, one.message)
        for one in refused.errors
        if one.field in row.keys
    ]
    return known or [FieldError(place, refused.code, refused.text)]


def _shown(actor: Actor, object_type: ObjectType, found: Mapping[UUID, Any]) -> dict[int, Any]:
    """The records as lists read them; one that was just given out of sight too."""
    everywhere = replace(actor, scopes={"*": Scope.ALL})
    rows = object_type.visible_to(everywhere).filter(pk__in=[one.pk for one in found.values()])
    return {one.pk: one for one in object_type.prepare(rows)}


def _versions(object_type: ObjectType, records: Sequence[Any]) -> dict[int, int]:
    rows = object_type.model._default_manager.filter(pk__in=[one.pk for one in records])
    return dict(rows.values_list("pk", "row_version"))
