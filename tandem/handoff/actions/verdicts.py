"""The answers: a seller accepts or rejects, marketing replies."""

from uuid import UUID

from tandem.handoff import queries
from tandem.handoff.actions.offers import offer
from tandem.handoff.actions.rows import close_lead, locked, move, step, tell, watch, write_lead
from tandem.handoff.errors import HandoffAnswered, NotRejected, ReplyGiven, TriesMissing
from tandem.handoff.facts import HandoffAccepted, HandoffRejected, HandoffReplied
from tandem.handoff.facts import LeadClosed as ClosedFact
from tandem.handoff.models import OPEN_STATUSES, Handoff, HandoffState, Lead, LeadStatus
from tandem.handoff.rules.reasons import TRIES_FOR_EFFORT, Route, needs_tries, suggested_route
from tandem.handoff.rules.working_time import due_at
from tandem.handoff.schemas import Rejection, Reply, Verdict
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.people.rules import Stage
from tandem.records.slots import refuse_hidden


@action(permission="handoff.answer")
def accept_handoff(actor: Actor, public_id: UUID) -> Handoff:
    """Take an offered lead on; it is the accepting seller's, and the first touch is due.

    Of two at once one gets it. Raises Missing, HandoffAnswered.
    """
    handoff = _offered(actor, public_id)
    now = queries.now()
    due = due_at(now, handoff.lead.motion.first_touch_minutes, queries.calendar())
    owner_id = actor.user_id if actor.side == "sales" or not handoff.owner_id else handoff.owner_id
    moved = move(
        handoff,
        of=[HandoffState.OFFERED],
        state=HandoffState.ACCEPTED,
        accepted_at=now,
        first_touch_due=due,
        owner_id=owner_id,
    )
    lead = moved.lead
    write_lead(lead, status=LeadStatus.WORKING, owner_id=owner_id)
    step(actor, lead, Stage.SAL, cause=f"handoff {moved.public_id}")
    tell(actor, lead, "handoff.accepted", {"due": due.isoformat()}, handoff=moved)
    publish(HandoffAccepted(current_change_set().id, (moved.pk,)))
    watch(due)
    return moved


@action(permission="handoff.answer")
def reject_handoff(actor: Actor, public_id: UUID, *, data: Rejection) -> Handoff:
    """Give a hand-off back with a reason; marketing owes a reply.

    An offer as well as a lead that was worked on; "unreachable" needs three logged tries. The
    reason decides what becomes of the lead, unless a route is given. Raises Missing,
    HandoffAnswered, HandoffOver, TriesMissing.
    """
    handoff = _handoff(actor, public_id)
    if handoff.state == HandoffState.REJECTED:
        raise HandoffAnswered()
    if needs_tries(data.code) and queries.touches_logged(handoff.pk) < TRIES_FOR_EFFORT:
        raise TriesMissing(field="code")
    route = data.route or suggested_route(data.code)
    now = queries.now()
    due = due_at(now, handoff.lead.motion.reply_minutes, queries.calendar())
    moved = move(
        handoff,
        of=queries.OPEN_STATES,
        state=HandoffState.REJECTED,
        rejection_code=data.code,
        rejection_note=data.note,
        rejected_by_id=actor.user_id,
        route=route,
        closed_at=now,
        reply_due=due,
    )
    lead = moved.lead
    payload = {"code": str(data.code), "note": data.note, "route": str(route)}
    tell(actor, lead, "handoff.rejected", payload, handoff=moved)
    step(actor, lead, Stage.RETURNED, cause=f"rejected: {data.code}")
    publish(HandoffRejected(current_change_set().id, (moved.pk,)))
    _follow_route(actor, moved, route)
    watch(due)
    return moved


@action(permission="handoff.reply")
def reply_to_rejection(actor: Actor, public_id: UUID, *, data: Reply) -> Handoff:
    """Answer a rejection, once: agree, disagree, or fixed.

    A lead that waits for its data is offered again when it is fixed (to the same seller) or when
    marketing disagrees (to another one), and closed when marketing agrees. Raises Missing,
    NotRejected, ReplyGiven.
    """
    handoff = _handoff(actor, public_id)
    if handoff.state != HandoffState.REJECTED:
        raise NotRejected()
    if handoff.reply_at is not None:
        raise ReplyGiven()
    moved = move(
        handoff,
        of=[HandoffState.REJECTED],
        reply_at=queries.now(),
        reply_verdict=data.verdict,
        reply_text=data.text,
        replied_by_id=actor.user_id,
    )
    payload = {"verdict": str(data.verdict), "text": data.text, "code": moved.rejection_code}
    tell(actor, moved.lead, "handoff.replied", payload, handoff=moved)
    publish(HandoffReplied(current_change_set().id, (moved.pk,)))
    lead = Lead.objects.select_related("person", "motion", "company").get(pk=moved.lead_id)
    if _waits(lead):
        _settle(actor, lead, moved, data.verdict)
    return moved


def _follow_route(actor: Actor, handoff: Handoff, route: Route) -> None:
    """What a rejection does to the lead."""
    lead, code = handoff.lead, handoff.rejection_code
    if route is Route.REROUTE:
        offer(actor, lead, excluded=queries.rejecters_of(lead.pk), kind=handoff.kind)
    elif route is Route.FIX:
        write_lead(lead, status=LeadStatus.NEW)
    else:
        ends = {Route.RECYCLE: LeadStatus.RECYCLED, Route.DISQUALIFY: LeadStatus.DISQUALIFIED}
        _close(actor, lead, ends[route], reason=code)


def _settle(actor: Actor, lead: Lead, handoff: Handoff, verdict: Verdict) -> None:
    if verdict is Verdict.AGREE:
        _close(actor, lead, LeadStatus.DISQUALIFIED, reason=handoff.rejection_code)
    elif verdict is Verdict.FIXED:
        offer(actor, lead, chosen=handoff.owner, kind=handoff.kind)
    else:
        offer(actor, lead, excluded=queries.rejecters_of(lead.pk), kind=handoff.kind)


def _close(actor: Actor, lead: Lead, status: LeadStatus, *, reason: str) -> None:
    close_lead(lead, status, reason=reason, at=queries.now())
    if status == LeadStatus.RECYCLED:
        step(actor, lead, Stage.RECYCLED, cause=f"rejected: {reason}")
    publish(ClosedFact(current_change_set().id, (lead.pk,)))


def _waits(lead: Lead) -> bool:
    """Whether an open lead is with nobody."""
    is_offered = lead.handoffs.filter(state__in=queries.OPEN_STATES, deleted_at__isnull=True)
    return lead.status in OPEN_STATUSES and not is_offered.exists()


def _handoff(actor: Actor, public_id: UUID) -> Handoff:
    refuse_hidden(actor, "handoff.state")
    rows = queries.handoffs_visible_to(actor).select_related(
        "owner", "lead__person", "lead__motion", "lead__company"
    )
    return locked(rows, public_id)


def _offered(actor: Actor, public_id: UUID) -> Handoff:
    handoff = _handoff(actor, public_id)
    if handoff.state != HandoffState.OFFERED:
        raise HandoffAnswered()
    return handoff
