"""What may be done with a company; which company a text means."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.copying import copy_in
from tandem.kernel.facts import publish
from tandem.kernel.ids import new_public_id
from tandem.kernel.refs import RecordRef
from tandem.people import queries
from tandem.people.actions.addresses import (
    ATTEMPTS,
    change_domain,
    claim_domain,
    claim_domains,
)
from tandem.people.actions.changes import (
    PLAIN_OF_COMPANY,
    Changes,
    Columns,
    Step,
    change_fields,
    change_name,
    plain,
)
from tandem.people.actions.owners import change_owner, first_owner
from tandem.people.actions.rows import locked, touch
from tandem.people.errors import CompanyUnknown, DomainTaken, ParentInvalid
from tandem.people.facts import CompaniesChanged, CompaniesCreated, CompaniesDeleted
from tandem.people.models import Company, CompanyDomain, Employment
from tandem.people.rules import is_free_mail, search_key, sort_key
from tandem.people.schemas import ChangeCompany, NewCompany
from tandem.records.slots import tell_story


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
            tell_story(actor, [RecordRef("company", company.pk)], kind="people.created", payload={})
            publish(CompaniesCreated(current_change_set().id, (company.pk,)))
            return company, True
    raise DomainTaken(field="domain")


@action(permission="people.create")
def add_companies(
    actor: Actor, *, named: Sequence[tuple[str, str]], domains: Sequence[str] = ()
) -> list[int]:
    """Add many companies at once, each a name and a country or an empty text; their ids in order.

    ``domains`` are theirs, in the same order, empty where one has none; one that is taken is left
    out. Companies of the same name are added beside each other: who calls knows them by something
    else. Five statements for any number.
    """
    owned = domains or [""] * len(named)
    owner, made = first_owner(actor, None, kind="company"), current_change_set().id
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval('people_company_id_seq') FROM generate_series(1, %s)", [len(named)]
        )
        ids = [row[0] for row in cursor.fetchall()]
    copy_in(
        "people_company",
        (
            *("id", "public_id", "name", "country", "owner_id", "sort_key", "search_key"),
            *("industry", "size_band", "tier", "x", "created_in_id"),
        ),
        (
            (
                *(pk, new_public_id(), name[:200], country, owner),
                *(sort_key(name), search_key(name, [domain], [])),
                *("", "", "", "{}", made),
            )
            for pk, (name, country), domain in zip(ids, named, owned, strict=True)
        ),
    )
    claim_domains((pk, domain) for pk, domain in zip(ids, owned, strict=True) if domain)
    if ids:
        tell_story(
            actor, [RecordRef("company", pk) for pk in ids], kind="people.created", payload={}
        )
        publish(CompaniesCreated(current_change_set().id, tuple(ids)))
    return ids


@action(permission="people.create")
def take_back_companies(actor: Actor, *, made_in: int, keep: Sequence[int]) -> list[int]:
    """Delete the companies that a change set added, but for those in use or changed since.

    In use is one with a domain or people of another change set, above one that stays, or with a
    word of a person in its story. ``keep`` are others to leave alone. The ids that were deleted.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE made AS MATERIALIZED (
                SELECT c.id, c.parent_id,
                    c.row_version = 1 AND NOT c.id = ANY (%(keep)s)
                    AND NOT EXISTS (SELECT FROM people_companydomain d WHERE d.company_id = c.id
                                    AND d.deleted_at IS NULL AND d.created_in_id <> %(made)s)
                    AND NOT EXISTS (SELECT FROM people_employment e WHERE e.company_id = c.id
                                    AND e.deleted_at IS NULL)
                    AND NOT EXISTS (
                        SELECT FROM timeline_entry t
                        WHERE t.subject_kind = 'company' AND t.subject_id = c.id
                          AND t.actor_kind = 'user' AND t.source <> 'import'
                          AND t.kind NOT IN ('people.created', 'revenue.imported')) AS may_go
                FROM people_company c
                WHERE c.created_in_id = %(made)s AND c.deleted_at IS NULL
            ), kept AS (
                SELECT x.parent_id AS id FROM people_company x
                WHERE x.parent_id IN (SELECT id FROM made)
                  AND NOT EXISTS (SELECT FROM made m WHERE m.id = x.id AND m.may_go)
                UNION
                SELECT m.parent_id FROM made m JOIN kept k ON k.id = m.id
                WHERE m.parent_id IS NOT NULL
            )
            UPDATE people_company c
            SET deleted_at = now(), updated_at = now(), row_version = row_version + 1
            FROM made m WHERE m.id = c.id AND m.may_go AND c.id NOT IN (SELECT id FROM kept)
            RETURNING c.id
            """,
            {"made": made_in, "keep": list(keep)},
        )
        gone = [row[0] for row in cursor.fetchall()]
    queries.live_parts(CompanyDomain, company_id__in=gone).update(deleted_at=timezone.now())
    if gone:
        publish(CompaniesDeleted(current_change_set().id, tuple(gone)))
    return gone


@action(permission="people.edit")
def change_company(
    actor: Actor, public_id: UUID, *, data: ChangeCompany, version: int | None = None
) -> Company:
    """Change the given fields of a company.

    Raises Missing, VersionConflict, DomainTaken, ExistsNotVisible, CompanyUnknown, ParentInvalid,
    OwnerUnknown, and Refused when a new owner is given without the right to.
    """
    company = locked(queries.companies_visible_to(actor), public_id)
    changes = change_fields(actor, company, data, kind="company", steps=_STEPS, version=version)
    if not changes.values:
        return company
    publish(CompaniesChanged(current_change_set().id, (company.pk,), changes.fields))
    return Company.objects.get(pk=company.pk)


@action(permission="people.delete")
def delete_company(actor: Actor, public_id: UUID) -> None:
    """Delete a company; its people stay, without it; undo brings back what belonged to it."""
    company = locked(queries.companies_visible_to(actor), public_id)
    remove_companies(actor, [company.pk])
    publish(CompaniesDeleted(current_change_set().id, (company.pk,)))


def remove_companies(actor: Actor, ids: Sequence[int]) -> None:
    """Delete locked companies, free what hangs on them, tell it; five statements for any number."""
    now = timezone.now()
    queries.live_parts(CompanyDomain, company_id__in=ids).update(deleted_at=now)
    queries.live_parts(Employment, company_id__in=ids).update(company_id=None)
    Company.objects.filter(parent_id__in=ids).update(parent_id=None)
    touch(Company, ids, deleted_at=now)
    tell_story(actor, [RecordRef("company", pk) for pk in ids], kind="people.deleted", payload={})


def company_for(actor: Actor, named: str, *, keep: Company | None = None) -> Company:
    """The company that a text means; one that nobody knows by this name is added.

    ``keep`` goes before others of its name. Raises CompanyUnknown for a strange public id.
    """
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


def _insert_company(actor: Actor, data: NewCompany) -> Company | None:
    """A new company with its domain; None when someone else took the domain."""
    parent = _parent(actor, data.parent) if data.parent else None
    with transaction.atomic():
        company = Company.objects.create(
            name=data.name,
            industry=data.industry or "",
            size_band=str(data.size or ""),
            country=data.country or "",
            parent=parent,
            owner_id=first_owner(actor, data.owner, kind="company"),
            sort_key=sort_key(data.name),
            search_key=search_key(data.name, [data.domain or ""], []),
        )
        if data.domain and not claim_domain(company.pk, data.domain):
            transaction.set_rollback(True)
            return None
    return company


def _parent(actor: Actor, named: str) -> Company:
    found = queries.company_called(actor, named)
    if found is None:
        raise CompanyUnknown(field="parent")
    return found


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


_STEPS: Mapping[str, Step] = {
    "name": change_name,
    "domain": change_domain,
    **{name: plain(name, column) for name, column in PLAIN_OF_COMPANY.items()},
    "parent": _change_parent,
    "owner": change_owner,
}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _wait_in_line(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
