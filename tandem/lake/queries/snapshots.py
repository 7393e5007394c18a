"""Hot rows and files as one table, as of one moment.

An event goes from the hot table to a file in one transaction. So whoever reads both must see them
by one snapshot of the database: one statement gives the hot rows and the list of files. Files do
not change; one that was replaced meanwhile is there for a while, and where it is gone all the same
(somebody was erased), the question is asked again.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import duckdb
from django.db import connection
from psycopg import sql

from tandem.lake.engine import Connection, connected, names, quoted, rows_in, rows_of
from tandem.lake.errors import EventsUnreadable
from tandem.lake.queries.senders import TOLD, VERDICTS, by_whom, verdicts
from tandem.lake.rules import COLUMNS, Column, visitor_hash
from tandem.lake.storage import path_of, scratch

Answer = TypeVar("Answer")

log = logging.getLogger(__name__)

ATTEMPTS = 3
_UNREADABLE = (duckdb.IOException, duckdb.InvalidInputException)  # missing, damaged
_LISTED = (Column("path", "VARCHAR"), Column("schema_version", "SMALLINT"), *VERDICTS)


def ask_events(
    question: Callable[[Connection], Answer],
    *,
    columns: Sequence[str],
    since: datetime | None = None,
    until: datetime | None = None,
    with_machines: bool = False,
    visitors: Collection[str] | None = None,
) -> Answer:
    """What ``question`` finds out from the table ``events`` of a connection to DuckDB.

    The table has these columns (see ``rules.COLUMNS``, and ``senders.TOLD``) of every event from
    ``since`` on and before ``until``, each once; those of machines only ``with_machines``, and of
    these ``visitors`` alone where some are named. One query to the database. Raises
    EventsUnreadable where a file is missing or damaged.
    """
    reading = _Reading(columns, since, until, with_machines, visitors)
    return asked_again(lambda: _asked(question, reading))


def asked_again(ask: Callable[[], Answer]) -> Answer:
    """Ask, and again where a file that was listed has gone meanwhile. Raises EventsUnreadable."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask()
        except _UNREADABLE as error:
            if attempt == ATTEMPTS:
                log.exception("a file of events cannot be read")
                raise EventsUnreadable from error
    raise AssertionError("an attempt ends by an answer or an error")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is read: of which events, and what of each."""

    asked: Sequence[str]
    since: datetime | None
    until: datetime | None
    with_machines: bool
    visitors: Collection[str] | None

    @property
    def columns(self) -> list[Column]:
        return [one for one in COLUMNS if one.name in {*self.asked, "at", "agent", *self._own}]

    @property
    def _own(self) -> Sequence[str]:
        return [] if self.visitors is None else ["visitor"]

    @property
    def told(self) -> frozenset[str]:
        return TOLD & set(self.asked)


def _asked(question: Callable[[Connection], Answer], reading: _Reading) -> Answer:
    columns = reading.columns
    with scratch() as (file, path), connected() as duck:
        with connection.cursor() as cursor, cursor.copy(_snapshot(reading)) as copy:
            for block in copy:
                file.write(block)
        file.flush()
        duck.execute(
            f"CREATE TEMP TABLE taken AS SELECT * FROM {rows_in(path, [*_LISTED, *columns])}"
        )
        files = duck.execute(
            "SELECT path, schema_version FROM taken WHERE path IS NOT NULL ORDER BY path"
        ).fetchall()
        stored = rows_of(
            [path_of(name) for name, _version in files],
            columns,
            versions=[version for _name, version in files],
        )
        duck.execute(
            "CREATE TEMP TABLE agents AS SELECT agent, kind, reason FROM taken"
            " WHERE kind IS NOT NULL"
        )
        rows = (
            f"SELECT {names(columns)} FROM taken WHERE path IS NULL AND kind IS NULL"
            f" UNION ALL SELECT * FROM ({stored}) AS stored{_within(reading)}"
        )
        senders = by_whom(rows, columns, told=reading.told, with_machines=reading.with_machines)
        duck.execute(f"CREATE TEMP VIEW events AS {senders}")
        return question(duck)


def _snapshot(reading: _Reading) -> sql.Composed:
    """The hot rows, the files and the verdicts on agents, in one statement; a row of one kind
    leaves what is of the others empty."""
    columns, since, until = reading.columns, reading.since, reading.until
    after = sql.SQL("{} >= {}")
    before = sql.SQL("{} < {}")
    hot: list[sql.Composable] = [sql.SQL("true")]
    filed: list[sql.Composable] = [sql.SQL("retired_at IS NULL")]
    if since is not None:
        hot.append(after.format(sql.Identifier("at"), sql.Literal(since)))
        filed.append(after.format(sql.Identifier("last_at"), sql.Literal(since)))
    if until is not None:
        hot.append(before.format(sql.Identifier("at"), sql.Literal(until)))
        filed.append(before.format(sql.Identifier("first_at"), sql.Literal(until)))
    if reading.visitors is not None:
        hashes = sorted({visitor_hash(one) for one in reading.visitors})
        hot.append(sql.SQL("visitor = ANY({})").format(sql.Literal(list(reading.visitors))))
        filed.append(sql.SQL("visitors && {}::integer[]").format(sql.Literal(hashes)))
    fields = sql.SQL(", ").join(sql.Identifier(one.name) for one in columns)
    empty = sql.SQL(", ").join([sql.SQL("NULL")] * len(columns))
    numbered = sql.SQL(", ").join(
        sql.SQL("number" if one.name == "agent" else "NULL") for one in columns
    )
    return sql.SQL(
        "COPY (SELECT NULL, NULL, NULL, NULL, {fields} FROM lake_event WHERE {hot} UNION ALL"
        " SELECT path, schema_version, NULL, NULL, {empty} FROM lake_file WHERE {filed} UNION ALL"
        " SELECT NULL, NULL, kind, reason, {numbered} FROM ({verdicts}) AS judged)"
        " TO STDOUT (FORMAT csv)"
    ).format(
        fields=fields,
        empty=empty,
        numbered=numbered,
        verdicts=verdicts(every=bool(reading.told)),
        hot=sql.SQL(" AND ").join(hot),
        filed=sql.SQL(" AND ").join(filed),
    )


def _within(reading: _Reading) -> str:
    bounds = [
        f'"at" {sign} TIMESTAMPTZ {quoted(bound.isoformat())}'
        for sign, bound in ((">=", reading.since), ("<", reading.until))
        if bound is not None
    ]
    if reading.visitors is not None:
        bounds.append(f"visitor IN ({', '.join(map(quoted, reading.visitors)) or 'NULL'})")
    return f" WHERE {' AND '.join(bounds)}" if bounds else ""
