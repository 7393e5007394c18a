"""The numbers of deals: won, rates, sizes, cycles, the pipeline; each defined once."""

from typing import Any

from django.db.models import (
    Avg,
    Case,
    Count,
    Expression,
    ExpressionWrapper,
    F,
    FloatField,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Extract, NullIf
from django.utils.translation import gettext_lazy as _

from tandem.deals.models import Category, Deal
from tandem.deals.queries import deals_visible_to
from tandem.kernel.actor import Actor
from tandem.measures.rules import Unit
from tandem.measures.slots import Measure, Median, Ratio, define

_PERMISSION = "deals.view"
# Of fewer closed deals a rate says nothing, of fewer won ones a typical size or length.
ENOUGH_CLOSED = 10
ENOUGH_WON = 5
_SECONDS_A_DAY = 86_400.0

_DIMENSIONS: dict[str, str | F | Expression] = {
    "owner": "owner__name",
    "pipeline": "pipeline__name",
    "campaign": "source__lead__campaign__code",
    "currency": "currency",
}
# Of these what is a field; a deal has the campaign of its lead.
_FIELDS = {"owner": "deal.owner", "campaign": "lead.campaign", "currency": "deal.currency"}


def _in(*states: Category) -> Any:
    def rows(actor: Actor) -> QuerySet[Deal]:
        return deals_visible_to(actor).filter(status__in=states)

    return rows


def _of_won(value: Any) -> Case:
    return Case(When(status=Category.WON, then=value), default=Value(None))


def _days() -> Expression:
    """Days from the opening of a deal to its close."""
    return ExpressionWrapper(
        Extract(F("closed_at") - F("opened_at"), "epoch") / Value(_SECONDS_A_DAY),
        output_field=FloatField(),
    )


def _velocity() -> Expression:
    """Deals x win rate x size / days, where win rate x size is what was won by closed deal."""
    won = Cast(Sum("amount_minor", filter=Q(status=Category.WON)), FloatField())
    closed = Cast(Count("pk", filter=~Q(status=Category.OPEN)), FloatField())
    days = Median(_of_won(_days()))
    return ExpressionWrapper(
        Cast(Count("pk"), FloatField())
        * won
        / NullIf(closed, Value(0.0))
        / NullIf(days, Value(0.0)),
        output_field=FloatField(),
    )


define(
    Measure(
        key="deals_won",
        label=_("Deals won"),
        definition=_("Deals that are won, by the moment of winning; a reopened one is not."),
        unit=Unit.COUNT,
        rows=_in(Category.WON),
        at="closed_at",
        aggregate=Count("pk"),
        dimensions=_DIMENSIONS,
        fields=_FIELDS,
        permission=_PERMISSION,
    ),
    Measure(
        key="deals_closed",
        label=_("Deals closed"),
        definition=_("Deals that are won or lost, by the moment of closing."),
        unit=Unit.COUNT,
        rows=_in(Category.WON, Category.LOST),
        at="closed_at",
        aggregate=Count("pk"),
        dimensions=_DIMENSIONS,
        fields=_FIELDS,
        permission=_PERMISSION,
    ),
    Ratio(
        key="win_rate",
        label=_("Win rate"),
        definition=_(
            "Deals won of those won or lost, by the moment of closing; fewer than ten closed deals"
            " are not enough to say."
        ),
        unit=Unit.RATE,
        over="deals_won",
        under="deals_closed",
        permission=_PERMISSION,
        minimum=ENOUGH_CLOSED,
    ),
    Measure(
        key="won_value",
        tells=("deal.amount",),
        label=_("Value of won deals"),
        definition=_(
            "What won deals were agreed for, by the moment of winning. Revenue is counted from"
            " orders, not from this."
        ),
        unit=Unit.MONEY,
        rows=_in(Category.WON),
        at="closed_at",
        aggregate=Sum("amount_minor"),
        currency="currency",
        dimensions=_DIMENSIONS,
        fields=_FIELDS,
        permission=_PERMISSION,
    ),
    Measure(
        key="average_deal_size",
        tells=("deal.amount",),
        label=_("Average deal size"),
        definition=_("The mean of what won deals were agreed for, by the moment of winning."),
        unit=Unit.MONEY,
        rows=_in(Category.WON),
        at="closed_at",
        aggregate=Avg("amount_minor"),
        currency="currency",
        dimensions=_DIMENSIONS,
        fields=_FIELDS,
        permission=_PERMISSION,
        minimum=ENOUGH_WON,
    ),
    Measure(
        key="sales_cycle_days",
        label=_("Sales cycle"),
        definition=_(
            "The median of the days from the opening of a deal to its winning, by the moment of"
            " winning."
        ),
        unit=Unit.DAYS,
        rows=_in(Category.WON),
        at="closed_at",
        aggregate=Median(_days()),
        dimensions=_DIMENSIONS,
        fields=_FIELDS,
        permission=_PERMISSION,
        minimum=ENOUGH_WON,
    ),
    Measure(
        key="sales_velocity",
        tells=("deal.amount",),
        label=_("Sales velocity"),
        definition=_(
            "Money a day: deals opened in the period, times their win rate, times the mean size of"
            " the won ones, divided by the median of their days; 0 until one is won."
        ),
        unit=Unit.MONEY,
        rows=deals_visible_to,
        at="opened_at",
        aggregate=_velocity(),
        currency="currency",
        dimensions=_DIMENSIONS,
        fields=_FIELDS,
        permission=_PERMISSION,
        minimum=ENOUGH_CLOSED,
    ),
    Measure(
        key="pipeline_value",
        tells=("deal.amount",),
        label=_("Pipeline"),
        definition=_("What the deals that are open now may bring, whole, by the day of opening."),
        unit=Unit.MONEY,
        rows=_in(Category.OPEN),
        at="opened_at",
        aggregate=Sum("amount_minor"),
        currency="currency",
        dimensions={**_DIMENSIONS, "stage": "stage__name"},
        permission=_PERMISSION,
    ),
    Measure(
        key="pipeline_value_weighted",
        tells=("deal.amount",),
        label=_("Pipeline, weighted"),
        definition=_("What the deals that are open now may bring, times the chance of the stage."),
        unit=Unit.MONEY,
        rows=_in(Category.OPEN),
        at="opened_at",
        aggregate=Sum(F("amount_minor") * F("stage__probability")),
        currency="currency",
        dimensions={**_DIMENSIONS, "stage": "stage__name"},
        permission=_PERMISSION,
    ),
)
