"""Colleagues in what people write: who can be mentioned on a record, what a mention is drawn as."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for, user_names, visible_users
from tandem.kernel.actor import Actor
from tandem.records.rules.mentions import Colleague, drawn, handle, mentioned_in
from tandem.records.slots import ObjectType

MOST_OFFERED = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """A colleague whom somebody may want to mention: ``words`` do it. One who does not see the
    record is named too, but cannot be told of it."""

    user: User
    words: str
    sees: bool


def colleagues(actor: Actor) -> list[Colleague]:
    """Those whom the actor can mention anywhere: who can sign in; one query."""
    users = visible_users(actor).active().values_list("public_id", "name", "email")
    return [Colleague(str(public_id), name, address) for public_id, name, address in users]


def sees(object_type: ObjectType, record: Any, user: User) -> bool:
    """Whether a colleague sees a record themselves; two queries."""
    actor = actor_for(user)
    return (
        actor.may("records.view")
        and actor.may(object_type.permissions.view)
        and object_type.visible_to(actor).filter(pk=record.pk).exists()
    )


def offers(actor: Actor, object_type: ObjectType, record: Any, typed: str) -> list[Offer]:
    """The colleagues whose name or address has words that begin as typed, at most a handful."""
    known = colleagues(actor)
    by_id = {one.id: one for one in known}
    wanted = typed.strip().lower()
    fitting = [one.id for one in known if _fits(one, wanted)][:MOST_OFFERED]
    users = visible_users(actor).filter(public_id__in=fitting)
    return [
        Offer(user, handle(by_id[str(user.public_id)], known), sees(object_type, record, user))
        for user in users
    ]


def _fits(one: Colleague, wanted: str) -> bool:
    name = one.name.lower()
    return name.startswith(wanted) or f" {wanted}" in f" {name}" or one.address.startswith(wanted)


def names_in(texts: Iterable[str]) -> Mapping[str, str]:
    """The names of all who are mentioned in kept texts, by public id; one query at most."""
    return user_names(sorted({one for text in texts for one in mentioned_in(text)}))


def words_of(text: str) -> str:
    """A kept text as people read it; one query where it mentions somebody."""
    return drawn(text, names_in([text]))


def mentions_of(text: str, names: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    """Who is mentioned in a kept text, as the API answers it."""
    return [{"user": one, "name": names.get(one, "")} for one in mentioned_in(text)]
