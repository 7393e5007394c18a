"""Offering a lead: to whom, with what they need to know, by when; giving it to another."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tandem.accounts.models import User
from tandem.handoff import queries
from tandem.handoff.actions.rows import locked, move, step, tell, watch, write_lead
from tandem.handoff.errors import (
    HandoffOffered,
    HandoffOver,
    LeadClosed,
    SellerUnknown,
    VersionConflict,
)
from tandem.handoff.facts import HandoffOffered as OfferedFact
from tandem.handoff.models import OPEN_STATUSES, Handoff, HandoffState, Lead, LeadStatus
from tandem.handoff.rules.routing import Routing, route
from tandem.handoff.rules.working_time import due_at
from tandem.handoff.schemas import ChangeHandoff, NewHandoff
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.people.models import Person
from tandem.people.rules import Stage


@action(permission="handoff.create")
def offer_lead(actor: Actor, *, data: NewHandoff) -> tuple[Handoff, bool]:
    """Offer an open lead to a seller; (the hand-off, True), or (the one on offer, False).

    Raises Missing, LeadClosed, SellerUnknown.
    """
    lead = locked(queries.leads_visible_to(actor).select_related("person", "motion"), data.lead)
    if lead.status not in OPEN_STATUSES:
        raise LeadClosed()
    running = lead.handoffs.filter(state__in=queries.OPEN_STATES, deleted_at__isnull=True).first()
    if running is not None:
        return running, False
    chosen = chosen_seller(actor, data.owner)
    return offer(actor, lead, chosen=chosen, excluded=queries.rejecters_of(lead.pk)), True


@action(permission="handoff.create")
def change_handoff(
    actor: Actor, public_id: UUID, *, data: ChangeHandoff, version: int | None = None
) -> Handoff:
    """Give a hand-off to another seller, if one is named. See reassign_handoff."""
    handoff = locked(queries.handoffs_visible_to(actor), public_id)
    version = version if version is not None else data.version
    if version is not None and version != handoff.row_version:
        raise VersionConflict()
    if data.owner is None:
        return handoff
    return reassign_handoff(actor, public_id, owner=data.owner)


@action(permission="handoff.assign")
def reassign_handoff(actor: Actor, public_id: UUID, *, owner: str) -> Handoff:
    """Offer the lead of a hand-off to a named seller; the clocks begin anew.

    Who has it already keeps it. Raises Missing, SellerUnknown, HandoffOver.
    """
    handoff = locked(queries.handoffs_visible_to(actor), public_id)
    chosen = chosen_seller(actor, owner)
    if chosen is None or chosen.pk == handoff.owner_id:
        return handoff
    moved = move(
        handoff, of=queries.OPEN_STATES, state=HandoffState.REASSIGNED, closed_at=queries.now()
    )
    return offer(actor, moved.lead, chosen=chosen, kind=moved.kind)


@action(permission="handoff.create")
def withdraw_handoff(actor: Actor, public_id: UUID) -> None:
    """Take an offer back that nobody has answered; the lead is closed as recycled.

    Raises Missing, HandoffAnswered, HandoffOver.
    """
    handoff = locked(queries.handoffs_visible_to(actor), public_id)
    withdraw(actor, handoff, reason="withdrawn")


def withdraw(actor: Actor, handoff: Handoff, *, reason: str) -> None:
    """The same for a hand-off that is locked already."""
    now = queries.now()
    moved = move(handoff, of=[HandoffState.OFFERED], state=HandoffState.WITHDRAWN, closed_at=now)
    lead = moved.lead
    write_lead(lead, status=LeadStatus.RECYCLED, close_reason=reason, closed_at=now)
    step(actor, lead, Stage.RECYCLED, cause="handoff withdrawn")
    tell(actor, lead, "handoff.withdrawn", {}, handoff=moved)


def chosen_seller(actor: Actor, named: str | None) -> User | None:
    """The seller whom somebody named. Raises SellerUnknown."""
    if not named:
        return None
    found = queries.seller_named(actor, named)
    if found is None:
        raise SellerUnknown(field="owner")
    return found


def offer(
    actor: Actor,
    lead: Lead,
    *,
    chosen: User | None = None,
    excluded: set[int] | None = None,
    kind: str = "",
) -> Handoff:
    """Make the offer of an open lead that is locked: routing, what to know, the accept clock.

    Raises HandoffOffered where the lead is on offer already.
    """
    person = queries.whole_person(lead.person_id)
    routing = _routing(lead, person, chosen=chosen, excluded=excluded or set())
    owner_id = chosen.pk if chosen else routing.seller.id if routing.seller else None
    now = queries.now()
    due = due_at(now, lead.motion.accept_minutes, queries.calendar())
    try:
        with transaction.atomic():
            handoff = Handoff.objects.create(
                lead=lead,
                kind=kind or lead.kind,
                owner_id=owner_id,
                offered_by_id=actor.user_id,
                routing=list(routing.trace),
                opener=opener_for(lead, person),
                last_message=queries.last_message_of(lead.person_id),
                consent=queries.may_contact_now(person, has_asked=queries.has_asked(lead)),
                offered_at=now,
                accept_due=due,
            )
    except IntegrityError as error:
        raise HandoffOffered() from error
    write_lead(lead, owner_id=owner_id, status=LeadStatus.NEW)
    step(actor, lead, Stage.OFFERED, cause=f"handoff {handoff.public_id}")
    payload: dict[str, Any] = {
        "to": routing.seller.name if routing.seller else (chosen.name if chosen else ""),
        "score": lead.score,
        "kind": handoff.kind,
        "due": due.isoformat(),
        "routing": routing.trace[-1],
    }
    tell(actor, lead, "handoff.offered", payload, handoff=handoff, is_automatic=not actor.user_id)
    publish(OfferedFact(current_change_set().id, (handoff.pk,)))
    watch(due)
    return handoff


def _routing(lead: Lead, person: Person, *, chosen: User | None, excluded: set[int]) -> Routing:
    return route(
        queries.sellers(chosen),
        chosen=chosen.pk if chosen else None,
        company_owner=lead.company.owner_id if lead.company is not None else None,
        person_owner=person.owner_id,
        excluded=excluded,
    )


def opener_for(lead: Lead, person: Person) -> str:
    """What to begin with, from what the person asked for and last read; at most 400 characters."""
    name = person.given_name or person.name
    said = next((one["note"] for one in lead.reasons if one["key"] == "hand_raise"), "")
    _form, colon, words = said.partition(": ")
    if colon:
        text = _("%(name)s wrote: “%(words)s”. Answer that first, then ask when it is needed.")
        return (text % {"name": name, "words": words[:260]})[:400]
    if lead.asked_for:
        text = _("%(name)s asked for: %(what)s. Ask what it is for and by when.")
        return (text % {"name": name, "what": lead.asked_for})[:400]
    text = _("Introduce yourself and ask %(name)s what they are looking for.")
    return (text % {"name": name})[:400]


def refuse_over(handoff: Handoff) -> None:
    """Raise HandoffOver unless the hand-off is open."""
    if handoff.state not in queries.OPEN_STATES:
        raise HandoffOver()
