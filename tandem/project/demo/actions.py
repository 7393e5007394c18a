"""Writing the past of the demo company, in bulk.

What is there today comes in through the actions that real input takes (``seed``). The past cannot:
an action writes that something happens now. So its rows are written here, as the actions would
have left them, and a test compares what the measures say of them with what the world knows.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection

from tandem.accounts.models import User
from tandem.campaigns.models import Campaign
from tandem.capture.models import Form, Submission
from tandem.consent.actions import record_consent
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn
from tandem.deals.models import (
    Category,
    Deal,
    DealContact,
    DealLead,
    DealStageInterval,
    DealValue,
    Pipeline,
    Stage,
)
from tandem.handoff.models import Handoff, HandoffState, Lead, LeadStatus, Motion, ReplyVerdict
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.refs import RecordRef
from tandem.lake.models import SubjectAlias
from tandem.lake.rules.agents import number_of, record_of
from tandem.people.models import Employment, LifecycleEvent, LifecycleState, Person, PersonEmail
from tandem.people.rules import NEW_BUSINESS, rank
from tandem.people.rules import Stage as Step
from tandem.project.demo.shop import CONSENT, PAGE
from tandem.project.demo.words import BROWSERS, MACHINES
from tandem.project.demo.world import DIRECT, SEED, STAGES, Enquiry, Visit, Way, World
from tandem.timeline.actions import write

SITE = "https://shop.thistleandtin.example"
HAND_RAISE = 40
BATCH = 2_000


@dataclass(frozen=True)
class Scene:
    """What the past is hung on: people and colleagues, forms, campaigns, the pipeline."""

    people: Sequence[Person]
    users: Mapping[str, User]
    forms: Mapping[str, Form]
    campaigns: Mapping[str, Campaign]
    motion: Motion
    pipeline: Pipeline


@action(permission="kernel.operate")
def write_past(actor: Actor, *, world: World, scene: Scene) -> list[int]:
    """Write forms, leads, hand-offs and deals until now; the ids of the deals that were won."""
    submissions = _submissions(world, scene)
    _consents(actor, world, scene, submissions)
    leads = _leads(world, scene, submissions)
    _handoffs(world, scene, leads)
    deals = _deals(world, scene, leads)
    _lifecycle(world, scene)
    _stories(actor, world, scene, submissions)
    return [deal.pk for deal in deals if deal.status == Category.WON]


@action(permission="kernel.operate")
def write_visits(actor: Actor, *, world: World, scene: Scene) -> int:
    """Write what the site has seen: strangers, machines, and the earlier visits of those known."""
    random = Random(SEED + 3)  # noqa: S311
    events = [_event(random, visit) for visit in world.visits]
    aliases = []
    for enquiry in world.enquiries:
        if not enquiry.touches:
            continue
        since = enquiry.touches[0].at - dt.timedelta(seconds=5)
        visitor = str(_time_ordered(random, since))
        events += [
            _event(random, Visit(touch.at, visitor, "/trade", touch.campaign, touch.way))
            for touch in enquiry.touches
        ]
        aliases.append(
            SubjectAlias(
                subject=visitor,
                kind="person",
                record_id=scene.people[enquiry.person].pk,
                since=since,
                proof=f"demo enquiry {enquiry.number}",
            )
        )
    SubjectAlias.objects.bulk_create(aliases)
    _note(BROWSERS + MACHINES)
    return sum(_store(events[at : at + BATCH]) for at in range(0, len(events), BATCH))


# --- what people sent -----------------------------------------------------------------------------


def _submissions(world: World, scene: Scene) -> list[Submission]:
    random = Random(SEED + 4)  # noqa: S311
    page = scene.forms["trade-samples"].pages.get()
    addresses = dict(
        PersonEmail.objects.filter(
            person__in=scene.people, is_primary=True, deleted_at__isnull=True
        ).values_list("person_id", "address")
    )
    rows = []
    for one in world.enquiries:
        form, person = scene.forms[one.form], scene.people[one.person]
        on_page = form.pk == page.form_id and one.campaign == "winter-tins-2026"
        rows.append(
            Submission(
                form=form,
                page=page if on_page else None,
                person=person,
                nonce=_time_ordered(random, one.at),
                at=one.at,
                answers={"name": person.name, "email": addresses[person.pk]},
                address=addresses[person.pk],
                raises_hand=form.raises_hand,
                contact_kind=form.contact_kind,
                has_consent=one.has_consent,
                consent_wording=form.consent_wording,
                consent_topic=form.consent_topic,
                utm_source=one.way.source,
                utm_medium=one.way.medium,
                utm_campaign=one.campaign,
                channel=one.way.channel,
                url=f"{SITE}/p/{PAGE}" if on_page else f"{SITE}/f/{form.slug}",
                referrer=one.way.referrer,
            )
        )
    return Submission.objects.bulk_create(rows)


def _consents(actor: Actor, world: World, scene: Scene, submissions: Sequence[Submission]) -> None:
    for one, submission in zip(world.enquiries, submissions, strict=True):
        entries = [
            ConsentEntry(
                channel="email", topic="contact", purpose="sales", basis="request", state="granted"
            )
        ]
        if one.has_consent:
            entries.append(
                ConsentEntry(
                    channel="email",
                    topic=submission.consent_topic,
                    purpose="marketing",
                    basis="consent",
                    state="granted",
                )
            )
        record_consent(
            actor,
            scene.people[one.person].pk,
            entries=entries,
            wording=CONSENT,
            evidence=ConsentEvidenceIn(
                source="form", url=submission.url, reference=str(submission.public_id)
            ),
            at=one.at,
        )


# --- leads and hand-offs --------------------------------------------------------------------------


def _leads(world: World, scene: Scene, submissions: Sequence[Submission]) -> list[Lead]:
    jobs = dict(
        Employment.objects.filter(
            person__in=scene.people, is_primary=True, deleted_at__isnull=True
        ).values_list("person_id", "company_id")
    )
    rows = []
    for one, submission in zip(world.enquiries, submissions, strict=True):
        person = scene.people[one.person]
        visits = min(len(one.touches), 4)
        reasons = [_reason("hand_raise", HAND_RAISE, 1, str(submission.public_id))]
        reasons += [_reason("visit", 5 * visits, visits)] if visits else []
        reasons.append(_reason("company", 10, 1))
        closed_at, status, close_reason = _end_of(one)
        rows.append(
            Lead(
                person=person,
                company_id=jobs.get(person.pk),
                motion=scene.motion,
                campaign=scene.campaigns.get(one.campaign),
                origin="form",
                kind="hand_raise",
                status=status,
                owner=scene.users[one.seller],
                asked_for=scene.forms[one.form].name,
                score=sum(reason["points"] for reason in reasons),
                reasons=reasons,
                evidence={"submissions": [str(submission.public_id)]},
                opened_at=one.at,
                closed_at=closed_at,
                close_reason=close_reason,
            )
        )
    return Lead.objects.bulk_create(rows)


def _reason(key: str, points: int, count: int, *evidence: str) -> dict[str, Any]:
    return {
        "key": key,
        "points": points,
        "count": count,
        "evidence": list(evidence),
        "note": "",
    }


_RECYCLED = frozenset({"no_project", "budget_later"})


def _end_of(one: Enquiry) -> tuple[dt.datetime | None, LeadStatus, str]:
    """When and how a lead ended, if it has."""
    if one.rejected_at:
        recycled = one.rejection in _RECYCLED
        status = LeadStatus.RECYCLED if recycled else LeadStatus.DISQUALIFIED
        return one.rejected_at, status, one.rejection
    if one.expired_at:
        return one.expired_at, LeadStatus.RECYCLED, "expired"
    if one.deal_at:
        return one.deal_at, LeadStatus.QUALIFIED, ""
    if one.ended_at:
        return one.ended_at, LeadStatus.RECYCLED, "no_project"
    return None, LeadStatus.WORKING if one.accepted_at else LeadStatus.NEW, ""


def _handoffs(world: World, scene: Scene, leads: Sequence[Lead]) -> None:
    rows = []
    for one, lead in zip(world.enquiries, leads, strict=True):
        seller = scene.users[one.seller]
        outcome = one.deal_at or one.ended_at
        ended = one.rejected_at or one.expired_at or outcome
        rows.append(
            Handoff(
                lead=lead,
                kind="hand_raise",
                state=HandoffState(one.state),
                owner=seller,
                routing=[{"rule": "fewest_open", "matched": True, "why": seller.name}],
                offered_at=one.at,
                accept_due=one.at + dt.timedelta(hours=4 if one.state != "offered" else 1),
                accepted_at=one.accepted_at,
                first_touch_due=_after(one.accepted_at, hours=22),
                first_touch_at=one.touched_at,
                outcome_due=_after(one.touched_at, hours=240),
                outcome_at=outcome,
                closed_at=ended,
                rejection_code=one.rejection,
                rejected_by=seller if one.rejected_at else None,
                route=("recycle" if one.rejection in _RECYCLED else "disqualify")
                if one.rejected_at
                else "",
                reply_due=_after(one.rejected_at, hours=24),
                reply_at=one.replied_at,
                reply_verdict=ReplyVerdict.AGREE if one.replied_at else "",
                reply_text="Right: the advert is narrowed to shops with a counter."
                if one.replied_at
                else "",
                replied_by=scene.users["isla"] if one.replied_at else None,
            )
        )
    Handoff.objects.bulk_create(rows)


def _after(moment: dt.datetime | None, *, hours: int) -> dt.datetime | None:
    return None if moment is None else moment + dt.timedelta(hours=hours)


# --- deals ----------------------------------------------------------------------------------------


def _deals(world: World, scene: Scene, leads: Sequence[Lead]) -> list[Deal]:
    stages = list(Stage.objects.filter(pipeline=scene.pipeline, deleted_at__isnull=True))
    at_place = sorted((one for one in stages if one.category == "open"), key=_position)
    closing = {one.category: one for one in stages if one.category != "open"}
    found = [(one, lead) for one, lead in zip(world.enquiries, leads, strict=True) if one.deal_at]
    deals = Deal.objects.bulk_create(
        _deal(scene, one, lead, _stage_of(one, at_place, closing), number, world.now.date())
        for number, (one, lead) in enumerate(found)
    )
    intervals: list[DealStageInterval] = []
    values, contacts, links = [], [], []
    for (_one, lead), deal in zip(found, deals, strict=True):
        intervals += _intervals(deal, at_place, closing, world.now)
        contacts.append(DealContact(deal=deal, person_id=lead.person_id, is_primary=True))
        links.append(DealLead(deal=deal, lead=lead))
        values.append(
            DealValue(
                deal=deal,
                at=deal.opened_at,
                amount_minor=deal.amount_minor,
                currency=deal.currency,
                expected_close=deal.expected_close,
                probability=deal.stage.probability,
            )
        )
    DealStageInterval.objects.bulk_create(intervals)
    DealValue.objects.bulk_create(values)
    DealContact.objects.bulk_create(contacts)
    DealLead.objects.bulk_create(links)
    return deals


def _position(stage: Stage) -> int:
    return stage.position


def _stage_of(one: Enquiry, open_stages: Sequence[Stage], closing: Mapping[str, Stage]) -> Stage:
    if one.won_at:
        return closing["won"]
    if one.lost_at:
        return closing["lost"]
    place = STAGES.index(one.stage) if one.stage else 0
    return open_stages[min(place, len(open_stages) - 1)]


# What is to be done next, and in how many days; a few are late, one in nine has nothing planned.
_NEXT_STEPS = (
    ("Call about the sample case", 1),
    ("Send the proposal", 3),
    ("Ask who decides", 0),
    ("Agree on carriage terms", 6),
    ("", None),
    ("Follow up on the proposal", -2),
    ("Show the robin tin", 8),
    ("Proof of the own label", 12),
    ("Call back after the stock-take", 5),
)


def _deal(
    scene: Scene, one: Enquiry, lead: Lead, stage: Stage, number: int, today: dt.date
) -> Deal:
    person = scene.people[one.person]
    opened = one.deal_at
    assert opened is not None
    step, days = _NEXT_STEPS[number % len(_NEXT_STEPS)]
    if stage.category != "open":
        step, days = "", None
    name = f"{lead.company.name if lead.company else person.name}, {lead.asked_for.lower()}"
    return Deal(
        name=name,
        sort_key=name.lower(),
        company_id=lead.company_id,
        motion=scene.motion,
        pipeline=scene.pipeline,
        stage=stage,
        status=stage.category,
        position=float(number),
        amount_minor=one.amount,
        currency="GBP",
        expected_close=opened.date() + dt.timedelta(days=60),
        owner=scene.users[one.seller],
        next_step=step,
        next_step_on=None if days is None else today + dt.timedelta(days=days),
        opened_at=opened,
        closed_at=one.won_at or one.lost_at,
        close_reason=one.lost_reason,
        close_said_by="buyer" if one.lost_at else "",
    )


def _intervals(
    deal: Deal, open_stages: Sequence[Stage], closing: Mapping[str, Stage], now: dt.datetime
) -> Iterable[DealStageInterval]:
    """Stays of one length, through the open stages to the one where the deal is now."""
    is_open = deal.status == Category.OPEN
    through = open_stages[: open_stages.index(deal.stage) + 1] if is_open else list(open_stages)
    last = deal.closed_at or now
    parts = max(len(through), 1)
    bounds = [deal.opened_at + (last - deal.opened_at) * part / parts for part in range(parts)]
    for number, stage in enumerate(through):
        ends = bounds[number + 1] if number + 1 < parts else last
        yield DealStageInterval(
            deal=deal,
            stage=stage,
            entered_at=bounds[number],
            left_at=None if is_open and number == parts - 1 else ends,
        )
    if not is_open:
        yield DealStageInterval(deal=deal, stage=closing[deal.status], entered_at=last)


# --- the way and the story ------------------------------------------------------------------------


def _steps(one: Enquiry) -> list[tuple[Step, dt.datetime, str]]:
    """The steps of a lifecycle that an enquiry brought, in their order."""
    second = dt.timedelta(seconds=1)
    steps: list[tuple[Step, dt.datetime | None, str]] = [
        (Step.VISITOR, one.touches[0].at if one.touches else None, "first visit"),
        (Step.KNOWN, one.at, "form"),
        (Step.MQL, one.at + second, "raised hand"),
        (Step.OFFERED, one.at + 2 * second, "hand-off"),
        (Step.RETURNED, one.rejected_at or one.expired_at, one.rejection or "expired"),
        (Step.SAL, one.accepted_at, "accepted"),
        (Step.RECYCLED, one.ended_at, "no project now"),
        (Step.OPPORTUNITY, one.deal_at, "deal opened"),
        (Step.CUSTOMER, one.won_at, "deal won"),
        (Step.LOST, one.lost_at, one.lost_reason),
    ]
    return [(stage, at, cause) for stage, at, cause in steps if at is not None]


def _lifecycle(world: World, scene: Scene) -> None:
    events, states = [], []
    for one in world.enquiries:
        subject = {
            "subject_kind": "person",
            "subject_id": scene.people[one.person].pk,
            "motion": NEW_BUSINESS,
        }
        steps, before = _steps(one), ""
        for stage, at, cause in steps:
            events.append(
                LifecycleEvent(
                    **subject,
                    from_stage=before,
                    to_stage=stage,
                    at=at,
                    cause=cause,
                    is_first=True,
                )
            )
            before = stage
        stage, since, _cause = steps[-1]
        furthest, furthest_at, _cause = max(steps, key=lambda step: rank(step[0]))
        states.append(
            LifecycleState(
                **subject,
                stage=stage,
                since=since,
                furthest_stage=furthest,
                furthest_at=furthest_at,
                entry_count=len(steps),
            )
        )
    LifecycleEvent.objects.bulk_create(events)
    LifecycleState.objects.bulk_create(states)


def _stories(actor: Actor, world: World, scene: Scene, submissions: Sequence[Submission]) -> None:
    for one, submission in zip(world.enquiries, submissions, strict=True):
        write(
            actor,
            [RecordRef("person", scene.people[one.person].pk)],
            kind="capture.submitted",
            payload={
                "submission": str(submission.public_id),
                "form": submission.form.name,
                "page": submission.page.name if submission.page else "",
                "asked": submission.contact_kind,
                "raises_hand": submission.raises_hand,
                "campaign": submission.utm_campaign,
                "channel": submission.channel,
                "url": submission.url,
                "words": "",
            },
            at=one.at,
        )


# --- the site -------------------------------------------------------------------------------------


def _event(random: Random, visit: Visit) -> dict[str, Any]:
    way: Way = visit.way
    query = f"?utm_source={way.source}&utm_medium={way.medium}&utm_campaign={visit.campaign}"
    return {
        "id": str(_time_ordered(random, visit.at)),
        "at": visit.at.isoformat(),
        "visitor": visit.visitor,
        "name": "page",
        "url": f"{SITE}{visit.path}{query if visit.campaign and way is not DIRECT else ''}",
        "referrer": way.referrer,
        "title": visit.path.strip("/").replace("-", " ").capitalize() or "Home",
        "source": way.source,
        "medium": way.medium,
        "campaign": visit.campaign if way is not DIRECT else "",
        "channel": way.channel,
        "props": {},
        "agent": number_of(_agent_of(visit)),
    }


def _agent_of(visit: Visit) -> str:
    """What the browser calls itself: always the same one; a machine takes turns with others."""
    if visit.is_machine:
        return MACHINES[visit.at.minute % len(MACHINES)]
    return BROWSERS[sum(visit.visitor.encode() or str(visit.at).encode()) % len(BROWSERS)]


def _note(agents: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        told = json.dumps([record_of(agent) for agent in agents])
        cursor.execute("SELECT lake_note_agents(%s::json)", [told])


def _store(events: Sequence[Mapping[str, Any]]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT lake_store(%s::json)", [json.dumps(events)])
        (stored,) = cursor.fetchone()
    return int(stored)


def _time_ordered(random: Random, at: dt.datetime) -> UUID:
    """A UUID of version 7 for a moment of the past."""
    milliseconds = int(at.timestamp() * 1000)
    low = random.getrandbits(74)
    return UUID(
        int=milliseconds << 80 | 0x7 << 76 | (low >> 62) << 64 | 0b10 << 62 | low & ((1 << 62) - 1)
    )
