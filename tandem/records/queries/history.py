"""Reads of history as people see it: who changed what of a record, field by field, in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from tandem.accounts.queries import user_names
from tandem.kernel.actor import Actor
from tandem.kernel.history import changes_of
from tandem.kernel.models import ChangeSet, Operation, RecordChange
from tandem.records.queries.custom import shown_value
from tandem.records.queries.unseen import unseen_of
from tandem.records.queries.wording import MINOR, Words, words_for
from tandem.records.slots import FieldType, ObjectType

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One field's old and new value, in words; ``key`` is what programs call the field."""

    key: str
    field: str
    old: str
    new: str


@dataclass
class Deed:
    """One change set as the history of a record shows it."""

    public_id: UUID
    at: datetime
    who: str
    source: str
    reason: str
    is_undo: bool
    may_undo: bool
    changes: list[Change] = field(default_factory=list)
    is_wide: bool = False
    is_undone: bool = False


@dataclass
class Changed:
    """One record in a change set, and what was done to it and to its parts."""

    kind: ObjectType
    record: Any
    changes: list[Change] = field(default_factory=list)


def changed_records(
    actor: Actor,
    rows: Sequence[RecordChange],
    records: Mapping[tuple[str, int], tuple[ObjectType, Any]],
) -> tuple[list[Changed], int]:
    """The records of changed rows in their order, with what the actor may see of each, and how many
    rows are not shown to them; ``records`` are those that they see, by kind and id."""
    seen = []
    for row in rows:
        kind, record = records.get((row.root_kind, row.root_id), (None, None))
        fields = unseen_of(kind, actor).seen(row) if kind is not None else None
        if kind is not None and fields:
            seen.append((kind, record, row, fields))
    words = words_for(actor, [(row, fields) for _kind, _record, row, fields in seen])
    found: dict[tuple[str, int], Changed] = {}
    for kind, record, row, fields in seen:
        changed = found.setdefault((kind.kind, row.root_id), Changed(kind, record))
        changed.changes.extend(_shown(kind, record, row, fields, words))
    return list(found.values()), len(rows) - len(seen)


def deeds_of(
    actor: Actor,
    object_type: ObjectType,
    record: Any,
    *,
    before: int | None = None,
    limit: int = SHOWN,
) -> tuple[list[Deed], int | None]:
    """The change sets that touched a record and its parts, newest first; the first one made it.

    A page of ``limit`` changed rows ``before`` one of them, and the row that the next page is
    before. Six queries at most, and one for each kind that the rows point to.
    """
    rows = changes_of(object_type.kind, record.pk)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    deeds: dict[int, Deed] = {}
    unseen = unseen_of(object_type, actor)
    seen = [(change, fields) for change in found[:limit] if (fields := unseen.seen(change))]
    words = words_for(actor, seen)
    for change, fields in seen:
        deed = deeds.setdefault(change.change_set_id, _deed(actor, change.change_set))
        deed.changes.extend(_shown(object_type, record, change, fields, words))
    has_more = len(found) > limit
    made = None if has_more else ChangeSet.objects.filter(pk=record.created_in_id).first()
    if made is not None and made.pk not in deeds:
        deeds[made.pk] = _deed(actor, made)
        deeds[made.pk].is_wide = True
    for pk in _also_elsewhere(object_type, record, list(deeds)):
        deeds[pk].is_wide = True
    for undone in ChangeSet.objects.filter(undo_of__in=list(deeds)).values_list(
        "undo_of_id", flat=True
    ):
        deeds[undone].may_undo, deeds[undone].is_undone = False, True
    return list(deeds.values()), found[limit - 1].pk if has_more else None


def _also_elsewhere(object_type: ObjectType, record: Any, ids: Sequence[int]) -> Iterable[int]:
    """Those change sets that touched other records, too: undoing takes all of it back."""
    elsewhere = RecordChange.objects.filter(change_set=OuterRef("pk")).exclude(
        root_kind=object_type.kind, root_id=record.pk
    )
    return ChangeSet.objects.filter(Exists(elsewhere), pk__in=ids).values_list("pk", flat=True)


def _deed(actor: Actor, change_set: ChangeSet) -> Deed:
    own = actor.user_id is not None and change_set.actor_id == actor.user_id
    return Deed(
        public_id=change_set.public_id,
        at=change_set.at,
        who=change_set.actor_label,
        source=change_set.source,
        reason=change_set.reason,
        is_undo=change_set.undo_of_id is not None,
        may_undo=(own and actor.may("kernel.undo")) or actor.may("kernel.undo_any"),
    )


def _shown(
    object_type: ObjectType,
    record: Any,
    change: RecordChange,
    fields: Mapping[str, Any],
    words: Words,
) -> list[Change]:
    """What of a changed row of a record may be shown, in words."""
    if change.operation == Operation.DELETE:
        gone = change.model.rpartition(".")[2]
        return [Change(gone, gone, old=_shortest(fields), new="")]
    money = fields.get("currency", [getattr(record, "currency", "")] * 2)
    found = []
    for column, sides in fields.items():
        if column == "x" and object_type.is_customisable:
            found += _custom_changes(object_type, *(side or {} for side in sides))
            continue
        key, label = _named(object_type, column)
        old, new = (
            words.of(change.model, column, value, currency=currency)
            for value, currency in zip(sides, money, strict=True)
        )
        found.append(Change(key, label, old=old, new=new))
    return found


def _custom_changes(
    object_type: ObjectType, old: dict[str, Any], new: dict[str, Any]
) -> list[Change]:
    """What changed in fields that the company added; one that is retired goes by its key."""
    found = []
    known = {field.key: field for field in object_type.custom_fields}
    for key in sorted(key for key in {*old, *new} if old.get(key) != new.get(key)):
        field = known.get(key)
        if field is None or field.custom is None:
            found.append(Change(key, key, old=_text(old.get(key)), new=_text(new.get(key))))
            continue
        names: Mapping[str, str] = {}
        if field.type is FieldType.USER:
            names = user_names(str(side[key]) for side in (old, new) if key in side)
        before, after = (shown_value(field.custom, side.get(key), names) for side in (old, new))
        found.append(Change(key, str(field.label), old=before, new=after))
    return found


def _named(object_type: ObjectType, column: str) -> tuple[str, str]:
    names = {"deleted_at": _("Deleted"), "address": _("Mail"), "is_primary": _("Main one")}
    key = column.removesuffix("_id").removesuffix(MINOR)
    field = next((one for one in object_type.fields if key in (one.key, one.source)), None)
    if field is not None:
        return field.key, str(field.label)
    return key, names.get(column, key.replace("_", " ").capitalize())


def _shortest(row: Mapping[str, Any]) -> str:
    for name in ("address", "number", "domain", "title", "name"):
        if row.get(name):
            return str(row[name])
    return ""


def _text(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)
