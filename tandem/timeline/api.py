"""The story of a record by API."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from ninja import Query, Router, Status

from tandem.kernel.actor import Actor
from tandem.kernel.answers import REFUSALS, actor_of
from tandem.kernel.errors import Invalid, Missing
from tandem.kernel.refs import RecordRef
from tandem.records.actions.accesses import note_seen
from tandem.records.slots import OBJECT_TYPES, object_type
from tandem.timeline.actions import pin, unpin
from tandem.timeline.models import TimelineEntry
from tandem.timeline.queries import story_of
from tandem.timeline.schemas import StoryIn, StoryOut, WhoseIn
from tandem.timeline.slots import kind_of, words_of

router = Router(tags=["Timeline"])


@router.get("", response={200: StoryOut, **REFUSALS}, operation_id="timeline_list")
def list_entries(request: HttpRequest, params: Query[StoryIn]) -> Any:
    """The story of a person or company, newest first unless asked otherwise."""
    actor = actor_of(request)
    actor.require("timeline.view")
    ref = _subject(actor, params)
    note_seen(actor, object_type(ref.kind), ref.id)
    story = story_of(
        actor,
        ref,
        side=params.side,
        before=params.cursor,
        limit=params.limit,
        is_oldest_first=params.order == "oldest",
    )
    return {
        "pinned": story.pinned_events,
        "items": [_entry(entry) for entry in story.entries],
        "next": story.next or None,
    }


list_entries.permission = "timeline.view"  # type: ignore[attr-defined]


@router.put("/pins/{uuid:event}", response={204: None, **REFUSALS}, operation_id="timeline_pin")
def pin_entry(request: HttpRequest, event: UUID, params: Query[WhoseIn]) -> Any:
    """Put an event on top of the story of a person or company; there it stands once."""
    actor = actor_of(request)
    actor.require("timeline.pin")
    pin(actor, _subject(actor, params), event=event)
    return Status(204, None)


pin_entry.permission = "timeline.pin"  # type: ignore[attr-defined]


@router.delete(
    "/pins/{uuid:event}", response={204: None, **REFUSALS}, operation_id="timeline_unpin"
)
def unpin_entry(request: HttpRequest, event: UUID, params: Query[WhoseIn]) -> Any:
    """Take an event down from the top of a story."""
    actor = actor_of(request)
    actor.require("timeline.pin")
    unpin(actor, _subject(actor, params), event=event)
    return Status(204, None)


unpin_entry.permission = "timeline.pin"  # type: ignore[attr-defined]


def _subject(actor: Actor, params: WhoseIn) -> RecordRef:
    """The record that is asked about, where the actor sees it."""
    asked = {"person": params.person, "company": params.company}
    named = [(kind, public_id) for kind, public_id in asked.items() if public_id is not None]
    if len(named) != 1:
        raise Invalid(_("Name one person or one company."), field="person")
    kind, public_id = named[0]
    described = OBJECT_TYPES.get(kind)
    if described is None:
        raise Missing()
    actor.require(described.permissions.view)
    pk = described.visible_to(actor).filter(public_id=public_id).values_list("pk", flat=True)
    found = pk.first()
    if found is None:
        raise Missing()
    return RecordRef(kind, found)


def _entry(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "event": entry.event_id,
        "kind": entry.kind,
        "at": entry.at,
        "side": entry.side,
        "actor": entry.actor_label,
        "text": words_of(kind_of(entry).sentence(entry)),
        "why": strip_tags(kind_of(entry).why(entry)),
        "is_automatic": entry.is_automatic,
        "source": entry.source,
        "payload": entry.payload,
    }
