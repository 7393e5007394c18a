"""What came in since somebody last looked: the tap of the lake.

Whoever follows events keeps the moment until which they have heard, and gets each event at least
once: what is being written meanwhile is told again the next time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Whose events came in, by the names of these; and from when on to ask the next time.

    ``filed`` are persons who may have some among the events that went to files meanwhile, of
    whatever name: files tell visitors by a few bits of theirs.
    """

    persons: Mapping[str, frozenset[int]]
    filed: frozenset[int]
    heard_until: datetime


def arrived(since: datetime) -> Arrivals:
    """The persons whose events came in from a moment on; three queries.

    An event is seen once it is committed, and bears the moment at which it was written. So what an
    open transaction may have written is asked for again; one that is open for more than a minute is
    none of a collector.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HORIZON)
        [(horizon,)] = cursor.fetchall()
        cursor.execute(_ARRIVED, [since])
        found = {name: frozenset(ids) for name, ids in cursor.fetchall()}
        cursor.execute(_FILED, [since])
        filed = frozenset(pk for (pk,) in cursor.fetchall())
    return Arrivals(found, filed, max(since, horizon))


# Asked for before the events: what commits in between is told twice rather than never.
_HORIZON = """
    SELECT greatest(
        least(min(xact_start), statement_timestamp()), statement_timestamp() - interval '1 minute')
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'
"""

_ARRIVED = """
    SELECT e.name, array_agg(DISTINCT a.record_id)
    FROM lake_event e
    JOIN lake_subjectalias a ON a.subject = e.visitor AND a.kind = 'person'
        AND e.at >= a.since AND (a.until IS NULL OR e.at < a.until)
    WHERE e.received_at >= %s AND e.visitor <> ''
    GROUP BY e.name
"""

# A file is written in the transaction that takes its events out of the hot table, so that who finds
# them no more in the one finds them in the other.
_FILED = """
    SELECT DISTINCT a.record_id
    FROM lake_subjectalias a
    WHERE a.kind = 'person' AND ('x' || left(md5(a.subject), 5))::bit(20)::integer IN (
        SELECT unnest(visitors) FROM lake_file WHERE generation = 0 AND written_at >= %s
    )
"""
