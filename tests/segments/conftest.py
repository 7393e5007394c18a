"""What the tests of segments share: people, what they do, and segments that are published."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tandem.kernel.actor import Actor
from tandem.kernel.refs import RecordRef
from tandem.lake.actions import link_subject
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.segments import queries
from tandem.segments.actions import create_segment
from tandem.segments.models import Heard, Segment
from tandem.segments.schemas import NewSegment
from tests.lake.scene import event, store

BRITISH = {"kind": "person", "where": {"field": "country", "is": "any_of", "value": ["GB"]}}
PRICES = {
    "kind": "did",
    "event": {"name": "page", "where": [{"field": "url", "test": "contains", "value": "/prices"}]},
    "times": {"at_least": 2},
    "window": {"last": {"days": 14}},
}


@pytest.fixture(autouse=True)
def lake_folder(settings: Any, tmp_path: Path) -> None:
    """A lake of the test's own."""
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def person(system: Actor, db: None) -> Callable[..., Person]:
    """Somebody, known by the browser ``visitor`` for two months where one is named."""

    def make(name: str = "Ann Kowalczyk", *, visitor: str = "", **fields: Any) -> Person:
        made, _is_new = create_person(system, data=NewPerson(name=name, **fields))
        if visitor:
            since = timezone.now() - timedelta(days=60)
            link_subject(
                system, visitor, to=RecordRef("person", made.pk), since=since, proof="form"
            )
        return made

    return make


@pytest.fixture
def segment(system: Actor, db: None) -> Callable[..., Segment]:
    """A published segment: ``segment(BRITISH, PRICES)`` is of those who fit all of these."""

    def make(*of: dict[str, Any], kind: str = "all", name: str = "Warm", **fields: Any) -> Segment:
        Heard.objects.get_or_create(defaults={"until": timezone.now()})
        data = NewSegment(name=name, who={"kind": kind, "of": list(of)}, **fields)
        return create_segment(system, data=data)[0]

    return make


def opens(visitor: str, url: str, at: datetime | None = None, **fields: Any) -> None:
    """A browser opens a page."""
    made = event(visitor=visitor, name="page", url=url, at=at or timezone.now(), **fields)
    store(made)


def names_in(segment: Segment) -> list[str]:
    """Who is in a segment, by name."""
    persons = queries.persons_in(segment)
    return sorted(Person.objects.filter(pk__in=list(persons)).values_list("name", flat=True))
