"""The cast of the tests: users of every role, and the actors that they are."""

import asyncio
import os
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from django.conf import settings
from pydantic import SecretStr

from tandem.accounts.actions import add_user
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewUser
from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.permissions import declared

# Argon2 is slow on purpose: a tenth of a second for each of the users that almost every test makes.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Playwright leaves its event loop in the thread after a test in a browser; Django would take the
# next test for asynchronous code and refuse it the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

PASSWORD = "tin whistle and harbour lights"

_numbers = count(1)


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test writes is seen by all of it and rolled back with it, progress included."""
    monkeypatch.setattr("tandem.kernel.progress.ALIAS", "default")


@pytest.fixture(autouse=True)
def no_loop_of_a_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """Playwright's loop stays "running" in the thread; a test without browser starts its own."""
    left = None if "playwright" in request.fixturenames else asyncio._get_running_loop()
    if left is not None:
        asyncio._set_running_loop(None)
    yield
    if left is not None:
        asyncio._set_running_loop(left)


@pytest.fixture
def system() -> Actor:
    """An actor with every permission who sees every record: to set a scene, not to test rights."""
    return job_actor("scene", frozenset(declared()))


@pytest.fixture
def make_user(db: None, system: Actor) -> Callable[..., User]:
    """Add a user of a role: ``make_user("seller", name="Priya Nair")``."""

    def make(role: str = "admin", **fields: Any) -> User:
        number = next(_numbers)
        fields.setdefault("email", f"user{number}@thistle.example")
        fields.setdefault("name", f"User {number}")
        return add_user(
            system,
            NewUser(role=role, password=SecretStr(PASSWORD), **fields),
        )

    return make


@pytest.fixture
def make_actor(make_user: Callable[..., User]) -> Callable[..., Actor]:
    """The actor of a new user of a role."""

    def make(role: str = "admin", **fields: Any) -> Actor:
        return actor_for(make_user(role, **fields))

    return make


@pytest.fixture
def admin(make_actor: Callable[..., Actor]) -> Actor:
    return make_actor("admin")


@pytest.fixture
def viewer(make_actor: Callable[..., Actor]) -> Actor:
    return make_actor("viewer")
