"""Who owns a person or a company: at first, later, and for many at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tandem.accounts.models import User
from tandem.accounts.queries import visible_users
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Missing
from tandem.kernel.facts import publish
from tandem.kernel.refs import RecordRef
from tandem.people import queries
from tandem.people.actions.changes import Changes, Columns
from tandem.people.actions.rows import touch
from tandem.people.errors import OwnerUnknown
from tandem.people.facts import PeopleChanged
from tandem.people.models import Party, Person
from tandem.records.slots import tell_story


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
        touch(Person, changed, owner_id=user.pk if user else None)
        payload = {"owner": str(user or "")}
        refs = [RecordRef("person", pk) for pk in changed]
        tell_story(actor, refs, kind="people.owner_changed", payload=payload)
        publish(PeopleChanged(current_change_set().id, tuple(changed), ("owner",)))
    return len(changed)


def first_owner(actor: Actor, named: str | None, *, kind: str) -> int | None:
    """Who owns a new record; one who sees only some must see what they have just added.

    ``named`` is a public id or an address. Raises OwnerUnknown.
    """
    if named:
        return _owner(actor, named).pk
    return actor.user_id if actor.scope_of(kind) in (Scope.OWN, Scope.TEAM) else None


def change_owner(actor: Actor, party: Party, value: Any, changes: Changes) -> Columns:
    """The step that gives a record another owner, or none. Raises OwnerUnknown, Refused."""
    owner = _owner(actor, value) if value else None
    if (owner.pk if owner else None) == party.owner_id:
        return {}
    actor.require("people.assign")
    old = User.everyone.filter(pk=party.owner_id or 0).first()
    changes.values["owner"] = (str(old or ""), str(owner or ""))
    return {"owner_id": owner.pk if owner else None}


def _owner(actor: Actor, named: str) -> User:
    users = visible_users(actor).filter(is_active=True)
    try:
        found = users.filter(public_id=UUID(named)).first()
    except ValueError:
        found = users.filter(email=named.strip().lower()).first()
    if found is None:
        raise OwnerUnknown(field="owner")
    return found
