"""What the tests of accounts share: signed-in browsers and a way to count what was written."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.core.cache import caches
from django.test import Client

from tandem.accounts.models import User
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.models import ChangeSet, RecordChange
from tandem.kernel.undo import undo


@pytest.fixture(autouse=True)
def _fresh_counters():
    caches["process"].clear()


def last_undo(actor: Actor) -> UUID:
    """Take back what the last action did, as its toast would."""
    done = last_change_set()
    assert done is not None
    return undo(actor, done)


@pytest.fixture
def sign_in(client: Client) -> Callable[[User], Client]:
    """The test's browser, signed in as a user without asking for the password."""

    def enter(user: User) -> Client:
        client.force_login(user)
        return client

    return enter


@pytest.fixture
def nothing_written(db: None) -> Callable[[], tuple[int, int]]:
    """How many change sets and changes there are: the same before and after a refusal."""
    return lambda: (ChangeSet.objects.count(), RecordChange.objects.count())
