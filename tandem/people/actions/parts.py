"""Further mail addresses, phone numbers and domains: added, made the main one, marked, removed."""

from typing import TypeVar
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.facts import publish
from tandem.kernel.refs import RecordRef
from tandem.people import queries
from tandem.people.actions.addresses import claim_address, claim_domain, full_number
from tandem.people.actions.keys import search_key_of
from tandem.people.actions.rows import locked, touch
from tandem.people.errors import AddressTaken, DomainTaken
from tandem.people.facts import CompaniesChanged, PeopleChanged
from tandem.people.models import (
    Company,
    CompanyDomain,
    Party,
    Person,
    PersonEmail,
    PersonPhone,
)
from tandem.people.rules import normalize_email, shown_phone
from tandem.people.schemas import ChangeDomain, ChangeReach, NewDomain, NewEmail, NewPhone
from tandem.records.slots import object_type, tell_story

AnyPart = TypeVar("AnyPart", PersonEmail, PersonPhone, CompanyDomain)
AnyReach = TypeVar("AnyReach", PersonEmail, PersonPhone)

# --- mail addresses -------------------------------------------------------------------------------


@action(permission="people.edit")
def add_email(actor: Actor, person_id: UUID, *, data: NewEmail) -> PersonEmail:
    """Give a person one more mail address; one that they have already stays as it is.

    Raises Missing, FieldHidden, AddressTaken, ExistsNotVisible.
    """
    person = person_with(actor, person_id, "email")
    normalized = normalize_email(data.address)
    mails = _of(PersonEmail, person)
    if not mails.filter(normalized=normalized).exists():
        is_first = not mails.filter(is_primary=True).exists()
        if not claim_address(person.pk, data.address, normalized, is_primary=is_first):
            queries.person_with_address(actor, normalized)  # ExistsNotVisible, where that is so
            raise AddressTaken(field="address")
        _tell(actor, person, "email", "added", data.address)
    found = mails.get(normalized=normalized)
    if data.is_primary:
        _make_main(actor, person, found, "email")
    return mails.get(pk=found.pk)


@action(permission="people.edit")
def change_email(actor: Actor, person_id: UUID, number: int, *, data: ChangeReach) -> PersonEmail:
    """Make an address the main one, or say whether it works. Raises Missing, FieldHidden."""
    person = person_with(actor, person_id, "email")
    return _change_reach(actor, person, _part(PersonEmail, person, number), data, "email")


@action(permission="people.edit")
def remove_email(actor: Actor, person_id: UUID, number: int) -> None:
    """Take an address from a person; of those left the oldest becomes the main one. Raises
    Missing, FieldHidden."""
    person = person_with(actor, person_id, "email")
    _remove(actor, person, _part(PersonEmail, person, number), "email")


# --- phone numbers --------------------------------------------------------------------------------


@action(permission="people.edit")
def add_phone(actor: Actor, person_id: UUID, *, data: NewPhone) -> PersonPhone:
    """Give a person one more number, read as one of their country or else of ours.

    Raises Missing, FieldHidden, PhoneInvalid.
    """
    person = person_with(actor, person_id, "phone")
    normalized = full_number(data.number, person.country, field="number")
    phones = _of(PersonPhone, person)
    found = phones.filter(normalized=normalized).first()
    if found is None:
        found = PersonPhone.objects.create(
            person=person,
            number=shown_phone(normalized),
            normalized=normalized,
            is_primary=not phones.filter(is_primary=True).exists(),
        )
        _tell(actor, person, "phone", "added", found.number)
    if data.is_primary:
        _make_main(actor, person, found, "phone")
    return phones.get(pk=found.pk)


@action(permission="people.edit")
def change_phone_number(
    actor: Actor, person_id: UUID, number: int, *, data: ChangeReach
) -> PersonPhone:
    """Make a number the main one, or say whether it works. Raises Missing, FieldHidden."""
    person = person_with(actor, person_id, "phone")
    return _change_reach(actor, person, _part(PersonPhone, person, number), data, "phone")


@action(permission="people.edit")
def remove_phone(actor: Actor, person_id: UUID, number: int) -> None:
    """Take a number from a person; of those left the oldest becomes the main one. Raises Missing,
    FieldHidden."""
    person = person_with(actor, person_id, "phone")
    _remove(actor, person, _part(PersonPhone, person, number), "phone")


# --- domains --------------------------------------------------------------------------------------


@action(permission="people.edit")
def add_domain(actor: Actor, company_id: UUID, *, data: NewDomain) -> CompanyDomain:
    """Give a company one more domain; free mail is kept, but says of nobody whose it is.

    Raises Missing, FieldHidden, DomainTaken, ExistsNotVisible.
    """
    company = company_with(actor, company_id, "domain")
    domains = _of(CompanyDomain, company)
    if not domains.filter(domain=data.domain).exists():
        is_first = not domains.filter(is_primary=True).exists()
        if not claim_domain(company.pk, data.domain, is_primary=is_first):
            queries.company_with_domain(actor, data.domain)  # ExistsNotVisible, where that is so
            raise DomainTaken(field="domain")
        _tell(actor, company, "domain", "added", data.domain)
    found = domains.get(domain=data.domain)
    if data.is_primary:
        _make_main(actor, company, found, "domain")
    return domains.get(pk=found.pk)


@action(permission="people.edit")
def change_domain_of(
    actor: Actor, company_id: UUID, number: int, *, data: ChangeDomain
) -> CompanyDomain:
    """Make a domain the main one of its company. Raises Missing, FieldHidden."""
    company = company_with(actor, company_id, "domain")
    found = _part(CompanyDomain, company, number)
    if data.is_primary:
        _make_main(actor, company, found, "domain")
    return _of(CompanyDomain, company).get(pk=found.pk)


@action(permission="people.edit")
def remove_domain(actor: Actor, company_id: UUID, number: int) -> None:
    """Take a domain from a company; of those left the oldest becomes the main one. Raises Missing,
    FieldHidden."""
    company = company_with(actor, company_id, "domain")
    _remove(actor, company, _part(CompanyDomain, company, number), "domain")


# --- what they share ------------------------------------------------------------------------------


def person_with(actor: Actor, person_id: UUID, *fields: str) -> Person:
    """A person, locked, of whom the actor sees these fields. Raises Missing, FieldHidden."""
    object_type("person").refuse_hidden(actor, fields)
    return locked(queries.people_visible_to(actor), person_id)


def company_with(actor: Actor, company_id: UUID, *fields: str) -> Company:
    """A company, locked, of which the actor sees these fields. Raises Missing, FieldHidden."""
    object_type("company").refuse_hidden(actor, fields)
    return locked(queries.companies_visible_to(actor), company_id)


def tell_part(
    actor: Actor, party: Party, part: str, verb: str, fields: tuple[str, ...], **said: str
) -> None:
    """Note that something of a record changed: its version, its story, the fact."""
    touch(type(party), [party.pk], search_key=search_key_of(party, name=party.name))
    kind = "person" if isinstance(party, Person) else "company"
    payload = {"fields": list(fields), **said}
    tell_story(actor, [RecordRef(kind, party.pk)], kind=f"people.{part}_{verb}", payload=payload)
    fact = PeopleChanged if isinstance(party, Person) else CompaniesChanged
    publish(fact(current_change_set().id, (party.pk,), fields))


def _tell(actor: Actor, party: Party, part: str, verb: str, value: str) -> None:
    tell_part(actor, party, part, verb, (part,), value=value)


def _of(model: type[AnyPart], party: Party) -> QuerySet[AnyPart]:
    return queries.live_parts(model, **_owner(party))


def _owner(party: Party) -> dict[str, int]:
    return {"person_id" if isinstance(party, Person) else "company_id": party.pk}


def _part(model: type[AnyPart], party: Party, number: int) -> AnyPart:
    found = _of(model, party).filter(pk=number).first()
    if found is None:
        raise Missing()
    return found


def _change_reach(
    actor: Actor, person: Person, found: AnyReach, data: ChangeReach, part: str
) -> AnyReach:
    rows = _of(type(found), person)
    if data.is_primary:
        _make_main(actor, person, found, part)
    if data.status is not None and data.status != found.status:
        rows.filter(pk=found.pk).update(status=data.status)
        tell_part(actor, person, part, "marked", (part,), value=str(found), status=str(data.status))
    return rows.get(pk=found.pk)


def _make_main(actor: Actor, party: Party, found: AnyPart, part: str) -> None:
    if found.is_primary:
        return
    rows = _of(type(found), party)
    rows.filter(is_primary=True).update(is_primary=False)
    rows.filter(pk=found.pk).update(is_primary=True)
    _tell(actor, party, part, "main", str(found))


def _remove(actor: Actor, party: Party, found: AnyPart, part: str) -> None:
    rows = _of(type(found), party)
    rows.filter(pk=found.pk).update(deleted_at=timezone.now())
    following = rows.order_by("pk").first() if found.is_primary else None
    if following is not None:
        rows.filter(pk=following.pk).update(is_primary=True)
    _tell(actor, party, part, "removed", str(found))
