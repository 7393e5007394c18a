"""What is to be done with events: which wait for a file."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone

from tandem.lake.models import Event


def is_flush_due(*, now: datetime | None = None) -> bool:
    """Whether so many events wait for a file, or one of them so long, that they are to go there.

    One query over the hot rows.
    """
    found = Event.objects.aggregate(count=Count("id"), oldest=Min("received_at"))
    if not found["count"]:
        return False
    age = (now or timezone.now()) - found["oldest"]
    longest = timedelta(minutes=settings.LAKE_FLUSH_MINUTES)
    return bool(found["count"] >= settings.LAKE_FLUSH_EVENTS or age >= longest)


def days_waiting() -> list[date]:
    """The days (UTC) of which events wait for a file, in order; one query over the hot rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT (at AT TIME ZONE 'UTC')::date FROM lake_event ORDER BY 1")
        return [day for (day,) in cursor.fetchall()]
