"""Reads of leads and hand-offs; each starts from what the actor may see."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
    prefetch_related_objects,
)
from django.utils import timezone

from tandem.accounts.models import User
from tandem.accounts.queries import company_settings, holidays_between, scoped
from tandem.accounts.rules import Role, permissions_of
from tandem.campaigns.models import Campaign
from tandem.campaigns.queries import campaign_of
from tandem.capture.models import Submission, SubmissionState
from tandem.capture.queries import touches_of
from tandem.consent.models import ConsentState
from tandem.consent.queries import consent_states, suppressed
from tandem.consent.rules import Channel, Purpose, State, may_contact
from tandem.delivery.models import Message
from tandem.delivery.rules import MessageState
from tandem.handoff.models import (
    OPEN_STATUSES,
    Handoff,
    HandoffState,
    Lead,
    Motion,
    QualificationPolicy,
)
from tandem.handoff.rules.routing import Seller
from tandem.handoff.rules.scoring import Behaviour, Contribution
from tandem.handoff.rules.working_time import Calendar, week_of
from tandem.kernel.actor import Actor, Scope, job_actor
from tandem.kernel.compiled import aggregated, compiled
from tandem.kernel.errors import Missing
from tandem.kernel.refs import RecordRef
from tandem.people.models import LifecycleEvent, LifecycleState, Person
from tandem.people.queries import people_visible_to, prepare_people
from tandem.people.rules import Stage, folded, is_free_mail, rank
from tandem.timeline.models import TimelineEntry

# Holidays are read this far: no promise is longer.
CALENDAR_DAYS = 400
EVIDENCE_SHOWN = 40
WORKED = (HandoffState.ACCEPTED, HandoffState.TOUCHED)
OPEN_STATES = (HandoffState.OFFERED, *WORKED)
ANSWERED = (*WORKED, HandoffState.OUTCOME, HandoffState.REJECTED)
HISTORY_SHOWN = 8


# --- what the actor may see -----------------------------------------------------------------------


def leads_visible_to(actor: Actor) -> QuerySet[Lead]:
    """Leads that the actor may see: by the owner, who has the hand-off."""
    rows = Lead.objects.filter(deleted_at__isnull=True, person__deleted_at__isnull=True)
    return scoped(rows, actor, kind="lead") if actor.may("handoff.view") else rows.none()


def handoffs_visible_to(actor: Actor) -> QuerySet[Handoff]:
    """Hand-offs that the actor may see: a seller those of the own teams and nobody's."""
    rows = Handoff.objects.filter(
        deleted_at__isnull=True,
        lead__deleted_at__isnull=True,
        lead__person__deleted_at__isnull=True,
    )
    return scoped(rows, actor, kind="handoff") if actor.may("handoff.view") else rows.none()


def prepare_leads(rows: QuerySet[Lead]) -> QuerySet[Lead]:
    """With person, company, campaign, motion and owner: no query more."""
    return rows.select_related("person", "company", "campaign", "motion", "owner")


def prepare_handoffs(rows: QuerySet[Handoff]) -> QuerySet[Handoff]:
    """With the lead and all that it points to: no query more."""
    return rows.select_related(
        "lead__person", "lead__company", "lead__campaign", "lead__motion", "lead__policy",
        "owner", "offered_by", "rejected_by", "replied_by",
    )  # fmt: skip


def search_leads(rows: QuerySet[Lead], text: str) -> QuerySet[Lead]:
    """Leads by a part of the person's or company's name, newest first."""
    return rows.filter(_called(text, "")).order_by("-opened_at", "-pk")


def search_handoffs(rows: QuerySet[Handoff], text: str) -> QuerySet[Handoff]:
    """Hand-offs by a part of the person's or company's name, newest first."""
    return rows.filter(_called(text, "lead__")).order_by("-offered_at", "-pk")


def _called(text: str, path: str) -> Q:
    key = folded(text.strip())
    return Q(**{f"{path}person__search_key__contains": key}) | Q(
        **{f"{path}company__search_key__contains": key}
    )


def lead_by_public_id(actor: Actor, public_id: UUID) -> Lead:
    """One lead, ready to be shown. Raises Missing."""
    found = prepare_leads(leads_visible_to(actor)).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def handoff_by_public_id(actor: Actor, public_id: UUID) -> Handoff:
    """One hand-off, ready to be shown. Raises Missing."""
    found = prepare_handoffs(handoffs_visible_to(actor)).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


# --- queues ---------------------------------------------------------------------------------------


def with_due(rows: QuerySet[Handoff]) -> QuerySet[Any]:
    """With ``due``, the clock that runs now (None where none does), and ``turn``, the order of the
    queue's parts: to answer, first touch, outcome, marketing's reply."""
    waiting = Q(state=HandoffState.REJECTED, reply_at__isnull=True)
    return rows.annotate(
        due=Case(
            When(state=HandoffState.OFFERED, then=F("accept_due")),
            When(state=HandoffState.ACCEPTED, then=F("first_touch_due")),
            When(state=HandoffState.TOUCHED, then=F("outcome_due")),
            When(waiting, then=F("reply_due")),
        ),
        turn=Case(
            When(state=HandoffState.OFFERED, then=Value(1)),
            When(state=HandoffState.ACCEPTED, then=Value(2)),
            When(state=HandoffState.TOUCHED, then=Value(3)),
            When(waiting, then=Value(4)),
            default=Value(5),
            output_field=IntegerField(),
        ),
    )


def queue_of(actor: Actor, *, only_own: bool) -> QuerySet[Any]:
    """What waits, in the order of the clocks: of the actor alone, or all that the actor sees.

    Nobody's offers wait for everybody.
    """
    rows = with_due(prepare_handoffs(handoffs_visible_to(actor)))
    rows = rows.filter(turn__lt=5).order_by("turn", "due", "pk")
    if only_own:
        rows = rows.filter(Q(owner_id=actor.user_id) | Q(owner__isnull=True))
    return rows


def answered_by(actor: Actor, *, limit: int) -> list[Handoff]:
    """The latest that came to an end, newest first."""
    rows = with_due(prepare_handoffs(handoffs_visible_to(actor))).filter(turn=5)
    return list(rows.order_by("-updated_at", "-pk")[:limit])


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many hand-offs wait for somebody, and how many of them are late."""

    count: int
    late: int


def waiting_for(actor: Actor) -> Waiting:
    """What the actor owes an answer: offers to a seller, replies to a rejection; one query."""
    ((count, late),) = _waiting_for(actor, now=timezone.now())
    return Waiting(count, late)


@compiled
def _waiting_for(actor: Actor, *, now: dt.datetime) -> QuerySet[Handoff, tuple[int, int]]:
    rows = handoffs_visible_to(actor)
    if actor.may("handoff.answer"):
        if actor.side != "marketing" and actor.scope_of("handoff") is not Scope.ALL:
            rows = rows.filter(Q(owner_id=actor.user_id) | Q(owner__isnull=True))
        mine, due = Q(state=HandoffState.OFFERED), Q(accept_due__lt=now)
    else:
        mine = Q(state=HandoffState.REJECTED, reply_at__isnull=True)
        due = Q(reply_due__lt=now)
    return aggregated(rows, Count("pk", filter=mine), Count("pk", filter=mine & due))


@dataclass(frozen=True, slots=True)
class Sums:
    """The ledger's figures; ``offered`` is the sum of all the others."""

    offered: int
    waiting: int
    accepted: int
    rejected: int
    unanswered: int
    to_reply: int
    late: int


def ledger_sums(actor: Actor) -> Sums:
    """How the hand-offs that the actor sees came out; one query.

    Accepted are those that were taken on and not given back; a rejection after an acceptance is a
    rejection. Given to another, withdrawn and expired are "unanswered": no verdict was given.
    """
    now = timezone.now()
    rejected = Q(state=HandoffState.REJECTED)
    found = (
        handoffs_visible_to(actor)
        .order_by()
        .aggregate(
            offered=Count("pk"),
            waiting=Count("pk", filter=Q(state=HandoffState.OFFERED)),
            accepted=Count("pk", filter=Q(state__in=[*WORKED, HandoffState.OUTCOME])),
            rejected=Count("pk", filter=rejected),
            to_reply=Count("pk", filter=rejected & Q(reply_at__isnull=True)),
            late=Count("pk", filter=Q(state=HandoffState.OFFERED, accept_due__lt=now)),
        )
    )
    rest = found["offered"] - found["waiting"] - found["accepted"] - found["rejected"]
    return Sums(unanswered=rest, **found)


def ledger(actor: Actor, *, part: str, limit: int) -> list[Handoff]:
    """The hand-offs of a part of the ledger: reply, waiting, accepted, rejected or all."""
    rows = with_due(prepare_handoffs(handoffs_visible_to(actor)))
    wanted = {
        "reply": Q(state=HandoffState.REJECTED, reply_at__isnull=True),
        "waiting": Q(state=HandoffState.OFFERED),
        "accepted": Q(state__in=[*WORKED, HandoffState.OUTCOME]),
        "rejected": Q(state=HandoffState.REJECTED),
    }.get(part, Q())
    order = ("due", "pk") if part in ("reply", "waiting") else ("-offered_at", "-pk")
    return list(rows.filter(wanted).order_by(*order)[:limit])


# --- of a person ----------------------------------------------------------------------------------


def leads_of(actor: Actor, person_id: int) -> list[Lead]:
    """The leads of a person that the actor sees with their hand-offs, newest first; two queries."""
    leads = _leads_of(actor, person=person_id)
    if leads:
        offers = with_due(handoffs_visible_to(actor).select_related("owner")).order_by("-pk")
        prefetch_related_objects(leads, Prefetch("handoffs", offers, to_attr="offers"))
    return leads


@compiled
def _leads_of(actor: Actor, *, person: int) -> QuerySet[Lead]:
    rows = prepare_leads(leads_visible_to(actor)).filter(person_id=person)
    return rows.order_by("-opened_at", "-pk")[:HISTORY_SHOWN]


def open_lead(person_id: int, motion_id: int) -> Lead | None:
    """The open lead of a person in a motion, whoever may see it."""
    return Lead.objects.filter(
        person_id=person_id,
        motion_id=motion_id,
        status__in=OPEN_STATUSES,
        deleted_at__isnull=True,
    ).first()


def has_open_lead(person_id: int) -> bool:
    """Whether a person has a lead that is not closed, whoever may see it."""
    return bool(_open_leads(person=person_id))


@compiled
def _open_leads(*, person: int) -> QuerySet[Lead, int]:
    rows = Lead.objects.filter(person_id=person, status__in=OPEN_STATUSES, deleted_at__isnull=True)
    return rows.values_list("pk", flat=True)[:1]


def submissions_counted(person_id: int, motion_id: int) -> set[str]:
    """The form posts (public ids) that stand behind a lead of this person already."""
    rows = Lead.objects.filter(person_id=person_id, motion_id=motion_id)
    return {
        each for evidence in rows.values_list("evidence", flat=True)
        for each in evidence.get("submissions", ())
    }  # fmt: skip


def stage_of(person_id: int, motion: str) -> Stage | None:
    """Where a person stands in a motion; None where nothing was noted."""
    stage = (
        LifecycleState.objects.filter(subject_kind="person", subject_id=person_id, motion=motion)
        .values_list("stage", flat=True)
        .first()
    )
    return Stage(stage) if stage else None


def is_past_leads(person_id: int, motion: str) -> bool:
    """Whether a person is in a deal, or a customer: behaviour alone makes no lead then."""
    stage = stage_of(person_id, motion)
    return stage is not None and rank(stage) >= rank(Stage.OPPORTUNITY)


def stage_before(person_id: int, motion: str, change_set_id: int) -> Stage | None:
    """Where a person stood before a change set moved them; None where it did not, or where they
    have gone on since."""
    steps = list(
        LifecycleEvent.objects.filter(
            subject_kind="person",
            subject_id=person_id,
            motion=motion,
            created_in_id=change_set_id,
        ).order_by("pk")
    )
    if not steps or stage_of(person_id, motion) != steps[-1].to_stage:
        return None
    return Stage(steps[0].from_stage or Stage.KNOWN)


# --- the rule -------------------------------------------------------------------------------------


def policy_of(motion: Motion) -> QualificationPolicy | None:
    """The published policy of a motion; the newest one holds."""
    return QualificationPolicy.objects.filter(motion=motion).order_by("-version").first()


def policy_called(key: str) -> QualificationPolicy | None:
    """The policy that holds in the motion of this key, with the motion; one query."""
    return (
        QualificationPolicy.objects.select_related("motion")
        .filter(motion__key=key, motion__deleted_at__isnull=True)
        .order_by("-version")
        .first()
    )


def calendar() -> Calendar:
    """The company's working time; two queries."""
    settings = company_settings()
    today = timezone.now().date()
    days = holidays_between(
        today - dt.timedelta(days=CALENDAR_DAYS), today + dt.timedelta(days=CALENDAR_DAYS)
    )
    return Calendar(
        zone=ZoneInfo(settings.time_zone),
        week=week_of(settings.working_hours),
        holidays=frozenset(days.values_list("date", flat=True)),
    )


@dataclass(frozen=True)
class Seen:
    """What is known of a person that speaks for or against a lead, and what proves it."""

    contributions: tuple[Contribution, ...]
    submissions: tuple[Submission, ...]
    events: tuple[str, ...]


def seen_of(person: Person, *, since: dt.datetime | None) -> Seen:
    """What a person did since their last lead was closed, and what we know of them.

    ``person`` is prepared. Six queries. Machines' visits are not there: only what followed a
    consent is linked to a person at all.
    """
    after = Q(at__gt=since) if since else Q()
    submissions = tuple(
        Submission.objects.filter(
            after, person=person, state=SubmissionState.ACCEPTED, deleted_at__isnull=True
        )
        .select_related("form", "page")
        .order_by("at", "pk")
    )
    visits = [
        touch
        for touch in touches_of([person.pk]).get(person.pk, ())
        if touch.kind == "visit" and (since is None or touch.at > since)
    ]
    raised = [one for one in submissions if one.raises_hand]
    others = [one for one in submissions if not one.raises_hand]
    found = [
        Contribution(Behaviour.HAND_RAISE, len(raised), _ids(raised), _words_of(raised)),
        Contribution(Behaviour.FORM, len(others), _ids(others), _words_of(others)),
        Contribution(
            Behaviour.VISIT,
            len(visits),
            tuple(touch.at.isoformat() for touch in visits[-EVIDENCE_SHOWN:]),
            visits[-1].url[:200] if visits else "",
        ),
        *_known_of(person),
    ]
    return Seen(
        contributions=tuple(found),
        submissions=submissions,
        events=_events_of(person.pk, after),
    )


def _ids(submissions: Sequence[Submission]) -> tuple[str, ...]:
    return tuple(str(one.public_id) for one in submissions)


def _words_of(submissions: Sequence[Submission]) -> str:
    """The form's name, with what the person wrote where they wrote something."""
    if not submissions:
        return ""
    last = submissions[-1]
    words = str(last.answers.get("message", "")).strip()
    return f"{last.form.name}: {words}"[:300] if words else last.form.name[:300]


def _known_of(person: Person) -> list[Contribution]:
    found = []
    company = person.primary_job.company if person.primary_job else None
    if company is not None:
        found.append(Contribution(Behaviour.COMPANY, 1, (str(company.public_id),), company.name))
    if person.primary_phone is not None:
        found.append(Contribution(Behaviour.PHONE, 1, (), person.primary_phone.number))
    news = [
        row
        for row in consent_states([person.pk])[person.pk]
        if row.purpose == Purpose.MARKETING and row.state == State.GRANTED
    ]
    if news:
        topics = ", ".join(sorted({row.topic for row in news}))
        found.append(Contribution(Behaviour.CONSENT, 1, (str(news[0].public_id),), topics))
    mail = person.primary_email
    if mail is not None and company is None and is_free_mail(mail.normalized.partition("@")[2]):
        found.append(Contribution(Behaviour.FREE_MAIL, 1, (), mail.normalized.partition("@")[2]))
    return found


def _events_of(person_id: int, after: Q) -> tuple[str, ...]:
    rows = (
        TimelineEntry.objects.filter(after, subject_kind="person", subject_id=person_id)
        .filter(Q(kind__startswith="capture.") | Q(kind__startswith="mail."))
        .order_by("-at", "-id")
        .values_list("event_id", flat=True)
    )
    return tuple(str(one) for one in rows[:EVIDENCE_SHOWN])


def accepted_submissions(ids: Sequence[int]) -> list[Submission]:
    """Forms that count, of known people, in order of time."""
    return list(
        Submission.objects.filter(
            pk__in=ids,
            state=SubmissionState.ACCEPTED,
            person__isnull=False,
            deleted_at__isnull=True,
        )
        .select_related("form", "page")
        .order_by("at", "pk")
    )


def campaign_behind(seen: Seen) -> Campaign | None:
    """The campaign that brought somebody: that of the latest form which carries one."""
    for one in reversed(seen.submissions):
        assets = [RecordRef("form", one.form_id)]
        if one.page_id is not None:
            assets.insert(0, RecordRef("page", one.page_id))
        found = campaign_of(utm_campaign=one.utm_campaign, assets=assets)
        if found is not None:
            return found
    return None


def campaign_called(named: str) -> Campaign | None:
    """A campaign by its code or public id."""
    rows = Campaign.objects.filter(deleted_at__isnull=True)
    try:
        return rows.filter(public_id=UUID(named)).first()
    except ValueError:
        return rows.filter(code__iexact=named.strip()).first()


def whole_person(person_id: int) -> Person:
    """A person with address, number and job, whoever may see them: what an offer is made of."""
    rows = people_visible_to(_ALL)
    return prepare_people(rows).get(pk=person_id)


_ALL = job_actor("handoff", frozenset())


def has_asked(lead: Lead) -> bool:
    """Whether the person asked to be contacted."""
    return any(one["key"] == Behaviour.HAND_RAISE for one in lead.reasons)


def asks_for_contact(actor: Actor, person_id: int) -> bool:
    """Whether a person asked to be contacted in an open lead that the actor sees; one query."""
    return any(map(has_asked, _open_leads_of(actor, person=person_id)))


@compiled
def _open_leads_of(actor: Actor, *, person: int) -> QuerySet[Lead]:
    return leads_visible_to(actor).filter(person_id=person, status__in=OPEN_STATUSES)


def person_for_lead(actor: Actor, person_id: int) -> Person | None:
    """A person whom the actor (mostly a job, which sees all) may see, ready for scoring."""
    return prepare_people(people_visible_to(actor)).filter(pk=person_id).first()


def person_named(actor: Actor, public_id: UUID) -> Person | None:
    """A person whom the actor may see, ready for scoring."""
    return prepare_people(people_visible_to(actor)).filter(public_id=public_id).first()


# --- sellers --------------------------------------------------------------------------------------


def sellers(chosen: User | None = None) -> list[Seller]:
    """Who takes hand-offs: active sellers with their open and all hand-offs; two queries.

    A company without sellers has its managers and administrators do it. Who was ``chosen`` by
    hand is among them in any case.
    """
    users = User.objects.get_queryset().active()
    taking = list(users.filter(role=Role.SELLER).order_by("pk"))
    if not taking:
        roles = [role for role in Role if "handoff.answer" in permissions_of(role)]
        taking = list(users.filter(role__in=roles).order_by("pk"))
    if chosen is not None and chosen.pk not in {one.pk for one in taking}:
        taking.append(chosen)
    counts = {
        owner: (is_open, total)
        for owner, is_open, total in Handoff.objects.filter(
            deleted_at__isnull=True, owner__in=[one.pk for one in taking]
        )
        .order_by()
        .values_list("owner")
        .annotate(is_open=Count("pk", filter=Q(state__in=OPEN_STATES)), total=Count("pk"))
    }
    return [
        Seller(user.pk, user.name or user.email, *counts.get(user.pk, (0, 0))) for user in taking
    ]


def seller_named(actor: Actor, named: str) -> User | None:
    """An active colleague who may take hand-offs, by public id or address."""
    rows = User.objects.get_queryset().active() if actor.may("accounts.view_users") else None
    if rows is None:
        return None
    try:
        found = rows.filter(public_id=UUID(named)).first()
    except ValueError:
        found = rows.filter(email=named.strip().lower()).first()
    return found if found and "handoff.answer" in permissions_of(found.role) else None


def seller_choices() -> list[tuple[str, str]]:
    """Who can be given a hand-off, as (public id, name)."""
    roles = [role for role in Role if "handoff.answer" in permissions_of(role)]
    rows = User.objects.get_queryset().active().by_name().filter(role__in=roles)
    return [(str(public_id), name) for public_id, name in rows.values_list("public_id", "name")]


def rejecters_of(lead_id: int) -> set[int]:
    """Who has rejected this lead."""
    rows = Handoff.objects.filter(
        lead_id=lead_id, state=HandoffState.REJECTED, rejected_by__isnull=False
    )
    return set(rows.values_list("rejected_by_id", flat=True))


# --- what a seller needs to know ------------------------------------------------------------------

_CHANNELS = (Channel.PHONE, Channel.EMAIL)


def may_contact_now(person: Person, *, has_asked: bool) -> dict[str, dict[str, Any]]:
    """By channel, whether a seller may contact a person, and why; two queries.

    Who asked to be contacted may be, on the ways that they gave; ``person`` is prepared.
    """
    states = consent_states([person.pk])[person.pk]
    mail = person.primary_email.normalized if person.primary_email else ""
    stops = suppressed([mail]).get(mail, frozenset()) if mail else frozenset()
    found: dict[str, dict[str, Any]] = {}
    for channel, address in zip(
        _CHANNELS, (person.primary_phone.number if person.primary_phone else "", mail), strict=True
    ):
        row = _strongest(states, channel)
        state = State(row.state) if row else None
        if state is None and has_asked:
            state = State.GRANTED
        verdict = may_contact(
            state, stops if channel is Channel.EMAIL else (), purpose=Purpose.SALES
        )
        found[str(channel)] = {
            "allowed": verdict.allowed and bool(address),
            "reason": str(verdict.reason) if address else "no_address",
            "basis": row.basis if row else ("request" if has_asked else ""),
            "topic": row.topic if row else "",
            "since": row.since.isoformat() if row else "",
            "address": address,
        }
    return found


def _strongest(states: Sequence[ConsentState], channel: Channel) -> ConsentState | None:
    """What was said of calls and mails from sales; else a no to marketing, which holds here too."""
    hers = [row for row in states if row.channel == channel]
    said = [row for row in hers if row.purpose == Purpose.SALES]
    refused = [row for row in hers if row.state in (State.WITHDRAWN, State.DENIED)]
    return next(iter([*said, *refused]), None)


def last_message_of(person_id: int) -> dict[str, Any]:
    """The last mail of ours that left for a person, empty where there is none; one query."""
    found = (
        Message.objects.filter(
            person_id=person_id,
            state__in=[MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.HANDED],
            handed_at__isnull=False,
        )
        .order_by("-handed_at", "-pk")
        .first()
    )
    if found is None or found.handed_at is None:
        return {}
    return {
        "subject": found.subject,
        "text": "" if found.is_confidential else found.text[:400],
        "class": found.message_class,
        "at": found.handed_at.isoformat(),
        "message": str(found.public_id),
    }


def touches_logged(handoff_id: int) -> int:
    """How many contacts or tries are logged on a hand-off; one query."""
    return TimelineEntry.objects.filter(
        subject_kind="handoff", subject_id=handoff_id, kind="handoff.touched"
    ).count()


def last_closed_at(person_id: int, motion_id: int) -> dt.datetime | None:
    """When the person's last lead of this motion came to its end."""
    return (
        Lead.objects.filter(
            person_id=person_id, motion_id=motion_id, closed_at__isnull=False,
            deleted_at__isnull=True,
        )
        .order_by("-closed_at")
        .values_list("closed_at", flat=True)
        .first()
    )  # fmt: skip


def now() -> dt.datetime:
    """The moment of an action."""
    return timezone.now()
