"""Somebody who is erased leaves the files, too.

A file that holds events of their browsers is written anew without them. Events of others that name
them somewhere go back to the hot table, where the search of an erasure replaces the name, and from
there to a file again. The old file is off the list in the same transaction, and its name is handed
to who removes it after the commit.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from tandem.kernel.copying import copy_in
from tandem.kernel.ids import new_public_id
from tandem.lake.actions.files import is_writer, write_file
from tandem.lake.engine import Connection, connected, microseconds, moment, quoted, rows_of
from tandem.lake.models import EventFile
from tandem.lake.rules import COLUMNS, visitor_hash
from tandem.lake.storage import path_of

# What a browser or a program told, where somebody's name may stand.
_TOLD = "visitor name url referrer title source medium campaign props".split()
_MOMENTS = [one.name for one in COLUMNS if one.type == "TIMESTAMPTZ"]


@dataclass(frozen=True, slots=True)
class Theirs:
    """A browser that was somebody's; where others used it too, in this time only."""

    visitor: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """How many events went with the files, and the names of files that must be removed."""

    events: int
    files: tuple[str, ...]


def erase_events(theirs: Sequence[Theirs], pieces: Collection[str]) -> Erased:
    """Take events of these browsers out of the files, and bring back to the hot table what holds
    one of ``pieces`` (lower case). Part of an erasure and its transaction; waits for other writers
    of the lake. Cost: reads the texts of all files once."""
    is_writer(waits=True)
    gone, files = 0, []
    with connected() as duck:
        for file in _files_with(duck, theirs, pieces):
            gone += _write_anew(duck, file, theirs, pieces)
            files.append(file.path)
    return Erased(gone, tuple(files))


def _files_with(
    duck: Connection, theirs: Sequence[Theirs], pieces: Collection[str]
) -> list[EventFile]:
    """Files that must be written anew; also retired ones, which are there for a while."""
    hashes = [visitor_hash(one.visitor) for one in theirs]
    held = EventFile.objects.filter(visitors__overlap=hashes).values_list("pk", flat=True)
    hit = set(held) if hashes else set()
    return [
        file
        for file in EventFile.objects.defer("visitors").order_by("pk")
        if (file.pk in hit and _count(duck, file, _of(theirs)))
        or (pieces and _count(duck, file, _names(pieces)))
    ]


def _write_anew(
    duck: Connection, file: EventFile, theirs: Sequence[Theirs], pieces: Collection[str]
) -> int:
    """Replace a file by one without these events; how many of them are gone for good."""
    EventFile.objects.filter(pk=file.pk).delete()
    if file.retired_at is not None:
        return 0  # its events are in another file
    goes, back = _of(theirs), f"NOT ({_of(theirs)}) AND ({_names(pieces)})"
    gone = _count(duck, file, goes)
    returned = _return(duck, f"{_rows(file)} WHERE {back}")
    left = file.rows - gone - returned
    if left:
        write_file(
            duck,
            f"{_rows(file)} WHERE NOT ({goes}) AND NOT ({_names(pieces)})",
            day=file.day,
            generation=file.generation + 1,
            expected=left,
        )
    return gone


def _return(duck: Connection, rows: str) -> int:
    """Bring events back to the hot table, as they are; how many."""
    names = [one.name for one in COLUMNS]
    chosen = ", ".join(f'epoch_us("{name}")' if name in _MOMENTS else f'"{name}"' for name in names)
    found = duck.execute(f"SELECT {chosen} FROM ({rows}) AS back").fetchall()
    if not found:
        return 0
    return copy_in(
        "lake_event",
        ["id", *names],
        (
            [
                str(new_public_id()),
                *(
                    moment(value) if name in _MOMENTS and value is not None else value
                    for name, value in zip(names, row, strict=True)
                ),
            ]
            for row in found
        ),
    )


def _rows(file: EventFile) -> str:
    source = rows_of([path_of(file.path)], COLUMNS, versions=[file.schema_version])
    return f"SELECT * FROM ({source}) AS filed"


def _count(duck: Connection, file: EventFile, condition: str) -> int:
    found = duck.execute(
        f"SELECT count(*) FROM ({_rows(file)}) AS filed WHERE {condition}"
    ).fetchone()
    return int(found[0]) if found is not None else 0


def _of(theirs: Sequence[Theirs]) -> str:
    return " OR ".join(map(_of_one, theirs)) or "false"


def _of_one(one: Theirs) -> str:
    parts = [f"visitor = {quoted(one.visitor)}"]
    if one.since is not None:
        parts.append(f'epoch_us("at") >= {microseconds(one.since)}')
    if one.until is not None:
        parts.append(f'epoch_us("at") < {microseconds(one.until)}')
    return f"({' AND '.join(parts)})"


def _names(pieces: Collection[str]) -> str:
    """Whether a text holds one of the pieces."""
    if not pieces:
        return "false"
    text = f"lower(concat_ws(chr(10), {', '.join(_TOLD)}))"
    wanted = "|".join(map(_escaped, sorted(pieces)))
    return f"regexp_matches({text}, {quoted(wanted)})"


def _escaped(text: str) -> str:
    return "".join(f"\\{one}" if one.isascii() and not one.isalnum() else one for one in text)
