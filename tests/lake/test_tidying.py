"""Small files become one, late events join their day, old columns read as null, old events go."""

import os
from datetime import timedelta
from typing import Any

import duckdb
import psycopg
import pytest
from django.db import connection

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.locks import FILES_LOCK
from tandem.kernel.refs import RecordRef
from tandem.lake import storage
from tandem.lake.actions import (
    flush,
    forget_old,
    give_up,
    link_subject,
    merge_day,
    sweep,
    tidy,
    tidying,
)
from tandem.lake.engine import duck as engine
from tandem.lake.errors import FileIsWhole
from tandem.lake.models import Event, EventFile
from tandem.lake.queries import ask_events, events_of, health_of_lake
from tandem.lake.rules import (
    COLUMNS,
    LARGEST_ROWS,
    SCHEMA_VERSION,
    SMALL_ROWS,
    Column,
    Piece,
    pieces_to_merge,
)
from tests.lake.scene import NOON, NOW, event, files_there, store

pytestmark = pytest.mark.django_db


def told() -> list[tuple[Any, ...]]:
    return ask_events(
        lambda duck: duck.execute(
            'SELECT epoch_us("at"), visitor, name, url FROM events ORDER BY ALL'
        ).fetchall(),
        columns=["at", "visitor", "name", "url"],
    )


def some_files(system: Actor, count: int = 3) -> None:
    for number in range(count):
        for visitor in ("a", "b", ""):
            store(event(visitor=visitor, at=NOON + timedelta(minutes=number), url=f"/{number}"))
        flush(system)


def test_files_of_a_day_that_is_over_become_one_with_the_same_events(system: Actor):
    some_files(system)
    before = told()
    assert merge_day(system, NOON.date()) == 3
    [merged] = EventFile.objects.filter(retired_at__isnull=True)
    assert (merged.rows, merged.generation, len(merged.visitors)) == (9, 1, 2)
    assert told() == before
    rows = duckdb.sql(f"SELECT visitor FROM '{storage.path_of(merged.path)}'").fetchall()
    assert [visitor for (visitor,) in rows] == [""] * 3 + ["a"] * 3 + ["b"] * 3
    assert merge_day(system, NOON.date()) == 0


def test_late_events_join_the_day_they_belong_to(system: Actor):
    some_files(system)
    tidy(system)
    store(event(visitor="late", at=NOON - timedelta(minutes=5)), event(at=NOW))
    flush(system)
    tidy(system)
    live = EventFile.objects.filter(retired_at__isnull=True).order_by("day")
    assert [(one.day, one.rows) for one in live] == [(NOON.date(), 10), (NOW.date(), 1)]
    assert len(told()) == 11


def test_replaced_files_stay_for_who_reads_them_and_go_then(system: Actor):
    some_files(system)
    merge_day(system, NOON.date())
    assert len(files_there()) == 4
    assert sweep(system) == 0
    assert sweep(system, now=NOW + tidying.KEPT_AFTER + timedelta(hours=1)) == 3
    assert files_there() == {EventFile.objects.get().path}
    assert len(told()) == 9


def test_what_nothing_lists_goes_after_a_day(system: Actor, lake_folder):
    some_files(system, 1)
    strange = lake_folder / "2026-11" / "30-strange.parquet"
    strange.parent.mkdir(exist_ok=True)
    draft = lake_folder / ".draft-x.parquet"
    for path in (strange, draft):
        path.write_bytes(b"half")
    assert health_of_lake().unlisted == ["2026-11/30-strange.parquet"]
    assert sweep(system) == 0
    for path in (strange, draft):
        os.utime(path, (0, 0))
    assert sweep(system) == 2
    assert files_there() == {EventFile.objects.get().path}


@pytest.mark.django_db(transaction=True)
def test_no_file_goes_while_a_backup_is_written(system: Actor):
    some_files(system)
    merge_day(system, NOON.date())
    later = NOW + timedelta(days=1)
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"], port=settings["PORT"], user=settings["USER"],
        password=settings["PASSWORD"], dbname=settings["NAME"], autocommit=True,
    ) as backup:  # fmt: skip
        backup.execute("SELECT pg_advisory_lock_shared(%s)", [FILES_LOCK])
        assert sweep(system, now=later) == 0
        assert len(files_there()) == 4
        backup.execute("SELECT pg_advisory_unlock_shared(%s)", [FILES_LOCK])
    assert sweep(system, now=later) == 3


def test_a_column_that_came_later_is_null_in_older_files(system: Actor, monkeypatch):
    some_files(system, 2)
    next_one = SCHEMA_VERSION + 1
    wider = (*COLUMNS, Column("country", "VARCHAR", since=next_one))
    for module in (engine, tidying):
        monkeypatch.setattr(module, "COLUMNS", wider)
    monkeypatch.setattr(engine, "SCHEMA_VERSION", next_one)
    monkeypatch.setattr("tandem.lake.actions.files.SCHEMA_VERSION", next_one)
    files = list(EventFile.objects.order_by("pk"))
    with engine.connected() as duck:
        rows = engine.rows_of(
            [storage.path_of(one.path) for one in files], wider, versions=[SCHEMA_VERSION] * 2
        )
        assert duck.execute(f"SELECT count(*), count(country) FROM ({rows})").fetchone() == (6, 0)
        assert duck.execute(engine.rows_of([], wider, versions=[])).fetchall() == []
    before = told()
    assert merge_day(system, NOON.date()) == 2
    merged = EventFile.objects.get(retired_at__isnull=True)
    assert merged.schema_version == next_one
    assert told() == before
    with engine.connected() as duck:
        rows = engine.rows_of([storage.path_of(merged.path)], wider, versions=[next_one])
        assert duck.execute(f"SELECT count(*), count(country) FROM ({rows})").fetchone() == (6, 0)


def test_events_that_are_too_old_go_and_the_rest_stays(system: Actor, settings):
    settings.LAKE_KEEP_DAYS = 3
    for days in (0, 3, 4):
        store(event(at=NOW - timedelta(days=days)))
    flush(system)
    store(event(at=NOW - timedelta(days=5)), event(at=NOW - timedelta(days=2)))
    assert forget_old(system, now=NOW) == 2
    assert len(told()) == 3
    assert Event.objects.count() == 1
    sweep(system, now=NOW + timedelta(hours=1))
    assert len(files_there()) == 2


def test_the_health_of_the_lake(system: Actor):
    some_files(system, 3)
    store(event())
    found = health_of_lake()
    assert (found.hot, found.filed, found.files, found.is_good) == (1, 9, 3, True)
    first, second, third = EventFile.objects.order_by("pk")
    path = storage.path_of(first.path)
    path.write_bytes(path.read_bytes()[:-9] + b"x" * 9)
    storage.path_of(second.path).unlink()
    found = health_of_lake()
    assert (found.damaged, found.missing, found.is_good) == ([first.path], [second.path], False)
    with pytest.raises(FileIsWhole):
        give_up(system, third.path)
    with pytest.raises(Missing):
        give_up(system, "2026-01/01-none.parquet")
    assert give_up(system, first.path) == give_up(system, second.path) == 3
    assert health_of_lake().is_good
    assert len(told()) == 4


def test_a_story_goes_on_over_merges(system: Actor):
    ref = RecordRef("person", 7)
    link_subject(system, "a", to=ref, since=NOON + timedelta(minutes=1), proof="test")
    some_files(system)
    before = events_of("person", [7])
    tidy(system)
    assert events_of("person", [7]) == before
    assert [one.url for one in before[7]] == ["/1", "/2"]


@pytest.mark.parametrize(
    ("rows", "is_over", "merged"),
    [
        ([], True, []),
        ([5], True, []),
        ([5, 3], True, [1, 0]),
        ([5, 3], False, []),
        ([1] * 8, False, list(range(8))),
        ([SMALL_ROWS, *([1] * 7)], False, []),
        ([SMALL_ROWS, *([1] * 8)], False, list(range(1, 9))),
        ([LARGEST_ROWS, 1], True, []),
        ([LARGEST_ROWS, 1, 2], True, [1, 2]),
    ],
)
def test_which_files_become_one(rows, is_over, merged):
    pieces = [Piece(number, count) for number, count in enumerate(rows)]
    assert pieces_to_merge(pieces, is_over=is_over) == merged
