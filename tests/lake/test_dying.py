"""kill -9 at each step of flush, merge, sweep and erasing: no event is lost or there twice."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from tandem.kernel.actor import Actor
from tandem.lake.actions import flush, merge_day, sweep, tidy
from tandem.lake.models import Event, EventFile
from tandem.lake.queries import ask_events, health_of_lake
from tests.lake.scene import NOON, NOW, event, files_there, store

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

ROOT = Path(__file__).resolve().parents[2]
KILLED = "9"

FILES, STORAGE = "tandem.lake.actions.files", "tandem.lake.storage"
FLUSHING, TIDYING = "tandem.lake.actions.flushing", "tandem.lake.actions.tidying"
ERASING = "tandem.lake.actions.erasing"

# A file comes to be in these steps, whoever writes it.
WRITING = [
    (FILES, "write_sorted", "before", 1),
    (FILES, "write_sorted", "after", 1),
    (STORAGE, "_synced", "after", 1),
    (STORAGE, "_sync_folder", "before", 1),
    (STORAGE, "publish", "after", 1),
]
FLUSH = [(FLUSHING, "_take", "after", 1), *WRITING, (FLUSHING, "write_file", "after", 1)]
FLUSH += [(FLUSHING, "flush_day", "after", 1), (FLUSHING, "_take", "after", 2), ("-", "-", "-", 1)]
MERGE = [*WRITING, (TIDYING, "write_file", "after", 1), (TIDYING, "retire", "after", 1)]
MERGE += [(TIDYING, "merge_day", "after", 1), ("-", "-", "-", 1)]
SWEEP = [(STORAGE, "remove", "before", 1), (STORAGE, "remove", "after", 1)]
SWEEP += [(STORAGE, "remove", "after", 2), ("-", "-", "-", 1)]
ERASE = [*WRITING, (ERASING, "_return", "after", 1), (ERASING, "write_file", "after", 1)]
ERASE += [(ERASING, "write_file", "after", 2), ("tandem.lake.actions", "erase_events", "after", 1)]
ERASE += [("-", "-", "-", 1)]


@pytest.fixture
def doomed(lake_folder: Path) -> Iterator[Callable[..., None]]:
    """Lets another process do a deed and die at a step of it."""
    given = connection.settings_dict
    address = f"{given['USER']}:{given['PASSWORD']}@{quote(given['HOST'], safe='')}"
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tandem.project.settings",
        "DATABASE_URL": f"postgresql://{address}:{given['PORT'] or 5432}/{given['NAME']}",
        "TANDEM_HOME": str(lake_folder.parent.parent),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.lake.dying"],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    told, heard = process.stdin, process.stdout

    def die(deed: str, module: str, name: str, when: str, times: int) -> None:
        told.write(f"{deed} {module} {name} {when} {times}\n")
        told.flush()
        assert heard.readline().strip() == KILLED, (deed, name, when, times)

    yield die
    told.close()
    process.wait(30)
    heard.close()


def urls() -> Counter[str]:
    """Every event by its address, which is its own here, and how often it is there."""
    found = ask_events(
        lambda duck: duck.execute("SELECT url FROM events").fetchall(), columns=["url"]
    )
    return Counter(url for (url,) in found)


def play(system: Actor, number: int) -> set[str]:
    """Store some events of two days; their addresses."""
    made = []
    for index, (visitor, title) in enumerate(
        [("gone", ""), ("stays", ""), ("", "named"), ("", ""), ("stays", "")]
    ):
        at = NOON - timedelta(days=index % 2, minutes=number)
        made.append(event(visitor=visitor, title=title, url=f"/{number}/{index}", at=at))
    store(*made)
    return {one["url"] for one in made}


def once(*addresses: set[str]) -> Counter[str]:
    return Counter(one for found in addresses for one in found)


def test_flushing(system: Actor, doomed):
    known: set[str] = set()
    for number, step in enumerate(FLUSH):
        known |= play(system, number)
        doomed("flush", *step)
        assert urls() == once(known), step
        assert health_of_lake().is_good
    flush(system)
    assert (urls(), Event.objects.count()) == (once(known), 0)
    sweep(system, now=NOW + timedelta(days=2))
    assert files_there() == set(EventFile.objects.values_list("path", flat=True))


def test_merging(system: Actor, doomed):
    known: set[str] = set()
    for number, step in enumerate(MERGE):
        for part in (0, 1):
            known |= play(system, 2 * number + part)
            flush(system)
        doomed("tidy", *step)
        assert urls() == once(known), step
        assert health_of_lake().is_good
    tidy(system)
    assert urls() == once(known)
    assert EventFile.objects.filter(retired_at__isnull=True).count() == 2


def test_sweeping(system: Actor, doomed):
    known: set[str] = set()
    for number, step in enumerate(SWEEP):
        for part in (0, 1):
            known |= play(system, 2 * number + part)
            flush(system)
        merge_day(system, NOON.date())
        doomed("sweep", *step)
        assert urls() == once(known), step
        assert health_of_lake().is_good
    sweep(system, now=NOW + timedelta(days=2))
    assert files_there() == set(EventFile.objects.values_list("path", flat=True))


def test_erasing(system: Actor, doomed, lake_folder):
    stays: set[str] = set()
    theirs: set[str] = set()
    for number, step in enumerate(ERASE):
        known = play(system, number)
        theirs |= {url for url in known if url.endswith("/0")}
        flush(system)
        before = urls()
        doomed("erase", *step)
        after = urls()
        assert after in (before, before - once(theirs)), step
        assert health_of_lake().is_good
        stays |= known - theirs
    doomed("erase", "-", "-", "-", 1)
    assert urls() == once(stays)
    sweep(system, now=NOW + timedelta(days=2))
    assert b"gone" not in b"".join((lake_folder / one).read_bytes() for one in files_there())
