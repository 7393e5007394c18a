"""Adding persons and companies: one per address and domain, whatever happens at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from django.db import connection, connections
from pydantic import ValidationError

from tandem.kernel.actor import Scope, job_actor
from tandem.kernel.errors import Refused
from tandem.kernel.models import ChangeSet, PublishedFact
from tandem.kernel.permissions import declared
from tandem.people import errors
from tandem.people.actions import create_company, create_person
from tandem.people.models import (
    Company,
    CompanyDomain,
    Employment,
    Person,
    PersonEmail,
    PersonPhone,
)
from tandem.people.schemas import NewCompany, NewPerson
from tandem.people.views.kinds import PERSON
from tandem.timeline.models import TimelineEntry


@pytest.mark.django_db
def test_a_person_is_added_with_all_that_belongs_to_them(admin):
    data = NewPerson(
        name=" Ann  van Kowalczyk ",
        email="Ann@HHgifts.example",
        phone="01227 496014",
        title="Buyer",
        company="Harbour & Hythe Gifts",
        country="gb",
    )
    person, is_new = create_person(admin, data=data)
    assert is_new
    assert (person.name, person.given_name, person.family_name, person.country) == (
        "Ann  van Kowalczyk",
        "Ann",
        "van Kowalczyk",
        "GB",
    )
    assert person.sort_key == "ann van kowalczyk"
    mail = PersonEmail.objects.get(person=person)
    assert (mail.address, mail.normalized) == ("Ann@HHgifts.example", "ann@hhgifts.example")
    phone = PersonPhone.objects.get(person=person)
    assert (phone.number, phone.normalized) == ("+44 1227 496014", "+441227496014")
    job = Employment.objects.select_related("company").get(person=person)
    assert job.company is not None
    assert (job.title, job.company.name) == ("Buyer", "Harbour & Hythe Gifts")
    # One deed: one change set, and what it told.
    assert {row.created_in_id for row in (mail, phone, job, job.company)} == {
        Person.objects.get(pk=person.pk).created_in_id
    }
    names = PublishedFact.objects.order_by("id").values_list("name", flat=True)
    assert list(names) == ["people.CompaniesCreated", "people.PeopleCreated"]
    told = TimelineEntry.objects.order_by("id").values_list("kind", "subject_kind", "subject_id")
    assert list(told) == [
        ("people.created", "company", job.company.pk),
        ("people.created", "person", person.pk),
    ]


@pytest.mark.django_db
def test_an_address_that_is_here_gives_its_person_unchanged(admin, add):
    ann = add("Ann Kowalczyk", email="ann@hhgifts.example")
    data = NewPerson(name="Somebody Else", email="ANN@hhgifts.example", phone="+44 1227 496014")
    assert create_person(admin, data=data) == (ann, False)
    assert list(Person.objects.values_list("name", "row_version")) == [("Ann Kowalczyk", 1)]
    assert PersonPhone.objects.count() == 0


@pytest.mark.django_db
def test_an_address_of_someone_out_of_sight_is_refused_without_details(add, make_actor):
    theirs = make_actor("seller")
    add("Ann Kowalczyk", email="ann@hhgifts.example", by=theirs)
    mine = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    with pytest.raises(errors.ExistsNotVisible) as refused:
        create_person(mine, data=NewPerson(name="Ann", email="ann@hhgifts.example"))
    assert (refused.value.code, refused.value.status) == ("exists_not_visible", 409)
    assert refused.value.errors == ()
    assert "Kowalczyk" not in str(refused.value)
    assert Person.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_with_one_address_make_one_person(admin):
    start = Barrier(8)
    data = NewPerson(name="Ann", email="ann@hhgifts.example", company="Harbour & Hythe")

    def add_one(_number):
        try:
            start.wait()
            person, is_new = create_person(admin, data=data)
            return person.pk, is_new
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(add_one, range(8)))
    assert len({pk for pk, _is_new in found}) == 1
    assert sorted(is_new for _pk, is_new in found) == [False] * 7 + [True]
    assert (Person.objects.count(), PersonEmail.objects.count()) == (1, 1)
    assert (Company.objects.count(), Employment.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_eight_people_of_one_new_company_make_one_company(admin):
    start = Barrier(8)

    def add_one(number):
        try:
            start.wait()
            data = NewPerson(name=f"P{number}", company="Harbour & Hythe")
            create_person(admin, data=data)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(8)))
    assert Company.objects.count() == 1
    assert Person.objects.count() == 8


@pytest.mark.django_db
def test_who_sees_only_some_owns_what_they_add(make_actor):
    for scope, owns in ((Scope.ALL, False), (Scope.TEAM, True), (Scope.OWN, True)):
        actor = replace(make_actor("seller"), scopes={"*": scope})
        person, _new = create_person(actor, data=NewPerson(name="Ann"))
        assert person.owner_id == (actor.user_id if owns else None)
        assert PERSON.visible_to(actor).filter(pk=person.pk).exists()


@pytest.mark.django_db
def test_an_owner_is_named_by_public_id_or_address(admin, make_user, add):
    priya = make_user("seller", name="Priya Nair", email="priya@thistle.example")
    assert add("A", owner=str(priya.public_id)).owner_id == priya.pk
    assert add("B", owner="Priya@thistle.example").owner_id == priya.pk
    with pytest.raises(errors.OwnerUnknown):
        create_person(admin, data=NewPerson(name="C", owner="nobody@thistle.example"))
    assert Person.objects.count() == 2


@pytest.mark.django_db
def test_a_company_is_taken_by_name_or_id_and_never_out_of_sight(add, add_firm, make_actor):
    firm = add_firm("Café Nero Ltd")
    assert Employment.objects.get(person=add("A", company="CAFE NERO LTD")).company == firm
    assert Employment.objects.get(person=add("B", company=str(firm.public_id))).company == firm
    theirs = add_firm("Hidden Ltd", by=make_actor("seller"))
    mine = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    job = Employment.objects.get(person=add("C", by=mine, company="Hidden Ltd"))
    assert job.company is not None
    assert job.company != theirs
    assert job.company.owner_id == mine.user_id
    with pytest.raises(errors.CompanyUnknown):
        create_person(mine, data=NewPerson(name="D", company=str(theirs.public_id)))
    assert not Person.objects.filter(name="D").exists()


@pytest.mark.django_db
def test_a_domain_has_one_company_unless_everybody_has_it(admin, add_firm):
    firm = add_firm("Harbour & Hythe", domain="https://www.hhgifts.co.uk/trade")
    assert CompanyDomain.objects.get().domain == "hhgifts.co.uk"
    assert create_company(admin, data=NewCompany(name="Other", domain="hhgifts.co.uk")) == (
        firm,
        False,
    )
    add_firm("One", domain="gmail.com")
    add_firm("Two", domain="gmail.com")
    shared = CompanyDomain.objects.filter(domain="gmail.com").values_list("is_shared", flat=True)
    assert list(shared) == [True, True]


@pytest.mark.django_db
def test_a_refused_person_leaves_nothing(admin, viewer):
    with pytest.raises(Refused):
        create_person(viewer, data=NewPerson(name="Ann"))
    with pytest.raises(errors.PhoneInvalid) as refused:
        create_person(admin, data=NewPerson(name="Ann", email="a@b.example", phone="none"))
    assert [one.field for one in refused.value.errors] == ["phone"]
    assert (Person.objects.count(), PersonEmail.objects.count()) == (0, 0)
    assert PublishedFact.objects.count() == 0
    assert not ChangeSet.objects.filter(action="people.create_person").exists()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": "a\0b"},
        {"name": "a\nb"},
        {"name": "a\u202eb"},
        {"name": "x" * 201},
        {"name": "Ann", "email": "a@localhost"},
        {"name": "Ann", "country": "XX"},
        {"name": "Ann", "nickname": "A"},
        {"name": 5},
    ],
)
def test_input_of_the_wrong_shape_is_refused(fields):
    with pytest.raises(ValidationError):
        NewPerson.model_validate(fields)


@pytest.mark.django_db(transaction=True)
def test_rows_are_made_in_actions_only():
    with pytest.raises(Exception, match="There is no open change set"), connection.cursor() as c:
        c.execute("INSERT INTO people_personemail (person_id, address) VALUES (1, 'a')")


def test_the_scene_is_a_job_that_sees_all():
    actor = job_actor("scene", frozenset(declared()))
    assert actor.may("people.create")
