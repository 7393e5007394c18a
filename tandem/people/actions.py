"""What may be done with persons and companies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.accounts.models import User
from tandem.accounts.queries import company_settings, visible_users
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import FieldError, Missing
from tandem.kernel.facts import Fact, publish
from tandem.kernel.models import ChangeSet
from tandem.kernel.refs import RecordRef
from tandem.kernel.undo import UNDO_FOLLOWERS
from tandem.people import queries
from tandem.people.errors import (
    AddressTaken,
    CompanyUnknown,
    DomainTaken,
    OwnerUnknown,
    ParentInvalid,
    PhoneInvalid,
    VersionConflict,
)
from tandem.people.facts import (
    CompaniesChanged,
    CompaniesCreated,
    CompaniesDeleted,
    PeopleChanged,
    PeopleCreated,
    PeopleDeleted,
)
from tandem.people.models import (
    Company,
    CompanyDomain,
    Employment,
    Party,
    Person,
    PersonEmail,
    PersonPhone,
)
from tandem.people.rules import (
    is_free_mail,
    normalize_email,
    normalize_phone,
    search_key,
    shown_phone,
    sort_key,
    split_name,
)
from tandem.people.schemas import ChangeCompany, ChangePerson, NewCompany, NewPerson
from tandem.records.slots import tell_story

AnyParty = TypeVar("AnyParty", bound=Party)

# An address that is freed and taken again between two looks is looked for once more.
ATTEMPTS = 3


@dataclass
class Changes:
    """What an action has changed of one record: old and new by field, as people read them."""

    values: dict[str, tuple[str, str]] = field(default_factory=dict)

    def note(self, name: str, old: Any, new: Any) -> bool:
        """Keep a change; False when nothing changed."""
        if (old or "") == (new or ""):
            return False
        self.values[name] = (str(old or ""), str(new or ""))
        return True

    def as_payload(self) -> dict[str, Any]:
        return {
            "changes": [
                {"field": name, "old": old, "new": new} for name, (old, new) in self.values.items()
            ]
        }


# --- persons --------------------------------------------------------------------------------------


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
            _told_of_new(actor, "person", person, PeopleCreated(_change_set(), (person.pk,)))
            return person, True
    raise AddressTaken(field="email")


def _insert_person(actor: Actor, data: NewPerson, normalized: str) -> Person | None:
    """A new person with all that belongs to them; None when someone else took the address."""
    names = split_name(data.name)
    phone = _phone(data.phone, data.country or "") if data.phone else ""
    with transaction.atomic():
        person = Person.objects.create(
            name=data.name,
            given_name=names.given,
            family_name=names.family,
            country=data.country or "",
            owner_id=_first_owner(actor, data.owner, kind="person"),
            sort_key=sort_key(data.name),
            search_key=search_key(data.name, [normalized], [phone]),
        )
        if normalized and not _claim_address(person.pk, str(data.email), normalized):
            transaction.set_rollback(True)
            return None
    if phone:
        PersonPhone.objects.create(person=person, number=shown_phone(phone), normalized=phone)
    if data.company or data.title:
        company = _company_for(actor, data.company) if data.company else None
        Employment.objects.create(person=person, company=company, title=data.title or "")
    return person


def _claim_address(person_id: int, address: str, normalized: str) -> bool:
    # Waits for whoever inserts the same address at this moment, then says whether it is free.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO people_personemail
                (person_id, address, normalized, is_primary, status, source, created_in_id)
            VALUES (%s, %s, %s, true, 'ok', '', tandem_change_set())
            ON CONFLICT (normalized) WHERE deleted_at IS NULL DO NOTHING
            """,
            [person_id, address, normalized],
        )
        return bool(cursor.rowcount == 1)


@action(permission="people.edit")
def change_person(
    actor: Actor, public_id: UUID, *, data: ChangePerson, version: int | None = None
) -> Person:
    """Change the given fields of a person; what is the same already is no change.

    Raises Missing, VersionConflict (with the fields that others changed since), AddressTaken,
    ExistsNotVisible, PhoneInvalid, CompanyUnknown, OwnerUnknown, and Refused when a new owner is
    given without the right to.
    """
    person: Person = _locked(queries.people_visible_to(actor), public_id)
    _check_version("person", person, version if version is not None else data.version)
    changes, columns = Changes(), {}
    for name, value in data.given.items():
        columns.update(_PERSON_STEPS[name](actor, person, value, changes))
    if not changes.values:
        return person
    columns["search_key"] = _person_search_key(person.pk, columns.get("name", person.name))
    _touch(Person, [person.pk], **columns)
    _told_of_change(actor, "person", [person.pk], changes)
    publish(PeopleChanged(_change_set(), (person.pk,), tuple(sorted(changes.values))))
    return Person.objects.get(pk=person.pk)


Columns = dict[str, Any]


def _change_name(actor: Actor, party: Party, value: Any, changes: Changes) -> Columns:
    if not changes.note("name", party.name, value):
        return {}
    columns: Columns = {"name": value, "sort_key": sort_key(value)}
    if isinstance(party, Person):
        names = split_name(value)
        columns |= {"given_name": names.given, "family_name": names.family}
    return columns


def _change_country(actor: Actor, party: Party, value: Any, changes: Changes) -> Columns:
    return {"country": value or ""} if changes.note("country", party.country, value) else {}


def _change_owner(actor: Actor, party: Party, value: Any, changes: Changes) -> Columns:
    owner = _owner(actor, value) if value else None
    if (owner.pk if owner else None) == party.owner_id:
        return {}
    actor.require("people.assign")
    old = User.everyone.filter(pk=party.owner_id or 0).first()
    changes.values["owner"] = (str(old or ""), str(owner or ""))
    return {"owner_id": owner.pk if owner else None}


def _change_address(actor: Actor, person: Party, value: Any, changes: Changes) -> Columns:
    mails = queries.live_parts(PersonEmail, person_id=person.pk)
    current = mails.filter(is_primary=True).first()
    normalized = normalize_email(value) if value else ""
    if normalized == (current.normalized if current else ""):
        return {}
    changes.note("email", current.address if current else "", value)
    if not normalized:
        mails.filter(is_primary=True).update(deleted_at=timezone.now())
        return {}
    try:
        with transaction.atomic():
            _put_address(person.pk, mails, current, str(value), normalized)
    except IntegrityError as error:
        queries.person_with_address(actor, normalized)  # ExistsNotVisible, where that is so
        raise AddressTaken(field="email") from error
    return {}


def _put_address(
    person_id: int, mails: Any, current: PersonEmail | None, address: str, normalized: str
) -> None:
    other = mails.filter(normalized=normalized).first()
    if other is not None:  # one more of their own addresses becomes the main one
        mails.filter(is_primary=True).update(is_primary=False)
        mails.filter(pk=other.pk).update(is_primary=True)
    elif current is not None:
        mails.filter(pk=current.pk).update(
            address=address, normalized=normalized, status="ok", verified_at=None
        )
    else:
        PersonEmail.objects.create(person_id=person_id, address=address, normalized=normalized)


def _change_phone(actor: Actor, person: Party, value: Any, changes: Changes) -> Columns:
    phones = queries.live_parts(PersonPhone, person_id=person.pk, is_primary=True)
    current = phones.first()
    normalized = _phone(value, person.country) if value else ""
    if normalized == (current.normalized if current else ""):
        return {}
    number = shown_phone(normalized) if normalized else ""
    changes.note("phone", current.number if current else "", number)
    if current is None:
        PersonPhone.objects.create(person_id=person.pk, number=number, normalized=normalized)
    elif normalized:
        phones.update(number=number, normalized=normalized, status="ok", verified_at=None)
    else:
        phones.update(deleted_at=timezone.now())
    return {}


def _change_title(actor: Actor, person: Party, value: Any, changes: Changes) -> Columns:
    job = _current_job(person.pk)
    if changes.note("title", job.title if job else "", value):
        _put_job(person.pk, job, title=value or "")
    return {}


def _change_employer(actor: Actor, person: Party, value: Any, changes: Changes) -> Columns:
    job = _current_job(person.pk)
    before = job.company if job else None
    after = _company_for(actor, value, keep=before) if value else None
    if (before.pk if before else None) == (after.pk if after else None):
        return {}
    changes.values["company"] = (str(before or ""), str(after or ""))
    _put_job(person.pk, job, company_id=after.pk if after else None)
    return {}


def _current_job(person_id: int) -> Employment | None:
    jobs = Employment.objects.filter(person_id=person_id, is_primary=True)
    return queries.current_jobs(jobs).select_related("company").first()


def _put_job(person_id: int, job: Employment | None, **values: Any) -> None:
    if job is None:
        Employment.objects.create(person_id=person_id, **values)
    else:
        Employment.objects.filter(pk=job.pk).update(**values)


Step = Callable[[Actor, Any, Any, Changes], Columns]

_PERSON_STEPS: Mapping[str, Step] = {
    "name": _change_name,
    "email": _change_address,
    "phone": _change_phone,
    "title": _change_title,
    "company": _change_employer,
    "owner": _change_owner,
    "country": _change_country,
}


@action(permission="people.delete")
def delete_person(actor: Actor, public_id: UUID) -> None:
    """Delete a person and free the addresses; undo brings all back while they are free."""
    person: Person = _locked(queries.people_visible_to(actor), public_id)
    now = timezone.now()
    for part in (PersonEmail, PersonPhone, Employment):
        queries.live_parts(part, person_id=person.pk).update(deleted_at=now)
    _touch(Person, [person.pk], deleted_at=now)
    tell_story(actor, [RecordRef("person", person.pk)], kind="people.deleted", payload={})
    publish(PeopleDeleted(_change_set(), (person.pk,)))


@action(permission="people.assign")
def assign_people(actor: Actor, public_ids: Sequence[UUID], *, owner: str | None) -> int:
    """Give persons an owner, or none; how many changed hands. Five statements for any number.

    Raises Missing when one of them is not there for this actor, OwnerUnknown.
    """
    rows = queries.people_visible_to(actor).filter(public_id__in=public_ids)
    found = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", "owner_id"))
    if len(found) != len(set(public_ids)):
        raise Missing()
    user = _owner(actor, owner) if owner else None
    changed = [pk for pk, owner_id in found if owner_id != (user.pk if user else None)]
    if changed:
        _touch(Person, changed, owner_id=user.pk if user else None)
        payload = {"owner": str(user or "")}
        refs = [RecordRef("person", pk) for pk in changed]
        tell_story(actor, refs, kind="people.owner_changed", payload=payload)
        publish(PeopleChanged(_change_set(), tuple(changed), ("owner",)))
    return len(changed)


@action(permission="people.edit")
def employ(
    actor: Actor, person_id: UUID, *, company: str, title: str = "", function: str = ""
) -> Employment:
    """Give a person a new job from today; the one before ends, it is not overwritten.

    ``company`` is a name or public id; Missing and CompanyUnknown are raised.
    """
    person: Person = _locked(queries.people_visible_to(actor), person_id)
    employer = _company_for(actor, company)
    job, today = _current_job(person.pk), timezone.now().date()
    if job is not None:
        Employment.objects.filter(pk=job.pk).update(ended_on=today, is_primary=False)
    made = Employment.objects.create(
        person=person, company=employer, title=title, function=function, started_on=today
    )
    changes = Changes()
    changes.note("company", job.company if job else "", employer)
    changes.note("title", job.title if job else "", title)
    _touch(Person, [person.pk])
    _told_of_change(actor, "person", [person.pk], changes)
    publish(PeopleChanged(_change_set(), (person.pk,), ("company", "title")))
    return made


# --- companies ------------------------------------------------------------------------------------


@action(permission="people.create")
def create_company(actor: Actor, *, data: NewCompany) -> tuple[Company, bool]:
    """Add a company; (company, True), or (the one that has the domain already, False), unchanged.

    Raises ExistsNotVisible when the actor may not see it, CompanyUnknown (of the parent),
    OwnerUnknown.
    """
    claims = bool(data.domain) and not is_free_mail(str(data.domain))
    for _attempt in range(ATTEMPTS):
        existing = queries.company_with_domain(actor, str(data.domain)) if claims else None
        if existing is not None:
            return existing, False
        company = _insert_company(actor, data)
        if company is not None:
            _told_of_new(actor, "company", company, CompaniesCreated(_change_set(), (company.pk,)))
            return company, True
    raise DomainTaken(field="domain")


def _insert_company(actor: Actor, data: NewCompany) -> Company | None:
    parent = _parent(actor, data.parent) if data.parent else None
    with transaction.atomic():
        company = Company.objects.create(
            name=data.name,
            industry=data.industry or "",
            size_band=str(data.size or ""),
            country=data.country or "",
            parent=parent,
            owner_id=_first_owner(actor, data.owner, kind="company"),
            sort_key=sort_key(data.name),
            search_key=search_key(data.name, [data.domain or ""], []),
        )
        if data.domain and not _claim_domain(company.pk, data.domain):
            transaction.set_rollback(True)
            return None
    return company


def _claim_domain(company_id: int, domain: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO people_companydomain
                (company_id, domain, is_primary, is_shared, created_in_id)
            VALUES (%s, %s, true, %s, tandem_change_set())
            ON CONFLICT (domain) WHERE deleted_at IS NULL AND NOT is_shared DO NOTHING
            """,
            [company_id, domain, is_free_mail(domain)],
        )
        return bool(cursor.rowcount == 1)


@action(permission="people.edit")
def change_company(
    actor: Actor, public_id: UUID, *, data: ChangeCompany, version: int | None = None
) -> Company:
    """Change the given fields of a company.

    Raises Missing, VersionConflict, DomainTaken, ExistsNotVisible, CompanyUnknown, ParentInvalid,
    OwnerUnknown, and Refused when a new owner is given without the right to.
    """
    company: Company = _locked(queries.companies_visible_to(actor), public_id)
    _check_version("company", company, version if version is not None else data.version)
    changes, columns = Changes(), {}
    for name, value in data.given.items():
        columns.update(_COMPANY_STEPS[name](actor, company, value, changes))
    if not changes.values:
        return company
    columns["search_key"] = _company_search_key(company.pk, columns.get("name", company.name))
    _touch(Company, [company.pk], **columns)
    _told_of_change(actor, "company", [company.pk], changes)
    publish(CompaniesChanged(_change_set(), (company.pk,), tuple(sorted(changes.values))))
    return Company.objects.get(pk=company.pk)


def _change_industry(actor: Actor, company: Company, value: Any, changes: Changes) -> Columns:
    return {"industry": value or ""} if changes.note("industry", company.industry, value) else {}


def _change_size(actor: Actor, company: Company, value: Any, changes: Changes) -> Columns:
    return {"size_band": str(value or "")} if changes.note("size", company.size_band, value) else {}


def _change_parent(actor: Actor, company: Company, value: Any, changes: Changes) -> Columns:
    parent = _parent(actor, value) if value else None
    if (parent.pk if parent else None) == company.parent_id:
        return {}
    if parent is not None:
        # Two companies that are put below each other at once would close a circle.
        _wait_in_line("people.parents")
        if company.pk in queries.ancestors_of(parent.pk):
            raise ParentInvalid(field="parent")
    changes.values["parent"] = (str(company.parent or ""), str(parent or ""))
    return {"parent_id": parent.pk if parent else None}


def _change_domain(actor: Actor, company: Company, value: Any, changes: Changes) -> Columns:
    domains = queries.live_parts(CompanyDomain, company_id=company.pk, is_primary=True)
    current = domains.first()
    if not changes.note("domain", current.domain if current else "", value):
        return {}
    if not value:
        domains.update(deleted_at=timezone.now())
        return {}
    try:
        with transaction.atomic():
            if current is not None:
                domains.update(domain=value, is_shared=is_free_mail(value))
            else:
                CompanyDomain.objects.create(
                    company=company, domain=value, is_shared=is_free_mail(value)
                )
    except IntegrityError as error:
        queries.company_with_domain(actor, value)  # ExistsNotVisible, where that is so
        raise DomainTaken(field="domain") from error
    return {}


_COMPANY_STEPS: Mapping[str, Step] = {
    "name": _change_name,
    "domain": _change_domain,
    "industry": _change_industry,
    "size": _change_size,
    "country": _change_country,
    "parent": _change_parent,
    "owner": _change_owner,
}


@action(permission="people.delete")
def delete_company(actor: Actor, public_id: UUID) -> None:
    """Delete a company; its people stay, without it; undo brings back what belonged to it."""
    company: Company = _locked(queries.companies_visible_to(actor), public_id)
    now = timezone.now()
    queries.live_parts(CompanyDomain, company_id=company.pk).update(deleted_at=now)
    queries.live_parts(Employment, company_id=company.pk).update(company_id=None)
    Company.objects.filter(parent_id=company.pk).update(parent_id=None)
    _touch(Company, [company.pk], deleted_at=now)
    tell_story(actor, [RecordRef("company", company.pk)], kind="people.deleted", payload={})
    publish(CompaniesDeleted(_change_set(), (company.pk,)))


# --- after an undo --------------------------------------------------------------------------------


def follow_undo(actor: Actor, change_set_id: int) -> None:
    """What an undo entails: keys made anew, and a word in the story of each record.

    It puts stored values back past the actions; the keys are derived and have no history. Part of
    the undo's own transaction (a follower of kernel.undo).
    """
    undoing = ChangeSet.objects.get(pk=change_set_id)
    touched: dict[str, set[int]] = {"person": set(), "company": set()}
    roots = undoing.changes.filter(root_kind__in=touched).order_by()
    for kind, pk in roots.values_list("root_kind", "root_id").distinct():
        touched[kind].add(pk)
    for person in Person.objects.filter(pk__in=touched["person"]):
        _rekey(person, _person_search_key(person.pk, person.name))
    for company in Company.objects.filter(pk__in=touched["company"]):
        _rekey(company, _company_search_key(company.pk, company.name))
    refs = [RecordRef(kind, pk) for kind, found in touched.items() for pk in sorted(found)]
    tell_story(actor, refs, kind="people.undone", payload={})


UNDO_FOLLOWERS.register("people", follow_undo)


def _rekey(party: Party, search: str) -> None:
    type(party)._default_manager.filter(pk=party.pk).update(
        search_key=search, sort_key=sort_key(party.name)
    )


def _person_search_key(person_id: int, name: str) -> str:
    mails = queries.live_parts(PersonEmail, person_id=person_id).order_by("pk")
    phones = queries.live_parts(PersonPhone, person_id=person_id).order_by("pk")
    return search_key(
        name,
        list(mails.values_list("normalized", flat=True)),
        list(phones.values_list("normalized", flat=True)),
    )


def _company_search_key(company_id: int, name: str) -> str:
    domains = queries.live_parts(CompanyDomain, company_id=company_id).order_by("pk")
    return search_key(name, list(domains.values_list("domain", flat=True)), [])


# --- what all of them do --------------------------------------------------------------------------


def _change_set() -> int:
    return current_change_set().id


def _locked(rows: Any, public_id: UUID) -> Any:
    found = rows.filter(public_id=public_id).select_for_update(of=("self",)).first()
    if found is None:
        raise Missing()
    return found


def _check_version(kind: str, record: Party, version: int | None) -> None:
    if version is None or version == record.row_version:
        return
    fields = queries.fields_changed_since(kind, record, version)
    raise VersionConflict(
        errors=[FieldError(name, "changed_since", _("Changed since")) for name in fields]
    )


def _touch(model: type[AnyParty], ids: Sequence[int], **columns: Any) -> None:
    model._default_manager.filter(pk__in=ids).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )


def _told_of_new(actor: Actor, kind: str, party: Party, fact: Fact) -> None:
    tell_story(actor, [RecordRef(kind, party.pk)], kind="people.created", payload={})
    publish(fact)


def _told_of_change(actor: Actor, kind: str, ids: Sequence[int], changes: Changes) -> None:
    told, payload = "people.changed", changes.as_payload()
    if set(changes.values) == {"owner"}:
        told, payload = "people.owner_changed", {"owner": changes.values["owner"][1]}
    tell_story(actor, [RecordRef(kind, pk) for pk in ids], kind=told, payload=payload)


def _phone(text: str, country: str) -> str:
    try:
        return normalize_phone(text, country or company_settings().default_country)
    except PhoneInvalid as error:
        raise PhoneInvalid(field="phone") from error


def _first_owner(actor: Actor, named: str | None, *, kind: str) -> int | None:
    """Who owns a new record; one who sees only some must see what they have just added."""
    if named:
        return _owner(actor, named).pk
    return actor.user_id if actor.scope_of(kind) in (Scope.OWN, Scope.TEAM) else None


def _owner(actor: Actor, named: str) -> User:
    users = visible_users(actor).filter(is_active=True)
    try:
        found = users.filter(public_id=UUID(named)).first()
    except ValueError:
        found = users.filter(email=named.strip().lower()).first()
    if found is None:
        raise OwnerUnknown(field="owner")
    return found


def _company_for(actor: Actor, named: str, *, keep: Company | None = None) -> Company:
    """The company that a text means; one that nobody knows by this name is added."""
    if keep is not None and sort_key(keep.name) == sort_key(named):
        return keep
    found = queries.company_called(actor, named)
    if found is not None:
        return found
    if _is_uuid(named):
        raise CompanyUnknown(field="company")
    # Two people who name the same new company at once: the second waits and then finds it.
    _wait_in_line(f"people.company:{sort_key(named)}")
    found = queries.company_called(actor, named)
    return found or create_company(actor, data=NewCompany(name=named))[0]


def _parent(actor: Actor, named: str) -> Company:
    found = queries.company_called(actor, named)
    if found is None:
        raise CompanyUnknown(field="parent")
    return found


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _wait_in_line(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
