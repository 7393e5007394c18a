"""A mail server on loopback, a person, and quick ways to plan and to send."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from tandem.delivery.actions import plan_message, send_due
from tandem.delivery.jobs import RIGHTS
from tandem.delivery.models import Message
from tandem.kernel.actor import Actor, job_actor
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tests.consent.conftest import say as say
from tests.delivery.server import Post, listening

_numbers = count(1)


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    """A mail server that takes everything unless told otherwise."""
    server = Post()
    with listening(server) as port:
        settings.SMTP_URL = f"smtp://127.0.0.1:{port}"
        yield server


@pytest.fixture
def ann(system: Actor, db: None) -> Person:
    return create_person(system, data=NewPerson(name="Ann Lee", email="ann@lee.example"))[0]


@pytest.fixture
def plan(system: Actor, db: None) -> Callable[..., Message]:
    """Plan a message: ``plan()``, ``plan("marketing", person=ann)``."""

    def make(
        message_class: str = "transactional", *, person: Person | None = None, **of: Any
    ) -> Any:
        given: dict[str, Any] = {
            "message_class": message_class,
            "purpose": "service" if message_class == "transactional" else "marketing",
            "topic": "" if message_class == "transactional" else "news",
            "to": "ann@lee.example",
            "subject": "Hello",
            "text": "Dear Ann,\nthank you.",
            "send_key": f"test:{next(_numbers)}",
            "person_id": person.pk if person else None,
        }
        return plan_message(system, **given | of)

    return make


@pytest.fixture
def sender() -> Actor:
    return job_actor("delivery.send_due", RIGHTS)


@pytest.fixture
def send(sender: Actor) -> Callable[[], Any]:
    """Send all that is due, as the job does."""
    return lambda: send_due(sender)


def now_of(message: Message) -> tuple[str, str]:
    """State and reason of a message as they stand in the ledger."""
    found = Message.objects.get(pk=message.pk)
    return found.state, found.reason
