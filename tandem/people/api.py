"""What belongs to persons and companies by API: addresses, numbers, domains, jobs, ties, groups."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Path, Router, Schema, Status

from tandem.kernel.actor import Actor
from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.errors import Missing
from tandem.people import actions, queries
from tandem.people.models import CompanyDomain, Employment, Person, PersonEmail, PersonPhone
from tandem.people.schemas import (
    ChangeDomain,
    ChangeEmployment,
    ChangeReach,
    ChangeRelationship,
    DomainOut,
    EmailOut,
    EmploymentOut,
    FamilyOut,
    NewDomain,
    NewEmail,
    NewEmployment,
    NewPhone,
    NewRelationship,
    PhoneOut,
    RefOut,
    RelationshipOut,
    StepOut,
    WayInOut,
)
from tandem.records.slots import object_type

people = Router(tags=["People"])
companies = Router(tags=["Companies"])

# What belongs to a record is numbered there.
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


class EmailsOut(Schema):
    """All of one record, the main one first."""

    items: list[EmailOut]


@people.get(
    "/{uuid:public_id}/emails",
    response={200: EmailsOut, **REFUSALS},
    operation_id="person_emails",
)
@asks_for("people.view")
def list_emails(request: HttpRequest, public_id: UUID) -> Any:
    """Every mail address of a person."""
    rows = _seen(request, "person", public_id, queries.emails_of)
    return {"items": [_email(one) for one in rows]}


@people.post(
    "/{uuid:public_id}/emails",
    response={201: EmailOut, **REFUSALS},
    operation_id="person_add_email",
)
@asks_for("people.edit")
def add_email(request: HttpRequest, public_id: UUID, data: NewEmail) -> Any:
    """Add a mail address; the first one is the main one."""
    return Status(201, _email(actions.add_email(actor_of(request), public_id, data=data)))


@people.patch(
    "/{uuid:public_id}/emails/{int:number}",
    response={200: EmailOut, **REFUSALS},
    operation_id="person_change_email",
)
@asks_for("people.edit")
def change_email(request: HttpRequest, public_id: UUID, number: Number, data: ChangeReach) -> Any:
    """Change a mail address."""
    return _email(actions.change_email(actor_of(request), public_id, number, data=data))


@people.delete(
    "/{uuid:public_id}/emails/{int:number}",
    response={204: None, **REFUSALS},
    operation_id="person_remove_email",
)
@asks_for("people.edit")
def remove_email(request: HttpRequest, public_id: UUID, number: Number) -> Any:
    """Take a mail address away."""
    actions.remove_email(actor_of(request), public_id, number)
    return Status(204, None)


class PhonesOut(Schema):
    """All of one record, the main one first."""

    items: list[PhoneOut]


@people.get(
    "/{uuid:public_id}/phones",
    response={200: PhonesOut, **REFUSALS},
    operation_id="person_phones",
)
@asks_for("people.view")
def list_phones(request: HttpRequest, public_id: UUID) -> Any:
    """Every phone number of a person."""
    rows = _seen(request, "person", public_id, queries.phones_of)
    return {"items": [_phone(one) for one in rows]}


@people.post(
    "/{uuid:public_id}/phones",
    response={201: PhoneOut, **REFUSALS},
    operation_id="person_add_phone",
)
@asks_for("people.edit")
def add_phone(request: HttpRequest, public_id: UUID, data: NewPhone) -> Any:
    """Add a phone number; the first one is the main one."""
    return Status(201, _phone(actions.add_phone(actor_of(request), public_id, data=data)))


@people.patch(
    "/{uuid:public_id}/phones/{int:number}",
    response={200: PhoneOut, **REFUSALS},
    operation_id="person_change_phone",
)
@asks_for("people.edit")
def change_phone(request: HttpRequest, public_id: UUID, number: Number, data: ChangeReach) -> Any:
    """Change a phone number."""
    return _phone(actions.change_phone_number(actor_of(request), public_id, number, data=data))


@people.delete(
    "/{uuid:public_id}/phones/{int:number}",
    response={204: None, **REFUSALS},
    operation_id="person_remove_phone",
)
@asks_for("people.edit")
def remove_phone(request: HttpRequest, public_id: UUID, number: Number) -> Any:
    """Take a phone number away."""
    actions.remove_phone(actor_of(request), public_id, number)
    return Status(204, None)


class EmploymentsOut(Schema):
    """All of one record, the main one first."""

    items: list[EmploymentOut]


@people.get(
    "/{uuid:public_id}/employments",
    response={200: EmploymentsOut, **REFUSALS},
    operation_id="person_employments",
)
@asks_for("people.view")
def list_employments(request: HttpRequest, public_id: UUID) -> Any:
    """Every job of a person."""
    rows = _seen(request, "person", public_id, queries.jobs_of)
    return {"items": [_job(one) for one in rows]}


@people.post(
    "/{uuid:public_id}/employments",
    response={201: EmploymentOut, **REFUSALS},
    operation_id="person_add_employment",
)
@asks_for("people.edit")
def add_employment(request: HttpRequest, public_id: UUID, data: NewEmployment) -> Any:
    """Add a job; the first one is the main one."""
    return Status(201, _job(actions.add_employment(actor_of(request), public_id, data=data)))


@people.patch(
    "/{uuid:public_id}/employments/{int:number}",
    response={200: EmploymentOut, **REFUSALS},
    operation_id="person_change_employment",
)
@asks_for("people.edit")
def change_employment(
    request: HttpRequest, public_id: UUID, number: Number, data: ChangeEmployment
) -> Any:
    """Change a job."""
    return _job(actions.change_employment(actor_of(request), public_id, number, data=data))


@people.delete(
    "/{uuid:public_id}/employments/{int:number}",
    response={204: None, **REFUSALS},
    operation_id="person_remove_employment",
)
@asks_for("people.edit")
def remove_employment(request: HttpRequest, public_id: UUID, number: Number) -> Any:
    """Take a job away."""
    actions.remove_employment(actor_of(request), public_id, number)
    return Status(204, None)


class DomainsOut(Schema):
    """All of one record, the main one first."""

    items: list[DomainOut]


@companies.get(
    "/{uuid:public_id}/domains",
    response={200: DomainsOut, **REFUSALS},
    operation_id="company_domains",
)
@asks_for("people.view")
def list_domains(request: HttpRequest, public_id: UUID) -> Any:
    """Every domain of a company."""
    rows = _seen(request, "company", public_id, queries.domains_of)
    return {"items": [_domain(one) for one in rows]}


@companies.post(
    "/{uuid:public_id}/domains",
    response={201: DomainOut, **REFUSALS},
    operation_id="company_add_domain",
)
@asks_for("people.edit")
def add_domain(request: HttpRequest, public_id: UUID, data: NewDomain) -> Any:
    """Add a domain; the first one is the main one."""
    return Status(201, _domain(actions.add_domain(actor_of(request), public_id, data=data)))


@companies.patch(
    "/{uuid:public_id}/domains/{int:number}",
    response={200: DomainOut, **REFUSALS},
    operation_id="company_change_domain",
)
@asks_for("people.edit")
def change_domain(request: HttpRequest, public_id: UUID, number: Number, data: ChangeDomain) -> Any:
    """Change a domain."""
    return _domain(actions.change_domain_of(actor_of(request), public_id, number, data=data))


@companies.delete(
    "/{uuid:public_id}/domains/{int:number}",
    response={204: None, **REFUSALS},
    operation_id="company_remove_domain",
)
@asks_for("people.edit")
def remove_domain(request: HttpRequest, public_id: UUID, number: Number) -> Any:
    """Take a domain away."""
    actions.remove_domain(actor_of(request), public_id, number)
    return Status(204, None)


class RelationshipsOut(Schema):
    """The ties of a person, as they are said from their side."""

    items: list[RelationshipOut]


class WaysInOut(Schema):
    """The shortest ways to a person, a few at most."""

    items: list[WayInOut]


@people.get(
    "/{uuid:public_id}/relationships",
    response={200: RelationshipsOut, **REFUSALS},
    operation_id="person_relationships",
)
@asks_for("people.view")
def list_relationships(request: HttpRequest, public_id: UUID) -> Any:
    """How a person stands to others, where the caller sees both."""
    person = queries.person_by_public_id(actor_of(request), public_id)
    return {"items": _ties(request, person)}


@people.post(
    "/{uuid:public_id}/relationships",
    response={201: RelationshipOut, **REFUSALS},
    operation_id="person_add_relationship",
)
@asks_for("people.edit")
def add_relationship(request: HttpRequest, public_id: UUID, data: NewRelationship) -> Any:
    """Note how a person stands to another one; the other one has it from their side."""
    made = actions.add_relationship(actor_of(request), public_id, data=data)
    return Status(201, _tie(request, public_id, made.pk))


@people.patch(
    "/{uuid:public_id}/relationships/{int:number}",
    response={200: RelationshipOut, **REFUSALS},
    operation_id="person_change_relationship",
)
@asks_for("people.edit")
def change_relationship(
    request: HttpRequest, public_id: UUID, number: Number, data: ChangeRelationship
) -> Any:
    """Change the note of a tie."""
    actions.change_relationship(actor_of(request), public_id, number, data=data)
    return _tie(request, public_id, number)


@people.delete(
    "/{uuid:public_id}/relationships/{int:number}",
    response={204: None, **REFUSALS},
    operation_id="person_remove_relationship",
)
@asks_for("people.edit")
def remove_relationship(request: HttpRequest, public_id: UUID, number: Number) -> Any:
    """Take a tie away, for both."""
    actions.remove_relationship(actor_of(request), public_id, number)
    return Status(204, None)


@people.get(
    "/{uuid:public_id}/introductions",
    response={200: WaysInOut, **REFUSALS},
    operation_id="person_introductions",
)
@asks_for("people.view")
def introductions(request: HttpRequest, public_id: UUID) -> Any:
    """Who of us knows somebody who knows them: over at most three ties, by persons whom the caller
    sees."""
    actor = actor_of(request)
    person = queries.person_by_public_id(actor, public_id)
    return {
        "items": [
            WayInOut(
                colleague=RefOut(id=way.colleague.public_id, name=way.colleague.name),
                steps=[
                    StepOut(
                        person=RefOut(id=one.public_id, name=one.name),
                        type=str(tie) if tie else "works_with",
                    )
                    for one, tie in way.steps
                ],
            )
            for way in queries.ways_in(actor, person)
        ]
    }


@companies.get(
    "/{uuid:public_id}/group",
    response={200: FamilyOut, **REFUSALS},
    operation_id="company_group",
)
@asks_for("people.view")
def group(request: HttpRequest, public_id: UUID) -> Any:
    """Who stands above and right below a company, and what they come to together."""
    actor = actor_of(request)
    object_type("company").refuse_hidden(actor, ("parent",))
    family = queries.family_of(actor, queries.company_by_public_id(actor, public_id))
    return FamilyOut(
        above=[_ref(one) for one in family.above],
        below=[_ref(one) for one, _count in family.below],
        companies=family.companies,
        people=family.people,
    )


def _seen(
    request: HttpRequest,
    kind: str,
    public_id: UUID,
    of: Callable[[Actor, UUID], QuerySet[Any]],
) -> QuerySet[Any]:
    """The parts of a record that the caller sees, fields and all. Raises Missing, FieldHidden."""
    actor = actor_of(request)
    rows = of(actor, public_id)
    if not object_type(kind).visible_to(actor).filter(public_id=public_id).exists():
        raise Missing()
    return rows


def _ref(record: Any) -> RefOut:
    return RefOut(id=record.public_id, name=record.name)


def _email(one: PersonEmail) -> EmailOut:
    return EmailOut(
        id=one.pk,
        address=one.address,
        is_primary=one.is_primary,
        status=one.status,
        verified_at=one.verified_at,
    )


def _phone(one: PersonPhone) -> PhoneOut:
    return PhoneOut(
        id=one.pk,
        number=one.number,
        normalized=one.normalized,
        is_primary=one.is_primary,
        status=one.status,
        verified_at=one.verified_at,
    )


def _domain(one: CompanyDomain) -> DomainOut:
    return DomainOut(
        id=one.pk, domain=one.domain, is_primary=one.is_primary, is_shared=one.is_shared
    )


def _job(one: Employment) -> EmploymentOut:
    return EmploymentOut(
        id=one.pk,
        company=RefOut.of(one.company),
        title=one.title or None,
        function=one.function or None,
        seniority=one.seniority or None,
        started_on=one.started_on,
        ended_on=one.ended_on,
        is_primary=one.is_primary,
    )


def _ties(request: HttpRequest, person: Person) -> list[RelationshipOut]:
    return [
        RelationshipOut(id=one.id, type=str(one.tie), person=_ref(one.person), note=one.note)
        for one in queries.known_to(actor_of(request), person)
    ]


def _tie(request: HttpRequest, public_id: UUID, number: int) -> RelationshipOut:
    person = queries.person_by_public_id(actor_of(request), public_id)
    return next(one for one in _ties(request, person) if one.id == number)
