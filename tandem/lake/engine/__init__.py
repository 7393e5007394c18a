"""Engines that read events: DuckDB in this process, and the language of the others."""

from tandem.lake.engine.duck import (
    Connection,
    Facts,
    connected,
    facts_of,
    microseconds,
    moment,
    names,
    nothing,
    quoted,
    rows_in,
    rows_of,
    write_sorted,
)

__all__ = [
    "Connection",
    "Facts",
    "connected",
    "facts_of",
    "microseconds",
    "moment",
    "names",
    "nothing",
    "quoted",
    "rows_in",
    "rows_of",
    "write_sorted",
]
