"""Answers to questions as data (see ``schemas``), over everything that is stored."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone
from psycopg import sql

from tandem.lake.engine import Connection, moment, rows_in
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
    compiled = compile_question(question, now=now or timezone.now())
    return sorted(subject for (subject,) in _answer(compiled, among))


def turns_of(
    question: Question, *, now: datetime | None = None, among: Collection[int] | None = None
) -> list[tuple[int, datetime]]:
    """For whom, and when at the soonest, time alone may change the answer: ids of persons.

    Whoever is not there keeps the answer until they do something. Queries and errors as of
    ``subjects_where``.
    """
    compiled = compile_turns(question, now=now or timezone.now())
    if compiled is None:
        return []
    return sorted((subject, moment(us)) for subject, us in _answer(compiled, among))


def how_many_where(questions: Sequence[Question], *, now: datetime | None = None) -> list[int]:
    """Of how many each question is true, all at one moment and of the same events.

    One or two queries to the database. Raises EventsUnreadable.
    """
    moment = now or timezone.now()
    compiled = [compile_question(one, now=moment) for one in questions]
    begins = [one.since for one in compiled if one.since is not None]

    def question(duck: Connection) -> list[int]:
        if any(one.of is Subject.PERSON for one in compiled):
            _take_aliases(duck)
        texts = [one.counted().text(Dialect.DUCKDB) for one in compiled]
        return [count for text in texts for (count,) in duck.execute(text).fetchall()]

    if not compiled:
        return []
    return ask_events(
        question,
        columns=sorted({name for one in compiled for name in one.columns}),
        since=min(begins) if len(begins) == len(compiled) else None,
        until=max(one.until for one in compiled),
    )


def broken_down(
    breakdown: Breakdown, *, now: datetime | None = None, among: Collection[int] | None = None
) -> list[Split]:
    """How many subjects did it, by value and time, in their order; ``among`` as of
    ``subjects_where``.

    One to three queries to the database. Raises EventsUnreadable.
    """
    compiled = compile_breakdown(breakdown, now=now or timezone.now())
    return [Split(*row) for row in sorted(_answer(compiled, among))]


def _answer(compiled: Compiled, among: Collection[int] | None = None) -> Sequence[tuple[Any, ...]]:
    def question(duck: Connection) -> Sequence[tuple[Any, ...]]:
        if compiled.of is Subject.PERSON:
            _take_aliases(duck, among)
        return duck.execute(compiled.text(Dialect.DUCKDB)).fetchall()

    return ask_events(
        question,
        columns=compiled.columns,
        since=compiled.since,
        until=compiled.until,
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
        with connection.cursor() as cursor, cursor.copy(persons) as copy:
            for block in copy:
                file.write(block)
        file.flush()
        duck.execute(f"CREATE TEMP TABLE aliases AS SELECT * FROM {rows_in(path, _ALIASES)}")


_PERSON = "person"
_PERSONS = """
    COPY (
        SELECT subject, record_id, (extract(epoch FROM since) * 1000000)::bigint,
               (extract(epoch FROM until) * 1000000)::bigint
        FROM lake_subjectalias WHERE kind = {kind} AND {some}
    ) TO STDOUT (FORMAT csv)
"""
