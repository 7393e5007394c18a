"""What a person agreed to, beside the person."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tandem.consent import queries
from tandem.consent.models import ConsentEvent, ConsentState
from tandem.consent.rules import State, StopReason
from tandem.consent.views.labels import topic_name
from tandem.kernel.actor import Actor
from tandem.people.models import Person
from tandem.records.slots import RECORD_PANELS, ObjectType

SHOWN = 12
TONES = {State.GRANTED: "ok", State.PENDING: "warn"}


class ConsentPanel:
    """What holds, since when, by which words and with which evidence; and whether we must stop."""

    order = 60
    in_peek = False
    tells: tuple[str, ...] = ()

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "person" and actor.may("consent.view")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        person: Person = record
        states = queries.consent_states([person.pk])[person.pk]
        events = queries.events_of([person.pk]) if states else []
        context = {
            "rows": [_row(state, events) for state in states[:SHOWN]],
            "stops": _stops(person),
        }
        return SafeString(render_to_string("consent/panel.html", context, request=request))


def _row(state: ConsentState, events: list[ConsentEvent]) -> dict[str, Any]:
    said = next((event for event in events if event.pk == state.event_id), None)
    return {
        "topic": topic_name(state.topic),
        "channel": state.get_channel_display(),
        "purpose": state.get_purpose_display(),
        "basis": state.get_basis_display(),
        "state": state.get_state_display(),
        "tone": TONES.get(State(state.state), "bad"),
        "since": state.since,
        "wording": state.event.wording,
        "evidence": getattr(said, "evidence", None),
    }


def _stops(person: Person) -> list[str]:
    """Why the person's main address stands on the stop list, in words."""
    address = person.primary_email.normalized if person.primary_email else ""
    if not address:
        return []
    found = queries.suppressed([address]).get(address, frozenset())
    return [queries.stop_label(stop) for stop in StopReason if stop in found]


RECORD_PANELS.register("consent.states", ConsentPanel())
