"""Who is about to be added once more is shown while typing, and told after."""

import pytest

from tandem.people.actions import change_person, create_company, create_person
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson, NewCompany, NewPerson

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(system):
    data = NewPerson(name="Ann Lee", email="ann@lee.example", phone="+442071838750")
    return create_person(system, data=data)[0]


@pytest.mark.parametrize(
    ("typed", "is_shown"),
    [
        ({"name": "Anne Lee"}, True),
        ({"name": "A. Lee"}, True),
        ({"name": "Zoe Hill", "email": "Ann@Lee.example"}, True),
        ({"name": "Zoe Hill", "phone": "+44 20 7183 8750"}, True),
        ({"name": "Zoe Hill", "email": "nothing", "phone": "12"}, False),
        ({"name": "Ann Smith"}, False),
        ({}, False),
    ],
)
def test_who_is_here_already_is_shown_while_typing(client, make_user, ann, typed, is_shown):
    client.force_login(make_user("admin"))
    shown = client.get("/people/new/likely", typed, headers={"HX-Request": "true"})
    assert shown.status_code == 200
    assert (f"/people/{ann.public_id}" in shown.content.decode()) is is_shown


def test_who_is_out_of_sight_is_not_shown(client, make_user, system, ann):
    owner = make_user("seller")
    change_person(system, ann.public_id, data=ChangePerson(owner=str(owner.public_id)))
    client.force_login(make_user("seller"))
    shown = client.get("/people/new/likely", {"name": "Ann Lee", "email": "ann@lee.example"})
    assert "Ann Lee" not in shown.content.decode()
    client.force_login(make_user("viewer"))
    assert client.get("/people/new/likely", {"name": "Ann Lee"}).status_code == 403


def test_companies_are_known_without_their_legal_form_and_by_domain(client, make_user, system):
    create_company(system, data=NewCompany(name="Thistle Gifts Ltd", domain="thistle.example"))
    client.force_login(make_user("admin"))
    for typed in ({"name": "Thistle Gifts GmbH"}, {"name": "X", "domain": "www.Thistle.example"}):
        shown = client.get("/companies/new/likely", typed).content.decode()
        assert "Thistle Gifts Ltd" in shown


def test_the_form_asks_and_without_a_script_it_is_told_after(client, make_user, ann):
    client.force_login(make_user("admin"))
    assert "/people/new/likely" in client.get("/people/new").content.decode()
    answer = client.post("/people/new", {"name": "Anne Lee"}, follow=True)
    assert "Ann Lee looks like the same." in answer.content.decode()
    assert Person.objects.count() == 2
