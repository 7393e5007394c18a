"""Days of the event table and moments in visitors' ids. Pure: no database, no clock."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

REPLAY_DAYS = 7
"""How long the id of an event is remembered, and so how old an event may be when it comes in."""

_TIME_ORDERED = 7


def day_name(day: date) -> str:
    """The part of the event table that holds a day: ``lake_event_20261122``."""
    return f"lake_event_{day:%Y%m%d}"


def days_around(today: date, *, ahead: int) -> list[date]:
    """The days whose events may still come in, and some days ahead."""
    return [today + timedelta(days=number) for number in range(-REPLAY_DAYS - 1, ahead + 1)]


def moment_of_id(text: str) -> datetime | None:
    """When a time-ordered id (UUID version 7) was made; None for any other text."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    if found.version != _TIME_ORDERED:
        return None
    return datetime.fromtimestamp((found.int >> 80) / 1000, UTC)
