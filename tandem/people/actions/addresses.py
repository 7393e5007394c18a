"""Mail addresses, phone numbers and domains: taken by a new record, or changed."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tandem.accounts.queries import company_settings
from tandem.kernel.actor import Actor
from tandem.people import queries
from tandem.people.actions.changes import Changes, Columns
from tandem.people.errors import AddressTaken, DomainTaken, PhoneInvalid
from tandem.people.models import Company, CompanyDomain, Party, PersonEmail, PersonPhone
from tandem.people.rules import (
    FREE_MAIL,
    is_free_mail,
    normalize_email,
    normalize_phone,
    shown_phone,
)

# An address that is freed and taken again between two looks is looked for once more.
ATTEMPTS = 3


# --- taking ---------------------------------------------------------------------------------------


def claim_address(
    person_id: int, address: str, normalized: str, *, is_primary: bool = True
) -> bool:
    """Take a mail address for a person; False when another has it."""
    # Waits for whoever inserts the same address at this moment, then says whether it is free.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO people_personemail
                (person_id, address, normalized, is_primary, status, source, created_in_id)
            VALUES (%s, %s, %s, %s, 'ok', '', tandem_change_set())
            ON CONFLICT (normalized) WHERE deleted_at IS NULL DO NOTHING
            """,
            [person_id, address, normalized, is_primary],
        )
        return bool(cursor.rowcount == 1)


def claim_domain(company_id: int, domain: str, *, is_primary: bool = True) -> bool:
    """Take a domain for a company; False when another has it. Free mail is shared."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO people_companydomain
                (company_id, domain, is_primary, is_shared, created_in_id)
            VALUES (%s, %s, %s, %s, tandem_change_set())
            ON CONFLICT (domain) WHERE deleted_at IS NULL AND NOT is_shared DO NOTHING
            """,
            [company_id, domain, is_primary, is_free_mail(domain)],
        )
        return bool(cursor.rowcount == 1)


def claim_domains(pairs: Iterable[tuple[int, str]]) -> None:
    """Take domains for many new companies, (id, domain); those that are taken are left out."""
    given = list(pairs)
    if not given:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO people_companydomain
                (company_id, domain, is_primary, is_shared, created_in_id)
            SELECT company_id, domain, true, domain = ANY (%s), tandem_change_set()
            FROM unnest(%s::bigint[], %s::text[]) AS d (company_id, domain)
            ON CONFLICT (domain) WHERE deleted_at IS NULL AND NOT is_shared DO NOTHING
            """,
            [list(FREE_MAIL), [pk for pk, _domain in given], [domain for _pk, domain in given]],
        )


def full_number(text: str, country: str, *, field: str = "phone") -> str:
    """A phone number in E.164, read as one of this country or else of ours. Raises PhoneInvalid."""
    try:
        return normalize_phone(text, country or company_settings().default_country)
    except PhoneInvalid as error:
        raise PhoneInvalid(field=field) from error


# --- changing -------------------------------------------------------------------------------------


def change_address(actor: Actor, person: Party, value: Any, changes: Changes) -> Columns:
    """The step that changes a person's main address. Raises AddressTaken, ExistsNotVisible."""
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


def change_phone(actor: Actor, person: Party, value: Any, changes: Changes) -> Columns:
    """The step that changes a person's main number. Raises PhoneInvalid."""
    phones = queries.live_parts(PersonPhone, person_id=person.pk, is_primary=True)
    current = phones.first()
    normalized = full_number(value, person.country) if value else ""
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


def change_domain(actor: Actor, company: Company, value: Any, changes: Changes) -> Columns:
    """The step that changes a company's main domain. Raises DomainTaken, ExistsNotVisible."""
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
