"""A person, and a quick way to record what they said."""

from collections.abc import Callable
from typing import Any

import pytest

from tandem.consent.actions import record_consent
from tandem.consent.rules import Basis, Channel, Purpose, State
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn
from tandem.kernel.actor import Actor
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson

WORDS = "Send me news about new gift ware. I can stop this at any time."


@pytest.fixture
def ann(system: Actor, db: None) -> Person:
    return create_person(system, data=NewPerson(name="Ann Lee", email="ann@lee.example"))[0]


@pytest.fixture
def say(system: Actor) -> Callable[..., Any]:
    """Record what a person said: ``say(ann, State.GRANTED, topic="news")``."""

    def record(person: Person, state: State, *, by: Actor | None = None, **of: Any) -> Any:
        entry = ConsentEntry(
            channel=of.get("channel", Channel.EMAIL),
            topic=of.get("topic", "news"),
            purpose=of.get("purpose", Purpose.MARKETING),
            basis=of.get("basis", Basis.CONSENT),
            state=state,
        )
        (held,) = record_consent(
            by or system,
            person.pk,
            entries=[entry],
            wording=of.get("wording", WORDS),
            evidence=of.get(
                "evidence", ConsentEvidenceIn(source="form", ip="192.0.2.7", reference="s1")
            ),
        )
        return held

    return record
