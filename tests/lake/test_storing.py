"""Events are stored once, in the part of their day, and read by whom the visitor is since then."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tandem.kernel.actor import Actor
from tandem.kernel.ids import new_public_id
from tandem.kernel.refs import RecordRef
from tandem.lake.actions import ensure_days, forget_ids, link_subject
from tandem.lake.models import Event, EventSeen, SubjectAlias
from tandem.lake.queries import events_of, subjects_of
from tandem.lake.rules import day_name, moment_of_id

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC).replace(microsecond=0)


def event(**fields: Any) -> dict[str, Any]:
    texts = dict.fromkeys(
        ("visitor", "url", "referrer", "title", "source", "medium", "campaign", "channel"), ""
    )
    base = {"id": str(new_public_id()), "at": NOW.isoformat(), "name": "page", "props": {}}
    return {**texts, **base, **fields}


def store(*events: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT lake_store(%s::json)", [json.dumps(events)])
        return int(cursor.fetchone()[0])


def test_an_event_is_stored_once_however_often_it_comes():
    one, two = event(), event()
    assert store(one, one, two) == 2
    assert store(two, {**one, "at": (NOW - timedelta(days=1)).isoformat()}) == 0
    assert Event.objects.count() == 2


def test_an_event_stands_in_the_part_of_its_day():
    store(event())
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM lake_event")
        assert cursor.fetchone() == (day_name(NOW.date()),)


def test_a_day_without_a_part_is_taken_all_the_same():
    assert store(event(at=(NOW + timedelta(days=90)).isoformat())) == 1


def test_days_are_made_once_and_never_over_events_that_came_before(system: Actor):
    future = (NOW + timedelta(days=90)).date()
    store(event(at=(NOW + timedelta(days=90)).isoformat()))
    made = ensure_days(system, today=future)
    assert day_name(future) not in made
    assert len(made) == 15
    assert ensure_days(system, today=future) == []


def test_old_ids_are_forgotten_and_young_ones_are_not(system: Actor):
    store(event(), event())
    assert forget_ids(system, now=NOW + timedelta(days=7)) == 0
    assert forget_ids(system, now=NOW + timedelta(days=8)) == 2
    assert (EventSeen.objects.count(), Event.objects.count()) == (0, 2)


def test_the_events_of_a_person_are_those_since_consent(system: Actor):
    ref = RecordRef("person", 7)
    for hours, visitor in ((-3, "v1"), (-1, "v1"), (0, "v1"), (0, "v2"), (0, "")):
        store(event(visitor=visitor, at=(NOW + timedelta(hours=hours)).isoformat()))
    link_subject(system, "v1", to=ref, since=NOW - timedelta(hours=2), proof="test")
    found = events_of("person", [7, 8])
    assert set(found) == {7}
    assert [one.at for one in found[7]] == [NOW - timedelta(hours=1), NOW]
    assert [alias.subject for alias in subjects_of([ref])[ref]] == ["v1"]


def test_linking_twice_is_linking_once(system: Actor):
    ref = RecordRef("person", 7)
    first = link_subject(system, "v1", to=ref, since=NOW, proof="a")
    assert link_subject(system, "v1", to=ref, since=NOW, proof="b").pk == first.pk
    assert SubjectAlias.objects.get().proof == "a"


def test_an_alias_never_begins_in_the_future(system: Actor):
    later = datetime.now(UTC) + timedelta(hours=1)
    link_subject(system, "v1", to=RecordRef("person", 7), since=later, proof="test")
    assert SubjectAlias.objects.get().since < later


def test_the_moment_in_a_time_ordered_id():
    made = moment_of_id(str(new_public_id()))
    assert made is not None
    assert abs(made - datetime.now(UTC)) < timedelta(seconds=5)
    assert moment_of_id("2f1e7e3e-6e0f-4c5b-9d51-0d3a3a1b2c3d") is None
    assert moment_of_id("nonsense") is None
