"""DuckDB, as far as the lake needs it: reading hot rows and files as one table, writing files.

One database in memory for a process, a connection of its own for each question. It loads nothing
from anywhere and keeps nothing: what lasts are Parquet files and the manifest.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from django.conf import settings

from tandem.lake.rules import COLUMNS, SCHEMA_VERSION, Column, visitor_hash

Connection = duckdb.DuckDBPyConnection

ROWS_IN_GROUP = 20_480
"""Rows between two bounds of visitors in a file: so many are read to find one of them."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_databases: dict[int, Connection] = {}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file holds, read from it."""

    rows: int
    first_at: datetime
    last_at: datetime
    visitors: list[int]


@contextmanager
def connected() -> Iterator[Connection]:
    """A connection to the database of this process; temporary tables are its own."""
    connection = _database().cursor()
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


def _database() -> Connection:
    # A child of a fork makes its own: threads do not come along.
    found = _databases.get(os.getpid())
    if found is None:
        found = duckdb.connect(
            config={
                "threads": str(min(4, os.cpu_count() or 1)),
                "memory_limit": settings.LAKE_MEMORY,
                "temp_directory": str(_spill_folder()),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        for built_in in ("parquet", "icu", "json"):
            found.execute(f"LOAD {built_in}")
        found.execute("SET GLOBAL parquet_metadata_cache = true")
        _databases[os.getpid()] = found
    return found


def _spill_folder() -> Path:
    """Where this process puts what does not fit into memory; what killed ones left goes."""
    base = Path(settings.LAKE_SPILL)
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in base.iterdir():
        if left.name.isdigit() and not Path("/proc", left.name).exists():
            shutil.rmtree(left, ignore_errors=True)
    own = base / str(os.getpid())
    own.mkdir(mode=0o700, exist_ok=True)
    return own


def moment(microseconds: int) -> datetime:
    """A moment that DuckDB told by ``epoch_us``."""
    return _EPOCH + timedelta(microseconds=microseconds)


def microseconds(at: datetime) -> int:
    """A moment as ``epoch_us`` tells it."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def quoted(text: str) -> str:
    """A text as a literal of DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def names(columns: Sequence[Column]) -> str:
    """Columns as a list of SQL: ``at`` is a word of DuckDB's own."""
    return ", ".join(f'"{one.name}"' for one in columns)


def rows_in(path: str, columns: Sequence[Column]) -> str:
    """What PostgreSQL's COPY wrote as CSV, as a table of these columns."""
    types = ", ".join(f"{quoted(one.name)}: {quoted(one.type)}" for one in columns)
    return (
        f"read_csv({quoted(path)}, columns = {{{types}}}, header = false, auto_detect = false,"
        " delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false,"
        " new_line = '\\n', parallel = false)"
    )


def rows_of(files: Sequence[Path], columns: Sequence[Column], *, versions: Sequence[int]) -> str:
    """Files as one table of these columns; a column that a file does not have is null in it."""
    if not files:
        return nothing(columns)
    listed = f"[{', '.join(quoted(str(one)) for one in files)}]"
    if set(versions) == {SCHEMA_VERSION}:
        return f"SELECT {names(columns)} FROM read_parquet({listed})"
    return (
        f"SELECT {names(columns)} FROM ({nothing(columns)} UNION ALL BY NAME"
        f" SELECT * FROM read_parquet({listed}, union_by_name = true))"
    )


def nothing(columns: Sequence[Column]) -> str:
    """A table of these columns without rows."""
    typed = ", ".join(f'NULL::{one.type} AS "{one.name}"' for one in columns)
    return f"SELECT {typed} WHERE false"


def write_sorted(duck: Connection, rows: str, target: Path) -> Facts:
    """Write what a SELECT gives to a file, sorted by visitor and time; what the file then holds."""
    duck.execute(
        f'COPY (SELECT {names(COLUMNS)} FROM ({rows}) ORDER BY visitor, "at")'
        f" TO {quoted(str(target))} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2,"
        f" ROW_GROUP_SIZE {ROWS_IN_GROUP})"
    )
    return facts_of(duck, target)


def facts_of(duck: Connection, path: Path) -> Facts:
    """What a file holds."""
    source = f"read_parquet({quoted(str(path))})"
    rows, first, last = _row(
        duck, f'SELECT count(*), epoch_us(min("at")), epoch_us(max("at")) FROM {source}'
    )
    found = duck.execute(f"SELECT DISTINCT visitor FROM {source} WHERE visitor <> ''").fetchall()
    return Facts(
        rows=rows,
        first_at=moment(first or 0),
        last_at=moment(last or 0),
        visitors=sorted({visitor_hash(visitor) for (visitor,) in found}),
    )


def _row(duck: Connection, query: str) -> tuple[Any, ...]:
    found = duck.execute(query).fetchone()
    assert found is not None
    return found
