"""The history tab: every change of a record and its parts, with who, when, old and new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.accounts.queries import user_names
from tandem.kernel.actor import Actor
from tandem.kernel.history import changes_of
from tandem.kernel.models import ChangeSet, Operation, RecordChange
from tandem.records.queries.custom import shown_value
from tandem.records.queries.unseen import unseen_of
from tandem.records.slots import RECORD_TABS, FieldType, ObjectType

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One field's old and new value."""

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
    changes: list[Change]
    may_undo: bool
    is_wide: bool = False


class HistoryTab:
    """What was changed on this record, newest first, and by whom."""

    key = "history"
    label = gettext_lazy("History")
    order = 90
    tells: tuple[str, ...] = ()

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return True

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return None

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        deeds = deeds_of(actor, object_type, record)
        context = {"deeds": deeds, "type": object_type, "record": record}
        return SafeString(render_to_string("records/history.html", context, request=request))


def deeds_of(actor: Actor, object_type: ObjectType, record: Any) -> list[Deed]:
    """The change sets that touched a record and its parts, newest first; the first one made it."""
    deeds: dict[int, Deed] = {}
    unseen = unseen_of(object_type, actor)
    for change in changes_of(object_type.kind, record.pk)[:SHOWN]:
        fields = unseen.seen(change)
        if fields:
            deed = deeds.setdefault(change.change_set_id, _deed(actor, change.change_set))
            deed.changes.extend(changes_shown(object_type, change, fields))
    made = ChangeSet.objects.filter(pk=record.created_in_id).first()
    if made is not None and made.pk not in deeds:
        deeds[made.pk] = _deed(actor, made)
        deeds[made.pk].is_wide = True
    for pk in _also_elsewhere(object_type, record, list(deeds)):
        deeds[pk].is_wide = True
    for undoing in ChangeSet.objects.filter(undo_of__in=list(deeds)):
        deeds[undoing.undo_of_id or 0].may_undo = False
    return list(deeds.values())


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
        changes=[],
        may_undo=(own and actor.may("kernel.undo")) or actor.may("kernel.undo_any"),
    )


def changes_shown(
    object_type: ObjectType, change: RecordChange, fields: Mapping[str, Any]
) -> list[Change]:
    if change.operation == Operation.DELETE:
        words = change.model.rpartition(".")[2]
        return [Change(field=words, old=_shortest(fields), new="")]
    found = []
    for column, (old, new) in fields.items():
        if column == "x" and object_type.is_customisable:
            found += _custom_changes(object_type, old or {}, new or {})
        else:
            label = _label(object_type, column)
            found.append(Change(field=label, old=_text(old), new=_text(new)))
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
            found.append(Change(field=key, old=_text(old.get(key)), new=_text(new.get(key))))
            continue
        names: Mapping[str, str] = {}
        if field.type is FieldType.USER:
            names = user_names(str(side[key]) for side in (old, new) if key in side)
        before, after = (shown_value(field.custom, side.get(key), names) for side in (old, new))
        found.append(Change(field=str(field.label), old=before, new=after))
    return found


def _label(object_type: ObjectType, column: str) -> str:
    names = {"deleted_at": _("Deleted"), "address": _("Mail"), "is_primary": _("Main one")}
    key = column.removesuffix("_id")
    field = next((one for one in object_type.fields if one.key == key), None)
    return str(field.label) if field else names.get(column, key.replace("_", " ").capitalize())


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


RECORD_TABS.register("history", HistoryTab())
