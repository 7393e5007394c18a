"""The tab of the story: composer, filter by side, two lanes, older pages."""

from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.kernel.refs import RecordRef
from tandem.records.actions.accesses import note_seen
from tandem.records.queries import visible_record
from tandem.records.slots import (
    MERGED_TABLES,
    RECORD_TABS,
    MergedTable,
    ObjectType,
    Text,
    object_type_by_slug,
)
from tandem.timeline.actions import mark_read, order_story, pin, unpin
from tandem.timeline.models import TimelineEntry
from tandem.timeline.queries import (
    FILTERS,
    MOST_NEW,
    entry_of,
    marks_of,
    place_above,
    story_of,
)
from tandem.timeline.schemas import OrderIn, PinIn
from tandem.timeline.views.lines import Acts, days_drawn, lines_drawn
from tandem.ui.forms import submit
from tandem.ui.responses import Toast, render, see_other

LABELS = (
    ("", gettext_lazy("All")),
    ("mkt", gettext_lazy("Marketing")),
    ("sales", gettext_lazy("Sales")),
    ("system", gettext_lazy("System")),
    ("mine", gettext_lazy("Mine")),
)


class TimelineTab:
    """The story of a record, the first tab of its page."""

    key = "timeline"
    label: Text = gettext_lazy("Timeline")
    order = 10
    tells: tuple[str, ...] = ()

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return actor.may("timeline.view")

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return None

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        context = _context(request, object_type, record)
        return SafeString(render_to_string("timeline/tab.html", context, request=request))


RECORD_TABS.register("timeline", TimelineTab())
MERGED_TABLES.register("timeline.pin", MergedTable(gettext_lazy("Pinned entries")))


@require_GET
@page(permission="timeline.view")
def story(request: ActorRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    object_type, record = _record(request, slug, public_id)
    note_seen(request.actor, object_type, record.pk)
    context = _context(request, object_type, record)
    context["page_title"] = object_type.name_of(record)
    return render(request, "timeline/page.html", context, fragment="older")


@require_POST
@page(permission="timeline.pin")
def pins(request: ActorRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    object_type, record = _record(request, slug, public_id)
    pin(request.actor, object_type.ref(record), event=submit(PinIn, request.POST).value.event)
    return _back(request, object_type, record, Toast(_("Pinned"), undo=last_change_set()))


@require_POST
@page(permission="timeline.pin")
def pin_removal(request: ActorRequest, slug: str, public_id: UUID, event: UUID) -> HttpResponseBase:
    object_type, record = _record(request, slug, public_id)
    unpin(request.actor, object_type.ref(record), event=event)
    return _back(request, object_type, record, Toast(_("Taken down"), undo=last_change_set()))


@require_POST
@page(permission="timeline.view")
def order(request: ActorRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    object_type, record = _record(request, slug, public_id)
    data = submit(OrderIn, request.POST).value
    order_story(request.actor, is_oldest_first=data.order == "oldest")
    return _back(request, object_type, record, None)


def _record(request: ActorRequest, slug: str, public_id: UUID) -> tuple[ObjectType, Any]:
    object_type = object_type_by_slug(slug)
    if object_type is None:
        raise Missing()
    request.actor.require(object_type.permissions.view)
    return object_type, visible_record(object_type, request.actor, public_id)


def _back(
    request: ActorRequest, object_type: ObjectType, record: Any, toast: Toast | None
) -> HttpResponseBase:
    side = request.POST.get("side", "")
    kept = f"&{urlencode({'side': side})}" if side in FILTERS else ""
    url = reverse("records:record", args=[object_type, record.public_id])
    return see_other(request, f"{url}?tab=timeline{kept}", toast=toast)


def _context(request: HttpRequest, object_type: ObjectType, record: Any) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    ref = object_type.ref(record)
    side = request.GET.get("side", "")
    side = side if side in FILTERS else ""
    marks = marks_of(actor, ref)
    before = request.GET.get("before", "")
    read = partial(
        story_of,
        actor,
        ref,
        side=side or None,
        is_oldest_first=marks.is_oldest_first,
        since=marks.since(timezone.now()),
    )
    found = read(before=before)
    wanted = None if before else _entry_asked_for(request, actor, ref)
    if wanted is not None and all(one.event_id != wanted.event_id for one in found.entries):
        before = place_above(wanted, is_oldest_first=marks.is_oldest_first)
        found = read(before=before)
    mark_read(actor, ref, marks)
    base = reverse("records:record", args=[object_type, record.public_id])
    own = reverse("timeline:story", args=[object_type.slug, record.public_id])
    may_pin = actor.may("timeline.pin")
    acts = Acts(request, object_type, record, side=side, may_pin=may_pin)
    kept = {"side": side} if side else {}
    older = urlencode({**kept, "before": found.next})
    return {
        "type": object_type,
        "record": record,
        "story": found,
        "side": side,
        "is_first": not before,
        "is_oldest_first": marks.is_oldest_first,
        "record_url": base,
        "filters": [
            (key, label, f"{base}?{urlencode({'tab': 'timeline', 'side': key})}", key == side)
            for key, label in LABELS
        ],
        "older_url": f"{own}?{older}" if found.next else "",
        "older_page": f"{base}?tab=timeline&{older}" if found.next else "",
        "may_comment": actor.may("records.comment") and actor.user_id is not None,
        "lines": days_drawn(found, acts),
        "pinned": lines_drawn(found.pinned, acts),
        "new_words": _new_words(found.new),
    }


def _entry_asked_for(request: HttpRequest, actor: Actor, ref: RecordRef) -> TimelineEntry | None:
    """The entry to which a link from elsewhere leads (``?entry=``), where it is in this story."""
    try:
        event = UUID(request.GET.get("entry", ""))
    except ValueError:
        return None
    return entry_of(actor, ref, event)


def _new_words(count: int) -> str:
    if count >= MOST_NEW:
        return _("%(count)s and more new") % {"count": MOST_NEW}
    return ngettext("%(count)s new", "%(count)s new", count) % {"count": count}
