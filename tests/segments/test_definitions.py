"""Definitions: read, refused, edited as drafts, published, taken back, said in words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tandem.accounts.errors import FieldHidden
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.undo import undo
from tandem.people.models import Person
from tandem.records.slots import Traces
from tandem.segments import actions, queries, rules
from tandem.segments.errors import (
    DefinitionEmpty,
    DefinitionInvalid,
    PlaceUnknown,
    SegmentFrozen,
    SegmentInCircle,
    SegmentUnknown,
    SegmentUsed,
)
from tandem.segments.models import MemberStep, Segment
from tandem.segments.queries.definitions import Words
from tandem.segments.queries.reasons import reasons
from tandem.segments.schemas import NewSegment, read_tree
from tests.segments.conftest import BRITISH, PRICES, names_in, opens

pytestmark = pytest.mark.django_db

DUTCH = {"kind": "person", "where": {"field": "country", "is": "any_of", "value": ["NL"]}}


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ({"kind": "every", "of": []}, ""),
        ({"kind": "all", "of": [{"kind": "did"}]}, "of.0.event"),
        ({"kind": "all", "of": [{**PRICES, "times": {"at_least": "two"}}]}, "of.0.times.at_least"),
        ({"kind": "all", "of": [{"kind": "segment", "id": "warm"}]}, "of.0.id"),
        ({"kind": "all", "of": [], "x": 1}, "x"),
    ],
)
def test_what_is_no_definition_is_refused_with_its_place(tree: Any, place: str) -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        read_tree(tree)
    assert refused.value.errors[0].field.startswith(place)


@pytest.mark.parametrize(
    "where",
    [
        {"field": "nothing", "is": "any_of", "value": ["GB"]},
        {"field": "country", "is": "younger", "value": ["GB"]},
        {"field": "owner", "is": "any_of", "value": ["me"]},
        {"related": "cats", "is": "any"},
    ],
)
def test_a_condition_on_people_that_cannot_be_asked_changes_nothing(
    where: dict[str, Any], system: Actor, segment: Callable[..., Segment]
) -> None:
    made = segment(BRITISH)
    bad = {"kind": "person", "where": where}
    with pytest.raises(DefinitionInvalid) as refused:
        actions.add_node(system, made.public_id, (), node=bad)
    assert refused.value.errors == () or refused.value.errors[0].field.startswith("of.1")
    made.refresh_from_db()
    assert made.draft is None


def test_a_draft_changes_nobody_until_it_is_published(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    person("Ann", country="GB")
    person("Ben", country="NL")
    made = segment(BRITISH, kind="any")
    actions.add_node(system, made.public_id, (), node=DUTCH)
    assert names_in(made) == ["Ann"]
    actions.publish_draft(system, made.public_id)
    assert names_in(made) == ["Ann", "Ben"]
    made.refresh_from_db()
    assert (made.definition_version, made.draft) == (2, None)

    publication = last_change_set()
    assert publication is not None
    undo(system, publication)
    made.refresh_from_db()
    assert (made.definition_version, names_in(made)) == (1, ["Ann"])
    assert made.draft == {"kind": "any", "of": [BRITISH, DUTCH]}


def test_nodes_are_moved_replaced_and_taken_out(
    system: Actor, segment: Callable[..., Segment]
) -> None:
    made = segment(BRITISH)
    actions.add_node(system, made.public_id, (), node={"kind": "none", "of": []})
    actions.add_node(system, made.public_id, (1,), node=PRICES)
    actions.move_node(system, made.public_id, (1,), by=-1)
    actions.put_node(system, made.public_id, (1,), node=DUTCH)
    drafted = actions.move_node(system, made.public_id, (1,), by=1)
    assert drafted.draft == {"kind": "all", "of": [{"kind": "none", "of": [PRICES]}, DUTCH]}
    assert actions.remove_node(system, made.public_id, (0,)).draft == {"kind": "all", "of": [DUTCH]}
    with pytest.raises(PlaceUnknown):
        actions.remove_node(system, made.public_id, (4,))
    assert actions.discard_draft(system, made.public_id).draft is None


def test_an_empty_definition_is_not_published(system: Actor) -> None:
    made, _new = actions.create_segment(system, data=NewSegment(name="Nothing yet"))
    with pytest.raises(DefinitionEmpty):
        actions.publish_draft(system, made.public_id)
    assert list(queries.persons_in(made)) == []


def test_segments_make_no_circle_and_stay_while_used(
    system: Actor, segment: Callable[..., Segment]
) -> None:
    inner = segment(BRITISH, name="Inner")
    outer = segment({"kind": "segment", "id": str(inner.public_id)}, name="Outer")
    of_outer = {"kind": "segment", "id": str(outer.public_id)}
    with pytest.raises(SegmentInCircle):
        actions.add_node(system, inner.public_id, (), node=of_outer)
    with pytest.raises(SegmentUsed):
        actions.delete_segment(system, inner.public_id)
    actions.delete_segment(system, outer.public_id)
    with pytest.raises(SegmentUnknown):
        actions.add_node(system, inner.public_id, (), node=of_outer)
    actions.delete_segment(system, inner.public_id)
    assert not queries.visible_to(system).exists()


def test_who_does_not_see_a_field_sees_no_segment_that_asks_for_it(
    make_actor: Callable[..., Actor], segment: Callable[..., Segment]
) -> None:
    made = segment(BRITISH, name="Inner")
    outer = segment({"kind": "segment", "id": str(made.public_id)}, name="Outer")
    plain = make_actor("marketer")
    assert set(queries.visible_to(plain)) == {made, outer}
    blind = replace(plain, hidden={"person": frozenset({"country"})})
    assert list(queries.visible_to(blind)) == []
    who = {"kind": "all", "of": [BRITISH]}
    with pytest.raises((DefinitionInvalid, FieldHidden)):
        actions.create_segment(blind, data=NewSegment(name="Guess", who=who))
    assert not Segment.objects.filter(name="Guess").exists()


def test_a_snapshot_stays_as_it_was(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    person("Ann", country="GB")
    made = segment(BRITISH)
    kept = actions.take_snapshot(system, made.public_id, name="As of today")
    person("Ben", country="GB")
    actions.follow(system)
    assert (names_in(made), names_in(kept)) == (["Ann", "Ben"], ["Ann"])
    with pytest.raises(SegmentFrozen):
        actions.add_node(system, kept.public_id, (), node=DUTCH)


def test_any_day_of_the_past_is_told(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    ann = person("Ann", country="GB")
    made = segment(BRITISH)
    person("Ben", country="GB")
    actions.follow(system)
    first, second = MemberStep.objects.filter(segment=made).order_by("pk")
    assert list(queries.persons_at(made, first.at)) == [ann.pk]
    assert len(queries.persons_at(made, second.at)) == 2


def test_whoever_is_erased_is_in_no_set(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    ann, ben = person("Ann", country="GB", visitor="a"), person("Ben", country="GB")
    made = segment(BRITISH)
    kept = actions.take_snapshot(system, made.public_id, name="Kept")
    actions.forget_persons("person", [ann.pk], Traces())
    assert list(queries.persons_in(kept)) == [ben.pk]
    for step in MemberStep.objects.all():
        assert ann.pk not in step.step.joined | step.step.left
        assert step.came_count == 1


def test_definitions_read_as_sentences(system: Actor, segment: Callable[..., Segment]) -> None:
    inner = segment(BRITISH, name="British")
    tree = {
        "kind": "all",
        "of": [
            PRICES,
            {"kind": "segment", "id": str(inner.public_id)},
            {"kind": "none", "of": [DUTCH, {"kind": "did_not", "event": {"name": "page"}}]},
        ],
    }
    assert Words(system, tree).whole(tree) == (
        "People with: Page opened (address contains /prices), at least 2 times, within 14 days"
        " and in the segment “British”; without Country Netherlands or never: Page opened"
    )


def test_a_reason_tells_days_and_when_they_no_longer_count(
    system: Actor, person: Callable[..., Person], segment: Callable[..., Segment]
) -> None:
    ann = person("Ann", country="GB", visitor="a")
    now = timezone.now()
    for days in (13, 2, 1):
        opens("a", "https://tin.example/prices", now - timedelta(days=days))
    made = segment(PRICES, BRITISH)
    head, prices, british = reasons(system, made, ann, made.who)
    assert (head.holds, prices.holds, british.holds) == (True, True, True)
    assert prices.evidence[0].startswith("3 times, on ")
    # The event of 13 days ago leaves tomorrow, which changes nothing; that of two days ago does.
    assert prices.until is not None
    assert abs(prices.until - (now + timedelta(days=12))) < timedelta(seconds=5)
    assert british.evidence == ["Country: United Kingdom"]


def test_a_set_is_narrowed_in_the_database(
    system: Actor, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "NAMED", 0)
    people = [person(f"P{at}") for at in range(5)]
    chosen = rules.Persons([people[0].pk, people[3].pk])
    assert {one.pk for one in queries.people_among(system, chosen)} == set(chosen)
    assert queries.people_among(system, rules.Persons()).count() == 0
