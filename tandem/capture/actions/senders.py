"""Who sent a form: the person of that address, the fields that they answered, their consent."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tandem.accounts.schemas import countries
from tandem.capture import queries
from tandem.capture.models import Submission
from tandem.consent.actions import record_consent
from tandem.consent.rules import Basis, Channel, Purpose, State
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn
from tandem.kernel.actor import Actor
from tandem.people.actions import change_person, create_person
from tandem.people.models import Person
from tandem.people.queries import people_visible_to, prepare_people
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.records.actions.values import write_values
from tandem.records.slots import object_type

OWN = ("name", "email", "phone", "company", "title", "country")


def person_for(actor: Actor, made: Submission) -> Person:
    """The person who has the address, made where there is none; only empty fields are filled."""
    given = _own_fields(made.answers)
    address = given["email"]
    person, is_new = create_person(actor, data=NewPerson(**{"name": address, **given}))
    if not is_new:
        _fill_empty(actor, person, given)
    _fill_custom(actor, person.pk, made.answers)
    return person


def _fill_empty(actor: Actor, person: Person, given: Mapping[str, str]) -> None:
    shown = prepare_people(people_visible_to(actor)).get(pk=person.pk)
    job = shown.primary_job
    empty = {
        "name": shown.name == given["email"],
        "phone": shown.primary_phone is None,
        "title": job is None or not job.title,
        "company": job is None or job.company is None,
        "country": not shown.country,
    }
    fill = {name: value for name, value in given.items() if empty.get(name)}
    if fill:
        change_person(actor, person.public_id, data=ChangePerson(**fill))


def _fill_custom(actor: Actor, person_id: int, answers: Mapping[str, Any]) -> None:
    values = {key: answers[key] for key in queries.fields_to_ask() if key in answers}
    if not values:
        return
    person = Person.objects.select_for_update().get(pk=person_id)
    empty = {key: value for key, value in values.items() if key not in person.x}
    write_values(actor, object_type("person"), person, empty)


def _own_fields(answers: Mapping[str, Any]) -> dict[str, str]:
    own = {name: str(answers[name]) for name in OWN if answers.get(name)}
    if own.get("country", "").upper() in countries():
        own["country"] = own["country"].upper()
    else:
        own.pop("country", None)
    if _is_uuid(own.get("company", "")):
        own.pop("company")  # a name is asked for; an id would name one of our records
    return own


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


# --- consent --------------------------------------------------------------------------------------

CONTACT = "contact"  # the topic of being written to or called about what one asked for


def record_consents(actor: Actor, made: Submission) -> None:
    """Keep what was ticked, until it is confirmed from the mailbox; and the request for contact."""
    assert made.person_id is not None
    evidence = ConsentEvidenceIn(source="form", url=made.url[:2000], reference=str(made.public_id))
    if made.has_consent:
        entry = ConsentEntry(
            channel=Channel.EMAIL,
            topic=made.consent_topic or "news",
            purpose=Purpose.MARKETING,
            basis=Basis.CONSENT,
            state=State.PENDING,
        )
        record_consent(
            actor, made.person_id, entries=[entry], wording=made.consent_wording, evidence=evidence
        )
    if made.raises_hand:
        ways = [Channel.EMAIL] + ([Channel.PHONE] if made.answers.get("phone") else [])
        entries = [
            ConsentEntry(
                channel=way,
                topic=CONTACT,
                purpose=Purpose.SALES,
                basis=Basis.REQUEST,
                state=State.GRANTED,
            )
            for way in ways
        ]
        words = made.form.intro or str(made.form.get_contact_kind_display())
        record_consent(actor, made.person_id, entries=entries, wording=words, evidence=evidence)
