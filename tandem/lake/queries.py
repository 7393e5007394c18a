"""Reads of events. They are nobody's records: who may see a person sees the events behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from tandem.kernel.refs import RecordRef
from tandem.lake.models import SubjectAlias


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An event of a visitor who is known, with what is needed to tell where it came from."""

    at: datetime
    visitor: str
    name: str
    url: str
    referrer: str
    title: str
    source: str
    medium: str
    campaign: str
    channel: str


def subjects_of(refs: Sequence[RecordRef]) -> Mapping[RecordRef, list[SubjectAlias]]:
    """The visitors behind records, oldest first; one query a kind."""
    found: dict[RecordRef, list[SubjectAlias]] = {}
    for kind in sorted({ref.kind for ref in refs}):
        ids = [ref.id for ref in refs if ref.kind == kind]
        rows = SubjectAlias.objects.filter(kind=kind, record_id__in=ids).order_by("since", "pk")
        for alias in rows:
            found.setdefault(RecordRef(kind, alias.record_id), []).append(alias)
    return found


def events_of(kind: str, record_ids: Sequence[int]) -> Mapping[int, list[KnownEvent]]:
    """The events of records of one kind since their consent, in order of time; one query.

    What a browser did before the consent, or after it passed to somebody else, is not there.
    """
    found: dict[int, list[KnownEvent]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.record_id, e.at, e.visitor, e.name, e.url, e.referrer, e.title, e.source,
                   e.medium, e.campaign, e.channel
            FROM lake_subjectalias a
            JOIN lake_event e ON e.visitor = a.subject AND e.at >= a.since
                 AND e.at < coalesce(a.until, 'infinity')
            WHERE a.kind = %s AND a.record_id = ANY(%s)
            ORDER BY a.record_id, e.at, e.id
            """,
            [kind, list(record_ids)],
        )
        for record_id, *values in cursor.fetchall():
            found.setdefault(record_id, []).append(KnownEvent(*values))
    return found
