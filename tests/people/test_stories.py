"""How the deeds of people are told, and the less trodden ways of changing."""

from dataclasses import replace

import pytest
from django.utils.html import strip_tags

from tandem.kernel.actions import action
from tandem.kernel.actor import Scope
from tandem.kernel.errors import Refused
from tandem.kernel.refs import RecordRef
from tandem.people import errors
from tandem.people.actions import (
    change_company,
    change_people,
    change_person,
    delete_company,
    delete_person,
)
from tandem.people.models import Company, Person, PersonEmail, PersonPhone
from tandem.people.schemas import ChangeCompany, ChangePerson
from tandem.timeline.models import TimelineEntry
from tandem.timeline.queries import Line, story_of

pytestmark = pytest.mark.django_db


def told(actor, kind, record):
    lines = [line for day in story_of(actor, RecordRef(kind, record.pk)).days for line in day.items]
    return [(strip_tags(line.sentence), strip_tags(line.why)) for line in lines]


def test_each_deed_is_a_sentence(admin, add, make_user):
    name, tom = admin.label, make_user("seller", name="Tom Okafor")
    ann = add("Ann", by=admin, title="Buyer", phone="+44 1227 496014")
    for change in (
        {"title": "Head"},
        {"title": None},
        {"country": "DE"},
        {"name": "Anna", "email": "anna@a.example"},
        {"owner": tom.email},
        {"phone": None, "owner": None},
    ):
        change_person(admin, ann.public_id, data=ChangePerson(**change))
    change_people(admin, Person.objects.all(), data=ChangePerson(owner=str(tom.public_id)))
    change_people(admin, Person.objects.all(), data=ChangePerson(owner=None))
    assert told(admin, "person", ann) == [
        (f"{name} took the owner away", ""),
        (f"{name} made Tom Okafor the owner", ""),
        (f"{name} changed phone, owner", "phone: –, owner: –"),
        (f"{name} made Tom Okafor the owner", ""),
        (f"{name} changed name, mail address", "name: Anna, mail address: anna@a.example"),
        (f"{name} changed country to Germany", ""),
        (f"{name} emptied title", "was Head"),
        (f"{name} changed title to Head", "was Buyer"),
        (f"{name} added this record", ""),
    ]


def test_a_company_tells_its_size_in_words(admin, add_firm):
    firm = add_firm("Harbour", by=admin, size="1-9")
    change_company(admin, firm.public_id, data=ChangeCompany(size="10-49"))
    assert told(admin, "company", firm)[0] == (
        f"{admin.label} changed size to 10 to 49",
        "was 1 to 9",
    )


def test_a_deletion_is_told_too(admin, add, add_firm):
    delete_person(admin, add("Ann", by=admin).public_id)
    delete_company(admin, add_firm("Harbour", by=admin).public_id)
    entries = TimelineEntry.objects.filter(kind="people.deleted")
    assert {strip_tags(Line([entry]).sentence) for entry in entries} == {
        f"{admin.label} deleted this record"
    }


def test_an_owner_is_given_only_with_the_right_to(admin, add, make_user):
    tom = make_user("seller")
    ann = add("Ann")
    without = replace(admin, permissions=admin.permissions - {"people.assign"})
    with pytest.raises(Refused):
        change_person(without, ann.public_id, data=ChangePerson(name="Zoe", owner=tom.email))
    assert Person.objects.filter(name="Ann", owner__isnull=True).count() == 1
    assert change_person(without, ann.public_id, data=ChangePerson(owner=None)).row_version == 1


@action(permission="people.edit")
def give_address(actor, /, person, *, to):
    PersonEmail.objects.filter(person=person).update(is_primary=False, person=to)


def test_one_more_own_address_becomes_the_main_one(admin, add):
    ann = add("Ann", email="ann@a.example")
    change_person(admin, ann.public_id, data=ChangePerson(email=None))
    change_person(admin, ann.public_id, data=ChangePerson(email="new@a.example"))
    bea = add("Bea", email="bea@a.example")
    # What an import or a merge leaves behind: a second address of the same person.
    give_address(admin, bea, to=ann)
    change_person(admin, ann.public_id, data=ChangePerson(email="BEA@a.example"))
    live = PersonEmail.objects.filter(person=ann, deleted_at__isnull=True)
    assert dict(live.values_list("normalized", "is_primary")) == {
        "new@a.example": False,
        "bea@a.example": True,
    }


def test_a_phone_is_added_and_refused_like_a_first_one(admin, add):
    ann = add("Ann", country="GB")
    with pytest.raises(errors.PhoneInvalid):
        change_person(admin, ann.public_id, data=ChangePerson(phone="none", name="Zoe"))
    change_person(admin, ann.public_id, data=ChangePerson(phone="01227 496014"))
    assert PersonPhone.objects.get(person=ann).normalized == "+441227496014"
    assert Person.objects.get(pk=ann.pk).name == "Ann"


def test_a_domain_of_another_company_is_refused(admin, add_firm, make_actor):
    add_firm("Harbour", domain="harbour.example")
    other = add_firm("Hythe")
    with pytest.raises(errors.DomainTaken):
        change_company(admin, other.public_id, data=ChangeCompany(domain="harbour.example"))
    mine = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    own = add_firm("Own", by=mine)
    with pytest.raises(errors.ExistsNotVisible):
        change_company(mine, own.public_id, data=ChangeCompany(domain="harbour.example"))
    with pytest.raises(errors.CompanyUnknown):
        change_company(mine, own.public_id, data=ChangeCompany(parent="Harbour"))
    change_company(admin, other.public_id, data=ChangeCompany(domain="hythe.example"))
    change_company(admin, other.public_id, data=ChangeCompany(domain=None, owner=None))
    assert Company.objects.get(pk=other.pk).search_key == " hythe"


def test_a_stale_company_is_refused_with_the_fields(admin, add_firm):
    firm = add_firm("Harbour")
    change_company(admin, firm.public_id, data=ChangeCompany(size="1-9", domain="h.example"))
    with pytest.raises(errors.VersionConflict) as refused:
        change_company(admin, firm.public_id, data=ChangeCompany(name="Zoe", version=1))
    assert [one.field for one in refused.value.errors] == ["domain", "size"]
