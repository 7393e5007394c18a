"""Days of the event table, files of a day, moments in ids. Pure: no database, no clock."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

REPLAY_DAYS = 7
"""How long the id of an event is remembered, and so how old an event may be when it comes in."""

_TIME_ORDERED = 7


def day_name(day: date) -> str:
    """The part of the event table that holds a day: ``lake_event_20261122``."""
    return f"lake_event_{day:%Y%m%d}"


def days_around(today: date, *, ahead: int) -> list[date]:
    """The days whose events may still come in, and some days ahead."""
    return [today + timedelta(days=number) for number in range(-REPLAY_DAYS - 1, ahead + 1)]


def moment_of_id(text: str) -> datetime | None:
    """When a time-ordered id (UUID version 7) was made; None for any other text."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    if found.version != _TIME_ORDERED:
        return None
    return datetime.fromtimestamp((found.int >> 80) / 1000, UTC)


# --- files ----------------------------------------------------------------------------------------

WRITING_LOCK = 0x74616E6C
"""Advisory lock of whoever moves events into files or changes which files there are."""

SCHEMA_VERSION = 2
"""Version of the columns of a file; a file of an older one lacks those that came later."""

DRAFT = ".draft-"
"""How the name of a file begins that is not whole yet."""

MERGED_AT = 8
"""So many small files of one day become one."""

SMALL_ROWS = 200_000
LARGEST_ROWS = 5_000_000
"""Rows below which a file of today is small, and rows that a file has at most."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of events as DuckDB calls its type; ``since`` is the schema that brought it."""

    name: str
    type: str
    since: int = 1


COLUMNS = (
    Column("at", "TIMESTAMPTZ"),
    Column("received_at", "TIMESTAMPTZ"),
    Column("client_at", "TIMESTAMPTZ"),
    Column("visitor", "VARCHAR"),
    Column("name", "VARCHAR"),
    Column("url", "VARCHAR"),
    Column("referrer", "VARCHAR"),
    Column("title", "VARCHAR"),
    Column("source", "VARCHAR"),
    Column("medium", "VARCHAR"),
    Column("campaign", "VARCHAR"),
    Column("channel", "VARCHAR"),
    Column("props", "VARCHAR"),
    Column("agent", "BIGINT", since=2),
)
"""What is kept of an event. Its id is not: the ids of a week stand beside (docs/adr/0020)."""

ASKED_COLUMNS = tuple(
    one.name
    for one in COLUMNS
    if one.type == "VARCHAR" and one.name not in {"visitor", "name", "props"}
)
"""The texts of an event that a question may look at, beside its name and its properties."""

PROPERTY = re.compile(r"props\.[^\x00-\x1f\"'`\\\[\]]{1,64}")
"""A property in a question; its name has no sign that a path into JSON would take for its own."""


def visitor_hash(visitor: str) -> int:
    """20 bits of a visitor, as the manifest keeps them: the first of the MD5.

    So few that files share them, which keeps their index small; a file that is looked into in vain
    costs a tenth of a millisecond.
    """
    return int(hashlib.md5(visitor.encode(), usedforsecurity=False).hexdigest()[:5], 16)


def file_name(day: date, key: str) -> str:
    """Where a file of a day stands in the lake's folder: ``2026-11/30-0192f7a0.parquet``."""
    return f"{day:%Y-%m}/{day:%d}-{key}.parquet"


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a day, as far as merging looks at it."""

    id: int
    rows: int


def pieces_to_merge(pieces: Sequence[Piece], *, is_over: bool) -> list[int]:
    """The ids of the files of one day that are to become one; none where it is well as it is.

    While a day lasts only its small files are merged, and only many at once, so that an event is
    written over and over at most a few times. Once it is over, all of it is one file, as far as
    that does not grow too large.
    """
    found: list[int] = []
    total = 0
    for piece in sorted(pieces, key=lambda one: (one.rows, one.id)):
        if total + piece.rows > LARGEST_ROWS or (not is_over and piece.rows >= SMALL_ROWS):
            break
        found.append(piece.id)
        total += piece.rows
    return found if len(found) >= (2 if is_over else MERGED_AT) else []
