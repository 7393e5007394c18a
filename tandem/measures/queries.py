"""The evaluator: a number by its key, for a period, split and filtered."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypedDict, cast
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import Count, DateField, F, QuerySet
from django.db.models.functions import (
    TruncDay,
    TruncMonth,
    TruncQuarter,
    TruncWeek,
    TruncYear,
)
from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.accounts.errors import FieldHidden
from tandem.accounts.queries import company_settings
from tandem.kernel.actor import Actor
from tandem.kernel.money import Money
from tandem.lake.queries import Counts, EventCount, count_all
from tandem.measures.errors import DimensionUnknown, FilterUnknown, MeasureUnknown
from tandem.measures.rules import ALL_TIME, Grain, Period, Unit, key_of
from tandem.measures.slots import MEASURES, AnyMeasure, EventMeasure, Measure, Ratio

_TRUNC = {
    Grain.DAY: TruncDay,
    Grain.WEEK: TruncWeek,
    Grain.MONTH: TruncMonth,
    Grain.QUARTER: TruncQuarter,
    Grain.YEAR: TruncYear,
}
# A currency or a dimension has a name of its own in the query: the model may have one like it.
_PREFIX = "by_"
_RATE_EXPONENT = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Row:
    """One number: ``value`` in major units where it is money, None where nothing can be said.

    ``by`` holds the value of each dimension as text, empty where a row has none; ``count`` is how
    many rows it was made of.
    """

    value: Decimal | None
    count: int
    currency: str = ""
    by: Mapping[str, str] = field(default_factory=dict)

    @property
    def money(self) -> Money:
        """The value as money, for pages."""
        return Money.from_major(self.value or Decimal(0), self.currency)


@dataclass(frozen=True, slots=True)
class Result:
    """A measure and its rows: one per value of the dimensions and, for money, per currency."""

    measure: AnyMeasure
    rows: Sequence[Row]
    enough_data: bool

    @property
    def value(self) -> Decimal | None:
        """The number, where it was not split; of several currencies there is none."""
        return self.rows[0].value if len(self.rows) == 1 else None


class _Asked(TypedDict):
    period: Period
    by: Sequence[str]
    filters: Mapping[str, str]


def measure_of(actor: Actor, key: str) -> AnyMeasure:
    """The definition of a key. Raises MeasureUnknown, Refused, FieldHidden."""
    found = MEASURES.get(key)
    if found is None:
        raise MeasureUnknown()
    actor.require(found.permission)
    if is_hidden_from(actor, found):
        raise FieldHidden()
    return found


def measures_for(actor: Actor) -> list[AnyMeasure]:
    """Every measure that the actor may see, by key; a ratio where both of its parts are here."""
    return sorted(
        (
            found
            for found in MEASURES
            if actor.may(found.permission) and _is_whole(found) and not is_hidden_from(actor, found)
        ),
        key=lambda found: found.key,
    )


def is_hidden_from(actor: Actor, measure: AnyMeasure) -> bool:
    """Whether a measure is made of a field that is hidden from who asks."""
    if isinstance(measure, EventMeasure):
        return False
    if isinstance(measure, Measure):
        return actor.hides_any(*measure.tells)
    parts = [MEASURES.get(key) for key in (measure.over, measure.under)]
    return any(is_hidden_from(actor, part) for part in parts if part is not None)


def _is_whole(measure: AnyMeasure) -> bool:
    if not isinstance(measure, Ratio):
        return True
    return all(MEASURES.get(key) is not None for key in (measure.over, measure.under))


def ways_of(measure: AnyMeasure) -> tuple[list[str], list[str]]:
    """The dimensions by which a measure can be split beside time, and what else narrows it.

    A ratio can be asked in the ways that both of its parts know; names are sorted.
    """
    if isinstance(measure, EventMeasure):
        return sorted(measure.dimensions), []
    if isinstance(measure, Measure):
        return sorted(measure.dimensions), sorted(measure.filters)
    parts = [MEASURES.get(key) for key in (measure.over, measure.under)]
    ways = [ways_of(part) for part in parts if part is not None]
    dimensions, filters = (
        set.intersection(*(set(way[at]) for way in ways)) if len(ways) == 2 else set()
        for at in (0, 1)
    )
    return sorted(dimensions), sorted(filters)


def ways_for(actor: Actor, measure: AnyMeasure) -> tuple[list[str], list[str]]:
    """The ways in which who asks may ask for a measure: by no field that is hidden from them."""
    hidden = _names_hidden(actor, measure)
    dimensions, filters = ways_of(measure)
    return (
        [name for name in dimensions if name not in hidden],
        [name for name in filters if name not in hidden],
    )


def _names_hidden(actor: Actor, measure: AnyMeasure) -> set[str]:
    if isinstance(measure, EventMeasure):
        return set()
    if isinstance(measure, Measure):
        return {name for name, of in measure.fields.items() if actor.hides_any(of)}
    parts = [MEASURES.get(key) for key in (measure.over, measure.under)]
    return {name for part in parts if part is not None for name in _names_hidden(actor, part)}


def _refuse_hidden(actor: Actor, measure: Measure, names: Iterable[str]) -> None:
    if not _names_hidden(actor, measure).isdisjoint(names):
        raise FieldHidden()


def today() -> dt.date:
    """The day that it is in the company's zone."""
    return timezone.now().astimezone(ZoneInfo(company_settings().time_zone)).date()


def value(
    actor: Actor,
    key: str,
    *,
    period: Period = ALL_TIME,
    by: Sequence[str] = (),
    filters: Mapping[str, str] | None = None,
) -> Result:
    """The number of this key from what the actor may see; one query, a ratio two.

    Not split, a count of nothing is a row of 0 and money of nothing a row of 0 in the base
    currency. Raises MeasureUnknown, Refused, FieldHidden, DimensionUnknown, FilterUnknown.
    """
    [found] = values(actor, [Ask(key, period, by, filters or {})])
    return found


@dataclass(frozen=True, slots=True)
class Ask:
    """A question for a number, among others."""

    key: str
    period: Period = ALL_TIME
    by: Sequence[str] = ()
    filters: Mapping[str, str] = field(default_factory=dict)


def values(actor: Actor, asks: Sequence[Ask]) -> list[Result]:
    """Several numbers (see ``value``): all that are made of events by one reading of them.

    Costs a query for each number of another kind, a ratio two, and one or two for all of events.
    """
    measures = [measure_of(actor, ask.key) for ask in asks]
    counts = {
        at: _count_of(measure, ask)
        for at, (measure, ask) in enumerate(zip(measures, asks, strict=True))
        if isinstance(measure, EventMeasure) and actor.may(measure.sees)
    }
    counted = dict(zip(counts, count_all(list(counts.values())), strict=True))
    results = []
    for at, (measure, ask) in enumerate(zip(measures, asks, strict=True)):
        asked: _Asked = {"period": ask.period, "by": ask.by, "filters": ask.filters}
        if isinstance(measure, Ratio):
            results.append(_ratio(actor, measure, **asked))
            continue
        if isinstance(measure, Measure):
            rows = _rows(actor, measure, **asked)
        else:
            rows = _rows_of_events(measure, ask, counted.get(at))
        enough = sum(row.count for row in rows) >= measure.minimum
        results.append(Result(measure, rows, enough))
    return results


def rows_behind(
    actor: Actor,
    key: str,
    *,
    period: Period = ALL_TIME,
    filters: Mapping[str, str] | None = None,
) -> QuerySet[Any]:
    """The rows that a number is made of, for who shares it out or lists it; not a ratio's.

    Raises MeasureUnknown, Refused, FilterUnknown.
    """
    measure = measure_of(actor, key)
    if not isinstance(measure, Measure):
        raise MeasureUnknown()
    _refuse_hidden(actor, measure, filters or {})
    found = within(measure.rows(actor), measure.at, period)
    return _narrowed(found, measure, filters or {})


def _rows(
    actor: Actor,
    measure: Measure,
    *,
    period: Period,
    by: Sequence[str],
    filters: Mapping[str, str],
) -> list[Row]:
    _refuse_hidden(actor, measure, by)
    zone = ZoneInfo(company_settings().time_zone)
    found = rows_behind(actor, measure.key, period=period, filters=filters)
    splits = {f"{_PREFIX}{name}": _split(measure, name, found, zone) for name in by}
    if measure.currency:
        splits[f"{_PREFIX}currency"] = F(measure.currency)
    if not splits:
        return [_row(measure, found.aggregate(value=measure.aggregate, count=Count("pk")), by)]
    groups = (
        found.order_by()
        .annotate(**splits)
        .values(*splits)
        .annotate(value=measure.aggregate, count=Count("pk"))
        .order_by(*splits)
    )
    rows = [_row(measure, group, by) for group in groups]
    return rows or ([] if by else [_nothing(measure)])


def _rows_of_events(measure: EventMeasure, ask: Ask, counted: Counts | None) -> list[Row]:
    """What was counted of events as rows; None was counted for who sees none of them."""
    _refuse_unknown(measure, ask)
    if counted is None:
        return [] if ask.by else [Row(Decimal(0), 0)]
    return [
        Row(Decimal(number), count, by=dict(zip(ask.by, places, strict=True)))
        for places, number, count in counted
    ]


def _count_of(measure: EventMeasure, ask: Ask) -> EventCount:
    """What the lake is to count of events, hot and filed."""
    _refuse_unknown(measure, ask)
    zone = company_settings().time_zone
    first, after = _moments(ask.period, ZoneInfo(zone))
    return EventCount(
        measure.counts,
        by=[measure.dimensions.get(name, name) for name in ask.by],
        only={
            **{measure.dimensions[name]: wanted for name, wanted in ask.filters.items()},
            **measure.only,
        },
        since=first,
        until=after,
        zone=zone,
        pause=measure.pause,
        with_machines=measure.with_machines,
    )


def _refuse_unknown(measure: EventMeasure, ask: Ask) -> None:
    for name in ask.by:
        if name not in list(Grain) and name not in measure.dimensions:
            raise _unknown_split(measure)
    for name in ask.filters:
        if name not in measure.dimensions:
            raise _unknown_filter(measure)


def _nothing(measure: Measure) -> Row:
    return Row(Decimal(0), 0, currency=company_settings().base_currency)


def _row(measure: Measure, group: Mapping[str, Any], by: Sequence[str]) -> Row:
    currency = group.get(f"{_PREFIX}currency") or ""
    return Row(
        value=_number(measure.unit, group["value"], group["count"], currency),
        count=group["count"],
        currency=currency,
        by={name: _text(group[f"{_PREFIX}{name}"]) for name in by},
    )


def _number(unit: Unit, number: Any, count: int, currency: str) -> Decimal | None:
    if unit is Unit.MONEY:
        minor = Decimal(number or 0).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        return Money(int(minor), currency).major
    if number is None:
        return Decimal(0) if unit is Unit.COUNT else None
    return Decimal(str(number))


def _text(found: Any) -> str:
    if found is None:
        return ""
    return str(found.date().isoformat() if hasattr(found, "date") else found)


def within(rows: QuerySet[Any], at: str, period: Period) -> QuerySet[Any]:
    """The rows of a period: days of the company's zone, as bounds that an index can use."""
    zone = ZoneInfo(company_settings().time_zone)
    bounds: dict[str, Any] = {}
    if _is_date(rows, at):
        bounds = {"gte": period.first, "lte": period.last}
    else:
        first, after = _moments(period, zone)
        bounds = {"gte": first, "lt": after}
    return rows.filter(
        **{f"{at}__{name}": bound for name, bound in bounds.items() if bound is not None}
    )


def _moments(period: Period, zone: ZoneInfo) -> tuple[dt.datetime | None, dt.datetime | None]:
    """When a period begins and when it is over."""
    after = period.last + dt.timedelta(days=1) if period.last is not None else None
    return _midnight(period.first, zone), _midnight(after, zone)


def _midnight(day: dt.date | None, zone: ZoneInfo) -> dt.datetime | None:
    return dt.datetime.combine(day, dt.time(), zone) if day is not None else None


def _narrowed(rows: QuerySet[Any], measure: Measure, filters: Mapping[str, str]) -> QuerySet[Any]:
    for name, wanted in filters.items():
        if name in measure.filters:
            condition = measure.filters[name](wanted)
            if condition is None:
                raise FilterUnknown(
                    _("%(name)s cannot be “%(value)s”.") % {"name": name, "value": wanted},
                    field="filter",
                )
            rows = rows.filter(condition)
        elif name in measure.dimensions:
            rows = _only(rows, measure, name, wanted)
        else:
            raise _unknown_filter(measure)
    return rows


def _unknown_filter(measure: Measure | EventMeasure) -> FilterUnknown:
    dimensions, filters = ways_of(measure)
    known = ", ".join(sorted({*filters, *dimensions})) or "–"
    return FilterUnknown(
        _("%(key)s can be filtered by: %(known)s.") % {"key": measure.key, "known": known},
        field="filter",
    )


def _unknown_split(measure: Measure | EventMeasure) -> DimensionUnknown:
    known = ", ".join([*Grain, *sorted(measure.dimensions)])
    return DimensionUnknown(
        _("%(key)s can be split by: %(known)s.") % {"key": measure.key, "known": known},
        field="by",
    )


def _only(rows: QuerySet[Any], measure: Measure, name: str, wanted: str) -> QuerySet[Any]:
    alias = f"only_{name}"
    try:
        found: QuerySet[Any] = rows.alias(**{alias: _expression(measure, name)})
        return found.filter(**{alias: wanted})
    except (ValueError, ValidationError) as error:  # no number, no UUID, no date
        raise FilterUnknown(
            _("%(name)s cannot be “%(value)s”.") % {"name": name, "value": wanted},
            field="filter",
        ) from error


def _split(measure: Measure, name: str, rows: QuerySet[Any], zone: ZoneInfo) -> Any:
    if name in list(Grain):
        tzinfo = None if _is_date(rows, measure.at) else zone
        return _TRUNC[Grain(name)](measure.at, output_field=DateField(), tzinfo=tzinfo)
    if name not in measure.dimensions:
        raise _unknown_split(measure)
    return _expression(measure, name)


def _expression(measure: Measure, name: str) -> Any:
    found = measure.dimensions[name]
    return F(found) if isinstance(found, str) else found


def _is_date(rows: QuerySet[Any], path: str) -> bool:
    if path in rows.query.annotations:
        return type(rows.query.annotations[path].output_field) is DateField
    model: Any = rows.model
    for part in path.split("__")[:-1]:
        model = model._meta.get_field(part).related_model
    return type(model._meta.get_field(path.split("__")[-1])) is DateField


# --- ratios ---------------------------------------------------------------------------------------


def _ratio(
    actor: Actor,
    ratio: Ratio,
    *,
    period: Period,
    by: Sequence[str],
    filters: Mapping[str, str],
) -> Result:
    over, under = (
        value(actor, key, period=period, by=by, filters=filters)
        for key in (ratio.over, ratio.under)
    )
    dividends = _places(over, by)
    divisors = _divisors(over, under, dividends, by)
    places = sorted({*divisors, *dividends})
    rows = [_quotient(ratio, dividends.get(place), divisors.get(place), by) for place in places]
    enough = any(row.value is not None for row in rows)
    return Result(ratio, rows or [Row(None, 0, by=dict.fromkeys(by, ""))], enough)


def _places(found: Result, by: Sequence[str]) -> dict[tuple[str, ...], Row]:
    """The rows by where they stand: their dimensions, and of money the currency."""
    return {(*key_of(row.by, by), row.currency): row for row in found.rows}


def _divisors(
    over: Result, under: Result, dividends: Iterable[tuple[str, ...]], by: Sequence[str]
) -> dict[tuple[str, ...], Row]:
    """What each place is divided by: money by money of its own currency only; where a count
    divides money, it divides the amount of every currency."""
    found = _places(under, by)
    if over.measure.unit is not Unit.MONEY or under.measure.unit is Unit.MONEY:
        return found
    shared = {place: (*place[:-1], "") for place in dividends}
    spread = {place: found[bare] for place, bare in shared.items() if bare in found}
    rest = {place: row for place, row in found.items() if place not in shared.values()}
    return spread | rest


def _quotient(ratio: Ratio, dividend: Row | None, divisor: Row | None, by: Sequence[str]) -> Row:
    known = cast(Row, dividend or divisor)
    number = None
    if divisor is not None and divisor.value and divisor.value >= ratio.minimum:
        over = dividend.value if dividend is not None else Decimal(0)
        if over is not None:
            number = (over / divisor.value - ratio.less_one).quantize(_RATE_EXPONENT)
    currency = known.currency if ratio.unit is Unit.MONEY else ""
    if number is not None and ratio.unit is Unit.MONEY and currency:
        number = Money.from_major(number, currency).major
    return Row(number, divisor.count if divisor is not None else 0, currency, dict(known.by))
