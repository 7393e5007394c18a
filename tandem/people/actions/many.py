"""Many persons or companies at once: fields set, records deleted, by statements on sets."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import Fact, publish
from tandem.kernel.refs import RecordRef
from tandem.people import queries
from tandem.people.actions.changes import PLAIN_OF_COMPANY, PLAIN_OF_PERSON, Columns, stored
from tandem.people.actions.companies import remove_companies
from tandem.people.actions.owners import ASSIGN, owner_named
from tandem.people.actions.persons import remove_persons
from tandem.people.actions.rows import touch
from tandem.people.facts import (
    CompaniesChanged,
    CompaniesDeleted,
    PeopleChanged,
    PeopleDeleted,
)
from tandem.people.models import Company, Party, Person
from tandem.people.schemas import Change, ChangeCompany, ChangePerson
from tandem.records.errors import NotForMany
from tandem.records.rules import in_parts
from tandem.records.slots import Advance, BulkDone, ignore, tell_story

AnyParty = TypeVar("AnyParty", bound=Party)


@action(permission="people.edit", is_of_many=True)
def change_people(
    actor: Actor, chosen: QuerySet[Person], *, data: ChangePerson, advance: Advance = ignore
) -> BulkDone:
    """Set fields of all the chosen persons whom the actor sees; who has them already stays.

    Fields that are columns of the person, and the owner. Raises NotForMany for another field,
    OwnerUnknown, and Refused for an owner without the right to assign.
    """
    rows = queries.people_visible_to(actor).filter(pk__in=chosen.order_by().values("pk"))
    return _change(actor, rows, data, PLAIN_OF_PERSON, "person", PeopleChanged, advance)


@action(permission="people.edit", is_of_many=True)
def change_companies(
    actor: Actor, chosen: QuerySet[Company], *, data: ChangeCompany, advance: Advance = ignore
) -> BulkDone:
    """Set fields of all the chosen companies that the actor sees; see change_people."""
    rows = queries.companies_visible_to(actor).filter(pk__in=chosen.order_by().values("pk"))
    return _change(actor, rows, data, PLAIN_OF_COMPANY, "company", CompaniesChanged, advance)


@action(permission="people.delete", is_of_many=True)
def delete_people(actor: Actor, chosen: QuerySet[Person], *, advance: Advance = ignore) -> BulkDone:
    """Delete the chosen persons whom the actor sees; undo brings them back."""
    rows = queries.people_visible_to(actor).filter(pk__in=chosen.order_by().values("pk"))
    return _delete(actor, rows, remove_persons, PeopleDeleted, advance)


@action(permission="people.delete", is_of_many=True)
def delete_companies(
    actor: Actor, chosen: QuerySet[Company], *, advance: Advance = ignore
) -> BulkDone:
    """Delete the chosen companies that the actor sees; undo brings them back."""
    rows = queries.companies_visible_to(actor).filter(pk__in=chosen.order_by().values("pk"))
    return _delete(actor, rows, remove_companies, CompaniesDeleted, advance)


def people_to_change(
    actor: Actor, chosen: QuerySet[Person], *, data: ChangePerson
) -> QuerySet[Person]:
    """Those of the chosen persons whom ``change_people`` would change. Raises what it raises."""
    return chosen.filter(_differs(_columns(actor, data, PLAIN_OF_PERSON)))


def companies_to_change(
    actor: Actor, chosen: QuerySet[Company], *, data: ChangeCompany
) -> QuerySet[Company]:
    """Those of the chosen companies that ``change_companies`` would change."""
    return chosen.filter(_differs(_columns(actor, data, PLAIN_OF_COMPANY)))


def _change(
    actor: Actor,
    rows: QuerySet[AnyParty],
    data: Change,
    plain: Mapping[str, str],
    kind: str,
    fact: Callable[[int, tuple[int, ...], tuple[str, ...]], Fact],
    advance: Advance,
) -> BulkDone:
    columns = _columns(actor, data, plain)
    matched = rows.count()
    ids = _locked(rows.filter(_differs(columns)))
    advance(matched - len(ids))
    told = _told(actor, data)
    for part in in_parts(ids):
        touch(rows.model, part, **columns)
        refs = [RecordRef(kind, pk) for pk in part]
        tell_story(actor, refs, kind=told[0], payload=told[1])
        advance(len(part))
    if ids:
        publish(fact(current_change_set().id, tuple(ids), tuple(sorted(data.given))))
    return BulkDone(matched=matched, changed=len(ids))


def _delete(
    actor: Actor,
    rows: QuerySet[AnyParty],
    remove: Callable[[Actor, Sequence[int]], None],
    fact: Callable[[int, tuple[int, ...]], Fact],
    advance: Advance,
) -> BulkDone:
    ids = _locked(rows)
    for part in in_parts(ids):
        remove(actor, part)
        advance(len(part))
    if ids:
        publish(fact(current_change_set().id, tuple(ids)))
    return BulkDone(matched=len(ids), changed=len(ids))


def _columns(actor: Actor, data: Change, plain: Mapping[str, str]) -> Columns:
    """What the columns hold for the given fields."""
    columns: Columns = {}
    for name, value in data.given.items():
        if name == "owner":
            actor.require(ASSIGN)
            columns["owner_id"] = owner_named(actor, value).pk if value else None
        elif name in plain:
            columns[plain[name]] = stored(value)
        else:
            raise NotForMany(field=name)
    if not columns:
        raise NotForMany()
    return columns


def _differs(columns: Columns) -> Q:
    """Rows of which at least one column holds something else."""
    other = Q()
    for column, value in columns.items():
        is_same = Q(**{f"{column}__isnull": True}) if value is None else Q(**{column: value})
        other |= ~is_same
    return other


def _told(actor: Actor, data: Change) -> tuple[str, Mapping[str, Any]]:
    """The entry of the story: each record's old value stands in its history."""
    new = {
        name: str(owner_named(actor, value) if name == "owner" and value else stored(value))
        for name, value in data.given.items()
    }
    if set(new) == {"owner"}:
        return "people.owner_changed", {"owner": new["owner"]}
    changes = [{"field": name, "old": "", "new": value} for name, value in new.items()]
    return "people.changed", {"changes": changes}


def _locked(rows: QuerySet[AnyParty]) -> list[int]:
    """The rows by id, locked in their order until the action ends."""
    return list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
