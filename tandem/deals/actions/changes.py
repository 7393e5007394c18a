"""How the given fields of a deal are changed, one step a field."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tandem.accounts.models import User
from tandem.deals import queries
from tandem.deals.actions.contacts import put_main_contact
from tandem.deals.actions.rows import Columns, person_named
from tandem.deals.models import Deal
from tandem.kernel.actor import Actor
from tandem.kernel.money import Money
from tandem.people.actions.changes import Changes
from tandem.people.actions.companies import company_for
from tandem.people.actions.owners import owner_named
from tandem.people.rules import sort_key

Step = Callable[[Actor, Deal, Any, Changes], Columns]

# What a won deal's order was booked from.
VALUES = frozenset({"amount", "currency", "company", "person"})


def _plain(column: str, actor: Actor, deal: Deal, value: Any, changes: Changes) -> Columns:
    old = getattr(deal, column)
    empty = "" if isinstance(old, str) else None
    if not changes.note(column, old, value):
        return {}
    return {column: value if value is not None else empty}


def _name(actor: Actor, deal: Deal, value: Any, changes: Changes) -> Columns:
    if not changes.note("name", deal.name, value):
        return {}
    return {"name": value, "sort_key": sort_key(value)}


def _amount(actor: Actor, deal: Deal, value: Any, changes: Changes) -> Columns:
    old = queries.money_of(deal)
    new = None if value is None else Money.from_major(value, deal.currency)
    if old == new:
        return {}
    changes.values["amount"] = (_written(old), _written(new))
    return {"amount_minor": None if new is None else new.minor}


def _currency(actor: Actor, deal: Deal, value: Any, changes: Changes) -> Columns:
    """Another currency keeps the figure: £900 becomes €900, in the minor units of the new one."""
    if not changes.note("currency", deal.currency, value):
        return {}
    old = queries.money_of(deal)
    deal.currency = value
    if old is None:
        return {"currency": value}
    deal.amount_minor = Money.from_major(old.major, value).minor
    return {"currency": value, "amount_minor": deal.amount_minor}


def _company(actor: Actor, deal: Deal, value: Any, changes: Changes) -> Columns:
    company = company_for(actor, value, keep=deal.company) if value else None
    if (company.pk if company else None) == deal.company_id:
        return {}
    changes.values["company"] = (str(deal.company or ""), str(company or ""))
    return {"company_id": company.pk if company else None}


def _person(actor: Actor, deal: Deal, value: Any, changes: Changes) -> Columns:
    before = queries.person_of(deal)
    after = person_named(actor, value) if value and value != str(before or "") else None
    if value and after is None:
        return {}
    if (after.pk if after else None) == (before.pk if before else None):
        return {}
    changes.values["person"] = (str(before or ""), str(after or ""))
    put_main_contact(deal, after)
    return {}


def _owner(actor: Actor, deal: Deal, value: Any, changes: Changes) -> Columns:
    owner = owner_named(actor, value) if value else None
    if (owner.pk if owner else None) == deal.owner_id:
        return {}
    old = User.everyone.filter(pk=deal.owner_id or 0).first()
    changes.values["owner"] = (str(old or ""), str(owner or ""))
    return {"owner_id": owner.pk if owner else None}


def _written(money: Money | None) -> str:
    return f"{money.major} {money.currency}" if money is not None else ""


# Currency before amount: an amount that comes with it is meant in the new one.
STEPS: Mapping[str, Step] = {
    "name": _name,
    "company": _company,
    "person": _person,
    "currency": _currency,
    "amount": _amount,
    "expected_close": partial(_plain, "expected_close"),
    "next_step": partial(_plain, "next_step"),
    "next_step_on": partial(_plain, "next_step_on"),
    "owner": _owner,
}
