"""Who visitors are, and what is known of the events of a record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from tandem.kernel.refs import RecordRef
from tandem.lake.engine import Connection, connected, microseconds, moment, quoted, rows_of
from tandem.lake.models import SubjectAlias
from tandem.lake.queries.senders import machines_among
from tandem.lake.queries.snapshots import asked_again
from tandem.lake.rules import COLUMNS
from tandem.lake.storage import path_of

# Above so many visitors it is cheaper to read the files once and join than to look each of them up.
LOOKED_UP = 12

_FIELDS = "visitor name url referrer title source medium campaign channel".split()
_CHOSEN = [one for one in COLUMNS if one.name in {"at", "agent", *_FIELDS}]


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


@dataclass(frozen=True, slots=True)
class _Span:
    """The time in which a visitor was a record."""

    record_id: int
    visitor: str
    since: datetime
    until: datetime | None


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
    """The events of records of one kind since their consent, in order of time; two queries.

    What a browser did before the consent, or after it passed to somebody else, is not there, and
    nothing that a machine did. Of files only those are read that hold one of the visitors. Raises
    EventsUnreadable.
    """
    return asked_again(lambda: _events_of(kind, record_ids))


# An event with the record whose it is, and the number of who sent it.
_Sent = tuple[int, int | None, KnownEvent]


def _events_of(kind: str, record_ids: Sequence[int]) -> dict[int, list[KnownEvent]]:
    sent: list[_Sent] = []
    files: dict[_Span, list[tuple[str, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SNAPSHOT, [kind, list(record_ids)])
        for record_id, visitor, since, until, path, version, agent, *values in cursor.fetchall():
            if path is None:
                sent.append((record_id, agent, KnownEvent(*values)))
            else:
                span = _Span(record_id, visitor, since, until)
                files.setdefault(span, []).append((path, version))
    sent += _filed(files)
    machines = machines_among({agent for _record, agent, _event in sent if agent is not None})
    found: dict[int, list[KnownEvent]] = {}
    for record_id, agent, event in sent:
        if agent not in machines:
            found.setdefault(record_id, []).append(event)
    for events in found.values():
        events.sort(key=lambda one: (one.at, one.visitor, one.name, one.url))
    return found


# Hot rows and files of these visitors as of one moment: a row of either kind leaves the other out.
_SNAPSHOT = f"""
    WITH known AS (
        SELECT record_id, subject, since, until,
               ('x' || left(md5(subject), 5))::bit(20)::integer AS hash
        FROM lake_subjectalias WHERE kind = %s AND record_id = ANY(%s)
    )
    SELECT a.record_id, a.subject, a.since, a.until, NULL AS path, NULL AS schema_version,
           e.agent, e.at,
           {", ".join(f"e.{name}" for name in _FIELDS)}
    FROM known a
    JOIN lake_event e ON e.visitor = a.subject AND e.at >= a.since
         AND e.at < coalesce(a.until, 'infinity')
    UNION ALL
    SELECT a.record_id, a.subject, a.since, a.until, f.path, f.schema_version,
           NULL, NULL,
           {", ".join(["NULL"] * len(_FIELDS))}
    FROM known a
    CROSS JOIN LATERAL lake_files_with(a.hash) AS found(id)
    JOIN lake_file f ON f.id = found.id AND f.retired_at IS NULL
         AND f.last_at >= a.since AND f.first_at < coalesce(a.until, 'infinity')
"""


def _filed(files: Mapping[_Span, Sequence[tuple[str, int]]]) -> list[_Sent]:
    """What the files hold of these spans."""
    if not files:
        return []
    with connected() as duck:
        if len(files) > LOOKED_UP:
            return _joined(duck, files)
        return [
            (span.record_id, agent, _event(row))
            for span, listed in files.items()
            for agent, *row in duck.execute(
                f"{_select(listed)} WHERE visitor = {quoted(span.visitor)} AND {_bounds(span)}"
            ).fetchall()
        ]


def _joined(duck: Connection, files: Mapping[_Span, Sequence[tuple[str, int]]]) -> list[_Sent]:
    spans = list(files)
    listed = sorted({one for found in files.values() for one in found})
    values = ", ".join(
        f"({number}, {quoted(span.visitor)}, {microseconds(span.since)},"
        f" {microseconds(span.until) if span.until else 'NULL::BIGINT'})"
        for number, span in enumerate(spans)
    )
    rows = duck.execute(
        f"WITH spans(number, subject, since, until) AS (VALUES {values})"
        f" SELECT spans.number, found.* FROM ({_select(listed)}) AS found"
        " JOIN spans ON found.visitor = spans.subject AND found.microseconds >= since"
        " AND (until IS NULL OR found.microseconds < until)"
    ).fetchall()
    return [(spans[number].record_id, agent, _event(row)) for number, agent, *row in rows]


def _select(listed: Sequence[tuple[str, int]]) -> str:
    source = rows_of(
        [path_of(path) for path, _version in listed],
        _CHOSEN,
        versions=[version for _path, version in listed],
    )
    fields = ", ".join(_FIELDS)
    return f'SELECT agent, epoch_us("at") AS microseconds, {fields} FROM ({source}) AS filed'


def _bounds(span: _Span) -> str:
    later = f' AND "at" < {_literal(span.until)}' if span.until else ""
    return f'"at" >= {_literal(span.since)}{later}'


def _literal(at: datetime) -> str:
    return f"TIMESTAMPTZ {quoted(at.isoformat())}"


def _event(row: Sequence[Any]) -> KnownEvent:
    microseconds, *values = row
    return KnownEvent(moment(microseconds), *values)
