"""The draft of a segment: edited a node at a time, counted, published or let go.

A draft is shared: whoever edits sees what the others did. What is published stays until the draft
is.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.live import changed
from tandem.segments import queries, rules
from tandem.segments.actions.asking import ask_new, refresh, use, wait_in_line
from tandem.segments.actions.rows import check_version, locked, tell, write
from tandem.segments.errors import (
    DefinitionEmpty,
    NothingToPublish,
    PlaceUnknown,
    SegmentFrozen,
)
from tandem.segments.models import Heard, Segment
from tandem.segments.queries.definitions import check, tells_of
from tandem.segments.rules import Place, Tree
from tandem.segments.schemas import read_tree

_OLD = timedelta(minutes=5)


@action(permission="segments.edit")
def start_draft(actor: Actor, public_id: UUID) -> Segment:
    """Begin a draft with what is published; one that is there stays."""
    segment = _editable(actor, public_id)
    if segment.draft is None:
        _keep(actor, segment, segment.shown)
    return segment


@action(permission="segments.edit")
def add_node(actor: Actor, public_id: UUID, place: Place, *, node: Any) -> Segment:
    """Put a condition or group at the end of the group at a place. Raises PlaceUnknown and what
    ``write_draft`` raises."""
    return _edit(actor, public_id, place, lambda tree: rules.added(tree, place, node), group=True)


@action(permission="segments.edit")
def put_node(actor: Actor, public_id: UUID, place: Place, *, node: Any) -> Segment:
    """Put a condition or group in the place of another."""
    return _edit(actor, public_id, place, lambda tree: rules.replaced(tree, place, node))


@action(permission="segments.edit")
def join_nodes(actor: Actor, public_id: UUID, place: Place, *, kind: str) -> Segment:
    """Join what stands in the group at a place by all, any or none of it."""
    return _edit(
        actor,
        public_id,
        place,
        lambda tree: rules.rejoined(tree, place, kind),
        group=True,
    )


@action(permission="segments.edit")
def remove_node(actor: Actor, public_id: UUID, place: Place) -> Segment:
    """Take a condition out, or a group with all that is in it."""
    return _edit(actor, public_id, place, lambda tree: rules.removed(tree, place))


@action(permission="segments.edit")
def move_node(actor: Actor, public_id: UUID, place: Place, *, by: int) -> Segment:
    """Move a node a step up (-1) or down (1) in its group."""
    if not place:
        raise PlaceUnknown()
    return _edit(actor, public_id, place, lambda tree: rules.moved(tree, place, by))


@action(permission="segments.edit")
def write_draft(actor: Actor, public_id: UUID, *, who: Any) -> Segment:
    """Make a whole definition the draft, and ask what of it was not asked yet.

    Raises DefinitionInvalid, FieldHidden, SegmentUnknown, SegmentInCircle, SegmentFrozen,
    EventsUnreadable.
    """
    segment = _editable(actor, public_id)
    _keep(actor, segment, who)
    return segment


@action(permission="segments.edit")
def count_again(actor: Actor, public_id: UUID) -> Segment:
    """Ask the conditions of a draft again that were asked a while ago."""
    segment = _editable(actor, public_id)
    now = timezone.now()
    ask_new([segment.shown], now=now, older_than=now)
    changed(f"segment:{segment.public_id}")
    return segment


@action(permission="segments.edit")
def discard_draft(actor: Actor, public_id: UUID) -> Segment:
    """Let a draft go; what is published stays. Undo brings it back."""
    segment = _editable(actor, public_id)
    if segment.draft is not None:
        write(segment, draft=None, tells=sorted(_told_by(segment.who)))
        tell(actor, segment, kind="segments.draft_discarded", payload={})
    return segment


@action(permission="segments.edit")
def publish_draft(actor: Actor, public_id: UUID, *, version: int | None = None) -> Segment:
    """Make the draft the definition: who is in the segment follows at once, and is kept up to date.

    Raises NothingToPublish, DefinitionEmpty, VersionConflict and what ``write_draft`` raises.
    """
    segment = _editable(actor, public_id)
    check_version(segment, version)
    if segment.draft is None:
        raise NothingToPublish()
    return publish_tree(actor, segment, segment.draft)


def publish_tree(actor: Actor, segment: Segment, who: Any) -> Segment:
    """Make a tree the definition of a segment, in the running action."""
    tree = read_tree(who)
    if not any(True for _leaf in rules.leaves(tree)):
        raise DefinitionEmpty()
    check(actor, tree, segment)
    wait_in_line()
    now = timezone.now()
    Heard.objects.get_or_create(defaults={"until": now})  # what comes in from here on is heard
    ask_new([tree], now=now, older_than=now)
    number = segment.definition_version + 1
    write(segment, who=tree, draft=None, definition_version=number, tells=sorted(tells_of(tree)))
    use(segment)
    refresh([segment.pk], now=now, is_edited=True)
    tell(actor, segment, kind="segments.published", payload={"version": number})
    return segment


def _editable(actor: Actor, public_id: UUID) -> Segment:
    segment = locked(queries.visible_to(actor), public_id)
    if segment.is_snapshot:
        raise SegmentFrozen()
    return segment


def _edit(
    actor: Actor,
    public_id: UUID,
    place: Place,
    edit: Callable[[Tree], Tree],
    *,
    group: bool = False,
) -> Segment:
    segment = _editable(actor, public_id)
    node = rules.node_at(segment.shown, place)
    if node is None or (group and not rules.is_group(node)):
        raise PlaceUnknown()
    _keep(actor, segment, edit(segment.shown))
    return segment


def _keep(actor: Actor, segment: Segment, who: Any) -> None:
    tree = read_tree(who)
    check(actor, tree, segment)
    now = timezone.now()
    ask_new([tree], now=now, older_than=now - _OLD)
    if tree != segment.draft:
        write(segment, draft=tree, tells=sorted(_told_by(segment.who) | tells_of(tree)))
        changed("segment", f"segment:{segment.public_id}")


def _told_by(who: Tree) -> set[str]:
    """What a definition tells; nothing before the first is published."""
    return tells_of(who) if who else set()
