"""Who sent events, as far as anybody can tell: the one rule by which machines are left out.

An event names its sender by a number; the verdict is read when events are. Whoever reads events
asks here, so that machines count nowhere, raise nothing and are in no story.
"""

from collections.abc import Collection, Sequence

from psycopg import sql

from tandem.lake.engine import names
from tandem.lake.models import Agent
from tandem.lake.rules import Column
from tandem.lake.rules.agents import ONE_OF_MANY, Kind

SENDER, REASON = "sender", "reason"
TOLD = frozenset({SENDER, REASON})
"""What can be asked of an event beside its columns: human, machine or unknown; and why."""

VERDICTS = (Column("kind", "VARCHAR"), Column("reason", "VARCHAR"))
"""What stands beside a number, under ``agent``, in the table ``agents`` of a question."""


def machines_among(numbers: Collection[int]) -> set[int]:
    """Those of these agents that are machines; one query, none of nobody."""
    named = {one for one in numbers if one not in ONE_OF_MANY.values()}
    found = {one for one in numbers if one == ONE_OF_MANY[Kind.MACHINE]}
    if named:
        machines = Agent.objects.filter(number__in=named, kind=Kind.MACHINE)
        found |= set(machines.values_list("number", flat=True))
    return found


def verdicts(*, every: bool) -> sql.Composable:
    """The agents with their verdicts as a SELECT of number, kind, reason; the machines alone,
    unless ``every`` one is asked for."""
    many = sql.SQL(", ").join(
        sql.SQL("({}, {}, 'one_of_many')").format(number, str(kind))
        for kind, number in ONE_OF_MANY.items()
    )
    return sql.SQL(
        "SELECT * FROM (SELECT number, kind, reasons[1] FROM lake_agent UNION ALL VALUES {many})"
        " AS judged (number, kind, reason) WHERE {every} OR kind = {machine}"
    ).format(many=many, every=every, machine=str(Kind.MACHINE))


def by_whom(
    rows: str, columns: Sequence[Column], *, told: Collection[str], with_machines: bool
) -> str:
    """Rows with what their senders are told to be, without machines where these do not count.

    ``told`` are those of ``TOLD`` that are asked for; agents stand in the table ``agents``.
    """
    chosen = names(columns)
    if not told and with_machines:
        return f"SELECT {chosen} FROM ({rows}) AS every"
    if not told:
        return f"SELECT {chosen} FROM ({rows}) AS every ANTI JOIN agents USING (agent)"
    leaves = "" if with_machines else f" WHERE kind IS DISTINCT FROM '{Kind.MACHINE}'"
    return (
        f"SELECT {chosen}, coalesce(kind, '{Kind.UNKNOWN}') AS {SENDER},"
        f" coalesce({REASON}, 'no_agent') AS {REASON}"
        f" FROM ({rows}) AS every LEFT JOIN agents USING (agent){leaves}"
    )
