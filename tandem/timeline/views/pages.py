"""The tab of the story: composer, filter by side, two lanes, older pages."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.records.queries import visible_record
from tandem.records.slots import RECORD_TABS, ObjectType, Text, object_type_by_slug
from tandem.timeline.queries import FILTERS, story_of
from tandem.ui.responses import render

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

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return actor.may("timeline.view")

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return None

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        context = _context(request, object_type, record)
        return SafeString(render_to_string("timeline/tab.html", context, request=request))


RECORD_TABS.register("timeline", TimelineTab())


@require_GET
@page(permission="timeline.view")
def story(request: ActorRequest, slug: str, public_id: UUID) -> HttpResponseBase:
    object_type = object_type_by_slug(slug)
    if object_type is None:
        raise Missing()
    request.actor.require(object_type.permissions.view)
    record = visible_record(object_type, request.actor, public_id)
    context = _context(request, object_type, record)
    context["page_title"] = object_type.name_of(record)
    return render(request, "timeline/page.html", context, fragment="older")


def _context(request: HttpRequest, object_type: ObjectType, record: Any) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    side = request.GET.get("side", "")
    side = side if side in FILTERS else ""
    before = request.GET.get("before", "")
    found = story_of(actor, object_type.ref(record), side=side or None, before=before)
    base = reverse("records:record", args=[object_type, record.public_id])
    own = reverse("timeline:story", args=[object_type.slug, record.public_id])
    kept = {"side": side} if side else {}
    older = urlencode({**kept, "before": found.next})
    return {
        "type": object_type,
        "record": record,
        "story": found,
        "side": side,
        "is_first": not before,
        "record_url": base,
        "filters": [
            (key, label, f"{base}?{urlencode({'tab': 'timeline', 'side': key})}", key == side)
            for key, label in LABELS
        ],
        "older_url": f"{own}?{older}" if found.next else "",
        "older_page": f"{base}?tab=timeline&{older}" if found.next else "",
        "may_comment": actor.may("records.comment") and actor.user_id is not None,
    }
