"""Making leads, by the policy or by hand; changing and closing them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from tandem.campaigns.models import Campaign
from tandem.capture.models import Submission
from tandem.handoff import queries
from tandem.handoff.actions.offers import chosen_seller, offer, withdraw
from tandem.handoff.actions.policies import ensure_policy
from tandem.handoff.actions.rows import close_lead, locked, move, step, tell, write_lead
from tandem.handoff.errors import CampaignUnknown, LeadClosed, PersonUnknown, VersionConflict
from tandem.handoff.facts import LeadClosed as ClosedFact
from tandem.handoff.facts import LeadCreated
from tandem.handoff.models import (
    OPEN_STATUSES,
    HandoffState,
    Lead,
    LeadStatus,
    QualificationPolicy,
)
from tandem.handoff.queries import Seen
from tandem.handoff.rules.scoring import Score, score
from tandem.handoff.schemas import ChangeLead, NewLead
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.people.models import Person
from tandem.people.rules import Stage


@action(permission="handoff.automate", undone_with="handoff.assign")
def make_leads(actor: Actor, submission_ids: Sequence[int]) -> list[Lead]:
    """What the policy makes of forms that came in: a lead and its offer for each person whose hand
    is raised or whose score reaches the threshold. Those made anew are answered.

    However often and however parallel this is asked for the same forms, one lead comes of it; a
    further form while a lead is open joins its evidence.
    """
    made = []
    for submission in queries.accepted_submissions(submission_ids):
        person = queries.person_for_lead(actor, submission.person_id or 0)
        if person is not None and (lead := _of_submission(actor, person, submission)) is not None:
            made.append(lead)
    return made


@action(permission="handoff.create")
def create_lead(actor: Actor, *, data: NewLead) -> tuple[Lead, bool]:
    """Hand a person off to sales by hand: (the lead with its offer, True), or (the open one,
    False).

    Raises PersonUnknown, CampaignUnknown, SellerUnknown.
    """
    person = queries.person_named(actor, data.person)
    if person is None:
        raise PersonUnknown(field="person")
    policy = ensure_policy()
    existing = queries.open_lead(person.pk, policy.motion_id)
    if existing is not None:
        return queries.prepare_leads(Lead.objects.filter(pk=existing.pk)).get(), False
    chosen = chosen_seller(actor, data.owner)
    since = queries.last_closed_at(person.pk, policy.motion_id)
    seen = queries.seen_of(person, since=since)
    lead = _insert(
        person,
        policy,
        seen,
        score(seen.contributions, policy.points),
        origin="manual",
        kind="manual",
        asked_for=data.asked_for or "",
        campaign=_campaign(data.campaign) or queries.campaign_behind(seen),
    )
    if lead is None:
        return create_lead(actor, data=data)
    _announce(actor, lead, chosen=chosen)
    return queries.prepare_leads(Lead.objects.filter(pk=lead.pk)).get(), True


@action(permission="handoff.create")
def change_lead(
    actor: Actor, public_id: UUID, *, data: ChangeLead, version: int | None = None
) -> Lead:
    """Change what a lead asked for, or its campaign. Raises Missing, VersionConflict,
    CampaignUnknown."""
    lead = locked(queries.leads_visible_to(actor).select_related("person"), public_id)
    version = version if version is not None else data.version
    if version is not None and version != lead.row_version:
        raise VersionConflict()
    columns: dict[str, Any] = {}
    if "asked_for" in data.given and (data.asked_for or "") != lead.asked_for:
        columns["asked_for"] = data.asked_for or ""
    if "campaign" in data.given:
        campaign = _campaign(data.campaign)
        if (campaign.pk if campaign else None) != lead.campaign_id:
            columns["campaign_id"] = campaign.pk if campaign else None
    if columns:
        write_lead(lead, **columns)
        tell(actor, lead, "handoff.lead_changed", {"fields": sorted(columns)})
    return Lead.objects.get(pk=lead.pk)


@action(permission="handoff.assign")
def delete_lead(actor: Actor, public_id: UUID) -> None:
    """Delete a lead with what is on offer of it; undo brings it back."""
    lead = locked(queries.leads_visible_to(actor).select_related("person", "motion"), public_id)
    for handoff in lead.handoffs.filter(state=HandoffState.OFFERED, deleted_at__isnull=True):
        withdraw(actor, handoff, reason="deleted")
    write_lead(lead, deleted_at=queries.now())
    tell(actor, lead, "handoff.lead_deleted", {})


@action(permission="handoff.answer")
def qualify_lead(actor: Actor, public_id: UUID, *, cause: str) -> Lead:
    """The minimum of qualification is met, mostly by a deal: the lead has reached its end.

    Its hand-off is done; the time of its outcome stops. Raises Missing, LeadClosed.
    """
    lead = locked(queries.leads_visible_to(actor).select_related("person", "motion"), public_id)
    if lead.status == LeadStatus.QUALIFIED:
        return lead
    if lead.status not in OPEN_STATUSES:
        raise LeadClosed()
    now = queries.now()
    handoff = lead.handoffs.filter(
        state__in=queries.OPEN_STATES, deleted_at__isnull=True
    ).order_by("-pk").first()  # fmt: skip
    if handoff is not None:
        handoff = move(
            handoff,
            of=queries.OPEN_STATES,
            state=HandoffState.OUTCOME,
            accepted_at=handoff.accepted_at or now,
            outcome_at=now,
            closed_at=now,
        )
    close_lead(lead, LeadStatus.QUALIFIED, reason="", at=now)
    step(actor, lead, Stage.SQL, cause=cause)
    tell(actor, lead, "handoff.qualified", {"cause": cause}, handoff=handoff)
    publish(ClosedFact(current_change_set().id, (lead.pk,)))
    return Lead.objects.get(pk=lead.pk)


# --- by the policy --------------------------------------------------------------------------------


def _of_submission(actor: Actor, person: Person, submission: Submission) -> Lead | None:
    """The lead that a form makes; None where it makes none, or joins one that is there."""
    policy = ensure_policy()
    existing = queries.open_lead(person.pk, policy.motion_id)
    if existing is not None:
        _join(actor, existing.pk, person, submission)
        return None
    if str(submission.public_id) in queries.submissions_counted(person.pk, policy.motion_id):
        return None
    since = queries.last_closed_at(person.pk, policy.motion_id)
    seen = queries.seen_of(person, since=since)
    found = score(seen.contributions, policy.points)
    raised = policy.hand_raise and submission.raises_hand
    if not raised:
        if found.value < policy.threshold:
            return None
        if queries.is_past_leads(person.pk, policy.motion.key):
            return None
    lead = _insert(
        person,
        policy,
        seen,
        found,
        origin="form",
        kind="hand_raise" if raised else "recycled" if since else "mql",
        asked_for=_asked_for(submission),
        campaign=queries.campaign_behind(seen),
    )
    if lead is None:
        # Another delivery was faster: it has the lead, this form joins it.
        existing = queries.open_lead(person.pk, policy.motion_id)
        if existing is not None:
            _join(actor, existing.pk, person, submission)
        return None
    _announce(actor, lead, chosen=None)
    return lead


def _insert(
    person: Person,
    policy: QualificationPolicy,
    seen: Seen,
    found: Score,
    *,
    origin: str,
    kind: str,
    asked_for: str,
    campaign: Campaign | None,
) -> Lead | None:
    """A new lead; None where the person has an open one by now (the constraint decides)."""
    try:
        with transaction.atomic():
            return Lead.objects.create(
                person=person,
                company=person.primary_job.company if person.primary_job else None,
                motion=policy.motion,
                campaign=campaign,
                policy=policy,
                origin=origin,
                kind=kind,
                asked_for=asked_for,
                score=found.value,
                reasons=[one.as_json() for one in found.reasons],
                evidence=_evidence(seen),
                opened_at=queries.now(),
            )
    except IntegrityError:
        return None


def _evidence(seen: Seen) -> dict[str, list[str]]:
    return {
        "submissions": [str(one.public_id) for one in seen.submissions],
        "events": list(seen.events),
    }


def _asked_for(submission: Submission) -> str:
    return f"{submission.get_contact_kind_display()} ({submission.form.name})"[:200]


def _announce(actor: Actor, lead: Lead, *, chosen: Any) -> None:
    """Tell of a new lead, and offer it."""
    policy = lead.policy
    cause = f"policy {lead.motion.key} v{policy.version}" if policy else "by hand"
    if lead.kind == "manual":
        cause = f"by hand: {actor.label}"
    step(actor, lead, Stage.MQL, cause=cause, evidence=lead.evidence["submissions"])
    payload = {"score": lead.score, "kind": lead.kind, "asked_for": lead.asked_for,
               "version": policy.version if policy else None}  # fmt: skip
    tell(actor, lead, "handoff.lead_made", payload, is_automatic=not actor.user_id)
    publish(LeadCreated(current_change_set().id, (lead.pk,)))
    offer(actor, lead, chosen=chosen)


def _join(actor: Actor, lead_id: int, person: Person, submission: Submission) -> None:
    """A form that came while a lead is open is more evidence for it; once."""
    lead = (
        Lead.objects.select_for_update(of=("self",))
        .select_related("person", "motion", "policy")
        .get(pk=lead_id)
    )
    known = lead.evidence.get("submissions", [])
    if str(submission.public_id) in known or lead.policy is None:
        return
    since = queries.last_closed_at(person.pk, lead.motion_id)
    seen = queries.seen_of(person, since=since)
    found = score(seen.contributions, lead.policy.points)
    write_lead(
        lead,
        score=found.value,
        reasons=[one.as_json() for one in found.reasons],
        evidence=_evidence(seen),
        asked_for=lead.asked_for or _asked_for(submission),
    )
    tell(actor, lead, "handoff.evidence_joined", {"form": submission.form.name},
         is_automatic=True)  # fmt: skip


def _campaign(named: str | None) -> Campaign | None:
    if not named:
        return None
    found = queries.campaign_called(named)
    if found is None:
        raise CampaignUnknown(field="campaign")
    return found
