"""Reads of deals and pipelines; each starts from what the actor may see."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Exists,
    FilteredRelation,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils import timezone

from tandem.accounts.queries import scoped
from tandem.deals.models import (
    Category,
    Deal,
    DealContact,
    DealLead,
    DealStageInterval,
    LeadKind,
    Pipeline,
    Stage,
)
from tandem.deals.rules import (
    Stay,
    time_in_stages,
)
from tandem.handoff.models import Motion
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.history import changes_of
from tandem.kernel.models import Operation
from tandem.kernel.money import Money
from tandem.people.models import LifecycleEvent, LifecycleState
from tandem.people.queries import people_visible_to
from tandem.people.rules import Stage as LifecycleStage
from tandem.people.rules import search_words

SHOWN_BESIDE = 8


_WITH = (
    "company",
    "owner",
    "stage",
    "pipeline",
    "current_stay",
    "main_contact__person",
    "source__lead",
)


def deals_visible_to(actor: Actor) -> QuerySet[Deal]:
    """Deals that the actor may see.

    ``main_contact``, ``source`` and ``current_stay`` (one row of each at most) may be filtered and
    ordered by; only those that are used are joined.
    """
    rows = Deal.objects.filter(deleted_at__isnull=True)
    return scoped(rows, actor, kind="deal").annotate(**_one_rows())


def _one_rows() -> dict[str, FilteredRelation]:
    # Made anew for each queryset: Django writes into the one that it is given.
    return {
        "main_contact": FilteredRelation("contacts", condition=Q(contacts__is_primary=True)),
        "source": FilteredRelation("leads", condition=Q(leads__kind=LeadKind.SOURCE)),
        "current_stay": FilteredRelation("intervals", condition=Q(intervals__left_at=None)),
    }


def prepare_deals(rows: QuerySet[Deal]) -> QuerySet[Deal]:
    """With company, person, owner, stage, pipeline and lead: no query more."""
    return rows.select_related(*_WITH)


def deal_by_public_id(actor: Actor, public_id: UUID) -> Deal:
    """One deal, ready to be shown; Missing when not there for this actor."""
    found = prepare_deals(deals_visible_to(actor)).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def search_deals(rows: QuerySet[Deal], text: str) -> QuerySet[Deal]:
    """Narrow visible deals to those of which every word is in the name, company or person."""
    words = search_words(text)
    if not words:
        return rows.none()
    for word in words:
        rows = rows.filter(
            Q(sort_key__contains=word)
            | Q(company__search_key__contains=f" {word}")
            | Q(main_contact__person__search_key__contains=f" {word}")
        )
    return rows.order_by("sort_key", "pk")


# --- pipelines ------------------------------------------------------------------------------------


def pipelines_visible_to(actor: Actor) -> QuerySet[Pipeline]:
    """Pipelines with their stages in order; whoever may see deals sees them all."""
    if not actor.may("deals.view"):
        return Pipeline.objects.none()
    return (
        Pipeline.objects.filter(deleted_at__isnull=True)
        .select_related("motion")
        .prefetch_related(Prefetch("stages", live_stages(), to_attr="in_order"))
    )


def live_stages() -> QuerySet[Stage]:
    """Stages that are there, in the order of their pipeline."""
    return Stage.objects.filter(deleted_at__isnull=True).order_by("position", "pk")


def pipelines_in_order(actor: Actor) -> list[Pipeline]:
    """The default pipeline, then the others by name; two queries."""
    return list(pipelines_visible_to(actor).order_by("-is_default", "name", "pk"))


def pipeline_by_public_id(actor: Actor, public_id: UUID) -> Pipeline:
    """One pipeline with its stages; Missing when there is none."""
    found = pipelines_visible_to(actor).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def search_pipelines(rows: QuerySet[Pipeline], text: str) -> QuerySet[Pipeline]:
    """Narrow pipelines to those with the text in their name."""
    return rows.filter(name__icontains=text.strip()).order_by("name", "pk")


def stages_of(pipeline_id: int) -> list[Stage]:
    """The live stages of a pipeline, in order."""
    return list(live_stages().filter(pipeline_id=pipeline_id))


def default_pipeline() -> Pipeline | None:
    """Where new deals go; None before the first pipeline is set up."""
    return Pipeline.objects.filter(deleted_at__isnull=True, is_default=True).first()


def free_position(pipeline_id: int) -> int:
    """A number that no stage of a pipeline has or had."""
    last: int | None = Stage.objects.filter(pipeline_id=pipeline_id).aggregate(
        last=Max("position")
    )["last"]
    return (last or 0) + 1


def positions_of_deleted(pipeline_id: int) -> set[int]:
    """The numbers of deleted stages, which may come back."""
    rows = Stage.objects.filter(pipeline_id=pipeline_id, deleted_at__isnull=False)
    return set(rows.values_list("position", flat=True))


def motion_named(named: str) -> Motion | None:
    """The motion of this key, name or public id."""
    rows = Motion.objects.filter(deleted_at__isnull=True)
    try:
        return rows.filter(public_id=UUID(named)).first()
    except ValueError:
        return rows.filter(Q(key=named) | Q(name__iexact=named)).order_by("pk").first()


def deals_in_stage(stage_id: int) -> int:
    """How many deals stand in a stage, whoever sees them; deleted ones may come back and count."""
    return Deal.objects.filter(stage_id=stage_id).count()


# --- what a deal says -----------------------------------------------------------------------------


def money_for(actor: Actor, deal: Deal) -> Money | None:
    """What a deal is worth, to who may know it."""
    return None if actor.hides("deal", "amount") else money_of(deal)


def money_of(deal: Deal) -> Money | None:
    """What a deal is worth, if anybody has said."""
    return None if deal.amount_minor is None else Money(deal.amount_minor, deal.currency)


def has_buyer(deal: Deal) -> bool:
    """Whether somebody is named who buys: a company or a person."""
    return deal.company_id is not None or person_of(deal) is not None


def person_of(deal: Deal) -> Any:
    """The person whom a prepared deal is with."""
    contact = deal.main_contact
    return contact.person if contact else None


def is_from_marketing(deal: Deal) -> bool:
    """Whether a prepared deal came from a lead that marketing made."""
    return deal.source is not None and deal.source.lead.kind != "manual"


# --- one deal -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepOfPath:
    """A stage on the way of one deal."""

    stage: Stage
    spent: dt.timedelta | None
    is_now: bool
    is_passed: bool


def path_of(deal: Deal) -> list[StepOfPath]:
    """The stages of a deal's pipeline, with the time that it has spent in each; two queries."""
    stages = stages_of(deal.pipeline_id)
    stays = [Stay(one.stage_id, one.entered_at, one.left_at) for one in stays_of(deal.pk)]
    spent = time_in_stages(stays, timezone.now())
    if all(stage.pk != deal.stage_id for stage in stages):
        stages.append(deal.stage)
    here = next(at for at, stage in enumerate(stages) if stage.pk == deal.stage_id)
    return [
        StepOfPath(
            stage=stage,
            spent=spent.get(stage.pk),
            is_now=stage.pk == deal.stage_id,
            is_passed=at < here or (stage.pk in spent and stage.pk != deal.stage_id),
        )
        for at, stage in enumerate(stages)
        if stage.category == Category.OPEN or stage.pk == deal.stage_id
    ]


def stays_of(deal_id: int) -> list[DealStageInterval]:
    """The stays of a deal in stages, in time."""
    rows = DealStageInterval.objects.filter(deal_id=deal_id).select_related("stage", "moved_by")
    return list(rows.order_by("entered_at", "pk"))


def contacts_of(actor: Actor, deal: Deal) -> list[DealContact]:
    """The persons in a deal whom the actor may see, the main one first."""
    seen = people_visible_to(actor).values("pk")
    return list(
        DealContact.objects.filter(deal_id=deal.pk, person__in=seen)
        .select_related("person")
        .order_by("-is_primary", "pk")
    )


def contact_ids(deal_id: int) -> list[int]:
    """The ids of the persons in a deal, seen or not: for what is told of them."""
    return list(
        DealContact.objects.filter(deal_id=deal_id)
        .order_by("pk")
        .values_list("person_id", flat=True)
    )


def persons_taken_out(deal_id: int, change_set_id: int) -> list[int]:
    """The ids of the persons whom a change set took out of a deal."""
    removed = changes_of("deal", deal_id).filter(
        change_set_id=change_set_id, model="deals.dealcontact", operation=Operation.DELETE
    )
    return [fields["person_id"] for fields in removed.values_list("fields", flat=True)]


def deals_of_person(actor: Actor, person_id: int) -> QuerySet[Deal]:
    """Deals that a person is in, open ones first, newest first."""
    mine = DealContact.objects.filter(deal_id=OuterRef("pk"), person_id=person_id)
    return _newest(deals_visible_to(actor).filter(Exists(mine)))


def deals_of_company(actor: Actor, company_id: int) -> QuerySet[Deal]:
    """Deals with a company, open ones first, newest first."""
    return _newest(deals_visible_to(actor).filter(company_id=company_id))


def has_open_deal(actor: Actor, kind: str, record_id: int) -> bool:
    """Whether the actor sees an open deal of a person or company; one query."""
    of = {"person": deals_of_person, "company": deals_of_company}.get(kind)
    return of is not None and of(actor, record_id).filter(status=Category.OPEN).exists()


def deals_of_lead(actor: Actor, lead_id: int) -> QuerySet[Deal]:
    """Deals that came from a lead or were helped by it."""
    hers = DealLead.objects.filter(deal_id=OuterRef("pk"), lead_id=lead_id)
    return _newest(deals_visible_to(actor).filter(Exists(hers)))


def _newest(rows: QuerySet[Deal]) -> QuerySet[Deal]:
    is_closed = Case(When(status=Category.OPEN, then=Value(0)), default=Value(1))
    return prepare_deals(rows).order_by(is_closed, "-opened_at", "-pk")


def lead_has_deal(lead_id: int) -> bool:
    """Whether a live deal came from a lead, seen or not."""
    return DealLead.objects.filter(
        lead_id=lead_id, kind=LeadKind.SOURCE, deal__deleted_at__isnull=True
    ).exists()


# --- the lifecycle of those in a deal -----------------------------------------------------------


def without_other_deals(kind: str, ids: Sequence[int], *, deal: Deal) -> list[int]:
    """Those of these persons or companies with no other open or won deal of the motion."""
    return _without(kind, ids, deal, Q(status__in=[Category.OPEN, Category.WON]))


def without_other_wins(kind: str, ids: Sequence[int], *, deal: Deal) -> list[int]:
    """Those of these persons or companies with no other won deal of the motion."""
    return _without(kind, ids, deal, Q(status=Category.WON))


def _without(kind: str, ids: Sequence[int], deal: Deal, state: Q) -> list[int]:
    others = Deal.objects.filter(state, motion_id=deal.motion_id, deleted_at__isnull=True)
    others = others.exclude(pk=deal.pk)
    path = "company_id" if kind == "company" else "contacts__person_id"
    taken = set(others.filter(**{f"{path}__in": ids}).values_list(path, flat=True))
    return [pk for pk in ids if pk not in taken]


def standing_at(kind: str, ids: Sequence[int], *stages: Any, motion: str) -> list[int]:
    """Those of these persons or companies who stand at one of these stages now."""
    rows = LifecycleState.objects.filter(
        subject_kind=kind, subject_id__in=ids, motion=motion, stage__in=[str(one) for one in stages]
    )
    return sorted(rows.values_list("subject_id", flat=True))


def stages_before(
    kind: str, ids: Sequence[int], *, motion: str, change_set_id: int
) -> dict[LifecycleStage, list[int]]:
    """Where each of these stood before a change set took them on; nowhere is left out."""
    events = (
        LifecycleEvent.objects.filter(
            subject_kind=kind, subject_id__in=ids, motion=motion, created_in_id=change_set_id
        )
        .order_by("subject_id", "at", "pk")
        .distinct("subject_id")
    )
    found: dict[LifecycleStage, list[int]] = {}
    for event in events:
        if event.from_stage:
            found.setdefault(LifecycleStage(event.from_stage), []).append(event.subject_id)
    return found


# --- where a card goes ----------------------------------------------------------------------------


def first_position(stage_id: int) -> float | None:
    """The position of the first open deal of a stage; None in an empty one."""
    found: float | None = Deal.objects.filter(
        stage_id=stage_id, status=Category.OPEN, deleted_at__isnull=True
    ).aggregate(first=Min("position"))["first"]
    return found


def position_after(stage_id: int, position: float, pk: int, *, but: int) -> float | None:
    """The position of the open deal that follows a place in a stage; None behind the last."""
    return (
        Deal.objects.filter(
            Q(position__gt=position) | Q(position=position, pk__gt=pk),
            stage_id=stage_id,
            status=Category.OPEN,
            deleted_at__isnull=True,
        )
        .exclude(pk=but)
        .order_by("position", "pk")
        .values_list("position", flat=True)
        .first()
    )
