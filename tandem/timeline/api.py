"""The story of a record by API."""

from typing import Any

from django.http import HttpRequest
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from ninja import Query, Router

from tandem.kernel.answers import REFUSALS, actor_of
from tandem.kernel.errors import Invalid, Missing
from tandem.kernel.refs import RecordRef
from tandem.records.slots import OBJECT_TYPES
from tandem.timeline.models import TimelineEntry
from tandem.timeline.queries import story_of
from tandem.timeline.schemas import StoryIn, StoryOut
from tandem.timeline.slots import kind_of

router = Router(tags=["Timeline"])


@router.get("", response={200: StoryOut, **REFUSALS}, operation_id="timeline_list")
def list_entries(request: HttpRequest, params: Query[StoryIn]) -> Any:
    """The story of a person or company, newest first."""
    actor = actor_of(request)
    actor.require("timeline.view")
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
    story = story_of(
        actor,
        RecordRef(kind, found),
        side=params.side,
        before=params.cursor,
        limit=params.limit,
    )
    return {"items": [_entry(entry) for entry in story.entries], "next": story.next or None}


list_entries.permission = "timeline.view"  # type: ignore[attr-defined]


def _entry(entry: TimelineEntry) -> dict[str, Any]:
    return {
        "event": entry.event_id,
        "kind": entry.kind,
        "at": entry.at,
        "side": entry.side,
        "actor": entry.actor_label,
        "text": strip_tags(kind_of(entry).sentence(entry)),
        "is_automatic": entry.is_automatic,
        "source": entry.source,
        "payload": entry.payload,
    }
