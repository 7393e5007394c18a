"""The hand-off on the pages of persons and leads: its clock first, then earlier leads."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from tandem.handoff import queries
from tandem.handoff.models import OPEN_STATUSES, Handoff, HandoffState, Lead
from tandem.handoff.views import words
from tandem.handoff.views.offers import WORKPLACE, clock_of
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.people.models import Person
from tandem.people.queries import person_by_public_id
from tandem.records.slots import RECORD_PANELS, ObjectType, refuse_hidden
from tandem.ui.responses import render, see_other

KINDS = {"person": "people", "lead": "leads"}


class HandoffPanel:
    """What is on offer or under way, with its clock; earlier leads; handing off by hand."""

    order = 5
    in_peek = True
    tells: tuple[str, ...] = (
        "lead.asked_for",
        "lead.kind",
        "lead.status",
        "lead.owner",
        *WORKPLACE,
    )

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind in KINDS and actor.may("handoff.view")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        context = _context(request.actor, object_type.kind, record)  # type: ignore[attr-defined]
        return SafeString(render_to_string("handoff/panel.html", context, request=request))


RECORD_PANELS.register("handoff", HandoffPanel())


@require_GET
@page(permission="handoff.view")
def panel(request: ActorRequest, kind: str, public_id: UUID) -> HttpResponseBase:
    """The panel alone, for a page that has heard that it changed."""
    if kind not in KINDS:
        raise Missing()
    refuse_hidden(request.actor, *HandoffPanel.tells)
    find = person_by_public_id if kind == "person" else queries.lead_by_public_id
    context = _context(request.actor, kind, find(request.actor, public_id))
    if not request.htmx:  # type: ignore[attr-defined]
        return see_other(request, reverse("records:record", args=[KINDS[kind], public_id]))
    return render(request, "handoff/panel.html", context)


def _context(actor: Actor, kind: str, record: Person | Lead) -> dict[str, Any]:
    person = record if isinstance(record, Person) else record.person
    leads = [
        one for one in queries.leads_of(actor, person.pk) if kind == "person" or one.pk == record.pk
    ]
    current = _current(leads)
    has_open = queries.has_open_lead(person.pk)
    return {
        "kind": kind,
        "record": record,
        "person": person,
        "current": current,
        "clock": clock_of(current) if current is not None else (None, None),
        "says": words.clock_says(current) if current is not None else "",
        "state": HandoffState(current.state).label if current is not None else "",
        "can_accept": current is not None
        and current.state == HandoffState.OFFERED
        and actor.may("handoff.answer"),
        "leads": [(one, _line(one)) for one in leads],
        "has_open": has_open,
        "may_hand_off": kind == "person" and not has_open and actor.may("handoff.create"),
    }


def _current(leads: list[Lead]) -> Handoff | None:
    """The hand-off of the open lead, or the one whose rejection waits for its reply."""
    for lead in leads:
        for offer in lead.offers:  # type: ignore[attr-defined]
            waits = offer.state == HandoffState.REJECTED and offer.reply_at is None
            if offer.state in queries.OPEN_STATES or (waits and lead.status in OPEN_STATUSES):
                found: Handoff = offer
                return found
    return None


def _line(lead: Lead) -> str:
    """How a lead came and where it stands, in words."""
    found = [words.said(words.KINDS, lead.kind), str(lead.get_status_display())]
    if lead.close_reason:
        found.append(words.said(words.CODES, lead.close_reason))
    return ", ".join(found)
