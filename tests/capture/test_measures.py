"""What is counted of events and forms, and the touches of a person."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from tandem.capture.edge import read_event
from tandem.capture.queries import touches_of
from tandem.kernel.actor import NOBODY, Actor
from tandem.kernel.errors import DomainError
from tandem.kernel.ids import new_public_id
from tandem.kernel.refs import RecordRef
from tandem.lake.actions import link_subject
from tandem.measures.queries import value
from tandem.people.models import Person
from tests.capture.conftest import token_in

pytestmark = pytest.mark.django_db

NOW = datetime.now(UTC).replace(microsecond=0)
PAID = "https://shop.example/tins?utm_medium=cpc&utm_campaign=winter"


def seen(minutes: float, visitor: str = "", *, url: str = "https://shop.example/", **more: Any):
    """Store one page view some minutes ago, as the collector does."""
    at = NOW - timedelta(minutes=minutes)
    raw = {"id": str(new_public_id()), "name": "page", "at": at.isoformat(), "url": url}
    record = read_event({**raw, "visitor": visitor, **more}, datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute("SELECT lake_store(%s::json)", [f"[{record}]"])
    return at


def counted(actor: Actor, key: str, **asked: Any) -> dict[str, Decimal | None]:
    result = value(actor, key, **asked)
    return {",".join(row.by.values()): row.value for row in result.rows}


def test_events_visitors_and_sessions_are_counted(viewer: Actor):
    for minutes, visitor in ((200, "a"), (190, "a"), (90, "a"), (80, "b"), (70, ""), (60, "")):
        seen(minutes, visitor)
    seen(50, "c", url=PAID, name="order")
    assert counted(viewer, "events") == {"": 7}
    assert counted(viewer, "visitors") == {"": 3}
    assert counted(viewer, "sessions") == {"": 4}
    assert counted(viewer, "visitors", by=("campaign",)) == {"": 2, "winter": 1}
    assert counted(viewer, "events", by=("name",)) == {"page": 6, "order": 1}
    assert counted(viewer, "events", filters={"channel": "paid"}) == {"": 1}
    assert counted(viewer, "events", filters={"name": "nothing"}) == {"": 0}
    with pytest.raises(DomainError):
        value(NOBODY, "events")


def test_forms_sent_are_counted_with_their_campaign(viewer: Actor, send):
    send(url=PAID)
    send(email="b@lee.example", is_trapped=True, url=PAID)
    send(email="c@lee.example")
    assert counted(viewer, "submissions", by=("campaign",)) == {"": 1, "winter": 1}


def test_the_touches_of_a_person_are_visits_since_consent_and_forms(system: Actor, send):
    made = send(url=PAID)
    person = made.person_id
    seen(3000, "v", url=PAID)  # before the consent
    first = seen(2000, "v", url="https://shop.example/?utm_source=news&utm_medium=email")
    seen(1995, "v")
    second = seen(500, "v")
    seen(400, "", url=PAID)  # who did not agree is nobody
    since = NOW - timedelta(minutes=2500)
    link_subject(system, "v", to=RecordRef("person", person), since=since, proof="test")

    found = touches_of([person, 0])
    assert [(one.kind, one.channel, one.at) for one in found[person]] == [
        ("visit", "email", first),
        ("visit", "direct", second),
        ("form", "paid", made.at),
    ]
    assert set(found) == {person}


def test_who_refuses_cookies_still_has_one_honest_touch(visitor, form):
    shown = visitor.get("/f/trade-prices?utm_campaign=winter&utm_medium=cpc")
    answers = {"name": "Ann", "email": "ann@lee.example", "_token": token_in(shown.text)}
    visitor.post("/f/trade-prices", {**answers, "_visitor": ""})
    [found] = touches_of([Person.objects.get().pk]).values()
    assert [(one.kind, one.channel, one.campaign) for one in found] == [("form", "paid", "winter")]
