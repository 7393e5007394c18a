"""When notifications are mailed, put off and forgotten. Pure: no database, no clock."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tandem.notifications.errors import PlaceInvalid, SnoozePast

# Mornings of digests and of what was put off to another day.
MORNING = time(8)
LONGEST_SNOOZE = timedelta(days=366)
LONGEST_PLACE = 200


class Way(StrEnum):
    """How somebody hears of one kind of event: in the app, by mail too, or not at all."""

    APP = "app"
    MAIL = "mail"
    OFF = "off"


class Rhythm(StrEnum):
    """How often unread notifications are mailed."""

    HOURLY = "hourly"
    DAILY = "daily"
    OFF = "off"


class Snooze(StrEnum):
    """How long something is put off."""

    HOUR = "hour"
    TOMORROW = "tomorrow"
    WEEK = "week"


def snoozed_until(how: Snooze, now: datetime, zone: ZoneInfo) -> datetime:
    """When what is put off comes back: in an hour, tomorrow or next Monday in the morning."""
    if how is Snooze.HOUR:
        return now + timedelta(hours=1)
    today = now.astimezone(zone).date()
    days = 1 if how is Snooze.TOMORROW else 7 - today.weekday()
    return datetime.combine(today + timedelta(days=days), MORNING, zone).astimezone(UTC)


def check_snooze(until: datetime, now: datetime) -> None:
    """Raise SnoozePast unless the moment (aware) is to come, within a year."""
    if not now < until <= now + LONGEST_SNOOZE:
        raise SnoozePast(field="snoozed_until")


def mailing_of(rhythm: Rhythm, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The latest moment (UTC) at which mails of this rhythm are due, not after ``now``: the full
    hour, or eight in the morning of the reader. What came before it is in the mail, and each such
    moment has one mail at most. None where nothing is mailed."""
    if rhythm is Rhythm.OFF:
        return None
    if rhythm is Rhythm.HOURLY:
        return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    today = now.astimezone(zone).date()
    due = datetime.combine(today, MORNING, zone)
    if due > now:
        due = datetime.combine(today - timedelta(days=1), MORNING, zone)
    return due.astimezone(UTC)


def is_quiet(now: datetime, zone: ZoneInfo, start: int | None, end: int | None) -> bool:
    """Whether no mail is wanted at this hour: from ``start`` until before ``end``, hours of the
    reader's day, perhaps over midnight. None, or the same hour twice: never."""
    if start is None or end is None or start == end:
        return False
    hour = now.astimezone(zone).hour
    return start <= hour < end if start < end else hour >= start or hour < end


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list ended."""

    at: datetime
    id: int

    def encoded(self) -> str:
        raw = json.dumps([self.at.isoformat(), self.id], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def place_of(cursor: str) -> Place | None:
    """The place that a cursor names, None for the beginning. Raises PlaceInvalid."""
    if not cursor:
        return None
    try:
        if len(cursor) > LONGEST_PLACE:
            raise ValueError
        at, id_ = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or type(id_) is not int or not 0 <= id_ < 2**63:
            raise ValueError
        return Place(moment.astimezone(UTC), id_)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise PlaceInvalid(field="cursor") from error
