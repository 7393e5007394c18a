"""What may be done with a segment."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.models import ChangeSet
from tandem.kernel.refs import RecordRef
from tandem.kernel.undo import UNDO_FOLLOWERS
from tandem.people.actions.owners import owner_named
from tandem.people.rules import sort_key
from tandem.records.slots import tell_story
from tandem.segments import queries
from tandem.segments.actions.asking import ask_new, note_step, refresh, use, wait_in_line
from tandem.segments.actions.drafts import publish_tree
from tandem.segments.actions.rows import check_version, locked, tell, write
from tandem.segments.errors import NothingToPublish, SegmentFrozen, SegmentUsed
from tandem.segments.models import Membership, Segment, Use
from tandem.segments.queries.definitions import tells_of
from tandem.segments.rules import Persons, Step
from tandem.segments.schemas import ChangeSegment, NewSegment

_NOTHING = {"kind": "all", "of": []}


@action(permission="segments.create")
def create_segment(actor: Actor, *, data: NewSegment) -> tuple[Segment, bool]:
    """Make a segment; (segment, True). Who makes one owns it unless another is named.

    Without a definition it begins as an empty draft. Raises OwnerUnknown and, of a definition, what
    ``publish_draft`` raises.
    """
    segment = Segment.objects.create(
        name=data.name,
        sort_key=sort_key(data.name),
        note=data.note or "",
        owner_id=_first_owner(actor, data.owner),
        draft=None if data.who else _NOTHING,
    )
    tell_story(actor, [RecordRef("segment", segment.pk)], kind="segments.created", payload={})
    if data.who:
        publish_tree(actor, segment, data.who)
    return segment, True


@action(permission="segments.edit")
def change_segment(
    actor: Actor, public_id: UUID, *, data: ChangeSegment, version: int | None = None
) -> Segment:
    """Change the given fields of a segment; what is the same already is no change.

    Raises Missing, VersionConflict, OwnerUnknown, SegmentFrozen, and what ``publish_draft`` raises.
    """
    segment = locked(queries.visible_to(actor), public_id)
    check_version(segment, version, data.version)
    columns: dict[str, Any] = {}
    for name, value in data.given.items():
        if name == "owner":
            owner = owner_named(actor, value).pk if value else None
            columns |= {"owner_id": owner} if owner != segment.owner_id else {}
        elif name != "who" and (value or "") != getattr(segment, name):
            columns[name] = value or ""
    if "name" in columns:
        columns["sort_key"] = sort_key(columns["name"])
    if columns:
        write(segment, **columns)
        fields = sorted({name.removesuffix("_id") for name in columns} - {"sort_key"})
        tell(actor, segment, kind="segments.changed", payload={"fields": fields})
    if data.who is not None and data.who != segment.who:
        if segment.is_snapshot:
            raise SegmentFrozen(field="who")
        publish_tree(actor, segment, data.who)
    return Segment.objects.get(pk=segment.pk)


@action(permission="segments.delete")
def delete_segment(actor: Actor, public_id: UUID) -> None:
    """Delete a segment; undo brings it back. Raises SegmentUsed where others are made of it."""
    segment = locked(queries.visible_to(actor), public_id)
    if Use.objects.filter(other=segment, segment__deleted_at__isnull=True).exists():
        raise SegmentUsed()
    wait_in_line()
    write(segment, deleted_at=timezone.now())
    Use.objects.filter(segment=segment).delete()
    tell(actor, segment, kind="segments.deleted", payload={})


@action(permission="segments.create")
def take_snapshot(actor: Actor, public_id: UUID, *, name: str) -> Segment:
    """A segment of those who are in another one now, whatever becomes of them. Raises
    NothingToPublish where that one was never published."""
    source = queries.segment_by_public_id(actor, public_id)
    if not source.definition_version:
        raise NothingToPublish()
    wait_in_line()
    persons, now = queries.persons_in(source), timezone.now()
    segment = Segment.objects.create(
        name=name,
        sort_key=sort_key(name),
        owner_id=actor.user_id,
        who=source.who,
        definition_version=source.definition_version,
        is_snapshot=True,
        tells=source.tells,
    )
    Membership.objects.create(
        segment=segment, found=bytes(persons.serialize()), size=len(persons), counted_at=now
    )
    note_step(segment, Step.between(Persons(), persons), len(persons), now=now, is_edited=True)
    payload = {"of": source.name}
    tell_story(
        actor, [RecordRef("segment", segment.pk)], kind="segments.snapshot_taken", payload=payload
    )
    return segment


def follow_undo(actor: Actor, change_set_id: int) -> None:
    """What an undo entails: the key that sorts, who is in the segment, a word in the story.

    Part of the undo's own transaction (a follower of kernel.undo).
    """
    undoing = ChangeSet.objects.get(pk=change_set_id)
    roots = undoing.changes.filter(root_kind="segment").order_by()
    ids = sorted(set(roots.values_list("root_id", flat=True)))
    if not ids:
        return
    wait_in_line()
    now = timezone.now()
    for segment in Segment.objects.filter(pk__in=ids):
        tells = sorted(tells_of(segment.who or _NOTHING) | tells_of(segment.draft or _NOTHING))
        Segment.objects.filter(pk=segment.pk).update(sort_key=sort_key(segment.name), tells=tells)
        if segment.is_snapshot:
            continue
        if segment.deleted_at is None and segment.who:
            ask_new([segment.who], now=now, older_than=now)
            use(segment)
            refresh([segment.pk], now=now, is_edited=True)
        else:
            Use.objects.filter(segment=segment).delete()
            Membership.objects.filter(segment=segment).delete()
    refs = [RecordRef("segment", pk) for pk in ids]
    tell_story(actor, refs, kind="segments.undone", payload={})


UNDO_FOLLOWERS.register("segments", follow_undo)


def _first_owner(actor: Actor, named: str | None) -> int | None:
    return owner_named(actor, named).pk if named else actor.user_id
