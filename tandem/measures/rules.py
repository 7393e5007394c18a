"""Periods and filters of a question, read and checked. Pure: no database, no clock."""

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tandem.measures.errors import FilterUnreadable, PeriodInvalid


class Unit(StrEnum):
    """What a number counts: decides how it is written."""

    COUNT = "count"
    MONEY = "money"
    RATE = "rate"  # 0 to 1
    HOURS = "hours"
    DAYS = "days"


class Grain(StrEnum):
    """The spans of time by which every measure can be split."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days, both ends included, in the company's time zone; an open end is None."""

    first: dt.date | None = None
    last: dt.date | None = None

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None and self.last < self.first:
            raise PeriodInvalid(field="to")


ALL_TIME = Period()


def month_of(day: dt.date) -> Period:
    """The whole calendar month of a day."""
    last = calendar.monthrange(day.year, day.month)[1]
    return Period(day.replace(day=1), day.replace(day=last))


def before(period: Period) -> Period:
    """As many days right before a period that has both ends."""
    assert period.first is not None
    assert period.last is not None
    eve = period.first - dt.timedelta(days=1)
    return Period(eve - (period.last - period.first), eve)


def months_until(day: dt.date, count: int) -> list[dt.date]:
    """The first days of ``count`` months, the month of a day the last."""
    months = [day.year * 12 + day.month - 1 - back for back in range(count - 1, -1, -1)]
    return [dt.date(month // 12, month % 12 + 1, 1) for month in months]


def read_filters(text: str) -> dict[str, str]:
    """``customer:known,campaign:autumn`` as a mapping. Raises FilterUnreadable."""
    filters: dict[str, str] = {}
    for part in filter(None, (word.strip() for word in text.split(","))):
        name, colon, value = part.partition(":")
        if not colon or not name.strip() or not value.strip():
            raise FilterUnreadable(field="filter")
        filters[name.strip()] = value.strip()
    return filters


def key_of(by: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    """The place of a row among others: its values in the order of the dimensions."""
    return tuple(by[name] for name in names)
