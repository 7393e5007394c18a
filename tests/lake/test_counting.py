"""Counts by period, page and end of visit; many at once say what each says alone."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tandem.kernel.actor import Actor
from tandem.lake.actions import flush
from tandem.lake.queries import Counted, EventCount, count_all, count_events
from tests.lake.scene import NOON, event, store

pytestmark = pytest.mark.django_db

HOUR, PAUSE = timedelta(hours=1), timedelta(minutes=30)


def some_visits(system: Actor) -> None:
    """Of three visitors and of nobody known, over two days, half of them in files."""
    for number in range(60):
        store(
            event(
                visitor=("a", "b", "c", "")[number % 4],
                at=NOON - timedelta(minutes=37 * number % 2000),
                url=f"https://x.example/{number % 5}?q={number}#{number}",
                channel=("direct", "email", "")[number % 3],
            )
        )
        if number == 30:
            flush(system)


def questions() -> Iterator[EventCount]:
    spans = ((None, None), (NOON - 20 * HOUR, None), (NOON - 30 * HOUR, NOON - 3 * HOUR))
    for what in Counted:
        for since, until in spans:
            for by, only in (((), {}), (("page",), {}), (("day", "channel"), {})):
                yield EventCount(what, by=by, only=only, since=since, until=until, pause=PAUSE)
            yield EventCount(what, only={"page": "https://x.example/1"}, since=since, pause=PAUSE)
            yield EventCount(what, by=("sender",), until=until, pause=PAUSE, with_machines=True)


def test_many_counts_at_once_say_what_each_says_alone(system: Actor):
    some_visits(system)
    asked = list(questions())
    together = count_all(asked)
    assert together == [count_all([one])[0] for one in asked]
    assert together[0] == [((), 60, 60)]
    assert len({repr(one) for one in together}) > 30


def test_nothing_asked_is_nothing_read(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert count_all([]) == []


def test_a_visit_begins_once_and_ends_once_where_it_did(system: Actor):
    for minutes, page in ((0, "first"), (20, "second"), (45, "third"), (90, "fourth")):
        at = NOON + timedelta(minutes=minutes)
        store(event(visitor="a", at=at, url=f"https://x.example/{page}?q=1#top"))

    def pages(what: Counted, **asked: object) -> dict[str, int]:
        found = count_events(what, by=["page"], pause=PAUSE, **asked)
        return {page.rpartition("/")[2]: count for (page,), count, _events in found}

    assert pages(Counted.SESSIONS) == {"first": 1, "fourth": 1}
    assert pages(Counted.ENDS) == {"third": 1, "fourth": 1}
    middle = {"since": NOON + timedelta(minutes=10), "until": NOON + timedelta(minutes=40)}
    assert (pages(Counted.SESSIONS, **middle), pages(Counted.ENDS, **middle)) == ({}, {})
    until = NOON + timedelta(minutes=60)
    assert pages(Counted.ENDS, until=until) == {"third": 1}
