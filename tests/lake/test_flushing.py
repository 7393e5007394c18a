"""Events go to files of their day, each to one place; whoever reads sees hot and filed as one."""

import hashlib
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest
from django.db import connection
from django.utils import timezone

from tandem.kernel.actor import NOBODY, Actor
from tandem.kernel.errors import DomainError
from tandem.kernel.refs import RecordRef
from tandem.lake import actions, storage
from tandem.lake.actions import flush, flush_day, link_subject
from tandem.lake.engine import Facts
from tandem.lake.errors import EventsMiscounted, EventsUnreadable
from tandem.lake.models import Event, EventFile
from tandem.lake.queries import ask_events, days_waiting, events_of, is_flush_due
from tandem.lake.rules import COLUMNS, file_name, visitor_hash
from tests.lake.scene import NOON, NOW, event, files_there, store

pytestmark = pytest.mark.django_db

NASTY = 'a "quoted", text\nof two lines; \\N \\. Zażółć 漢字 😀'


def all_events() -> list[tuple[Any, ...]]:
    columns = [one.name for one in COLUMNS]
    selected = ", ".join(
        f'epoch_us("{one.name}")' if one.type == "TIMESTAMPTZ" else f'"{one.name}"'
        for one in COLUMNS
    )
    return ask_events(
        lambda duck: duck.execute(f"SELECT {selected} FROM events ORDER BY ALL").fetchall(),
        columns=columns,
    )


def test_events_are_the_same_hot_and_filed(system: Actor):
    store(
        event(),
        event(visitor="v1", url=NASTY, title=NASTY, props={"a": [1, None, NASTY]}),
        event(visitor="v1", client_at=(NOON + timedelta(hours=2)).isoformat(), campaign="winter"),
        event(visitor="v2", at=NOON - timedelta(days=3)),
    )
    before = all_events()
    assert len(before) == 4
    assert flush(system).events == 4
    assert Event.objects.count() == 0
    assert all_events() == before
    assert {row[5] for row in before} == {"", NASTY}
    assert {row[2] for row in before} == {None, (NOON + timedelta(hours=2)).timestamp() * 1e6}


def test_a_file_is_of_one_day_sorted_by_visitor_and_listed_as_it_is(system: Actor):
    for visitor, minutes in (("b", 5), ("a", 9), ("", 1), ("a", 2)):
        store(event(visitor=visitor, at=NOON + timedelta(minutes=minutes)))
    store(event(visitor="a", at=NOON - timedelta(days=2)))
    assert flush(system) == actions.flushing.Flushed(events=5, files=2)
    older, newer = EventFile.objects.order_by("day")
    assert (older.day, newer.day) == ((NOON - timedelta(days=2)).date(), NOON.date())
    assert (newer.rows, newer.generation, newer.retired_at) == (4, 0, None)
    assert (newer.first_at, newer.last_at) == (
        NOON + timedelta(minutes=1),
        NOON + timedelta(minutes=9),
    )
    assert newer.visitors == sorted([visitor_hash("a"), visitor_hash("b")])
    content = storage.path_of(newer.path).read_bytes()
    assert (newer.bytes, newer.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    rows = duckdb.sql(
        f"SELECT visitor, epoch(\"at\") FROM '{storage.path_of(newer.path)}'"
    ).fetchall()
    assert rows == [
        (visitor, (NOON + timedelta(minutes=minutes)).timestamp())
        for visitor, minutes in (("", 1), ("a", 2), ("a", 9), ("b", 5))
    ]
    assert files_there() == {older.path, newer.path}


def test_hot_and_filed_are_one_answer(system: Actor):
    ref = RecordRef("person", 7)
    store(event(visitor="v1"), event(visitor="v2"), event(visitor="v1", at=NOON))
    flush(system)
    store(event(visitor="v1", at=NOW), event(visitor="", at=NOW))
    link_subject(system, "v1", to=ref, since=NOON, proof="test")
    link_subject(system, "v3", to=ref, since=NOON, proof="test")
    assert [one.at for one in events_of("person", [7, 8])[7]] == [NOON, NOON, NOW]
    assert len(all_events()) == 5


def test_many_visitors_are_found_as_one_is(system: Actor):
    for number in range(40):
        store(event(visitor=f"v{number}", at=NOON + timedelta(seconds=number)))
        store(event(visitor=f"v{number}", at=NOON - timedelta(days=1)))
        link_subject(system, f"v{number}", to=RecordRef("person", number), since=NOON, proof="test")
    before = events_of("person", list(range(40)))
    flush(system)
    assert events_of("person", list(range(40))) == before
    assert {key: len(found) for key, found in before.items()} == dict.fromkeys(range(40), 1)
    assert events_of("person", [3]) == {3: before[3]}


def test_a_browser_that_passed_on_tells_each_their_own(system: Actor):
    store(event(visitor="v", at=NOON), event(visitor="v", at=NOW - timedelta(minutes=1)))
    first = link_subject(system, "v", to=RecordRef("person", 1), since=NOON, proof="a")
    type(first).objects.filter(pk=first.pk).update(until=NOON + timedelta(minutes=1))
    link_subject(
        system, "v", to=RecordRef("person", 2), since=NOON + timedelta(minutes=1), proof="b"
    )
    flush(system)
    found = events_of("person", [1, 2])
    assert {key: [one.at for one in told] for key, told in found.items()} == {
        1: [NOON],
        2: [NOW - timedelta(minutes=1)],
    }


def test_a_question_of_a_time_reads_that_time(system: Actor):
    for hours in (-30, -1, 0, 1):
        store(event(at=NOON + timedelta(hours=hours)))
    flush(system)
    store(event(at=NOON + timedelta(minutes=1)))

    def count(duck: Any) -> int:
        return int(duck.execute("SELECT count(*) FROM events").fetchone()[0])

    hour = timedelta(hours=1)
    assert ask_events(count, columns=[], since=NOON, until=NOON + hour) == 2
    assert ask_events(count, columns=["name"], since=NOON - hour) == 4
    assert ask_events(count, columns=["name"], until=NOON) == 2


def test_nothing_to_flush_makes_no_file(system: Actor, lake_folder):
    assert flush(system).events == 0
    assert flush_day(system, NOON.date()) == 0
    assert EventFile.objects.count() == 0
    assert files_there() == set()


def test_events_of_a_day_without_a_part_go_to_a_file_too(system: Actor):
    store(event(at=NOON - timedelta(days=400)))
    assert flush(system).files == 1
    assert EventFile.objects.get().day == (NOON - timedelta(days=400)).date()


def test_many_go_in_several_files_and_those_of_one_moment_together(system: Actor, monkeypatch):
    monkeypatch.setattr(actions.flushing, "FLUSHED_AT_ONCE", 3)
    store(*(event(at=NOON) for _one in range(7)), event(at=NOON + timedelta(seconds=1)))
    assert flush(system).events == 8
    assert sorted(EventFile.objects.values_list("rows", flat=True)) == [1, 7]


def test_a_file_that_holds_other_than_was_taken_is_not_listed(system: Actor, monkeypatch):
    monkeypatch.setattr(
        actions.files,
        "write_sorted",
        lambda duck, rows, target: _too_few(target),
    )
    store(event())
    with pytest.raises(EventsMiscounted):
        flush(system)
    assert (Event.objects.count(), EventFile.objects.count(), files_there()) == (1, 0, set())


def _too_few(target: Any) -> Any:
    target.write_bytes(b"")
    return Facts(rows=0, first_at=NOON, last_at=NOON, visitors=[])


def test_a_missing_or_damaged_file_is_an_error_and_no_smaller_number(system: Actor):
    store(event(visitor="v"))
    link_subject(system, "v", to=RecordRef("person", 1), since=NOON, proof="a")
    flush(system)
    path = storage.path_of(EventFile.objects.get().path)
    content = path.read_bytes()
    path.write_bytes(b"PAR1" + b"x" * 40 + b"PAR1")
    for ask in (all_events, lambda: events_of("person", [1])):
        with pytest.raises(EventsUnreadable):
            ask()
    path.unlink()
    with pytest.raises(EventsUnreadable):
        all_events()
    path.write_bytes(content)


def test_a_flush_is_due_for_many_events_or_for_old_ones(settings):
    settings.LAKE_FLUSH_EVENTS = 3
    assert not is_flush_due()
    store(event(), event())
    assert not is_flush_due()
    later = timezone.now() + timedelta(minutes=settings.LAKE_FLUSH_MINUTES + 1)
    assert is_flush_due(now=later)
    store(event())
    assert is_flush_due()


def test_the_days_that_wait_are_told(system: Actor):
    store(event(at=NOON - timedelta(days=2)), event(), event())
    assert days_waiting() == [(NOON - timedelta(days=2)).date(), NOON.date()]


def test_who_may_not_maintain_the_lake_moves_nothing():
    store(event())
    with pytest.raises(DomainError):
        flush(NOBODY)
    assert (Event.objects.count(), files_there()) == (1, set())


@pytest.mark.parametrize("visitor", ["", "v", "0192f7a0-1111-7000-8000-000000000001", "é😀"])
def test_the_database_makes_the_same_hash_of_a_visitor(visitor):
    with connection.cursor() as cursor:
        cursor.execute("SELECT ('x' || left(md5(%s), 5))::bit(20)::integer", [visitor])
        assert cursor.fetchone() == (visitor_hash(visitor),)


def test_a_file_stands_in_the_folder_of_its_month():
    assert file_name(date(2026, 11, 3), "k") == "2026-11/03-k.parquet"


def test_the_database_finds_the_files_of_a_visitor_by_their_index(system: Actor):
    store(event(visitor="a"), event(visitor="b", at=NOON - timedelta(days=1)))
    flush(system)
    wanted = EventFile.objects.get(day=NOON.date()).pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT lake_files_with(%s)", [visitor_hash("a")])
        assert cursor.fetchall() == [(wanted,)]
        cursor.execute(
            "SELECT proconfig FROM pg_proc WHERE proname = 'lake_files_with' AND provolatile = 's'"
        )
        assert cursor.fetchall() == [(["enable_seqscan=off"],)]


def test_fewer_bits_are_the_first_of_those_kept_before():
    digest = hashlib.md5(b"v", usedforsecurity=False).digest()
    before = int.from_bytes(digest[:4], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT (%s >> 12) & 1048575", [before])
        assert cursor.fetchone() == (visitor_hash("v"),)
