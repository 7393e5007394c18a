"""Many records at once: which verb, at once or by a worker; tags put on and taken off.

Every verb is one action with one change set, so that one undo takes it back. What belongs to a
kind of record alone (fields, deletion) its room declares: see slots.Bulk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from tandem.kernel.actions import action, last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.jobs import enqueue
from tandem.kernel.models import ProgressRecord
from tandem.kernel.progress import announce, tracking
from tandem.kernel.refs import RecordRef
from tandem.records import queries, rules
from tandem.records.actions.exports import export_many
from tandem.records.actions.values import change_values, read_values
from tandem.records.errors import SelectionChanged
from tandem.records.models import Tag, TagLink
from tandem.records.queries import ListQuery, Selection
from tandem.records.queries.custom import rows_without
from tandem.records.schemas import BulkVerb, CustomValues, ExportAs, NewTag
from tandem.records.slots import TAGS, Advance, Bulk, BulkDone, ObjectType, ignore, tell_story

# Above it a worker does it, with its progress shown.
AT_ONCE = 500
JOB = "records.run_bulk"


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be done: ``data`` is of the kind's change schema, CustomValues, or a NewTag."""

    verb: BulkVerb
    data: Any = None

    def as_json(self) -> dict[str, Any]:
        """For a job; ``deed_of`` reads it back."""
        data = self.data.model_dump(mode="json", exclude_unset=True) if self.data else {}
        return {"verb": str(self.verb), "data": data}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a deed would do, to be shown before: records chosen, and those that would change."""

    matched: int
    changing: int

    @property
    def unchanged(self) -> int:
        return self.matched - self.changing


@dataclass(frozen=True, slots=True)
class BulkReport:
    """What a deed came to; ``skipped`` were asked for and are not there for the actor."""

    matched: int
    changed: int
    skipped: int
    change_set: UUID | None
    export: UUID | None = None

    @property
    def unchanged(self) -> int:
        return self.matched - self.changed if self.export is None else 0

    def as_json(self) -> dict[str, Any]:
        """As progress keeps it and the API answers it."""
        return {
            "matched": self.matched,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "skipped": {"not_found": self.skipped} if self.skipped else {},
            "change_set": str(self.change_set) if self.change_set else None,
            "export": str(self.export) if self.export else None,
        }


def deed_of(object_type: ObjectType, verb: str, data: Mapping[str, Any]) -> Deed:
    """A deed from plain values; raises pydantic's ValidationError."""
    known = BulkVerb(verb)
    match known:
        case BulkVerb.CHANGE if set(data) == {"fields"}:
            return Deed(known, CustomValues.model_validate(data))
        case BulkVerb.CHANGE:
            return Deed(known, object_type.change_schema.model_validate(data))
        case BulkVerb.TAG | BulkVerb.UNTAG:
            return Deed(known, NewTag.model_validate(data))
        case BulkVerb.EXPORT:
            return Deed(known, ExportAs.model_validate(data))
        case _:
            return Deed(known)


def permission_for(object_type: ObjectType, verb: BulkVerb) -> str:
    """The name of the permission that a verb needs; Missing where the kind does not offer it."""
    if verb in (BulkVerb.TAG, BulkVerb.UNTAG):
        return "records.tag"
    if verb is BulkVerb.EXPORT:
        return "records.export"
    _bulk_of(object_type)
    permissions = object_type.permissions
    return permissions.edit if verb is BulkVerb.CHANGE else permissions.delete


def forecast(
    actor: Actor, object_type: ObjectType, selection: Selection, deed: Deed | None
) -> Forecast:
    """How many records a deed is about and how many it would change; one or two counts.

    Without a deed (its value is not typed yet) every one counts as changing. Raises what the deed
    raises.
    """
    _refuse_hidden(actor, object_type, deed)
    rows = queries.chosen(object_type, actor, selection)
    matched = rows.count()
    if deed is None or deed.verb in (BulkVerb.DELETE, BulkVerb.EXPORT):
        return Forecast(matched, matched)
    if isinstance(deed.data, NewTag):
        tagged = rows.filter(Exists(_links(object_type, deed.data.name))).count()
        return Forecast(matched, matched - tagged if deed.verb is BulkVerb.TAG else tagged)
    if isinstance(deed.data, CustomValues):
        values = read_values(object_type, deed.data.fields, is_new=False)
        return Forecast(matched, rows_without(rows, values).count())
    return Forecast(matched, _bulk_of(object_type).to_change(actor, rows, data=deed.data).count())


def ask_for(
    actor: Actor,
    object_type: ObjectType,
    selection: Selection,
    deed: Deed,
    *,
    expected: int | None = None,
) -> BulkReport | ProgressRecord:
    """Do it at once, or where there are many have a worker do it: its progress.

    ``expected`` is the number that a preview showed: another one now raises SelectionChanged.
    Raises NothingChosen, Refused, and what the verb's action raises.
    """
    actor.require(permission_for(object_type, deed.verb))
    _refuse_hidden(actor, object_type, deed)
    found = forecast(actor, object_type, selection, deed)
    if expected is not None and expected != found.matched:
        raise SelectionChanged(
            _("Meanwhile it would be %(now)d records, no longer %(before)d.")
            % {"now": found.matched, "before": expected}
        )
    if selection.every is None or found.matched <= AT_ONCE or actor.user_id is None:
        return do_now(actor, object_type, selection, deed)
    with transaction.atomic():
        record = announce(
            actor,
            kind="bulk",
            label=label_of(object_type, deed),
            unit=str(object_type.label_plural).lower(),
            total=found.matched,
        )
        enqueue(
            JOB,
            user_id=actor.user_id,
            source=str(actor.source),
            kind=object_type.kind,
            filters=rules.as_json(selection.every.filters),
            text=selection.every.text,
            sort=selection.every.sort,
            deed=deed.as_json(),
            progress=str(record.public_id),
        )
    return record


def do_now(
    actor: Actor,
    object_type: ObjectType,
    selection: Selection,
    deed: Deed,
    *,
    advance: Advance = ignore,
) -> BulkReport:
    """Do it in one action."""
    _refuse_hidden(actor, object_type, deed)
    before = last_change_set()
    rows = queries.chosen(object_type, actor, selection)
    match deed.verb:
        case BulkVerb.TAG:
            done = tag_many(actor, object_type, rows, data=deed.data, advance=advance)
        case BulkVerb.UNTAG:
            done = untag_many(actor, object_type, rows, data=deed.data, advance=advance)
        case BulkVerb.CHANGE if isinstance(deed.data, CustomValues):
            done = change_values(actor, object_type, rows, data=deed.data, advance=advance)
        case BulkVerb.CHANGE:
            done = _bulk_of(object_type).change(actor, rows, data=deed.data, advance=advance)
        case BulkVerb.DELETE:
            done = _bulk_of(object_type).delete(actor, rows, advance=advance)
        case BulkVerb.EXPORT:
            return _exported(actor, object_type, selection, deed, advance)
    made = last_change_set()
    return BulkReport(
        matched=done.matched,
        changed=done.changed,
        skipped=max(len(set(selection.ids)) - done.matched, 0),
        change_set=made if made != before and done.changed else None,
    )


def _exported(
    actor: Actor, object_type: ObjectType, selection: Selection, deed: Deed, advance: Advance
) -> BulkReport:
    run = export_many(actor, object_type, selection, data=deed.data, advance=advance)
    return BulkReport(
        matched=run.count,
        changed=0,
        skipped=max(len(set(selection.ids)) - run.count, 0),
        change_set=None,
        export=run.public_id,
    )


def run_announced(
    actor: Actor, object_type: ObjectType, query: ListQuery, deed: Deed, *, progress: UUID
) -> BulkReport:
    """The worker's side: everything that a list shows, in one action, with its progress shown."""
    with tracking(actor, kind="bulk", label="", unit="", announced=progress) as shown:
        shown.advance(0, message="")
        report = do_now(actor, object_type, Selection(every=query), deed, advance=shown.advance)
        shown.record.done = shown.record.total = report.matched
        shown.record.result = report.as_json() | {"verb": deed.verb}
    return report


@action(permission="records.tag", is_of_many=True)
def tag_many(
    actor: Actor,
    object_type: ObjectType,
    chosen: QuerySet[Any],
    *,
    data: NewTag,
    advance: Advance = ignore,
) -> BulkDone:
    """Put a tag on all the chosen records that the actor sees; who has it keeps it once."""
    tag, _new = Tag.objects.get_or_create(
        normalized=rules.normalized_tag(data.name), defaults={"name": data.name}
    )
    ids = _visible(actor, object_type, chosen)
    changed = 0
    for part in rules.in_parts(ids):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO records_taglink (tag_id, kind, record_id)"
                " SELECT %s, %s, unnest(%s::bigint[]) ON CONFLICT DO NOTHING RETURNING record_id",
                [tag.pk, object_type.kind, list(part)],
            )
            made = [row[0] for row in cursor.fetchall()]
        _tell(actor, object_type, made, "records.tagged", tag.name)
        changed += len(made)
        advance(len(part))
    return BulkDone(matched=len(ids), changed=changed)


@action(permission="records.tag", is_of_many=True)
def untag_many(
    actor: Actor,
    object_type: ObjectType,
    chosen: QuerySet[Any],
    *,
    data: NewTag,
    advance: Advance = ignore,
) -> BulkDone:
    """Take a tag off all the chosen records that the actor sees and that have it."""
    ids = _visible(actor, object_type, chosen)
    changed = 0
    for part in rules.in_parts(ids):
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM records_taglink l USING records_tag t"
                " WHERE t.id = l.tag_id AND t.normalized = %s AND l.kind = %s"
                " AND l.record_id = ANY (%s) RETURNING l.record_id",
                [rules.normalized_tag(data.name), object_type.kind, list(part)],
            )
            gone = [row[0] for row in cursor.fetchall()]
        _tell(actor, object_type, gone, "records.untagged", data.name)
        changed += len(gone)
        advance(len(part))
    return BulkDone(matched=len(ids), changed=changed)


def label_of(object_type: ObjectType, deed: Deed) -> str:
    """What a deed is called while it runs."""
    kinds = str(object_type.label_plural).lower()
    match deed.verb:
        case BulkVerb.TAG | BulkVerb.UNTAG:
            return _("Tags of %(kinds)s") % {"kinds": kinds}
        case BulkVerb.EXPORT:
            return _("Export of %(kinds)s") % {"kinds": kinds}
        case BulkVerb.DELETE:
            return _("Delete %(kinds)s") % {"kinds": kinds}
        case _:
            return _("Change %(kinds)s") % {"kinds": kinds}


def query_from(object_type: ObjectType, filters: Any, text: str, *, sort: str = "") -> ListQuery:
    """Everything that a filter tree as JSON and the words let through. Raises FilterInvalid."""
    return ListQuery(filters=queries.read_filters(object_type, filters), text=text, sort=sort)


def _refuse_hidden(actor: Actor, object_type: ObjectType, deed: Deed | None) -> None:
    """Raise FieldHidden where a value would be put where the actor sees no field; the columns of
    an export are withheld."""
    if deed is None:
        return
    match deed.verb:
        case BulkVerb.TAG | BulkVerb.UNTAG:
            object_type.refuse_hidden(actor, (TAGS,))
        case BulkVerb.CHANGE:
            own = isinstance(deed.data, CustomValues)
            names = deed.data.fields if own else deed.data.model_fields_set
            object_type.refuse_hidden(actor, names)


def _bulk_of(object_type: ObjectType) -> Bulk:
    if object_type.bulk is None:
        raise Missing()
    return object_type.bulk


def _links(object_type: ObjectType, name: str) -> QuerySet[TagLink]:
    return TagLink.objects.filter(
        kind=object_type.kind,
        record_id=OuterRef("pk"),
        tag__normalized=rules.normalized_tag(name),
    )


def _visible(actor: Actor, object_type: ObjectType, chosen: QuerySet[Any]) -> list[int]:
    actor.require(object_type.permissions.view)
    rows = object_type.visible_to(actor).filter(pk__in=chosen.order_by().values("pk"))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _tell(actor: Actor, object_type: ObjectType, ids: Sequence[int], kind: str, tag: str) -> None:
    refs = [RecordRef(object_type.kind, pk) for pk in ids]
    if refs:
        tell_story(actor, refs, kind=kind, payload={"tag": tag})
