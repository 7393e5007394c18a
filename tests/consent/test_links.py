"""The pages behind a mail's links: looking changes nothing, a post acts, forgery is refused."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tandem.consent import queries
from tandem.consent.actions import suppress
from tandem.consent.models import ConsentEvent, ConsentState
from tandem.consent.rules import State, StopReason

pytestmark = pytest.mark.django_db
NEWS = ("email", "news", "marketing")


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


@pytest.fixture
def confirm(ann: Any) -> str:
    return path_of(queries.confirmation_url(ann.public_id, "ann@lee.example", [NEWS]))


@pytest.fixture
def stop(ann: Any) -> str:
    return path_of(queries.unsubscribe_url(ann.public_id, "news", "ann@lee.example"))


def states() -> list[tuple[str, str]]:
    return list(ConsentState.objects.order_by("topic").values_list("topic", "state"))


def test_looking_confirms_nothing_and_the_click_does(ann, say, confirm, client):
    say(ann, State.PENDING)
    for ask in (client.get, client.head):
        page = ask(confirm)
        assert page.status_code == 200
        assert states() == [("news", "pending")]
    assert "Send me news about new gift ware" in client.get(confirm).content.decode()
    done = Client(enforce_csrf_checks=True).post(confirm)
    assert done.status_code == 200
    assert "Thank you, it is confirmed" in done.content.decode()
    assert states() == [("news", "granted")]
    event = ConsentEvent.objects.select_related("evidence").latest("id")
    assert (event.evidence.source, event.state) == ("confirmation", "granted")
    count = ConsentEvent.objects.count()
    assert "This is confirmed" in client.get(confirm).content.decode()
    client.post(confirm)
    assert ConsentEvent.objects.count() == count


def test_a_confirmation_after_a_withdrawal_grants_nothing(ann, say, confirm, client):
    say(ann, State.PENDING)
    say(ann, State.WITHDRAWN)
    assert "Nothing to confirm" in client.post(confirm).content.decode()
    assert states() == [("news", "withdrawn")]


def test_a_link_is_good_for_two_weeks(ann, say, confirm, client):
    say(ann, State.PENDING)
    with time_machine.travel(timezone.now() + dt.timedelta(days=15), tick=False):
        for answer in (client.get(confirm), client.post(confirm)):
            assert answer.status_code == 410
            assert "too old" in answer.content.decode()
    assert states() == [("news", "pending")]


@pytest.mark.parametrize("where", ["/c/x", "/u/x", "/c/{u}", "/u/{c}", "/u/{u}x"])
def test_a_link_that_is_not_ours_is_refused(ann, say, confirm, stop, client, where):
    say(ann, State.GRANTED)
    address = where.format(c=confirm[3:], u=stop[3:])
    for answer in (client.get(address), client.post(address, {"what": "all"})):
        assert answer.status_code == 404
        assert "does not work" in answer.content.decode()
    assert states() == [("news", "granted")]
    assert ConsentEvent.objects.count() == 1


def test_looking_unsubscribes_nobody_and_one_click_does(ann, say, stop, client):
    say(ann, State.GRANTED)
    say(ann, State.GRANTED, topic="offers")
    assert client.get(stop).status_code == client.head(stop).status_code == 200
    assert states() == [("news", "granted"), ("offers", "granted")]
    # What a mail program sends (RFC 8058): no cookie, no page before it.
    done = Client(enforce_csrf_checks=True).post(stop, {"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert states() == [("news", "withdrawn"), ("offers", "granted")]
    assert queries.suppressed(["ann@lee.example"]) == {}


def test_a_stop_before_anything_was_ever_said_is_kept(ann, stop, client):
    client.post(stop, {"List-Unsubscribe": "One-Click"})
    assert states() == [("news", "withdrawn")]


def test_the_reader_chooses_topics_and_can_stop_all(ann, say, stop, client):
    say(ann, State.GRANTED)
    say(ann, State.WITHDRAWN, topic="offers")
    page = client.get(stop).content.decode()
    assert 'value="email:news:marketing"' in page
    client.post(stop, {"what": "save", "topic": ["email:offers:marketing", "email:x:marketing"]})
    assert states() == [("news", "withdrawn"), ("offers", "granted")]
    client.post(stop, {"what": "all"})
    assert states() == [("news", "withdrawn"), ("offers", "withdrawn")]
    assert queries.suppressed(["ann@lee.example"]) == {"ann@lee.example": {StopReason.UNSUBSCRIBED}}
    client.post(stop, {"what": "save", "topic": "email:news:marketing"})
    assert states() == [("news", "granted"), ("offers", "withdrawn")]
    assert queries.suppressed(["ann@lee.example"]) == {}
    assert queries.broken_events() == []
    assert queries.crooked_states() == []


def test_a_fresh_choice_does_not_lift_a_complaint(ann, say, stop, client, system):
    say(ann, State.WITHDRAWN)
    suppress(system, address="ann@lee.example", reason=StopReason.COMPLAINED)
    client.post(stop, {"what": "save", "topic": "email:news:marketing"})
    assert queries.suppressed(["ann@lee.example"]) == {"ann@lee.example": {StopReason.COMPLAINED}}


def test_a_link_names_nobody(ann, confirm, stop):
    for text in (confirm, stop):
        assert "ann" not in text.lower()
        assert "lee.example" not in text
