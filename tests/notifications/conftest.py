"""Two colleagues, a person whom both see, and quick ways to write, to deliver and to hear."""

from collections.abc import Callable
from typing import Any

import pytest

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.kernel.actor import Actor
from tandem.kernel.facts import deliver_facts
from tandem.notifications.queries import Item, page_of
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records.actions import add_comment
from tandem.records.models import Comment
from tandem.records.schemas import NewComment
from tandem.records.slots import object_type


@pytest.fixture
def priya(make_user: Callable[..., User]) -> User:
    return make_user("seller", name="Priya Nair", email="priya@thistle.example")


@pytest.fixture
def isla(make_user: Callable[..., User]) -> User:
    return make_user("manager", name="Isla Byrne", email="isla@thistle.example")


@pytest.fixture
def ann(system: Actor, db: None) -> Person:
    return create_person(system, data=NewPerson(name="Ann Kowalczyk"))[0]


@pytest.fixture
def say() -> Callable[..., Comment]:
    """A colleague writes on a person: ``say(isla, ann, "@Priya Nair, look")``."""

    def write(user: User, person: Person, text: str) -> Comment:
        data = NewComment(text=text)
        made: Comment = add_comment(
            actor_for(user), object_type("person"), person.public_id, data=data
        )
        return made

    return write


@pytest.fixture
def hears() -> Callable[..., list[Item]]:
    """What a user finds once all facts are delivered: ``hears(priya, shows="all")``."""

    def listen(user: User, **how: Any) -> list[Item]:
        deliver_facts()
        return list(page_of(actor_for(user), **how).items)

    return listen
