"""Keeping the event table in parts of a day, and the ids of a week."""

from datetime import date, datetime, timedelta

from django.utils import timezone

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.partitions import make_part
from tandem.lake.models import EventSeen
from tandem.lake.rules import REPLAY_DAYS, day_name, days_around

DAYS_AHEAD = 7
FORGOTTEN_AT_ONCE = 50_000


@action(permission="lake.maintain")
def ensure_days(actor: Actor, *, today: date | None = None) -> list[str]:
    """Make the parts of the days whose events may come in; the names of those that are new.

    A day of which events stand in the default part already stays there.
    """
    days = days_around(today or timezone.now().date(), ahead=DAYS_AHEAD)
    return [day_name(day) for day in days if _is_made(day)]


@action(permission="lake.maintain")
def forget_ids(actor: Actor, *, now: datetime | None = None) -> int:
    """Forget up to 50,000 ids of events older than a week; how many went."""
    old = (now or timezone.now()) - timedelta(days=REPLAY_DAYS, hours=1)
    ids = EventSeen.objects.filter(seen_at__lt=old).values("id")[:FORGOTTEN_AT_ONCE]
    gone, _by_model = EventSeen.objects.filter(id__in=ids).delete()
    return gone


def _is_made(day: date) -> bool:
    return make_part("lake_event", day_name(day), first=day, until=day + timedelta(days=1))
