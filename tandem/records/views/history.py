"""The history tab: every change of a record and its parts, with who, when, old and new."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from tandem.kernel.actor import Actor
from tandem.records.queries.history import deeds_of
from tandem.records.slots import RECORD_TABS, ObjectType


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
        deeds, _more = deeds_of(actor, object_type, record)
        context = {"deeds": deeds, "type": object_type, "record": record}
        return SafeString(render_to_string("records/history.html", context, request=request))


RECORD_TABS.register("history", HistoryTab())
