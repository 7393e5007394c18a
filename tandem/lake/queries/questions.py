"""Answers to questions as data (see ``schemas``), over everything that is stored."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone
from psycopg import sql

from tandem.lake.engine import Connection, rows_in
from tandem.lake.engine.compiling import (
    Compiled,
    compile_breakdown,
    compile_question,
    compile_turns,
)
from tandem.lake.engine.dialects import Dialect
from tandem.lake.models import SubjectAlias
from tandem.lake.queries.snapshots import ask_events
from tandem.lake.rules import Column
from tandem.lake.schemas import Breakdown, Question, Subject
from tandem.lake.storage import scratch

_ALIASES = (
    Column("visitor", "VARCHAR"),
    Column("record_id", "BIGINT"),
    Column("since_us", "BIGINT"),
    Column("until_us", "BIGINT"),
)


@dataclass(frozen=True, slots=True)
class Split:
    """A row of a breakdown: of this value in the piece of time that begins on a day.

    Empty where the breakdown has no field, or no pieces of time.
    """

    value: str
    begins: str
    subjects: int
    events: int


def subjects_where(
    question: Question, *, now: datetime | None = None, among: Collection[int] | None = None
) -> list[int] | list[str]:
    """Of whom the question is true at a moment: ids of persons or visitors, in order.

    Persons are known by the browsers that are tied to them, visitors by their events; of persons
    only those ``among`` some where these are named. One to three queries to the database. Raises
    EventsUnreadable.
    """
    [found] = _answers([compile_question(question, now=now or timezone.now())], among)
    return sorted(subject for (subject,) in found)


Turns = Sequence[tuple[int, int]]
"""Persons with the moment (microseconds since 1970) at which time alone may change an answer."""


def subjects_and_turns(
    question: Question,
    windows: Question,
    *,
    now: datetime | None = None,
    among: Collection[int] | None = None,
) -> tuple[list[int], Turns]:
    """The persons of whom a question is true, and for whom, and when at the soonest, time alone may
    change that, by the ``windows`` of a question; whoever is not there keeps the answer until they
    do something. Queries and errors as of ``subjects_where``: both are asked at once.
    """
    moment = now or timezone.now()
    turning = compile_turns(windows, now=moment)
    asked = [compile_question(question, now=moment), *([turning] if turning else [])]
    found, *turns = _answers(asked, among)
    return [subject for (subject,) in found], [(who, us) for rows in turns for who, us in rows]


def how_many_where(questions: Sequence[Question], *, now: datetime | None = None) -> list[int]:
    """Of how many each question is true, all at one moment and of the same events.

    One or two queries to the database. Raises EventsUnreadable.
    """
    moment = now or timezone.now()
    asked = [compile_question(one, now=moment).counted() for one in questions]
    return [count for [(count,)] in _answers(asked)]


def broken_down(
    breakdown: Breakdown, *, now: datetime | None = None, among: Collection[int] | None = None
) -> list[Split]:
    """How many subjects did it, by value and time, in their order; ``among`` as of
    ``subjects_where``.

    One to three queries to the database. Raises EventsUnreadable.
    """
    [found] = _answers([compile_breakdown(breakdown, now=now or timezone.now())], among)
    return [Split(*row) for row in sorted(found)]


def _answers(
    asked: Sequence[Compiled], among: Collection[int] | None = None
) -> list[Sequence[tuple[Any, ...]]]:
    """The rows of each of these, all of the same events."""
    begins = [one.since for one in asked if one.since is not None]

    def question(duck: Connection) -> list[Sequence[tuple[Any, ...]]]:
        if any(one.of is Subject.PERSON for one in asked):
            _take_aliases(duck, among)
        return [duck.execute(one.text(Dialect.DUCKDB)).fetchall() for one in asked]

    if not asked:
        return []
    return ask_events(
        question,
        columns=sorted({name for one in asked for name in one.columns}),
        since=min(begins) if len(begins) == len(asked) else None,
        until=max(one.until for one in asked),
        visitors=None if among is None else _browsers_of(among),
    )


def _browsers_of(persons: Collection[int]) -> list[str]:
    known = SubjectAlias.objects.filter(kind=_PERSON, record_id__in=persons)
    return sorted(set(known.values_list("subject", flat=True)))


def _take_aliases(duck: Connection, among: Collection[int] | None = None) -> None:
    """Who the browsers are, as the table ``aliases``."""
    some = sql.SQL("true") if among is None else sql.SQL("record_id = ANY({})")
    persons = sql.SQL(_PERSONS).format(
        kind=_PERSON, some=some.format(sql.Literal(list(among or ())))
    )
    with scratch() as (file, path):
        with connection.cursor() as cursor:
            cursor.execute(persons)
            for (lines,) in cursor.fetchall():
                file.write(lines.encode())
        file.flush()
        duck.execute(f"CREATE TEMP TABLE aliases AS SELECT * FROM {rows_in(path, _ALIASES)}")


_PERSON = "person"
# Some thousand lines at once: to fetch each by itself costs more than to read them.
_PERSONS = """
    SELECT string_agg(
        concat('"', replace(subject, '"', '""'), '",', record_id, ',',
               (extract(epoch FROM since) * 1000000)::bigint, ',',
               (extract(epoch FROM until) * 1000000)::bigint, E'\\n'), '')
    FROM lake_subjectalias WHERE kind = {kind} AND {some}
    GROUP BY record_id / 4096
"""
