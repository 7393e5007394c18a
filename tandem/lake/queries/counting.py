"""How many events, visitors or visits: counted over everything that is stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from tandem.lake.engine import Connection, quoted
from tandem.lake.queries.snapshots import ask_events

GRAINS = frozenset({"day", "week", "month", "quarter", "year"})


class Counted(StrEnum):
    """What is counted of events."""

    EVENTS = "events"
    VISITORS = "visitors"
    SESSIONS = "sessions"


_RECOGNISED = "SELECT * FROM events WHERE visitor <> ''"


def count_events(
    what: Counted,
    *,
    by: Sequence[str] = (),
    only: Mapping[str, str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    zone: str = "UTC",
    pause: timedelta = timedelta(0),
    with_machines: bool = False,
) -> list[tuple[tuple[str, ...], int, int]]:
    """The counts by these columns or grains of time (days of ``zone``), in their order.

    Each is the values of ``by``, the count, and of how many events it was made. ``only`` keeps
    events whose columns have these values. A session is what a visitor does without a pause longer
    than ``pause``; it belongs to its first event. Visitors who cannot be told apart make events
    only, machines nothing but ``with_machines``. Without ``by`` there is one count, of nothing 0.
    Raises EventsUnreadable.
    """
    names = {name for name in (*by, *(only or {})) if name not in GRAINS}
    # An event is the first of a session by what came before it, also before the period.
    before = since - pause if since is not None and what is Counted.SESSIONS else since

    def question(duck: Connection) -> list[tuple[tuple[str, ...], int, int]]:
        source = _source(what, pause, sorted(names))
        statement, values = _statement(what, source, by, only or {}, since, zone)
        return [
            (tuple(row[: len(by)]), row[-2], row[-1])
            for row in duck.execute(statement, values).fetchall()
        ]

    columns = ["at", "visitor", *sorted(names)]
    return ask_events(
        question, columns=columns, since=before, until=until, with_machines=with_machines
    )


def _statement(
    what: Counted,
    source: str,
    by: Sequence[str],
    only: Mapping[str, str],
    since: datetime | None,
    zone: str,
) -> tuple[str, list[str]]:
    number = "count(DISTINCT visitor)" if what is Counted.VISITORS else "count(*)"
    conditions = [f'"{name}" = ?' for name in only]
    if what is Counted.SESSIONS and since is not None:
        conditions.append(f'"at" >= TIMESTAMPTZ {quoted(since.isoformat())}')
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    splits = [f"{_split(name, zone)} AS by_{at}" for at, name in enumerate(by)]
    groups = ", ".join(str(at + 1) for at in range(len(by)))
    grouped = f" GROUP BY {groups} ORDER BY {groups}" if by else ""
    return (
        f"SELECT {', '.join([*splits, number, 'count(*)'])}"
        f" FROM ({source}) AS counted{where}{grouped}",
        list(only.values()),
    )


def _source(what: Counted, pause: timedelta, columns: Sequence[str]) -> str:
    """The events that are counted. Of several at one moment the first is told by its columns."""
    if what is Counted.EVENTS:
        return "SELECT * FROM events"
    if what is Counted.VISITORS:
        return _RECOGNISED
    longest = int(pause / timedelta(microseconds=1))
    order = ", ".join(f'"{name}"' for name in ("at", *columns))
    return (
        f'{_RECOGNISED} QUALIFY coalesce(epoch_us("at") - epoch_us(lag("at") OVER'
        f" (PARTITION BY visitor ORDER BY {order})) > {longest}, true)"
    )


def _split(name: str, zone: str) -> str:
    if name in GRAINS:
        local = f'"at" AT TIME ZONE {quoted(zone)}'
        return f"strftime(date_trunc({quoted(name)}, {local}), '%Y-%m-%d')"
    return f'"{name}"'
