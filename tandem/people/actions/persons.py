"""What may be done with a person."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.kernel.refs import RecordRef
from tandem.people import queries
from tandem.people.actions.addresses import (
    ATTEMPTS,
    change_address,
    change_phone,
    claim_address,
    full_number,
)
from tandem.people.actions.changes import (
    PLAIN_OF_PERSON,
    Step,
    change_fields,
    change_name,
    plain,
)
from tandem.people.actions.companies import company_for
from tandem.people.actions.employments import change_employer, of_job
from tandem.people.actions.owners import change_owner, first_owner
from tandem.people.actions.rows import locked, touch
from tandem.people.errors import AddressTaken
from tandem.people.facts import PeopleChanged, PeopleCreated, PeopleDeleted
from tandem.people.models import Employment, Person, PersonEmail, PersonPhone
from tandem.people.rules import normalize_email, search_key, shown_phone, sort_key, split_name
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.records.slots import tell_story


@action(permission="people.create")
def create_person(actor: Actor, *, data: NewPerson) -> tuple[Person, bool]:
    """Add a person; (person, True), or (the one who has the address already, False), unchanged.

    One address has one person, however many ask at once. Raises ExistsNotVisible when the actor
    may not see the one who has it, PhoneInvalid, CompanyUnknown, OwnerUnknown.
    """
    normalized = normalize_email(data.email) if data.email else ""
    for _attempt in range(ATTEMPTS):
        existing = queries.person_with_address(actor, normalized) if normalized else None
        if existing is not None:
            return existing, False
        person = _insert_person(actor, data, normalized)
        if person is not None:
            tell_story(actor, [RecordRef("person", person.pk)], kind="people.created", payload={})
            publish(PeopleCreated(current_change_set().id, (person.pk,)))
            return person, True
    raise AddressTaken(field="email")


@action(permission="people.edit")
def change_person(
    actor: Actor, public_id: UUID, *, data: ChangePerson, version: int | None = None
) -> Person:
    """Change the given fields of a person; what is the same already is no change.

    Raises Missing, VersionConflict (with the fields that others changed since), AddressTaken,
    ExistsNotVisible, PhoneInvalid, CompanyUnknown, OwnerUnknown, and Refused when a new owner is
    given without the right to.
    """
    person = locked(queries.people_visible_to(actor), public_id)
    changes = change_fields(actor, person, data, kind="person", steps=_STEPS, version=version)
    if not changes.values:
        return person
    publish(PeopleChanged(current_change_set().id, (person.pk,), changes.fields))
    return Person.objects.get(pk=person.pk)


@action(permission="people.delete")
def delete_person(actor: Actor, public_id: UUID) -> None:
    """Delete a person and free the addresses; undo brings all back while they are free."""
    person = locked(queries.people_visible_to(actor), public_id)
    remove_persons(actor, [person.pk])
    publish(PeopleDeleted(current_change_set().id, (person.pk,)))


def remove_persons(actor: Actor, ids: Sequence[int]) -> None:
    """Delete locked persons with what is theirs, and tell it; five statements for any number."""
    now = timezone.now()
    for part in (PersonEmail, PersonPhone, Employment):
        queries.live_parts(part, person_id__in=ids).update(deleted_at=now)
    touch(Person, ids, deleted_at=now)
    tell_story(actor, [RecordRef("person", pk) for pk in ids], kind="people.deleted", payload={})


def _insert_person(actor: Actor, data: NewPerson, normalized: str) -> Person | None:
    """A new person with all that belongs to them; None when someone else took the address."""
    names = split_name(data.name)
    phone = full_number(data.phone, data.country or "") if data.phone else ""
    with transaction.atomic():
        person = Person.objects.create(
            name=data.name,
            given_name=data.given_name or names.given,
            family_name=data.family_name or names.family,
            salutation=data.salutation or "",
            locale=data.language or "",
            time_zone=data.time_zone or "",
            country=data.country or "",
            owner_id=first_owner(actor, data.owner, kind="person"),
            sort_key=sort_key(data.name),
            search_key=search_key(data.name, [normalized], [phone]),
        )
        if normalized and not claim_address(person.pk, str(data.email), normalized):
            transaction.set_rollback(True)
            return None
    if phone:
        PersonPhone.objects.create(person=person, number=shown_phone(phone), normalized=phone)
    if data.company or data.title or data.function or data.seniority:
        Employment.objects.create(
            person=person,
            company=company_for(actor, data.company) if data.company else None,
            title=data.title or "",
            function=data.function or "",
            seniority=data.seniority or "",
        )
    return person


_STEPS: Mapping[str, Step] = {
    "name": change_name,
    "email": change_address,
    "phone": change_phone,
    **{name: of_job(name) for name in ("title", "function", "seniority")},
    "company": change_employer,
    "owner": change_owner,
    **{name: plain(name, column) for name, column in PLAIN_OF_PERSON.items()},
}
