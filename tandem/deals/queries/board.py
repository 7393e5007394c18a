"""The board: the open deals of a pipeline by stage, counted and summed whole, shown in part."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, QuerySet, Sum
from django.db.models.functions import Extract, Now
from django.utils import timezone

from tandem.accounts.errors import FieldHidden, NoRate
from tandem.accounts.queries import base_currency, members_of_my_teams, rate_on
from tandem.deals.models import Category, Deal, Pipeline, Stage
from tandem.deals.queries import (
    deals_visible_to,
    has_buyer,
    is_from_marketing,
    money_of,
    prepare_deals,
    stages_of,
)
from tandem.deals.rules import (
    Age,
    NextStep,
    Total,
    age_of,
    days_between,
    next_step_of,
    total_of,
    weighted,
)
from tandem.kernel.actor import Actor
from tandem.kernel.money import Money
from tandem.measures.slots import Median
from tandem.records.slots import object_type

CARDS = 25
MOST_CARDS = 400
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class BoardFilter:
    """What a board is narrowed to: an owner (public id, ``me``, ``my_team``, ``nobody``), words."""

    owner: str = ""
    text: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.owner or self.text)


@dataclass(frozen=True)
class Card:
    """A deal on a board."""

    deal: Deal
    today: dt.date
    now: dt.datetime

    @property
    def amount(self) -> Money | None:
        return money_of(self.deal)

    @property
    def step(self) -> NextStep:
        return next_step_of(self.deal.next_step, self.deal.next_step_on, self.today)

    @cached_property
    def days(self) -> int:
        """Whole days in the stage."""
        stay = self.deal.current_stay
        return days_between(stay.entered_at, self.now) if stay else 0

    @property
    def age(self) -> Age:
        return age_of(self.days, self.deal.stage.rot_days, self.step)

    @property
    def is_from_marketing(self) -> bool:
        return is_from_marketing(self.deal)

    @property
    def needs(self) -> bool:
        """Whether winning has to ask for something."""
        return self.deal.amount_minor is None or not has_buyer(self.deal)


@dataclass(frozen=True)
class Column:
    """A stage on a board: what is in it altogether, and the first cards."""

    stage: Stage
    count: int
    total: Total
    median_days: float | None
    cards: Sequence[Card]

    @property
    def more(self) -> int:
        """How many cards are not shown yet."""
        return max(self.count - len(self.cards), 0)


@dataclass(frozen=True)
class Board:
    """The open deals of a pipeline."""

    pipeline: Pipeline
    columns: Sequence[Column]
    count: int
    total: Total
    weighted: Total


def board(actor: Actor, pipeline: Pipeline, narrowed: BoardFilter, *, shown: int = CARDS) -> Board:
    """A board with the first cards of each column; four queries and two for each foreign currency.

    Counts, sums and medians are of all that the actor may see and the filter lets through, not of
    the cards that are loaded.
    """
    rows = _open_deals(actor, pipeline, narrowed)
    open_stages = [stage for stage in _stages(pipeline) if stage.category == Category.OPEN]
    sums = _sums(rows)
    rates = rates_of({currency for by_currency in sums.values() for currency in by_currency})
    medians = _medians(rows)
    cards = _cards(rows, open_stages, limit=min(max(shown, CARDS), MOST_CARDS))
    base = base_currency()
    columns = [
        Column(
            stage=stage,
            count=sum(count for count, _minor in sums.get(stage.pk, {}).values()),
            total=total_of(_minors(sums.get(stage.pk, {})), base_currency=base, rates=rates),
            median_days=medians.get(stage.pk),
            cards=cards.get(stage.pk, []),
        )
        for stage in open_stages
    ]
    whole, chances = _added(open_stages, sums)
    count = sum(column.count for column in columns)
    return Board(
        pipeline=pipeline,
        columns=columns,
        count=count,
        total=total_of(whole, base_currency=base, rates=rates),
        weighted=total_of(chances, base_currency=base, rates=rates),
    )


def more_cards(
    actor: Actor, pipeline: Pipeline, narrowed: BoardFilter, *, stage: UUID, after: int
) -> tuple[Sequence[Card], int]:
    """The next cards of one column after the first ``after``, and how many are left then."""
    rows = _open_deals(actor, pipeline, narrowed).filter(stage__public_id=stage)
    found = list(prepare_deals(rows.order_by("position", "pk"))[after : after + CARDS])
    left = max(rows.count() - after - len(found), 0)
    return _as_cards(found), left


def _open_deals(actor: Actor, pipeline: Pipeline, narrowed: BoardFilter) -> QuerySet[Deal]:
    rows = deals_visible_to(actor).filter(pipeline_id=pipeline.pk, status=Category.OPEN)
    if narrowed.owner and actor.hides("deal", "owner"):
        raise FieldHidden()
    rows = _owned_by(rows, actor, narrowed.owner)
    return object_type("deal").search_for(actor, rows, narrowed.text) if narrowed.text else rows


def _owned_by(rows: QuerySet[Deal], actor: Actor, owner: str) -> QuerySet[Deal]:
    if owner == "me":
        return rows.filter(owner_id=actor.user_id)
    if owner == "my_team":
        return rows.filter(owner_id__in=members_of_my_teams(actor))
    if owner == "nobody":
        return rows.filter(owner_id__isnull=True)
    if not owner:
        return rows
    try:
        return rows.filter(owner__public_id=UUID(owner))
    except ValueError:
        return rows.none()


def _stages(pipeline: Pipeline) -> Sequence[Stage]:
    found: Sequence[Stage] | None = getattr(pipeline, "in_order", None)
    return stages_of(pipeline.pk) if found is None else found


Sums = Mapping[int, Mapping[str, tuple[int, int]]]


def _sums(rows: QuerySet[Deal]) -> Sums:
    """By stage and currency: how many deals, and their minor units; one query."""
    found: dict[int, dict[str, tuple[int, int]]] = {}
    groups = (
        rows.order_by()
        .values("stage_id", "currency")
        .annotate(deals=Count("pk"), minor=Sum("amount_minor"))
        .values_list("stage_id", "currency", "deals", "minor")
    )
    for stage_id, currency, deals, minor in groups:
        found.setdefault(stage_id, {})[currency] = (deals, int(minor or 0))
    return found


def _minors(by_currency: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    return {currency: minor for currency, (_deals, minor) in by_currency.items() if minor}


def _added(stages: Sequence[Stage], sums: Sums) -> tuple[dict[str, int], dict[str, int]]:
    """Minor units by currency over all stages: whole, and weighted by each stage's chance."""
    whole: dict[str, int] = {}
    chances: dict[str, int] = {}
    for stage in stages:
        for currency, minor in _minors(sums.get(stage.pk, {})).items():
            whole[currency] = whole.get(currency, 0) + minor
            chances[currency] = chances.get(currency, 0) + weighted(minor, stage.probability)
    return whole, chances


def _medians(rows: QuerySet[Deal]) -> dict[int, float]:
    """The median of the days that the deals of each stage have been in it; one query."""
    days = Extract(Now() - F("current_stay__entered_at"), "epoch") / float(_SECONDS_A_DAY)
    groups = rows.order_by().values("stage_id").annotate(median=Median(days))
    return dict(groups.values_list("stage_id", "median"))


def _cards(
    rows: QuerySet[Deal], stages: Sequence[Stage], *, limit: int
) -> dict[int, Sequence[Card]]:
    """The first cards of each stage; two queries, each by an index."""
    in_column = rows.order_by("position", "pk").filter(stage_id=OuterRef("pk")).values("pk")
    ids = (
        Stage.objects.filter(pk__in=[stage.pk for stage in stages])
        .annotate(firsts=ArraySubquery(in_column[:limit]))
        .values_list("firsts", flat=True)
    )
    wanted = [pk for firsts in ids for pk in firsts or ()]  # None of what can have no rows
    found: dict[int, list[Deal]] = {}
    for deal in prepare_deals(rows.filter(pk__in=wanted).order_by("position", "pk")):
        found.setdefault(deal.stage_id, []).append(deal)
    return {stage_id: _as_cards(deals) for stage_id, deals in found.items()}


def _as_cards(deals: Sequence[Deal]) -> list[Card]:
    today, now = timezone.localdate(), timezone.now()
    return [Card(deal, today, now) for deal in deals]


def rates_of(currencies: Iterable[str]) -> dict[str, Decimal]:
    """Units of the base currency for one of each, today; those without a rate are left out."""
    today, found = timezone.localdate(), {}
    for currency in currencies:
        try:
            found[currency] = rate_on(currency, today)
        except NoRate:
            continue
    return found
