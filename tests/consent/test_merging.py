"""Two persons who are taken for one, and are two again: nobody who said no is written to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.consent import queries
from tandem.consent.models import ConsentEvent, ConsentState
from tandem.consent.rules import NOES, STRICTNESS, State, apart, said_by_either
from tandem.kernel.actions import last_change_set
from tandem.kernel.models import PublishedFact
from tandem.kernel.undo import undo
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records.actions import merge, unmerge
from tandem.records.models import MergeEvent
from tandem.records.slots import object_type
from tandem.timeline.models import TimelineEntry

pytestmark = pytest.mark.django_db

YES, NO, PENDING, DENIED = State.GRANTED, State.WITHDRAWN, State.PENDING, State.DENIED


@pytest.fixture
def bo(system: Any) -> Person:
    return create_person(system, data=NewPerson(name="Bo Lee"))[0]


@pytest.fixture
def join(system: Any) -> Callable[[Person, Person], MergeEvent]:
    return lambda one, other: merge(system, object_type("person"), one.public_id, other.public_id)


@pytest.fixture
def part(system: Any) -> Callable[[Person, MergeEvent], Any]:
    return lambda one, event: unmerge(
        system, object_type("person"), one.public_id, event=event.public_id
    )


def holds(person: Person) -> str | None:
    rows = ConsentState.objects.filter(person_id=person.pk, topic="news")
    return rows.values_list("state", flat=True).first()


def test_a_withdrawal_between_holds_for_both(ann, bo, say, join, part):
    say(bo, YES)
    event = join(ann, bo)
    say(ann, NO)
    part(ann, event)
    assert (holds(ann), holds(bo)) == (NO, NO)
    copied = ConsentEvent.objects.get(person=bo, state=NO)
    said = ConsentEvent.objects.get(person=ann, state=NO)
    assert (copied.at, copied.wording_id) == (said.at, said.wording_id)
    assert (copied.evidence.source, copied.evidence.reference) == ("unmerge", str(event.public_id))
    assert copied.evidence.said_by == str(bo.public_id)
    assert queries.broken_events() == []
    assert queries.crooked_states() == []
    story = TimelineEntry.objects.filter(subject_kind="person", subject_id=bo.pk)
    assert story.filter(kind="consent.withdrawn").count() == 1
    assert PublishedFact.objects.filter(name="consent.ConsentChanged").count() == 3


@pytest.mark.parametrize(
    ("anns", "bos", "between", "expected"),
    [
        (YES, YES, [], (YES, YES)),
        (YES, NO, [], (YES, NO)),  # each is as they were
        (None, YES, [NO], (NO, NO)),
        (YES, None, [NO], (NO, NO)),
        (None, None, [NO], (NO, NO)),
        (None, None, [YES], (YES, None)),
        (None, NO, [YES], (YES, NO)),  # the absorbed one's no is not unsaid by another's yes
        (NO, YES, [YES], (NO, YES)),  # nor is the survivor's own
        (NO, NO, [YES], (NO, NO)),
        (YES, YES, [NO, YES], (NO, NO)),  # two words, of one or of two
        (PENDING, None, [YES], (YES, None)),
        (YES, None, [PENDING], (YES, None)),
        (DENIED, YES, [NO], (NO, NO)),
        (NO, YES, [DENIED], (NO, DENIED)),
    ],
)  # fmt: skip
def test_the_stricter_word_holds_for_each(anns, bos, between, expected, ann, bo, say, join, part):
    for person, word in ((ann, anns), (bo, bos)):
        if word is not None:
            say(person, word)
    event = join(ann, bo)
    for word in between:
        say(ann, word)
    part(ann, event)
    assert (holds(ann), holds(bo)) == expected
    assert queries.broken_events() == []
    assert queries.crooked_states() == []


def last_done() -> UUID:
    done = last_change_set()
    assert done is not None
    return done


def test_the_general_undo_of_a_merge_is_as_strict(ann, bo, say, join, system):
    say(bo, YES)
    join(ann, bo)
    merged_in = last_done()
    say(ann, NO)
    undo(system, merged_in)
    assert (holds(ann), holds(bo)) == (NO, NO)
    undo(system, last_done())
    assert (holds(ann), holds(bo)) == (NO, None)


def test_a_no_reaches_whoever_is_part_of_who_is_part(ann, bo, say, join, part, system):
    cy = create_person(system, data=NewPerson(name="Cy Lee"))[0]
    say(cy, YES)
    say(bo, NO)
    inner = join(bo, cy)
    outer = join(ann, bo)
    say(ann, DENIED)
    part(ann, outer)
    part(bo, inner)
    assert (holds(ann), holds(bo), holds(cy)) == (DENIED, NO, NO)


def test_what_is_said_of_the_absorbed_meanwhile_waits_for_the_merge(ann, bo, say, join):
    # Whoever has the chain goes first; the other finds the person as they are then.
    join(ann, bo)
    say(bo, NO)
    assert (holds(ann), holds(bo)) == (NO, None)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s",
            [queries.CHAIN_LOCK],
        )
        assert cursor.fetchone()[0] >= 1


# --- any history ----------------------------------------------------------------------------------

PEOPLE = 4
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(0, PEOPLE - 1), st.sampled_from(list(State))),
        st.tuples(st.just("merge"), st.integers(0, PEOPLE - 1), st.integers(0, PEOPLE - 1)),
        st.tuples(st.just("part"), st.integers(0, PEOPLE - 1), st.just(None)),
    ),
    min_size=3,
    max_size=14,
)


@dataclass
class World:
    """Who is who in truth: each is somebody, and speaks through the record they are found under."""

    people: list[Person]
    last: dict[int, State] = field(default_factory=dict)
    merges: list[tuple[int, int, MergeEvent]] = field(default_factory=list)

    def under(self, one: int) -> int:
        """The record under which somebody is found now."""
        inside = {absorbed: survivor for survivor, absorbed, _event in self.merges}
        while one in inside:
            one = inside[one]
        return one

    def alone(self) -> list[int]:
        taken = {one for survivor, absorbed, _event in self.merges for one in (survivor, absorbed)}
        return [one for one in range(len(self.people)) if one not in taken]


@settings(max_examples=25)
@given(deeds=DEEDS)
def test_whoever_said_no_last_and_stands_alone_is_not_written_to(deeds, say, join, part, system):
    world = World([create_person(system, data=NewPerson(name=f"P {n}"))[0] for n in range(PEOPLE)])
    for deed, one, more in deeds:
        if deed == "say":
            say(world.people[world.under(one)], more)
            world.last[one] = more
        elif deed == "merge" and world.under(one) != world.under(more):
            survivor, absorbed = world.under(one), world.under(more)
            event = join(world.people[survivor], world.people[absorbed])
            world.merges.append((survivor, absorbed, event))
        elif deed == "part" and world.merges:
            survivor, _absorbed, event = world.merges.pop()
            part(world.people[survivor], event)
        _check(world)
    while world.merges:
        survivor, _absorbed, event = world.merges.pop()
        part(world.people[survivor], event)
    assert world.alone() == list(range(PEOPLE))
    _check(world)
    assert queries.broken_events() == []
    ours = {person.pk for person in world.people}
    crooked = ConsentState.objects.filter(pk__in=queries.crooked_states(), person_id__in=ours)
    assert not crooked.exists()


def _check(world: World) -> None:
    for one in world.alone():
        if world.last.get(one) in NOES:
            assert holds(world.people[one]) in NOES  # no other's word took it back


STATES = st.sampled_from(list(State))


@given(before=st.none() | STATES, said=st.lists(STATES), is_survivor=st.booleans())
def test_apart_is_never_looser_than_ones_own_word_or_a_no_that_was_said(before, said, is_survivor):
    held = apart(before, said_by_either(said), is_survivor=is_survivor)
    if before in NOES:
        assert held is not None
        assert STRICTNESS[held] >= STRICTNESS[before]
    if set(said) & NOES:
        assert held in NOES
    if held is YES:
        assert before is YES or (is_survivor and before not in NOES and YES in said)
