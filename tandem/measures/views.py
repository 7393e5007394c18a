"""The glossary of numbers, and one number over time."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpResponseBase, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET
from pydantic import ValidationError

from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Invalid
from tandem.measures import queries
from tandem.measures.queries import Result, Row
from tandem.measures.rules import Grain, Period, Unit, month_of, months_until
from tandem.measures.schemas import Asked
from tandem.measures.slots import AnyMeasure
from tandem.ui import formats
from tandem.ui.charts import Bar, Part
from tandem.ui.navigation import NavItem, Section, register
from tandem.ui.responses import render

MONTHS_DRAWN = 12
ROWS_SHOWN = 400

UNITS: dict[Unit, str | Promise] = {
    Unit.COUNT: gettext_lazy("count"),
    Unit.MONEY: gettext_lazy("money"),
    Unit.RATE: gettext_lazy("share"),
    Unit.HOURS: gettext_lazy("hours"),
    Unit.DAYS: gettext_lazy("days"),
}
GRAINS: dict[Grain, str | Promise] = {
    Grain.DAY: gettext_lazy("day"),
    Grain.WEEK: gettext_lazy("week"),
    Grain.MONTH: gettext_lazy("month"),
    Grain.QUARTER: gettext_lazy("quarter"),
    Grain.YEAR: gettext_lazy("year"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A measure as the glossary lists it, with its number of this month, one a currency."""

    measure: AnyMeasure
    unit: str | Promise
    numbers: Sequence[str]


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row of an answer: the places where it stands, the number, of how many it is made."""

    places: Sequence[str]
    number: str
    count: int


@require_GET
@page(permission="measures.view")
def glossary(request: ActorRequest) -> HttpResponseBase:
    month = month_of(queries.today())
    found = [
        Shown(measure, UNITS[measure.unit], _numbers(request, measure, month))
        for measure in queries.measures_for(request.actor)
    ]
    found.sort(key=lambda shown: str(shown.measure.label).casefold())
    return render(request, "measures/glossary.html", {"measures": found, "month": month.first})


@require_GET
@page(permission="measures.view")
def one(request: ActorRequest, key: str) -> HttpResponseBase:
    measure = queries.measure_of(request.actor, key)
    context = {
        "measure": measure,
        "page_title": measure.label,
        "unit": UNITS[measure.unit],
        "least": least(measure),
        "ways": _ways(request.actor, measure),
        **_drawn(request, measure),
        **_answer(request, measure),
    }
    status = 422 if context["error"] else 200
    return render(request, "measures/measure.html", context, status=status)


def written(unit: Unit, row: Row) -> str:
    """A number as a page writes it, with its unit; what cannot be told is said in words."""
    if row.value is None:
        return _("not enough data")
    if unit is Unit.MONEY:
        return formats.money(row.money)
    if unit is Unit.RATE:
        return formats.percent(row.value, places=1)
    if unit is Unit.HOURS:
        return formats.duration(row.value * 3600)
    if unit is Unit.DAYS:
        return formats.duration(row.value * 86400)
    return formats.number(row.value)


def least(measure: AnyMeasure) -> str:
    """How many there must be before a number is told."""
    if measure.minimum < 2:
        return ""
    return _("told from %(least)s on") % {"least": formats.number(measure.minimum)}


def _numbers(request: ActorRequest, measure: AnyMeasure, period: Period) -> Sequence[str]:
    found = queries.value(request.actor, measure.key, period=period)
    return [written(measure.unit, row) for row in found.rows]


def _ways(actor: Actor, measure: AnyMeasure) -> list[tuple[str, str | Promise]]:
    dimensions, _filters = queries.ways_for(actor, measure)
    return [*((str(grain), GRAINS[grain]) for grain in Grain), *((one, one) for one in dimensions)]


def _answer(request: ActorRequest, measure: AnyMeasure) -> dict[str, Any]:
    """The answer to what the page was asked; a refusal stands in its place."""
    try:
        asked = _asked(request.GET)
        by = asked.dimensions
        result = queries.value(
            request.actor, measure.key, period=asked.period, by=by, filters=asked.filters
        )
    except DomainError as refused:
        return {"error": str(refused), "asked": Asked(), "by": []}
    rows = [
        ShownRow([row.by[name] for name in by], written(measure.unit, row), row.count)
        for row in result.rows[:ROWS_SHOWN]
    ]
    names = dict(_ways(request.actor, measure))
    return {
        "error": "",
        "asked": asked,
        "by": by,
        "by_labels": [names.get(name, name) for name in by],
        "rows": rows,
        "enough": result.enough_data,
    }


def _asked(query: QueryDict) -> Asked:
    given = {name: query[name] for name in ("from", "to", "by", "filter") if query.get(name)}
    try:
        return Asked.model_validate(given)
    except ValidationError as error:
        raise Invalid(_("A day is written 2026-11-22.")) from error


def _drawn(request: ActorRequest, measure: AnyMeasure) -> dict[str, Any]:
    """The last twelve months as bars; of money in the currency that most of it is in."""
    months = months_until(queries.today(), MONTHS_DRAWN)
    period = Period(months[0], month_of(months[-1]).last)
    found = queries.value(request.actor, measure.key, period=period, by=[Grain.MONTH])
    currency = _main_currency(found)
    by_month = {row.by[Grain.MONTH]: row for row in found.rows if row.currency == currency}
    bars = [_bar(measure.unit, month, by_month.get(month.isoformat())) for month in months]
    high = max((row for row in by_month.values() if row.value), key=_value, default=None)
    return {
        "bars": bars,
        "most": written(measure.unit, high) if high else "",
        "drawn_in": currency,
    }


def _value(row: Row) -> Decimal:
    return row.value or Decimal(0)


def _main_currency(found: Result) -> str:
    sums: dict[str, Decimal] = {}
    for row in found.rows:
        sums[row.currency] = sums.get(row.currency, Decimal(0)) + abs(_value(row))
    return max(sums, key=lambda currency: sums[currency], default="")


def _bar(unit: Unit, month: dt.date, row: Row | None) -> Bar:
    name = formats.month(month)
    said = written(unit, row) if row else formats.number(0)
    value = float(_value(row)) if row else 0.0
    return Bar(name, [Part("brand", value)], title=f"{name}: {said}")


register(
    NavItem(
        key="measures",
        label=gettext_lazy("Measures"),
        icon="list-check",
        url_name="measures:glossary",
        section=Section.MEASURE,
        order=90,
        permission="measures.view",
    ),
)
