"""Whom visitors turn out to be."""

from datetime import datetime

from django.db import connection
from django.utils import timezone

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.refs import RecordRef
from tandem.lake.models import SubjectAlias


@action(permission="lake.link")
def link_subject(
    actor: Actor, subject: str, *, to: RecordRef, since: datetime, proof: str
) -> SubjectAlias:
    """Say that a visitor is this record since a moment; the alias that holds from now on.

    The same record again changes nothing. Where another record used this browser before, its time
    ends now and the new one begins.
    """
    _wait_in_line(subject)
    current = SubjectAlias.objects.filter(subject=subject, until__isnull=True).first()
    if current is not None and (current.kind, current.record_id) == (to.kind, to.id):
        return current
    now = timezone.now()
    begin = min(since, now)
    if current is not None:
        begin = max(now, current.since)
        SubjectAlias.objects.filter(pk=current.pk).update(until=begin)
    return SubjectAlias.objects.create(
        subject=subject, kind=to.kind, record_id=to.id, since=begin, proof=proof
    )


def _wait_in_line(subject: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"lake.subject:{subject}"]
        )
