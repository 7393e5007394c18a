"""How persons stand to each other, groups of companies, and the ways to somebody."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from tandem.accounts.queries import actor_for
from tandem.kernel.actions import action
from tandem.kernel.undo import UndoConflict, undo
from tandem.people import errors, queries
from tandem.people.actions import (
    add_relationship,
    change_company,
    change_person,
    change_relationship,
    delete_person,
    employ,
    remove_relationship,
)
from tandem.people.models import Company, Relationship
from tandem.people.queries import family_of, known_to, ways_in
from tandem.people.rules import KEPT_TIES, Tie, is_kept, turned
from tandem.people.schemas import (
    ChangeCompany,
    ChangePerson,
    ChangeRelationship,
    NewRelationship,
)
from tandem.records.actions import merge, unmerge
from tandem.records.slots import object_type
from tandem.timeline.models import TimelineEntry
from tests.people.conftest import last_done

pytestmark = pytest.mark.django_db


def seen(actor, person):
    return [(str(one.tie), one.person.name, one.note) for one in known_to(actor, person)]


def tie(actor, one, word, other, note=""):
    data = NewRelationship(type=word, person=str(other.public_id), note=note)
    return add_relationship(actor, one.public_id, data=data)


@given(st.sampled_from(list(Tie)))
def test_turning_twice_changes_nothing_and_one_side_is_kept(word):
    assert turned(turned(word)) is word
    assert is_kept(word) or is_kept(turned(word))
    assert (word in KEPT_TIES) is is_kept(word)


@pytest.mark.parametrize(
    ("word", "back"),
    [
        ("reports_to", "leads"),
        ("leads", "reports_to"),
        ("introduced", "introduced_by"),
        ("assisted_by", "assistant_of"),
        ("worked_with", "worked_with"),
        ("family", "family"),
    ],
)
def test_each_side_has_the_tie_in_its_own_words(admin, add, word, back):
    ann, ben = add("Ann"), add("Ben")
    tie(admin, ann, word, ben, note="since school")
    assert seen(admin, ann) == [(word, "Ben", "since school")]
    assert seen(admin, ben) == [(back, "Ann", "since school")]
    told = TimelineEntry.objects.filter(kind="people.tie_added").order_by("subject_id")
    assert [(one.subject_id, one.payload["tie"]) for one in told] == [
        (ann.pk, word),
        (ben.pk, back),
    ]


def test_a_tie_is_there_once_whoever_says_it_and_never_to_oneself(admin, add):
    ann, ben = add("Ann"), add("Ben")
    tie(admin, ann, "reports_to", ben)
    for one, word, other in (
        (ann, "reports_to", ben),
        (ben, "leads", ann),
        (ben, "reports_to", ann),
    ):
        with pytest.raises(errors.TieExists):
            tie(admin, one, word, other)
    with pytest.raises(errors.TieWithSelf):
        tie(admin, ann, "knows", ann)
    tie(admin, ben, "knows", ann)
    assert seen(admin, ann) == [("reports_to", "Ben", ""), ("knows", "Ben", "")]


@action(permission="people.edit")
def put(actor, /, **columns):
    with transaction.atomic():
        Relationship.objects.create(**columns)


def test_the_database_refuses_what_must_not_be(system, add):
    ann, ben = add("Ann"), add("Ben")
    put(system, from_person=ann, to_person=ben, type="knows")
    for wrong in (
        {"from_person": ann, "to_person": ann, "type": "family"},
        {"from_person": ben, "to_person": ann, "type": "knows"},
        {"from_person": ann, "to_person": ben, "type": "leads"},
    ):
        with pytest.raises(IntegrityError):
            put(system, **wrong)
    assert Relationship.objects.count() == 1


def test_it_is_changed_taken_away_and_brought_back(admin, add):
    ann, ben = add("Ann"), add("Ben")
    made = tie(admin, ann, "leads", ben)
    change_relationship(admin, ben.public_id, made.pk, data=ChangeRelationship(note="in the shop"))
    assert seen(admin, ann) == [("leads", "Ben", "in the shop")]
    remove_relationship(admin, ben.public_id, made.pk)
    assert seen(admin, ann) == seen(admin, ben) == []
    undo(admin, last_done())
    assert seen(admin, ben) == [("reports_to", "Ann", "in the shop")]
    delete_person(admin, ann.public_id)
    assert seen(admin, ben) == []
    undo(admin, last_done())
    assert seen(admin, ben) == [("reports_to", "Ann", "in the shop")]


def test_who_is_out_of_sight_is_not_tied_and_not_named(system, make_user, add):
    mine, theirs = make_user("seller"), make_user("seller")
    ann = add("Ann", owner=mine.email)
    ben = add("Ben", owner=theirs.email)
    tie(system, ann, "knows", ben)
    assert seen(system, ann) == [("knows", "Ben", "")]
    assert seen(actor_for(mine), ann) == []
    with pytest.raises(errors.PersonUnknown):
        tie(actor_for(mine), ann, "family", ben)
    assert Relationship.objects.count() == 1


def test_a_merge_brings_the_ties_along_and_an_unmerge_takes_them_apart(system, add):
    ann, anna, ben, cid, dee = (add(name) for name in ("Ann", "Anna", "Ben", "Cid", "Dee"))
    tie(system, ann, "reports_to", ben)
    tie(system, anna, "reports_to", ben, note="too")  # the same: the survivor's stays
    tie(system, cid, "reports_to", anna)
    tie(system, anna, "family", ann)  # to themselves then: it goes
    tie(system, anna, "knows", dee)
    before = {one.pk: seen(system, one) for one in (ann, anna, ben, cid, dee)}
    event = merge(system, object_type("person"), ann.public_id, anna.public_id)
    assert seen(system, ann) == [
        ("reports_to", "Ben", ""),
        ("leads", "Cid", ""),
        ("knows", "Dee", ""),
    ]
    assert seen(system, ben) == [("leads", "Ann", "")]
    assert seen(system, cid) == [("reports_to", "Ann", "")]
    unmerge(system, object_type("person"), ann.public_id, event=event.public_id)
    assert {one.pk: seen(system, one) for one in (ann, anna, ben, cid, dee)} == before


# --- ways to a person -----------------------------------------------------------------------------


def ways(actor, person):
    return [
        (way.colleague.name, [(one.name, tie and str(tie)) for one, tie in way.steps])
        for way in ways_in(actor, person)
    ]


def test_the_shortest_ways_are_found_over_ties_and_over_working_together(system, make_user, add):
    priya, owen = make_user("seller", name="Priya"), make_user("seller", name="Owen")
    goal, ann, ben, cid, dee = (add(name) for name in ("Goal", "Ann", "Ben", "Cid", "Dee"))
    assert ways(system, goal) == []
    tie(system, ann, "leads", goal)
    tie(system, ben, "introduced_by", ann)
    change_person(system, ben.public_id, data=ChangePerson(owner=priya.email))
    assert ways(system, goal) == [("Priya", [("Ben", "introduced_by"), ("Ann", "leads")])]
    for one in (cid, goal):
        employ(system, one.public_id, company="Harbour")
    change_person(system, cid.public_id, data=ChangePerson(owner=owen.email))
    assert ways(system, goal) == [
        ("Owen", [("Cid", None)]),
        ("Priya", [("Ben", "introduced_by"), ("Ann", "leads")]),
    ]
    tie(system, dee, "knows", ben)
    change_person(system, ben.public_id, data=ChangePerson(owner=None))
    change_person(system, dee.public_id, data=ChangePerson(owner=priya.email))
    assert ways(system, goal)[1] == (
        "Priya",
        [("Dee", "knows"), ("Ben", "introduced_by"), ("Ann", "leads")],
    )


def test_a_way_is_three_steps_at_most_and_leads_only_over_whom_one_sees(system, make_user, add):
    mine, theirs = make_user("seller"), make_user("seller")
    goal, a, b, c, d = (add(name, owner=mine.email) for name in ("Goal", "A", "B", "C", "D"))
    for one, other in ((a, goal), (b, a), (c, b), (d, c)):
        tie(system, one, "knows", other)
    for one in (a, b, c):
        change_person(system, one.public_id, data=ChangePerson(owner=None))
    assert ways(system, goal) == []
    change_person(system, c.public_id, data=ChangePerson(owner=mine.email))
    assert [len(steps) for _who, steps in ways(system, goal)] == [3]
    for one in (a, b):
        change_person(system, one.public_id, data=ChangePerson(owner=theirs.email))
    assert ways(actor_for(mine), goal) == []


def test_a_broad_net_costs_as_many_queries_as_a_small_one(system, add, make_user):
    owner = make_user("seller")
    goal = add("Goal")
    for number in range(12):
        near = add(f"Near {number}")
        tie(system, near, "knows", goal)
        tie(system, add(f"Far {number}", owner=owner.email), "knows", near)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = ways_in(system, goal)
    assert len(found) == queries.MOST_WAYS
    assert len(asked) == 7


# --- groups of companies --------------------------------------------------------------------------


def below(actor, firm, parent):
    data = ChangeCompany(parent=str(parent.public_id) if parent else None)
    change_company(actor, firm.public_id, data=data)


def test_a_group_is_told_from_each_of_its_companies(admin, add, add_firm):
    top, mid, low, side = (add_firm(name) for name in ("Top", "Mid", "Low", "Side"))
    for firm, parent in ((mid, top), (low, mid), (side, top)):
        below(admin, firm, parent)
    for name, firm in (("Ann", "Top"), ("Ben", "Low"), ("Cid", "Low")):
        add(name, company=firm)
    group = family_of(admin, top)
    assert [(one.name, count) for one, count in group.below] == [("Mid", 0), ("Side", 0)]
    assert (group.above, group.companies, group.people) == ([], 3, 3)
    group = family_of(admin, low)
    assert [one.name for one in group.above] == ["Mid", "Top"]
    assert (group.below, group.companies, group.people) == ([], 0, 2)


def test_only_what_is_seen_is_counted(system, make_user, add, add_firm):
    user, other = make_user("seller"), make_user("seller")
    top = add_firm("Top", owner=user.email)
    low = add_firm("Low", parent="Top", owner=other.email)
    add("Ben", company="Low", owner=user.email)
    group = family_of(actor_for(user), top)
    assert (group.below, group.companies, group.people) == ([], 0, 0)
    assert family_of(system, top).below == [(low, 1)]


def test_a_circle_is_refused_by_the_action_and_by_the_database(admin, add_firm):
    top, low = add_firm("Top"), add_firm("Low")
    below(admin, low, top)
    with pytest.raises(errors.ParentInvalid):
        below(admin, top, low)
    below(admin, low, None)
    freed = last_done()
    below(admin, top, low)
    with pytest.raises(UndoConflict):
        undo(admin, freed)
    assert list(Company.objects.order_by("pk").values_list("pk", "parent_id")) == [
        (top.pk, low.pk),
        (low.pk, None),
    ]
