"""Who owns a person or a company: at first, and later."""

from typing import Any
from uuid import UUID

from tandem.accounts.models import User
from tandem.accounts.queries import visible_users
from tandem.kernel.actor import Actor, Scope
from tandem.people.actions.changes import Changes, Columns
from tandem.people.errors import OwnerUnknown
from tandem.people.models import Party

ASSIGN = "people.assign"


def first_owner(actor: Actor, named: str | None, *, kind: str) -> int | None:
    """Who owns a new record; one who sees only some must see what they have just added.

    ``named`` is a public id or an address. Raises OwnerUnknown.
    """
    if named:
        return owner_named(actor, named).pk
    return actor.user_id if actor.scope_of(kind) in (Scope.OWN, Scope.TEAM) else None


def change_owner(actor: Actor, party: Party, value: Any, changes: Changes) -> Columns:
    """The step that gives a record another owner, or none. Raises OwnerUnknown, Refused."""
    owner = owner_named(actor, value) if value else None
    if (owner.pk if owner else None) == party.owner_id:
        return {}
    actor.require(ASSIGN)
    old = User.everyone.filter(pk=party.owner_id or 0).first()
    changes.values["owner"] = (str(old or ""), str(owner or ""))
    return {"owner_id": owner.pk if owner else None}


def owner_named(actor: Actor, named: str) -> User:
    """The colleague of this public id or mail address. Raises OwnerUnknown."""
    users = visible_users(actor).filter(is_active=True)
    try:
        found = users.filter(public_id=UUID(named)).first()
    except ValueError:
        found = users.filter(email=named.strip().lower()).first()
    if found is None:
        raise OwnerUnknown(field="owner")
    return found
