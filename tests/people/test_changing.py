"""Changing, deleting, assigning: history, versions, stories, and the way back."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.kernel.actor import Scope
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.models import PublishedFact, RecordChange
from tandem.kernel.undo import UndoConflict, undo
from tandem.people import errors
from tandem.people.actions import (
    change_company,
    change_people,
    change_person,
    create_person,
    delete_company,
    delete_person,
    employ,
)
from tandem.people.models import Company, CompanyDomain, Employment, Person, PersonEmail
from tandem.people.queries import people_visible_to, prepare_people, same_person_candidates
from tandem.people.schemas import ChangeCompany, ChangePerson, NewPerson
from tandem.people.views.kinds import PERSON, person_output
from tandem.records.slots import BulkDone
from tandem.timeline.models import TimelineEntry
from tests.people.conftest import last_done

pytestmark = pytest.mark.django_db


def shown(actor, person):
    found = prepare_people(people_visible_to(actor)).filter(pk=person.pk).first()
    if found is None:
        return None
    out = person_output(found)
    return {key: out[key] for key in ("name", "email", "phone", "title", "country")} | {
        "company": out["company"] and out["company"]["name"]
    }


def changes():
    return list(
        RecordChange.objects.order_by("id").values_list("model", "root_kind", "operation", "fields")
    )


def test_a_change_keeps_old_and_new_and_tells_the_story(admin, add):
    ann = add("Ann", email="ann@a.example", title="Buyer", company="Harbour")
    data = ChangePerson(name="Anna", email="anna@a.example", title="Head of buying")
    changed = change_person(admin, ann.public_id, data=data)
    assert changed.row_version == 2
    assert changed.updated_at > changed.created_at
    assert changes() == [
        (
            "people.personemail",
            "person",
            "update",
            {
                "address": ["ann@a.example", "anna@a.example"],
                "normalized": ["ann@a.example", "anna@a.example"],
            },
        ),
        ("people.employment", "person", "update", {"title": ["Buyer", "Head of buying"]}),
        (
            "people.person",
            "person",
            "update",
            {"name": ["Ann", "Anna"], "given_name": ["Ann", "Anna"]},
        ),
    ]
    entry = TimelineEntry.objects.get(kind="people.changed")
    assert entry.payload["changes"] == [
        {"field": "name", "old": "Ann", "new": "Anna"},
        {"field": "email", "old": "ann@a.example", "new": "anna@a.example"},
        {"field": "title", "old": "Buyer", "new": "Head of buying"},
    ]
    fact = PublishedFact.objects.get(name="people.PeopleChanged")
    assert fact.payload["fields"] == ["email", "name", "title"]


def test_what_is_the_same_is_no_change(admin, add):
    ann = add("Ann", email="ann@a.example", phone="+44 1227 496014", country="GB")
    data = ChangePerson(name="Ann", email="ANN@a.example", phone="01227 496014", country="gb")
    assert change_person(admin, ann.public_id, data=data).row_version == 1
    assert (RecordChange.objects.count(), TimelineEntry.objects.count()) == (0, 1)


def test_null_empties_and_what_is_left_out_stays(admin, add):
    ann = add(
        "Ann", email="ann@a.example", phone="+44 1227 496014", title="Buyer", company="Harbour"
    )
    data = ChangePerson(email=None, phone=None, company=None)
    change_person(admin, ann.public_id, data=data)
    assert shown(admin, ann) == {
        "name": "Ann",
        "email": None,
        "phone": None,
        "title": "Buyer",
        "country": None,
        "company": None,
    }
    # The address is free again.
    assert create_person(admin, data=NewPerson(name="Bea", email="ann@a.example"))[1]


def test_an_address_of_another_is_refused_and_nothing_changes(admin, add, make_actor):
    ann = add("Ann", email="ann@a.example")
    add("Bea", email="bea@a.example")
    data = ChangePerson(name="Anna", email="bea@a.example")
    with pytest.raises(errors.AddressTaken):
        change_person(admin, ann.public_id, data=data)
    mine = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    own = add("Cat", by=mine)
    with pytest.raises(errors.ExistsNotVisible):
        change_person(mine, own.public_id, data=ChangePerson(email="bea@a.example"))
    assert shown(admin, ann)["name"] == "Ann"
    assert RecordChange.objects.count() == 0


def test_a_stale_version_is_refused_with_the_fields_of_the_others(admin, add):
    ann = add("Ann", email="ann@a.example", title="Buyer")
    change_person(admin, ann.public_id, data=ChangePerson(title="Head"), version=1)
    change_person(admin, ann.public_id, data=ChangePerson(email="b@a.example", version=2))
    with pytest.raises(errors.VersionConflict) as refused:
        change_person(admin, ann.public_id, data=ChangePerson(name="Zoe"), version=1)
    assert refused.value.status == 409
    assert [one.field for one in refused.value.errors] == ["email", "title"]
    with pytest.raises(errors.VersionConflict) as refused:
        change_person(admin, ann.public_id, data=ChangePerson(name="Zoe", version=2))
    assert [one.field for one in refused.value.errors] == ["email"]
    assert Person.objects.get(pk=ann.pk).name == "Ann"


@pytest.mark.parametrize(
    "data",
    [
        {"name": "Zoë Łuk"},
        {"email": "zoe@z.example", "phone": None},
        {"company": "Elsewhere", "title": None},
        {"country": None, "company": None, "email": None},
    ],
)
def test_undo_takes_a_change_back_keys_included(admin, add, data):
    ann = add(
        "Ann",
        email="ann@a.example",
        phone="+44 1227 496014",
        title="Buyer",
        company="Harbour",
        country="GB",
    )
    before = shown(admin, ann)
    keys = Person.objects.values("sort_key", "search_key").get(pk=ann.pk)
    change_person(admin, ann.public_id, data=ChangePerson(**data))
    assert shown(admin, ann) != before
    undone = last_done()
    undoing = undo(admin, undone)
    assert shown(admin, ann) == before
    assert Person.objects.values("sort_key", "search_key").get(pk=ann.pk) == keys
    after_redo = undo(admin, undoing)
    assert shown(admin, ann) != before
    assert after_redo != undoing
    told = TimelineEntry.objects.filter(kind="people.undone").order_by("id")
    assert [entry.actor_label for entry in told.filter(subject_id=ann.pk)] == [admin.label] * 2


def test_undo_of_adding_takes_all_of_it_away(admin):
    data = NewPerson(name="Ann", email="ann@a.example", company="Harbour", phone="+441227496014")
    person, _new = create_person(admin, data=data)
    undoing = undo(admin, last_done())
    assert shown(admin, person) is None
    assert not PersonEmail.objects.filter(deleted_at__isnull=True).exists()
    assert not Company.objects.filter(deleted_at__isnull=True).exists()
    undo(admin, undoing)
    assert shown(admin, person) == {
        "name": "Ann",
        "email": "ann@a.example",
        "phone": "+44 1227 496014",
        "title": None,
        "country": None,
        "company": "Harbour",
    }


def test_deleting_frees_the_address_and_undo_needs_it_free(admin, add):
    ann = add("Ann", email="ann@a.example")
    delete_person(admin, ann.public_id)
    deleting = last_done()
    assert shown(admin, ann) is None
    with pytest.raises(Missing):
        change_person(admin, ann.public_id, data=ChangePerson(name="A"))
    bea, is_new = create_person(admin, data=NewPerson(name="Bea", email="ann@a.example"))
    assert is_new
    with pytest.raises(UndoConflict) as refused:
        undo(admin, deleting)
    said = "Another record has “ann@a.example” by now. Nothing was undone."
    assert (str(refused.value), [(one.code, one.field) for one in refused.value.errors]) == (
        said,
        [("taken", "people_personemail.normalized")],
    )
    assert shown(admin, ann) is None
    delete_person(admin, bea.public_id)
    undo(admin, deleting)
    assert shown(admin, ann)["email"] == "ann@a.example"


def test_only_leaders_delete_and_viewers_change_nothing(make_actor, viewer, add):
    ann = add("Ann")
    with pytest.raises(Refused):
        delete_person(make_actor("seller"), ann.public_id)
    with pytest.raises(Refused):
        change_person(viewer, ann.public_id, data=ChangePerson(name="B"))
    assert (Person.objects.get().deleted_at, Person.objects.get().name) == (None, "Ann")
    delete_person(make_actor("manager"), ann.public_id)
    assert Person.objects.get().deleted_at is not None


def test_many_get_an_owner_at_once(admin, add, make_user, django_assert_max_num_queries):
    priya = make_user("seller", name="Priya Nair")
    people = [add(f"P{number}") for number in range(20)]
    given = ChangePerson(owner=priya.email)
    change_people(admin, Person.objects.filter(pk=people[0].pk), data=given)
    with django_assert_max_num_queries(14):
        done = change_people(admin, Person.objects.all(), data=given)
    assert done == BulkDone(matched=20, changed=19)
    assert set(Person.objects.values_list("owner_id", "row_version")) == {(priya.pk, 2)}
    told = TimelineEntry.objects.filter(kind="people.owner_changed").order_by("-id")[:19]
    assert {entry.event_id for entry in told} == {told[0].event_id}
    assert told[0].payload == {"owner": "Priya Nair"}
    undo(admin, last_done())
    assert Person.objects.filter(owner=priya).count() == 1


def test_assigning_many_leaves_alone_what_is_out_of_sight(make_actor, make_user, add):
    mine = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    stranger = make_user("seller")
    own, other = add("Own", by=mine), add("Other", owner=stranger.email)
    done = change_people(mine, Person.objects.all(), data=ChangePerson(owner=None))
    assert done == BulkDone(matched=1, changed=1)
    assert Person.objects.get(pk=own.pk).owner_id is None
    assert Person.objects.get(pk=other.pk).owner_id == stranger.pk


def test_a_new_job_ends_the_one_before(admin, add):
    ann = add("Ann", title="Buyer", company="Harbour")
    employ(admin, ann.public_id, company="Galerie", title="Owner")
    assert shown(admin, ann) | {"phone": None} == {
        "name": "Ann",
        "email": None,
        "phone": None,
        "title": "Owner",
        "country": None,
        "company": "Galerie",
    }
    old = Employment.objects.get(company__name="Harbour")
    assert (old.is_primary, old.ended_on is not None) == (False, True)
    undo(admin, last_done())
    assert shown(admin, ann)["company"] == "Harbour"


# --- companies ------------------------------------------------------------------------------------


def test_a_company_changes_and_goes_back(admin, add_firm):
    above, firm = add_firm("Above"), add_firm("Harbour", domain="harbour.example")
    data = ChangeCompany(
        name="Hythe", domain="hythe.example", size="10-49", industry="Gifts", parent="above"
    )
    changed = change_company(admin, firm.public_id, data=data)
    assert (changed.name, changed.size_band, changed.industry, changed.parent) == (
        "Hythe",
        "10-49",
        "Gifts",
        above,
    )
    assert " hythe.example" in changed.search_key
    undo(admin, last_done())
    back = Company.objects.get(pk=firm.pk)
    assert (back.name, back.size_band, back.parent_id, back.sort_key) == (
        "Harbour",
        "",
        None,
        "harbour",
    )
    assert CompanyDomain.objects.get(company=firm).domain == "harbour.example"


def test_companies_stand_in_no_circle(admin, add_firm):
    top, middle, low = add_firm("Top"), add_firm("Middle", parent="Top"), None
    low = add_firm("Low", parent="Middle")
    for name in ("Top", "Middle", "Low"):
        with pytest.raises(errors.ParentInvalid):
            change_company(admin, top.public_id, data=ChangeCompany(parent=name))
    assert [row.parent_id for row in Company.objects.order_by("pk")] == [None, top.pk, middle.pk]
    assert low.parent == middle


def test_a_deleted_company_leaves_its_people_and_comes_back(admin, add, add_firm):
    firm = add_firm("Harbour", domain="harbour.example")
    ann = add("Ann", company="Harbour", title="Buyer")
    delete_company(admin, firm.public_id)
    deleting = last_done()
    assert shown(admin, ann)["company"] is None
    assert add_firm("New", domain="harbour.example").pk != firm.pk
    with pytest.raises(UndoConflict):
        undo(admin, deleting)
    delete_company(admin, Company.objects.get(name="New").public_id)
    undo(admin, deleting)
    assert shown(admin, ann)["company"] == "Harbour"


# --- doubles --------------------------------------------------------------------------------------


def test_doubles_are_seen_while_typing(admin, add, make_actor):
    ann = add("Ann Kowalczyk", email="ann@a.example", phone="+441227496014", company="Harbour")

    def candidates(**fields):
        return same_person_candidates(admin, NewPerson(**{"name": "Zoe", **fields}))

    assert candidates(email="Ann@a.example") == [ann]
    assert candidates(phone="01227 496014", country="GB") == [ann]
    assert candidates(name="Ann Kowalczik", company="harbour") == [ann]
    assert candidates(name="Ann Kowalczik", company="Elsewhere") == []
    assert candidates(name="Ann Kowalczyk") == []
    mine = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    assert same_person_candidates(mine, NewPerson(name="A", email="ann@a.example")) == []


# --- keys -----------------------------------------------------------------------------------------

names = st.text(st.characters(categories=("L", "Nd", "Zs"), codec="utf-8"), min_size=1, max_size=30)


@settings(max_examples=25)
@given(name=names.filter(lambda text: bool(text.strip())))
def test_keys_follow_every_name(admin, name):
    person, _new = create_person(admin, data=NewPerson(name="Start"))
    change_person(admin, person.public_id, data=ChangePerson(name=name))
    changed = Person.objects.get(pk=person.pk)
    fresh, _new = create_person(admin, data=NewPerson(name=name))
    assert (changed.sort_key, changed.search_key) == (fresh.sort_key, fresh.search_key)
    assert PERSON.visible_to(admin).filter(sort_key=fresh.sort_key).count() >= 2
