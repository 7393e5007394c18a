"""What the tests of people and timeline share: a quick person, a way to undo, the changes told."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.people.actions import create_company, create_person
from tandem.people.models import Company, Person
from tandem.people.schemas import NewCompany, NewPerson


def last_done() -> UUID:
    """The change set that the last action made."""
    done = last_change_set()
    assert done is not None
    return done


@pytest.fixture
def add(system: Actor, db: None) -> Callable[..., Person]:
    """Add a person as the scene, or as another actor: ``add("Ann", email="a@b.example")``."""

    def make(name: str, *, by: Actor | None = None, **fields: Any) -> Person:
        person, is_new = create_person(by or system, data=NewPerson(name=name, **fields))
        assert is_new
        return person

    return make


@pytest.fixture
def add_firm(system: Actor, db: None) -> Callable[..., Company]:
    def make(name: str, *, by: Actor | None = None, **fields: Any) -> Company:
        company, is_new = create_company(by or system, data=NewCompany(name=name, **fields))
        assert is_new
        return company

    return make
