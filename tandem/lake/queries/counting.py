"""How many events, visitors or visits: counted over everything that is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tandem.lake.engine import Connection, quoted
from tandem.lake.queries.snapshots import ask_events

GRAINS = frozenset({"day", "week", "month", "quarter", "year"})


class Counted(StrEnum):
    """What is counted of events."""

    EVENTS = "events"
    VISITORS = "visitors"
    SESSIONS = "sessions"
    ENDS = "ends"


DERIVED = {"page": ("url", "split_part(split_part(url, '?', 1), '#', 1)")}
"""What is told by a column of events: the column, and how."""

Counts = list[tuple[tuple[str, ...], int, int]]
"""The values of ``by``, the count, and of how many events it was made; in their order."""


OF_VISITS = frozenset({Counted.SESSIONS, Counted.ENDS})
_Visits = tuple[Counted, timedelta]
_RECOGNISED = "SELECT * FROM events WHERE visitor <> ''"


@dataclass(frozen=True, slots=True)
class EventCount:
    """What is to be counted: by these columns or grains of time (days of ``zone``).

    ``only`` keeps events whose columns have these values; ``page`` is the address without what
    stands behind it. A session is what a visitor does without a pause longer than ``pause``; it
    belongs to its first event, its end to the last. Visitors who cannot be told apart make events
    only, machines nothing but ``with_machines``. Without ``by`` there is one count, of nothing 0.
    """

    what: Counted
    by: Sequence[str] = ()
    only: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    zone: str = "UTC"
    pause: timedelta = timedelta(0)
    with_machines: bool = False

    @property
    def columns(self) -> list[str]:
        """The columns of events that tell it, beside moment and visitor."""
        names = {name for name in (*self.by, *self.only) if name not in GRAINS}
        return sorted(DERIVED[name][0] if name in DERIVED else name for name in names)

    @property
    def read_since(self) -> datetime | None:
        """From when on events are read: a session is known by what came before it."""
        return (
            self.since - self.pause if self.since and self.what is Counted.SESSIONS else self.since
        )

    @property
    def read_until(self) -> datetime | None:
        """Until when: the end of a session is known by what comes after it."""
        return self.until + self.pause if self.until and self.what is Counted.ENDS else self.until


def count_events(what: Counted, **asked: Any) -> Counts:
    """One count (see EventCount); one query to the database. Raises EventsUnreadable."""
    [found] = count_all([EventCount(what, **asked)])
    return found


def count_all(counts: Sequence[EventCount]) -> list[Counts]:
    """The answers to all of these, of one moment; a query to the database, two where some count
    machines and others do not. Raises EventsUnreadable."""
    found: dict[int, Counts] = {}
    for with_machines in (False, True):
        chosen = [at for at, one in enumerate(counts) if one.with_machines is with_machines]
        if chosen:
            answers = _answered([counts[at] for at in chosen], with_machines=with_machines)
            found.update(zip(chosen, answers, strict=True))
    return [found[at] for at in range(len(counts))]


def _answered(counts: Sequence[EventCount], *, with_machines: bool) -> list[Counts]:
    starts = [one.read_since for one in counts]
    ends = [one.read_until for one in counts]

    def question(duck: Connection) -> list[Counts]:
        visits = _visits(duck, [one for one in counts if one.what in OF_VISITS])
        return [_counted(duck, one, _source(one, visits)) for one in counts]

    return ask_events(
        question,
        columns=["at", "visitor", *sorted({name for one in counts for name in one.columns})],
        since=None if None in starts else min(one for one in starts if one),
        until=None if None in ends else max(one for one in ends if one),
        with_machines=with_machines,
    )


def _counted(duck: Connection, count: EventCount, source: str) -> Counts:
    number = "count(DISTINCT visitor)" if count.what is Counted.VISITORS else "count(*)"
    bounds = _bounds(count.since, count.until)
    where = _where([*(f"{_value(name)} = ?" for name in count.only), *bounds])
    splits = [f"{_split(name, count.zone)} AS by_{at}" for at, name in enumerate(count.by)]
    groups = ", ".join(str(at + 1) for at in range(len(count.by)))
    grouped = f" GROUP BY {groups} ORDER BY {groups}" if count.by else ""
    statement = (
        f"SELECT {', '.join([*splits, number, 'count(*)'])}"
        f" FROM {source} AS counted{where}{grouped}"
    )
    return [
        (tuple(row[: len(count.by)]), row[-2], row[-1])
        for row in duck.execute(statement, list(count.only.values())).fetchall()
    ]


def _source(count: EventCount, visits: Mapping[_Visits, str]) -> str:
    """The events that are counted."""
    if count.what is Counted.EVENTS:
        return "events"
    if count.what is Counted.VISITORS:
        return f"({_RECOGNISED})"
    return visits[count.what, count.pause]


def _visits(duck: Connection, counts: Sequence[EventCount]) -> dict[_Visits, str]:
    """Tables of the first events of visits, or the last, each made once for all who count them.

    Of several events at one moment the order is told by the columns that are asked for.
    """
    asked: dict[_Visits, set[str]] = {}
    for one in counts:
        asked.setdefault((one.what, one.pause), set()).update(one.columns)
    tables = {}
    for number, ((what, pause), columns) in enumerate(asked.items()):
        order = ", ".join(f'"{name}"' for name in ("at", *sorted(columns)))
        window = f"OVER (PARTITION BY visitor ORDER BY {order})"
        pauses = (
            f'epoch_us("at") - epoch_us(lag("at") {window})'
            if what is Counted.SESSIONS
            else f'epoch_us(lead("at") {window}) - epoch_us("at")'
        )
        longest = int(pause / timedelta(microseconds=1))
        tables[what, pause] = f"visits_{number}"
        duck.execute(
            f"CREATE TEMP TABLE visits_{number} AS SELECT {order} FROM ({_RECOGNISED}) AS known"
            f" QUALIFY coalesce({pauses} > {longest}, true)"
        )
    return tables


def _bounds(since: datetime | None, until: datetime | None) -> list[str]:
    return [
        f'"at" {sign} TIMESTAMPTZ {quoted(bound.isoformat())}'
        for sign, bound in ((">=", since), ("<", until))
        if bound is not None
    ]


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _split(name: str, zone: str) -> str:
    if name in GRAINS:
        local = f'"at" AT TIME ZONE {quoted(zone)}'
        return f"strftime(date_trunc({quoted(name)}, {local}), '%Y-%m-%d')"
    return _value(name)


def _value(name: str) -> str:
    return DERIVED[name][1] if name in DERIVED else f'"{name}"'
