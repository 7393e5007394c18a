"""The order of a story: places in it, days and runs. Pure: no database, no clock."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from tandem.timeline.errors import PlaceInvalid

Item = TypeVar("Item")
MAX_PLACE = 200
MAX_ID = 2**63
# Looks that lie closer together are one reading; a mark is written at most once in a minute.
READING_GAP = timedelta(minutes=30)
MARK_EVERY = timedelta(minutes=1)


class Side(StrEnum):
    """The lane of an entry: which half of the house it comes from."""

    MARKETING = "mkt"
    SALES = "sales"
    HANDOFF = "handoff"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a story ended: what is older comes next."""

    at: datetime
    id: int

    def encoded(self) -> str:
        raw = json.dumps([self.at.isoformat(), self.id], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def place_of(cursor: str) -> Place | None:
    """The place that a cursor names, None for the newest end; raises PlaceInvalid."""
    if not cursor:
        return None
    if len(cursor) > MAX_PLACE:
        raise PlaceInvalid(field="cursor")
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        at_text, id_ = json.loads(raw)
        at = datetime.fromisoformat(at_text)
        if at.tzinfo is None:
            raise PlaceInvalid(field="cursor")
        at = at.astimezone(UTC)  # PostgreSQL knows no zones beyond 16 hours
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise PlaceInvalid(field="cursor") from error
    if type(id_) is not int or not 0 <= id_ < MAX_ID:
        raise PlaceInvalid(field="cursor")
    return Place(at, id_)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a reader left in a story: the last look, the end of the reading before, the order."""

    seen_at: datetime | None = None
    before_at: datetime | None = None
    is_oldest_first: bool = False

    def since(self, now: datetime) -> datetime | None:
        """When the last reading ended, of which this look is no part; None at the first one."""
        if self.seen_at is not None and now - self.seen_at > READING_GAP:
            return self.seen_at
        return self.before_at

    def is_due(self, now: datetime) -> bool:
        """Whether this look has to be marked."""
        return self.seen_at is None or now - self.seen_at >= MARK_EVERY


def runs(items: Sequence[Item], key: Callable[[Item], object | None]) -> list[list[Item]]:
    """Neighbours of equal key put together, in order; a key of None always stands alone."""
    found: list[list[Item]] = []
    last: object | None = None
    for item in items:
        here = key(item)
        if found and here is not None and here == last:
            found[-1].append(item)
        else:
            found.append([item])
        last = here
    return found


@dataclass(frozen=True, slots=True)
class Day(Generic[Item]):
    """The part of a story under one heading; ``shows_heading`` is off where a page goes on."""

    day: date
    items: list[Item]
    shows_heading: bool = True


def by_day(
    items: Sequence[Item], day_of: Callable[[Item], date], *, after: date | None = None
) -> list[Day[Item]]:
    """Items in order under the headings of their days; ``after`` was the last heading before."""
    found: list[Day[Item]] = []
    for item in items:
        day = day_of(item)
        if not found or found[-1].day != day:
            found.append(Day(day, [], shows_heading=bool(found) or day != after))
        found[-1].items.append(item)
    return found


def month_name(month: date) -> str:
    """The name of a month's part of the table."""
    return f"timeline_entry_y{month.year:04d}m{month.month:02d}"


def next_month(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def months_from(day: date, *, count: int) -> list[date]:
    """The first days of ``count`` months, that of ``day`` first."""
    found = [day.replace(day=1)]
    while len(found) < count:
        found.append(next_month(found[-1]))
    return found
