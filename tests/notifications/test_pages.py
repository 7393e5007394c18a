"""The bell, the list, one's settings, and the same by API."""

import json
from uuid import uuid4

import pytest
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.kernel.facts import deliver_facts
from tandem.notifications.models import Notification
from tandem.notifications.queries import preferences_of
from tandem.people.actions import change_person, create_person
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.ui.palette import groups_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(priya):
    client = Client()
    client.force_login(priya)
    return client


@pytest.fixture
def told(isla, priya, ann, say):
    say(isla, ann, "@Priya Nair, <i>look</i>")
    deliver_facts()
    return Notification.objects.get()


def test_the_bell_of_every_page_says_how_much_waits(page, told, priya):
    for address in ("/", "/people", "/notifications", "/settings/"):
        assert 'aria-label="Notifications, 1 unread"' in page.get(address).text
    bell = page.get("/notifications/bell")
    assert f'data-live="notifications:{priya.public_id}"' in bell.text
    assert '<span class="c-pip" aria-hidden="true">1</span>' in bell.text


def test_the_palette_leads_to_the_list(page, priya):
    def found(query):
        groups = groups_for(actor_for(priya), query)
        return [one.url for group in groups for one in group.entries]

    assert "/notifications" in found("notif")
    assert "/notifications" not in found("")
    assert "/notifications" not in found("people")


def test_who_has_nothing_sees_no_number_and_what_would_stand_there(page):
    text = page.get("/notifications").text
    assert "Nothing waits for you" in text
    assert "c-pip" not in text
    assert "None of your notifications" in page.get("/notifications?shows=snoozed").text


def test_opening_leads_on_and_reads(page, told, ann):
    text = page.get("/notifications").text
    assert "&lt;i&gt;look&lt;/i&gt;" in text
    assert f'action="/notifications/{told.public_id}/opening"' in text
    answer = page.post(f"/notifications/{told.public_id}/opening")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"/people/{ann.public_id}?tab=timeline&entry=")
    assert "Nothing waits for you" in page.get("/notifications").text
    assert "look" in page.get("/notifications?shows=all&reason=mention").text
    assert "look" not in page.get("/notifications?shows=all&reason=assigned").text


def test_looking_reads_nothing(page, told):
    for address in ("/notifications", "/notifications/bell", f"/people/{uuid4()}"):
        page.get(address)
    told.refresh_from_db()
    assert told.read_at is None
    assert page.get(f"/notifications/{told.public_id}/opening").status_code == 405


def test_reading_putting_off_and_reading_all_answer_htmx_and_forms(page, told):
    base = f"/notifications/{told.public_id}"
    answer = page.post(f"{base}/reading", {"is_read": "true"}, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert set(json.loads(answer.headers["HX-Trigger"])) == {"toast", "notices"}
    answer = page.post(f"{base}/reading", {"is_read": "false", "_shows": "all"})
    assert answer.headers["Location"] == "/notifications?shows=all"
    told.refresh_from_db()
    assert told.read_at is None
    assert page.post(f"{base}/snooze", {"how": "tomorrow"}).status_code == 303
    assert page.post(f"{base}/snooze", {"how": "never"}).status_code == 422
    told.refresh_from_db()
    assert told.snoozed_until is not None
    Notification.objects.update(snoozed_until=None)
    assert page.post("/notifications/reading").status_code == 303
    told.refresh_from_db()
    assert told.read_at is not None


def test_the_notification_of_another_is_not_there(told, isla):
    client = Client()
    client.force_login(isla)
    for deed in ("opening", "reading", "snooze"):
        answer = client.post(
            f"/notifications/{told.public_id}/{deed}", {"how": "hour", "is_read": "true"}
            if deed != "opening" else {},
        )  # fmt: skip
        assert answer.status_code in (404, 422)
    told.refresh_from_db()
    assert (told.read_at, told.snoozed_until) == (None, None)


def test_a_full_list_costs_few_queries(
    page, isla, priya, system, say, django_assert_max_num_queries
):
    for number in range(30):
        person, _new = create_person(system, data=NewPerson(name=f"Person {number}"))
        say(isla, person, "@Priya Nair, look")
        change_person(actor_for(isla), person.public_id, data=ChangePerson(owner=priya.email))
    deliver_facts()
    with django_assert_max_num_queries(26):
        text = page.get("/notifications").text
    assert text.count("data-row") == 50
    assert "before=" in text


def test_one_chooses_how_to_hear(page, priya):
    text = page.get("/settings/notifications").text
    assert "Somebody mentions you" in text
    assert "A hand-off is offered to you" in text
    ways = {
        "way_mention": "app", "way_assigned": "off", "way_handoff_offered": "mail",
        "way_handoff_expiring": "mail", "way_handoff_answered": "mail",
    }  # fmt: skip
    given = {**ways, "rhythm": "daily", "quiet_from": "", "quiet_until": ""}
    assert page.post("/settings/notifications", given).status_code == 303
    found = preferences_of(priya.pk)
    assert (found.ways["assigned"], found.rhythm, found.quiet_from) == ("off", "daily", None)
    answer = page.post("/settings/notifications", {**given, "quiet_from": "20"})
    assert answer.status_code == 422
    assert "Quiet hours have a beginning and an end." in answer.text
    assert preferences_of(priya.pk).quiet_from is None


@pytest.fixture
def api(priya):
    token = add_token(actor_for(priya), NewToken(name="test")).raw
    client = Client(headers={"Authorization": f"Bearer {token}"})

    def ask(method, path="", body=None):
        return client.generic(
            method,
            f"/api/v1/notifications{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
        )

    return ask


def test_by_api_they_are_listed_read_and_put_off(api, told, ann, isla):
    found = api("GET").json()
    [item] = found["items"]
    assert (found["unread"], found["next"]) == (1, None)
    assert item["subject"] == {
        "kind": "person", "id": str(ann.public_id), "name": "Ann Kowalczyk",
    }  # fmt: skip
    assert (item["text"], item["excerpt"], item["author"], item["count"], item["is_read"]) == (
        "Isla Byrne mentioned you on Ann Kowalczyk",
        "@Priya Nair, <i>look</i>",
        str(isla.public_id),
        1,
        False,
    )
    own = f"/{item['id']}"
    assert api("PATCH", own, {"is_read": True}).json()["is_read"] is True
    assert api("GET").json()["items"] == []
    assert api("GET", "?shows=all").json()["items"][0]["is_read"] is True
    assert api("PATCH", own, {"snoozed_until": "2020-01-01T00:00:00Z"}).json()["code"] == (
        "snooze_invalid"
    )
    assert api("PATCH", own, {"read": True}).status_code == 422
    assert api("PATCH", own, {"is_read": False}).status_code == 200
    assert api("POST", "/reading").json()["unread"] == 0
    assert api("GET", own).json()["is_read"] is True
    assert api("GET", f"/{uuid4()}").status_code == 404
    assert api("GET", "?cursor=nonsense").json()["code"] == "cursor_invalid"
    assert api("GET", "?reason=opens").json()["code"] == "reason_unknown"


def test_by_api_one_chooses_how_to_hear(api):
    assert api("GET", "/preferences").json()["ways"]["mention"] == "mail"
    answer = api("PUT", "/preferences", {"ways": {"mention": "app"}, "rhythm": "off"})
    assert answer.json() == {
        "ways": {**api("GET", "/preferences").json()["ways"], "mention": "app"},
        "rhythm": "off",
        "quiet_from": None,
        "quiet_until": None,
    }
    assert api("PUT", "/preferences", {"ways": {"opens": "app"}}).json()["code"] == (
        "reason_unknown"
    )
