"""The segments that a person is in, on the person's page."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tandem.kernel.actor import Actor
from tandem.records.slots import RECORD_PANELS, ObjectType
from tandem.segments import queries
from tandem.segments.views.tree import url_of


class SegmentsPanel:
    """Which segments hold a person."""

    order = 60
    in_peek = False
    tells: tuple[str, ...] = ()

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "person" and actor.may("segments.view")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = [(one, url_of(one)) for one in queries.segments_with(actor, record.pk)]
        if not found:
            return SafeString()
        context = {"segments": found, "person": record}
        return SafeString(render_to_string("segments/panel.html", context, request=request))


RECORD_PANELS.register("segments", SegmentsPanel())
