"""Attribution: every model side by side, because none of them is the truth."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpResponseBase, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET
from pydantic import ValidationError

from tandem.campaigns.queries import visible_to
from tandem.capture.rules import Channel
from tandem.insight import queries
from tandem.insight.queries import Attributed
from tandem.insight.rules import AttributionModel
from tandem.insight.schemas import AttributionIn, By
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Invalid
from tandem.kernel.money import Money
from tandem.measures.queries import today
from tandem.measures.rules import Period, month_of, months_until
from tandem.ui import formats
from tandem.ui.navigation import NavItem, Section, register
from tandem.ui.responses import render

Text = str | Promise

MODEL_LABELS: Mapping[AttributionModel, Text] = {
    AttributionModel.FIRST: gettext_lazy("First touch"),
    AttributionModel.LINEAR: gettext_lazy("Linear"),
    AttributionModel.LAST: gettext_lazy("Last touch"),
}
CHANNEL_LABELS: Mapping[str, Text] = {
    Channel.PAID: gettext_lazy("Advertising"),
    Channel.ORGANIC: gettext_lazy("Search"),
    Channel.SOCIAL: gettext_lazy("Social networks"),
    Channel.EMAIL: gettext_lazy("E-mail"),
    Channel.REFERRAL: gettext_lazy("Other sites"),
    Channel.DIRECT: gettext_lazy("Direct"),
    Channel.UNKNOWN: gettext_lazy("Channel not known"),
}
BED = 200.0  # width of the drawing of a span


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the report: what each model gives, and the span from the least to the most."""

    name: Text
    is_known: bool
    amounts: Sequence[Money]
    low: Money
    high: Money
    x: str
    width: str
    dot: str

    @property
    def is_one(self) -> bool:
        """Whether the models agree."""
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one currency, the sum of each model, and the revenue that they share."""

    revenue: Money
    lines: Sequence[Line]
    sums: Sequence[Money]
    apart: Money
    unknown: Money


@require_GET
@page(permission="insight.view")
def report(request: ActorRequest) -> HttpResponseBase:
    error, asked = "", AttributionIn()
    try:
        asked = _asked(request.GET)
        period = asked.period
    except DomainError as refused:
        error, period = str(refused), _usual()
    found = queries.attribution(request.actor, by=asked.by, period=period)
    context = {
        "page_title": _("Attribution"),
        "error": error,
        "by": asked.by,
        "period": period,
        "choices": _choices(period),
        "models": list(MODEL_LABELS.values()),
        "tables": tables(found, _names(request.actor, asked.by)),
    }
    return render(request, "insight/attribution.html", context, status=422 if error else 200)


def tables(found: Attributed, names: Mapping[str, Text]) -> list[Table]:
    """The report, a table for each currency."""
    return [_table(found, revenue, names) for revenue in found.revenue]


def _table(found: Attributed, revenue: Money, names: Mapping[str, Text]) -> Table:
    given: dict[str | None, list[Money]] = {}
    zero = Money(0, revenue.currency)
    for at, model in enumerate(MODEL_LABELS):
        for share in found.shares[model]:
            if share.amount.currency == revenue.currency:
                given.setdefault(share.key, [zero] * len(MODEL_LABELS))[at] = share.amount
    keys = sorted(given, key=lambda key: (key is None, -given[key][1].minor, key or ""))
    most = max((money.minor for amounts in given.values() for money in amounts), default=0)
    lines = [_line(key, given[key], most, found.by, names) for key in keys]
    return Table(
        revenue=revenue,
        lines=lines,
        sums=[_sum(revenue.currency, column) for column in zip(*given.values(), strict=True)],
        apart=max((line.high - line.low for line in lines), key=_minor, default=zero),
        unknown=given.get(None, [zero])[0],
    )


def _line(
    key: str | None, amounts: Sequence[Money], most: int, by: By, names: Mapping[str, Text]
) -> Line:
    low, high = min(amounts, key=_minor), max(amounts, key=_minor)
    place = [BED * max(money.minor, 0) / (most or 1) for money in (low, high, amounts[1])]
    if key is None:
        name: Text = _("No known touch")
    elif by is By.CAMPAIGN and not key:
        name = _("Touches outside campaigns")
    else:
        name = names.get(key, key)
    return Line(
        name=name,
        is_known=key is not None,
        amounts=amounts,
        low=low,
        high=high,
        x=f"{place[0]:.1f}",
        width=f"{max(place[1] - place[0], 1.0):.1f}",
        dot=f"{place[2]:.1f}",
    )


def _sum(currency: str, column: Sequence[Money]) -> Money:
    return sum(column, Money(0, currency))


def _minor(money: Money) -> int:
    return money.minor


def _names(actor: Actor, by: By) -> Mapping[str, Text]:
    if by is By.CHANNEL:
        return CHANNEL_LABELS
    return dict(visible_to(actor).values_list("code", "name"))


# --- the period -----------------------------------------------------------------------------------


def _usual() -> Period:
    """The last twelve months, this one included."""
    months = months_until(today(), 12)
    return Period(months[0], month_of(months[-1]).last)


def _asked(query: QueryDict) -> AttributionIn:
    given = {name: query[name] for name in ("from", "to", "by") if query.get(name)}
    if not {"from", "to"} & set(query):
        usual = _usual()
        given |= {"from": str(usual.first), "to": str(usual.last)}
    try:
        return AttributionIn.model_validate(given)
    except ValidationError as error:
        raise Invalid(_("A day is written 2026-11-22.")) from error


def _choices(period: Period) -> list[tuple[Text, dict[str, str], bool]]:
    """Periods to pick: name, parameters, whether it is shown."""
    now = today()
    month, quarter = month_of(now), months_until(now, 3)
    year = Period(dt.date(now.year, 1, 1), dt.date(now.year, 12, 31))
    named: list[tuple[Text, Period]] = [
        (formats.month(now), month),
        (_("Three months"), Period(quarter[0], month.last)),
        (_("Twelve months"), _usual()),
        (str(now.year), year),
        (_("All time"), Period()),
    ]
    return [
        (name, {"from": str(one.first or ""), "to": str(one.last or "")}, one == period)
        for name, one in named
    ]


register(
    NavItem(
        key="attribution",
        label=gettext_lazy("Attribution"),
        icon="chart-pie",
        url_name="insight:attribution",
        section=Section.MEASURE,
        order=50,
        permission="insight.view",
    ),
)
