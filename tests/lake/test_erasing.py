"""Somebody who is erased leaves no byte in the files of the lake; others' events stay."""

from datetime import timedelta

import duckdb
import pytest

from tandem.kernel.actor import Actor
from tandem.lake.actions import Theirs, erase_events, flush, merge_day
from tandem.lake.models import Event, EventFile
from tandem.lake.storage import remove
from tests.lake.scene import NOON, event, files_there, store
from tests.lake.test_tidying import told

pytestmark = pytest.mark.django_db


def bytes_of_lake(folder) -> bytes:
    """Every byte of the folder, and what the compressed columns say."""
    paths = [folder / name for name in sorted(files_there())]
    raw = b"".join(path.read_bytes() for path in paths)
    told = [
        duckdb.sql(f"SELECT * EXCLUDE (\"at\", received_at, client_at) FROM '{path}'").fetchall()
        for path in paths
    ]
    return raw + repr(told).encode()


def erased(theirs: list[Theirs], pieces: list[str]) -> int:
    done = erase_events(theirs, pieces)
    for name in done.files:
        remove(name)
    return done.events


def test_events_of_a_browser_leave_the_files(system: Actor, lake_folder):
    for day in (0, 1, 2):
        at = NOON - timedelta(days=day)
        store(event(visitor="zqxgone", at=at), event(visitor="stays", at=at), event(at=at))
        flush(system)
    store(event(visitor="other", at=NOON - timedelta(days=3)))
    flush(system)
    untouched = EventFile.objects.get(day=(NOON - timedelta(days=3)).date()).path
    assert b"zqxgone" in bytes_of_lake(lake_folder)
    assert erased([Theirs("zqxgone")], []) == 3
    assert b"zqxgone" not in bytes_of_lake(lake_folder)
    assert [visitor for _at, visitor, _name, _url in told()].count("stays") == 3
    assert len(told()) == 7
    assert untouched in files_there()
    assert set(EventFile.objects.values_list("path", flat=True)) == files_there()


def test_of_a_shared_browser_only_their_time_goes(system: Actor, lake_folder):
    for minutes in range(4):
        store(event(visitor="shared", at=NOON + timedelta(minutes=minutes)))
    flush(system)
    theirs = Theirs("shared", NOON + timedelta(minutes=1), NOON + timedelta(minutes=3))
    assert erased([theirs], []) == 2
    assert [at / 1e6 for at, *_rest in told()] == [
        (NOON + timedelta(minutes=minutes)).timestamp() for minutes in (0, 3)
    ]


def test_who_names_them_comes_back_to_be_searched(system: Actor, lake_folder):
    store(
        event(visitor="a", props={"asked": "Ann.Zqx@Host.Example"}),
        event(visitor="b", url="/?mail=ann.zqx%40host.example"),
        event(visitor="c", title="(ann|zqx)"),
        event(visitor="d"),
    )
    flush(system)
    pieces = ["ann.zqx@host.example", "ann.zqx%40host.example"]
    assert erased([], pieces) == 0
    assert b"qx@" not in bytes_of_lake(lake_folder).lower()
    assert set(Event.objects.values_list("visitor", flat=True)) == {"a", "b"}
    assert Event.objects.get(visitor="a").props == {"asked": "Ann.Zqx@Host.Example"}
    assert len(told()) == 4


def test_a_replaced_file_that_still_lies_there_goes_too(system: Actor, lake_folder):
    store(event(visitor="zqxgone"))
    flush(system)
    store(event(visitor="stays"))
    flush(system)
    merge_day(system, NOON.date())
    assert len(files_there()) == 3
    assert erased([Theirs("zqxgone")], []) == 1
    assert b"zqxgone" not in bytes_of_lake(lake_folder)
    assert [visitor for _at, visitor, _name, _url in told()] == ["stays"]


def test_nothing_of_theirs_touches_nothing(system: Actor):
    store(event(visitor="stays"))
    flush(system)
    before = files_there()
    assert erase_events([Theirs("nobody")], ["nobody@host.example"]).files == ()
    assert erase_events([], []).files == ()
    assert files_there() == before
