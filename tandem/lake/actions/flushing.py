"""Events go from the hot table to files: a day at a time, each in one transaction."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import IO

from django.db import connection
from psycopg import sql

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.lake.actions.files import is_writer, write_file
from tandem.lake.engine import connected, rows_in
from tandem.lake.queries import days_waiting
from tandem.lake.rules import COLUMNS
from tandem.lake.storage import scratch

FLUSHED_AT_ONCE = 500_000


@dataclass(frozen=True, slots=True)
class Flushed:
    """How many events went to how many files."""

    events: int
    files: int


def flush(actor: Actor, *, waits: bool = False) -> Flushed:
    """Move all events that wait to files; with ``waits`` also after another writer of the lake.

    A transaction for each file, so that what is done stays done.
    """
    moved = [count for day in days_waiting() for count in _flush_whole(actor, day, waits=waits)]
    return Flushed(events=sum(moved), files=len(moved))


def _flush_whole(actor: Actor, day: date, *, waits: bool) -> Iterator[int]:
    while count := flush_day(actor, day, waits=waits):
        yield count
        if count < FLUSHED_AT_ONCE:
            return


@action(permission="lake.maintain")
def flush_day(actor: Actor, day: date, *, waits: bool = False) -> int:
    """Move the oldest events of a day (UTC), about 500,000 at most, to one file; how many.

    Where another writer is at work and ``waits`` is False, none. Raises EventsMiscounted.
    """
    if not is_writer(waits=waits):
        return 0
    with scratch() as (file, path), connected() as duck:
        count = _take(day, file)
        if count:
            rows = f"SELECT * FROM {rows_in(path, COLUMNS)}"
            write_file(duck, rows, day=day, generation=0, expected=count)
    return count


def _take(day: date, file: IO[bytes]) -> int:
    """Take events out of the hot table and write them to a file as CSV; how many."""
    first = datetime.combine(day, time(), UTC)
    last = first + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at FROM lake_event WHERE at >= %s AND at < %s ORDER BY at OFFSET %s LIMIT 1",
            [first, last, FLUSHED_AT_ONCE],
        )
        found = cursor.fetchone()
        # Of one moment all go, however many: a part of them could not be told from the rest.
        statement = sql.SQL(
            "COPY (DELETE FROM lake_event WHERE at >= {first} AND at {until}"
            " RETURNING {columns}) TO STDOUT (FORMAT csv)"
        ).format(
            first=sql.Literal(first),
            until=sql.SQL("<= {}" if found else "< {}").format(
                sql.Literal(found[0] if found else last)
            ),
            columns=sql.SQL(", ").join(sql.Identifier(one.name) for one in COLUMNS),
        )
        with cursor.copy(statement) as copy:
            for block in copy:
                file.write(block)
        count = int(cursor.rowcount)
    file.flush()
    return count
