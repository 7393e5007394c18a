"""The tap of the lake: whose events came in since somebody last looked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tandem.kernel.actor import Actor
from tandem.kernel.refs import RecordRef
from tandem.lake.actions import link_subject
from tandem.lake.queries import arrived
from tests.lake.scene import event, store

pytestmark = pytest.mark.django_db


def test_events_of_known_people_are_told_once_and_by_name(system: Actor) -> None:
    now = timezone.now()
    link_subject(
        system, "v", to=RecordRef("person", 7), since=now - timedelta(days=1), proof="form"
    )
    before = timezone.now()
    store(event(visitor="v", name="page", at=now), event(visitor="v", name="form", at=now))
    store(event(visitor="stranger", name="page", at=now), event(visitor="", name="page", at=now))
    store(event(visitor="v", name="old", at=now - timedelta(days=2)))  # before it was theirs

    found = arrived(before)
    assert found.persons == {"page": frozenset({7}), "form": frozenset({7})}
    assert timezone.now() - found.heard_until < timedelta(seconds=30)
    assert arrived(found.heard_until).persons == {}


def test_it_never_goes_back() -> None:
    later = timezone.now() + timedelta(hours=1)
    assert arrived(later).heard_until == later
