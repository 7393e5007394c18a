"""Keeping the event table in parts of a day, and the ids of a week."""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from psycopg import sql

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
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
    return [day_name(day) for day in days if not _exists(day_name(day)) and _make(day)]


@action(permission="lake.maintain")
def forget_ids(actor: Actor, *, now: datetime | None = None) -> int:
    """Forget up to 50,000 ids of events older than a week; how many went."""
    old = (now or timezone.now()) - timedelta(days=REPLAY_DAYS, hours=1)
    ids = EventSeen.objects.filter(seen_at__lt=old).values("id")[:FORGOTTEN_AT_ONCE]
    gone, _by_model = EventSeen.objects.filter(id__in=ids).delete()
    return gone


def _exists(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
        return bool(cursor.fetchone()[0])


def _make(day: date) -> bool:
    statement = sql.SQL(
        "CREATE TABLE {part} PARTITION OF lake_event FOR VALUES FROM ({first}) TO ({last})"
    ).format(
        part=sql.Identifier(day_name(day)),
        first=sql.Literal(f"{day.isoformat()} 00:00:00+00"),
        last=sql.Literal(f"{(day + timedelta(days=1)).isoformat()} 00:00:00+00"),
    )
    with connection.cursor() as cursor:
        # A part that waits for a busy table would make every collector wait behind it.
        cursor.execute("SET LOCAL lock_timeout = '3s'")
        try:
            with transaction.atomic():
                cursor.execute(statement)
        except IntegrityError:
            return False
    return True
