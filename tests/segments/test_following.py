"""Who is in a segment follows what people are and do, and the time that passes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.consent.actions import record_consent
from tandem.consent.rules import Basis, Channel, Purpose, State
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn
from tandem.deals.actions import open_deal
from tandem.deals.schemas import NewDeal
from tandem.kernel.actor import Actor
from tandem.lake.actions import flush
from tandem.lake.rules.agents import ONE_OF_MANY, Kind
from tandem.people.actions import change_person, delete_person
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson
from tandem.segments import queries, rules
from tandem.segments.actions import follow, following
from tandem.segments.models import Condition, MemberStep, Segment, Touched
from tandem.segments.queries.conditions import ask
from tandem.segments.queries.definitions import Words
from tandem.segments.queries.reasons import reasons
from tests.segments.conftest import BRITISH, PRICES, names_in, opens

pytestmark = pytest.mark.django_db


def test_a_change_of_a_person_is_followed(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    ann, ben = person("Ann", country="GB"), person("Ben", country="NL")
    made = segment(BRITISH)
    assert names_in(made) == ["Ann"]

    change_person(system, ben.public_id, data=ChangePerson(country="GB"))
    change_person(system, ann.public_id, data=ChangePerson(country="DE"))
    follow(system)

    assert names_in(made) == ["Ben"]
    step = MemberStep.objects.order_by("pk").last()
    assert step is not None
    assert (step.came_count, step.went_count, step.size) == (1, 1, 1)
    assert not Touched.objects.exists()


def test_a_new_person_and_one_who_is_deleted_are_followed(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    not_british = segment(BRITISH, kind="none")
    made = segment(BRITISH)
    ann = person("Ann", country="GB")
    person("Ben", country="NL")
    follow(system)
    assert (names_in(made), names_in(not_british)) == (["Ann"], ["Ben"])

    delete_person(system, ann.public_id)
    follow(system)
    assert (names_in(made), names_in(not_british)) == ([], ["Ben"])


def test_what_somebody_agreed_to_is_followed(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    ann = person("Ann")
    person("Ben")
    made = segment({"kind": "consent", "channel": "email", "topic": "news"})
    for state, wanted in ((State.GRANTED, ["Ann"]), (State.WITHDRAWN, [])):
        entry = ConsentEntry(
            channel=Channel.EMAIL,
            topic="news",
            purpose=Purpose.MARKETING,
            basis=Basis.CONSENT,
            state=state,
        )
        told = ConsentEvidenceIn(source="form", ip="192.0.2.7", reference="s1")
        record_consent(system, ann.pk, entries=[entry], wording="Yes, write to me.", evidence=told)
        follow(system)
        assert names_in(made) == wanted
    assert "Withdrawn" in reasons(system, made, ann, made.who)[1].evidence[0]


def test_an_event_reaches_the_segments_that_hear_it(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    person("Ann", visitor="a", country="GB")
    person("Ben", visitor="b")
    made = segment(PRICES)
    opens("a", "https://tin.example/prices")
    follow(system)
    assert names_in(made) == []

    opens("a", "https://tin.example/prices?of=tins")
    opens("b", "https://tin.example/prices")
    follow(system)
    assert names_in(made) == ["Ann"]


def test_events_that_went_to_files_before_they_were_heard_are_heard(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    person("Ann", visitor="a")
    made = segment(PRICES)
    follow(system)
    for _time in range(2):
        opens("a", "https://tin.example/prices")
    assert flush(system, waits=True).events == 2
    assert queries.is_follow_due()
    follow(system)
    assert names_in(made) == ["Ann"]


def test_a_window_moves_on_by_itself(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    person("Ann", visitor="a")
    now = timezone.now()
    opens("a", "https://tin.example/prices", now - timedelta(days=13, hours=12))
    opens("a", "https://tin.example/prices", now - timedelta(days=1))
    made = segment(PRICES)
    assert names_in(made) == ["Ann"]

    follow(system, now=now + timedelta(hours=11))
    assert names_in(made) == ["Ann"]
    follow(system, now=now + timedelta(hours=12, minutes=20))
    assert names_in(made) == []


def test_who_did_nothing_is_in_a_segment_of_never(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    person("Ann", visitor="a")
    person("Unknown browser")
    never = {"kind": "did_not", "event": {"name": "page"}, "window": {"last": {"days": 30}}}
    made = segment(never)
    assert names_in(made) == ["Ann", "Unknown browser"]
    opens("a", "https://tin.example/")
    follow(system)
    assert names_in(made) == ["Unknown browser"]


def test_a_segment_of_segments_follows_these(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    ann = person("Ann", country="GB")
    inner = segment(BRITISH, name="British")
    of_inner = {"kind": "segment", "id": str(inner.public_id)}
    outer = segment(of_inner, name="Outer")
    outermost = segment({"kind": "segment", "id": str(outer.public_id)}, name="Outermost")
    change_person(system, ann.public_id, data=ChangePerson(country="NL"))
    follow(system)
    assert [names_in(one) for one in (inner, outer, outermost)] == [[], [], []]


def test_a_machine_puts_nobody_into_a_segment(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    person("Ann", visitor="a")
    made = segment({"kind": "did", "event": {"name": "page"}})
    opens("a", "https://tin.example/prices", agent=ONE_OF_MANY[Kind.MACHINE])
    follow(system)
    assert names_in(made) == []


def test_what_cannot_be_asked_any_more_holds_up_nobody(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    ann = person("Ann", country="GB")
    made = segment(BRITISH)
    gone = segment({"kind": "person", "where": {"field": "title", "is": "empty"}}, name="Gone")
    leaf = {"kind": "person", "where": {"field": "x_gone", "is": "empty"}}
    Condition.objects.filter(leaf__where__field="title").update(leaf=leaf)
    change_person(system, ann.public_id, data=ChangePerson(country="NL"))
    follow(system)
    assert (names_in(made), names_in(gone)) == ([], ["Ann"])
    assert Condition.objects.get(leaf=leaf).fault
    assert "a field that is gone" in Words(system, {"kind": "all", "of": [leaf]}).whole(leaf)


def test_conditions_on_deals_ask_everybody_but_not_all_the_time(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    ann, ben = person("Ann"), person("Ben")
    open_deal_of = {"related": "deals", "is": "any", "where": {"op": "and", "items": []}}
    made = segment({"kind": "person", "where": open_deal_of})
    now = timezone.now()
    open_deal(system, data=NewDeal(name="Tins", person=str(ann.public_id)))
    follow(system, now=now + timedelta(seconds=11))
    assert names_in(made) == ["Ann"]
    open_deal(system, data=NewDeal(name="More tins", person=str(ben.public_id)))
    follow(system, now=now + timedelta(seconds=15))
    assert names_in(made) == ["Ann"]
    follow(system, now=now + timedelta(seconds=21))
    assert names_in(made) == ["Ann", "Ben"]


def test_a_worker_that_dies_halfway_loses_nothing(
    system: Actor,
    person: Callable[..., Person],
    segment: Callable[..., Segment],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann = person("Ann", visitor="a", country="GB")
    british, warm = segment(BRITISH), segment(PRICES, name="Warm")
    follow(system)
    change_person(system, ann.public_id, data=ChangePerson(country="NL"))
    for _time in range(2):
        opens("a", "https://tin.example/prices")

    def die(*_given: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(following, "refresh_followed", die)
        with pytest.raises(KeyboardInterrupt):
            follow(system)
    assert (names_in(british), names_in(warm)) == (["Ann"], [])
    assert queries.is_follow_due()

    follow(system)
    assert (names_in(british), names_in(warm)) == ([], ["Ann"])
    assert not queries.is_follow_due()


LEAVES: list[dict[str, Any]] = [
    BRITISH,
    PRICES,
    {
        "kind": "did",
        "event": {"name": "page"},
        "times": {"at_most": 1},
        "window": {"last": {"days": 3}},
    },
    {"kind": "did_not", "event": {"name": "form"}, "window": {"last": {"days": 2}}},
    {"kind": "did", "event": {"name": "form"}, "window": {"last": {"days": 2}, "ago": {"days": 1}}},
    {
        "kind": "in_order",
        "steps": [{"name": "page"}, {"name": "form"}],
        "window": {"last": {"days": 5}},
        "within": {"days": 2},
    },
    {"kind": "last", "event": {"name": "page"}, "at": {"last": {"days": 1}}},
    {
        "kind": "ratio",
        "event": {"name": "page"},
        "window": {"last": {"days": 2}},
        "to": {"last": {"days": 6}, "ago": {"days": 2}},
        "value": {"more_than": 1},
    },
]


def _trees() -> st.SearchStrategy[dict[str, Any]]:
    leaf = st.sampled_from(LEAVES)
    return st.recursive(
        leaf,
        lambda below: st.builds(
            lambda kind, of: {"kind": kind, "of": of},
            st.sampled_from(["all", "any", "none"]),
            st.lists(below, min_size=1, max_size=3),
        ),
        max_leaves=5,
    )


@settings(max_examples=10)
@given(tree=_trees(), seed=st.integers(0, 10_000))
def test_following_gives_what_asking_everybody_gives(
    tree: dict[str, Any], seed: int, system: Actor, person: Any, segment: Any, monkeypatch: Any
) -> None:
    """Random histories: events, changes, hours that pass; after each step both ways agree."""
    monkeypatch.setattr(rules, "_FINEST", timedelta(microseconds=1))
    monkeypatch.setattr(rules, "_PARTS", 10**15)
    with transaction.atomic():
        _live_through(tree, Random(seed), system, person, segment)
        transaction.set_rollback(True)


def _live_through(
    tree: dict[str, Any], chance: Random, system: Actor, person: Any, segment: Any
) -> None:
    now = timezone.now() - timedelta(days=6)
    made = segment(tree)
    people = [person(f"P{at}", visitor=f"v{at}", country="GB") for at in range(3)]
    # What is published is as of today; the story begins earlier.
    Condition.objects.update(is_stale=True)
    follow(system, now=now)
    for _step in range(6):
        deed, at = chance.random(), chance.randrange(3)
        if deed < 0.6:
            page = chance.choice(["/prices", "/"])
            opens(f"v{at}", f"https://tin.example{page}", now)
        elif deed < 0.8:
            country = ChangePerson(country=chance.choice(["GB", "NL"]))
            change_person(system, people[at].public_id, data=country)
        now += timedelta(hours=chance.randrange(1, 30))
        follow(system, now=now)
        assert list(queries.persons_in(made)) == list(_asked_anew(made.who, now))


def _asked_anew(tree: dict[str, Any], now: datetime) -> rules.Persons:
    everyone = ask(rules.EVERYONE, now=now).found

    def holds(leaf: dict[str, Any]) -> rules.Persons:
        answer = ask(leaf, now=now)
        return everyone - answer.found if answer.is_rest else answer.found

    return rules.members(tree, holds, everyone)
