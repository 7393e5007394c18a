"""Questions to what is stored: hot rows and files alike, of persons and of visitors."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tandem.kernel.actor import Actor
from tandem.kernel.refs import RecordRef
from tandem.lake.actions import flush, link_subject
from tandem.lake.models import Event
from tandem.lake.queries import Split, broken_down, subjects_where
from tandem.lake.rules.agents import ONE_OF_MANY, Kind
from tandem.lake.schemas import read_breakdown, read_question
from tests.lake.scene import NOON, event, store

pytestmark = pytest.mark.django_db

NOW = NOON + timedelta(days=1)


def test_hot_rows_and_files_are_asked_as_one(system: Actor):
    store(
        event(visitor="a", name="order", at=NOON - timedelta(days=2), props={"price": 12.50}),
        event(visitor="b", name="order", at=NOON - timedelta(days=2), props={"price": "7"}),
        event(visitor="", name="order"),
    )
    flush(system)
    store(event(visitor="a", name="order", at=NOON, props={"price": 2}))
    assert Event.objects.count() == 1
    twice = {"kind": "did", "event": {"name": "order"}, "times": {"at_least": 2}}
    spent = {
        "kind": "amount",
        "event": {},
        "how": "sum",
        "field": "props.price",
        "value": {"exactly": 14.5},
    }
    for where in (twice, spent):
        asked = read_question({"of": "visitor", "where": where})
        assert subjects_where(asked, now=NOW) == ["a"]
        assert subjects_where(asked, now=NOON - timedelta(days=1)) == []


def test_persons_are_asked_by_all_their_browsers(system: Actor):
    store(
        event(visitor="phone", name="visit", at=NOON - timedelta(hours=4)),
        event(visitor="desk", name="order", at=NOON - timedelta(hours=3)),
        event(visitor="nobody", name="visit", at=NOON - timedelta(hours=3)),
    )
    flush(system)
    for visitor, person in (("phone", 7), ("desk", 7), ("quiet", 8)):
        since = NOON - timedelta(hours=5)
        link_subject(system, visitor, to=RecordRef("person", person), since=since, proof="test")
    link_subject(
        system, "nobody", to=RecordRef("company", 9), since=NOON - timedelta(days=1), proof="test"
    )
    order = {"kind": "in_order", "steps": [{"name": "visit"}, {"name": "order"}]}
    assert subjects_where(read_question({"where": order}), now=NOW) == [7]
    assert subjects_where(read_question({"where": {"kind": "not", "of": order}}), now=NOW) == [8]
    never = {"kind": "did_not", "event": {}}
    assert subjects_where(read_question({"where": never}), now=NOW) == [8]
    assert subjects_where(read_question({"of": "visitor", "where": never}), now=NOW) == []


def test_a_breakdown_counts_each_subject_once_a_piece(system: Actor):
    store(
        event(visitor="a", channel="email", at=NOON - timedelta(minutes=2)),
        event(visitor="a", channel="email", at=NOON),
        event(visitor="b", channel="paid", at=NOON),
    )
    asked = read_breakdown({"of": "visitor", "event": {}, "by": "channel", "per": "day"})
    day = NOON.date().isoformat()
    assert broken_down(asked, now=NOW) == [
        Split("email", day, subjects=1, events=2),
        Split("paid", day, subjects=1, events=1),
    ]


def test_machines_do_nothing():
    asked = read_question({"of": "visitor", "where": {"kind": "did", "event": {}}})
    store(event(visitor="bot", agent=ONE_OF_MANY[Kind.MACHINE]))
    store(event(visitor="ann", agent=ONE_OF_MANY[Kind.HUMAN]), event(visitor="old"))
    assert subjects_where(asked, now=NOW) == ["ann", "old"]


def test_a_question_takes_two_queries_at_most(system: Actor):
    store(event(visitor="a"))
    asked = read_question({"where": {"kind": "did_not", "event": {}}})
    with CaptureQueriesContext(connection) as captured:
        subjects_where(asked, now=NOW)
    assert len(captured) <= 2
