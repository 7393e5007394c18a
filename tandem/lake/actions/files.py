"""Files of the lake and the manifest, which change together or not at all.

A writer holds the lock of the lake until its transaction ends. It writes a draft, syncs it, gives
it its name, syncs the folder, and lists it in the transaction that takes its events from where they
were. Whatever stops it before the commit leaves a file that nobody reads, and which is swept.
"""

from datetime import date, datetime

from django.db import connection

from tandem.lake import storage
from tandem.lake.engine import Connection, write_sorted
from tandem.lake.errors import EventsMiscounted
from tandem.lake.models import EventFile
from tandem.lake.rules import SCHEMA_VERSION, WRITING_LOCK


def is_writer(*, waits: bool) -> bool:
    """Become the one writer of the lake until the transaction ends; False where another one is."""
    with connection.cursor() as cursor:
        if waits:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [WRITING_LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [WRITING_LOCK])
        return bool(cursor.fetchone()[0])


def write_file(
    duck: Connection, rows: str, *, day: date, generation: int, expected: int
) -> EventFile:
    """Write what a SELECT gives to a file of this day and list it. Raises EventsMiscounted."""
    draft = storage.new_draft()
    facts = write_sorted(duck, rows, draft)
    if facts.rows != expected:
        draft.unlink()
        raise EventsMiscounted
    stored = storage.publish(draft, day)
    return EventFile.objects.create(
        path=stored.name,
        day=day,
        rows=facts.rows,
        bytes=stored.bytes,
        sha256=stored.sha256,
        first_at=facts.first_at,
        last_at=facts.last_at,
        visitors=facts.visitors,
        schema_version=SCHEMA_VERSION,
        generation=generation,
    )


def retire(files: list[int], *, now: datetime) -> None:
    """Take files off the list; who reads them at this moment finds them for a while."""
    EventFile.objects.filter(pk__in=files).update(retired_at=now)
