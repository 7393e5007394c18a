"""The cast of the tests: users of every role, and the actors that they are."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

from tandem.accounts.actions import add_user
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewUser
from tandem.kernel import compiled, progress
from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.permissions import declared
from tandem.people.queries import search

# Argon2 is slow on purpose: a tenth of a second for each of the users that almost every test makes.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# What a test writes is seen by all of it and rolled back with it, progress included.
progress.ALIAS = "default"

# Each compiled read is put together anew beside the kept one: none may depend on what changes.
compiled.is_checked = True

# How long an example takes says something of the machine, and what a test sets up lasts as long as
# its examples: each of them rolls back what it writes, or does not mind.
hypothesis_settings.register_profile(
    "tandem",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
hypothesis_settings.load_profile("tandem")

PASSWORD = "tin whistle and harbour lights"

_numbers = count(1)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Browsers come last: from the first on, Playwright's event loop runs in the thread of the
    tests, and Django gives code in a loop a database connection of its own, or none."""
    for item in items:
        if uses_browser(item):
            item.add_marker("browser")
    yield
    items.sort(key=uses_browser)


def uses_browser(item: pytest.Item) -> bool:
    return "playwright" in getattr(item, "fixturenames", ())


@pytest.fixture(autouse=True)
def search_takes_its_time(monkeypatch):
    """A busy machine finds what is spelt nearly so, too."""
    monkeypatch.setattr(search, "LONGEST_MS", 60_000)


@pytest.fixture(autouse=True)
def no_job_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """What commits is flushed by Django after the test, but for tables that it does not manage."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


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
