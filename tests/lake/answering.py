"""Small histories as an engine's tables, and what it answers."""

import json
from collections.abc import Sequence
from typing import Any

import duckdb

from tandem.lake.engine import microseconds
from tandem.lake.engine.compiling import Compiled
from tandem.lake.engine.dialects import Dialect
from tests.lake.reference import Alias, Told

Row = tuple[Any, ...]

_EVENT = {"us": "BIGINT", **dict.fromkeys("visitor name channel url props".split(), "VARCHAR")}
_ALIAS = {"visitor": "VARCHAR", **dict.fromkeys("record_id since_us until_us".split(), "BIGINT")}


class InDuck:
    """DuckDB in memory."""

    def __init__(self) -> None:
        self.duck = duckdb.connect()
        self.duck.execute("SET TimeZone = 'UTC'; SET threads = 1")

    def answer(
        self, compiled: Compiled, events: Sequence[Told], aliases: Sequence[Alias]
    ) -> list[Row]:
        """The rows in order; of the events only those are there that the question says it reads."""
        self.duck.execute(
            'CREATE OR REPLACE TABLE events AS SELECT make_timestamptz(u.us) AS "at",'
            f" u.* EXCLUDE us FROM (SELECT unnest(from_json(?, '[{json.dumps(_EVENT)}]')) AS u)",
            [json.dumps(rows_of_events(compiled, events))],
        )
        self.duck.execute(
            "CREATE OR REPLACE TABLE aliases AS SELECT u.* FROM (SELECT"
            f" unnest(from_json(?, '[{json.dumps(_ALIAS)}]')) AS u)",
            [json.dumps(rows_of_aliases(aliases))],
        )
        return sorted(self.duck.execute(compiled.text(Dialect.DUCKDB)).fetchall())


def rows_of_events(compiled: Compiled, events: Sequence[Told]) -> list[dict[str, Any]]:
    """The events that a question says it reads, as rows."""
    return [
        {
            "us": microseconds(one.at),
            "visitor": one.visitor,
            "name": one.name,
            "channel": one.channel,
            "url": one.url,
            "props": json.dumps(one.props, ensure_ascii=False),
        }
        for one in events
        if (compiled.since is None or one.at >= compiled.since) and one.at < compiled.until
    ]


def rows_of_aliases(aliases: Sequence[Alias]) -> list[dict[str, Any]]:
    """Who the browsers are, as rows."""
    return [
        {
            "visitor": one.visitor,
            "record_id": one.record_id,
            "since_us": microseconds(one.since),
            "until_us": microseconds(one.until) if one.until else None,
        }
        for one in aliases
    ]
