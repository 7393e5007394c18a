"""Periods that move with the day: this week, last quarter, next year. Pure."""

from datetime import date, timedelta

PERIODS = (
    "today",
    "yesterday",
    "tomorrow",
    "this_week",
    "last_week",
    "next_week",
    "this_month",
    "last_month",
    "next_month",
    "this_quarter",
    "last_quarter",
    "next_quarter",
    "this_year",
    "last_year",
    "next_year",
)

_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}
_AWAY = {"this": 0, "last": -1, "next": 1}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def span_of(period: str, today: date, *, week_start: int, year_start: int) -> tuple[date, date]:
    """The first day of a period, and the first one after it.

    ``week_start`` is the day that weeks begin on (Monday is 0), ``year_start`` the month that the
    business year begins in: its quarters are counted from there.
    """
    if period in _DAYS:
        first = today + timedelta(days=_DAYS[period])
        return first, first + timedelta(days=1)
    word, _underscore, unit = period.partition("_")
    away = _AWAY[word]
    if unit == "week":
        first = today - timedelta(days=(today.weekday() - week_start) % 7) + timedelta(weeks=away)
        return first, first + timedelta(weeks=1)
    length = _MONTHS[unit]
    into = (today.month - year_start) % length if length > 1 else 0
    month = today.year * 12 + today.month - 1 - into + away * length
    return _first_of(month), _first_of(month + length)


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)
