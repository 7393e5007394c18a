"""Files that nothing needs any more go; many small ones of a day become one."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from django.conf import settings
from django.db import connection
from django.utils import timezone

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.locks import FILES_LOCK
from tandem.lake import storage
from tandem.lake.actions.files import is_writer, retire, write_file
from tandem.lake.engine import connected, rows_of
from tandem.lake.errors import FileIsWhole
from tandem.lake.models import Event, EventFile
from tandem.lake.rules import COLUMNS, Piece, pieces_to_merge
from tandem.lake.storage import path_of

KEPT_AFTER = timedelta(minutes=15)
"""How long a file stays that was replaced: for who is reading it."""

STRANGE_FOR = timedelta(days=1)
"""How long a file stays that nothing lists: whoever put a wrong database here may still notice."""


@dataclass(frozen=True, slots=True)
class Tidied:
    """How many files became fewer, how many events were too old, how many files were removed."""

    merged: int
    forgotten: int
    removed: int


def tidy(actor: Actor, *, waits: bool = False) -> Tidied:
    """Merge, forget and sweep, each in transactions of their own. Raises EventsMiscounted."""
    merged = sum(merge_day(actor, day, waits=waits) for day in _days())
    forgotten = forget_old(actor, waits=waits)
    return Tidied(merged, forgotten, sweep(actor, waits=waits))


@action(permission="lake.maintain")
def merge_day(actor: Actor, day: date, *, now: datetime | None = None, waits: bool = False) -> int:
    """Write small files of a day as one, which takes their place; how many they were.

    Where another writer is at work and ``waits`` is False, none. Raises EventsMiscounted.
    """
    now = now or timezone.now()
    if not is_writer(waits=waits):
        return 0
    files = {
        file.pk: file
        for file in EventFile.objects.filter(day=day, retired_at__isnull=True).defer("visitors")
    }
    pieces = [Piece(file.pk, file.rows) for file in files.values()]
    chosen = [files[pk] for pk in pieces_to_merge(pieces, is_over=day < now.date())]
    if not chosen:
        return 0
    with connected() as duck:
        write_file(
            duck,
            rows_of(
                [path_of(file.path) for file in chosen],
                COLUMNS,
                versions=[file.schema_version for file in chosen],
            ),
            day=day,
            generation=max(file.generation for file in chosen) + 1,
            expected=sum(file.rows for file in chosen),
        )
    retire([file.pk for file in chosen], now=now)
    return len(chosen)


@action(permission="lake.maintain")
def forget_old(actor: Actor, *, now: datetime | None = None, waits: bool = False) -> int:
    """Let go of the events of days that are kept no longer (LAKE_KEEP_DAYS); how many.

    Where another writer is at work and ``waits`` is False, none.
    """
    now = now or timezone.now()
    if not is_writer(waits=waits):
        return 0
    first_kept = now.date() - timedelta(days=settings.LAKE_KEEP_DAYS)
    old = EventFile.objects.filter(day__lt=first_kept, retired_at__isnull=True)
    files = dict(old.values_list("pk", "rows"))
    retire(list(files), now=now)
    gone, _by_model = Event.objects.filter(at__date__lt=first_kept).delete()
    return sum(files.values()) + gone


@action(permission="lake.maintain")
def sweep(actor: Actor, *, now: datetime | None = None, waits: bool = False) -> int:
    """Remove files that were replaced a while ago, and old ones that nothing lists; how many.

    Nothing while a backup is being written, or while another writer is at work, whose file is not
    listed yet; with ``waits`` after them.
    """
    if not is_writer(waits=waits) or not _may_remove(waits=waits):
        return 0
    now = now or timezone.now()
    replaced = EventFile.objects.filter(retired_at__lt=now - KEPT_AFTER)
    names = set(replaced.values_list("path", flat=True))
    replaced.delete()
    listed = set(EventFile.objects.values_list("path", flat=True))
    strange = storage.names_there() - listed - names
    names |= {name for name in strange if storage.written_before(name, now - STRANGE_FOR)}
    for name in names:
        storage.remove(name)
    return len(names)


def _may_remove(*, waits: bool) -> bool:
    with connection.cursor() as cursor:
        if waits:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FILES_LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [FILES_LOCK])
        return bool(cursor.fetchone()[0])


def _days() -> Sequence[date]:
    """The days of which there are several files."""
    rows = EventFile.objects.filter(retired_at__isnull=True).order_by("day")
    found: Mapping[date, int] = {
        day: len(list(files)) for day, files in groupby(rows.values_list("day", flat=True))
    }
    return [day for day, count in found.items() if count > 1]


@action(permission="lake.maintain")
def give_up(actor: Actor, path: str) -> int:
    """Take a file that is missing or damaged off the list; how many events are lost with it.

    Raises FileIsWhole where nothing is wrong with it, Missing where none of this name is listed.
    """
    is_writer(waits=True)
    file = EventFile.objects.filter(path=path, retired_at__isnull=True).first()
    if file is None:
        raise Missing
    with suppress(FileNotFoundError):
        if storage.size_and_digest(path) == (file.bytes, file.sha256):
            raise FileIsWhole
    retire([file.pk], now=timezone.now())
    return file.rows
