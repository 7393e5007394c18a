"""Working time: when a promise of so many working minutes is due. Pure: no database, no clock.

Hours are times of day in the company's zone. A time that a change of the clocks skips counts from
the first instant after the gap; one that comes twice counts from the first of the two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

ALL_DAY = 24 * 60
# Somebody who never works would never owe anything: then every minute counts.
MOST_IDLE_DAYS = 400

Span = tuple[int, int]
"""Begin and end of work, in minutes of the day; the end may be 1440."""


@dataclass(frozen=True)
class Calendar:
    """When work is done: seven days of spans from Monday, less the holidays, in a zone."""

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    holidays: frozenset[date] = field(default_factory=frozenset)

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The spans of a day of the zone."""
        return () if day in self.holidays else self.week[day.weekday()]

    @property
    def is_idle(self) -> bool:
        """Whether no day of the week has hours."""
        return not any(self.week)


def week_of(hours: Sequence[Sequence[Sequence[str]]]) -> tuple[tuple[Span, ...], ...]:
    """The week as the company's settings keep it: ``[["09:00", "17:30"]]`` a day, from Monday."""
    return tuple(
        tuple((_minute(begin), _minute(end)) for begin, end in day) for day in islice(hours, 7)
    )


def due_at(start: datetime, minutes: int, calendar: Calendar) -> datetime:
    """The first instant (UTC) at which so many working minutes have passed since ``start``.

    With 0 minutes that is ``start`` itself. Where nobody works for 400 days, every minute counts.
    """
    left = timedelta(minutes=minutes)
    if not left:
        return start.astimezone(UTC)
    for begin, end in _spans_from(start, calendar):
        begin = max(begin, start)
        if end <= begin:
            continue
        if left <= end - begin:
            return (begin + left).astimezone(UTC)
        left -= end - begin
    return (start + timedelta(minutes=minutes)).astimezone(UTC)


def worked_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The working time from ``start`` to ``end``, nothing where the end is before."""
    total = timedelta()
    if calendar.is_idle:
        return max(end - start, total)
    for begin, over in _spans_from(start, calendar):
        if begin >= end:
            break
        begin, over = max(begin, start), min(over, end)
        if over > begin:
            total += over - begin
    return total


def _spans_from(start: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """The spans of work in UTC, from the day before ``start`` on, while there is work at all."""
    if calendar.is_idle:
        return
    day = start.astimezone(calendar.zone).date() - timedelta(days=1)
    idle = 0
    while idle < MOST_IDLE_DAYS:
        spans = calendar.spans_on(day)
        idle = 0 if spans else idle + 1
        for begin, end in spans:
            yield _instant(day, begin, calendar.zone), _instant(day, end, calendar.zone)
        day += timedelta(days=1)


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    if minute >= ALL_DAY:
        day, minute = day + timedelta(days=1), minute - ALL_DAY
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    first = local.astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return first
    # Skipped: the two readings lie on both sides of the gap; the change is where the offset jumps.
    before, after = local.replace(fold=1).astimezone(UTC), first
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _minute(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)
