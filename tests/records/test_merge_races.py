"""The same two records merged by several people at once, and words said meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.db import connections

from tandem.consent.actions import record_consent
from tandem.consent.models import ConsentState
from tandem.consent.queries import broken_events
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records.actions import merge
from tandem.records.models import MergeEvent
from tandem.records.slots import object_type
from tests.waiting import until_one_waits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two(system: Actor) -> tuple[Person, Person]:
    made = [create_person(system, data=NewPerson(name=name))[0] for name in ("Ann", "Anne")]
    return made[0], made[1]


def test_of_many_who_merge_the_same_two_one_does(system, two):
    start = Barrier(6)

    def press(number: int) -> str:
        one, other = two if number % 2 else two[::-1]
        try:
            start.wait()
            merge(system, object_type("person"), one.public_id, other.public_id)
            return "merged"
        except Missing:
            return "missing"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(press, range(6)))
    assert found == ["merged"] + ["missing"] * 5
    event = MergeEvent.objects.get()
    gone = Person.objects.get(pk=event.absorbed_id)
    assert gone.merged_into_id == event.survivor_id
    assert Person.objects.get(pk=event.survivor_id).merged_into_id is None


def say_no(actor: Actor, person: Person) -> None:
    entry = ConsentEntry(
        channel="email", topic="news", purpose="marketing", basis="consent", state="withdrawn"
    )
    record_consent(
        actor,
        person.pk,
        entries=[entry],
        wording="No more news.",
        evidence=ConsentEvidenceIn(source="form"),
    )


@action(permission="records.merge")
def merge_slowly(actor: Actor, one: Person, other: Person, then: Any) -> None:
    merge(actor, object_type("person"), one.public_id, other.public_id)
    then()


def test_a_no_to_the_absorbed_that_comes_during_the_merge_is_the_survivors(system, two):
    one, other = two
    is_merged = Event()

    def wait_for_the_no() -> None:
        is_merged.set()
        until_one_waits()

    def merging() -> None:
        try:
            merge_slowly(system, one, other, wait_for_the_no)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(merging)
        assert is_merged.wait(60)
        say_no(system, other)
        done.result()
    assert list(ConsentState.objects.values_list("person_id", "state")) == [(one.pk, "withdrawn")]
    assert broken_events() == []
