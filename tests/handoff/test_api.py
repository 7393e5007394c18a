"""The answers by API: as the pages, with the same refusals."""

import json

import pytest
from django.core.cache import caches
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.schemas import NewToken
from tandem.handoff.models import Handoff, Lead
from tests.handoff.conftest import the_handoff

pytestmark = pytest.mark.django_db


@pytest.fixture
def call():
    """Ask the API as an actor: status and JSON."""
    caches["process"].clear()
    tokens: dict[int, str] = {}

    def ask(actor, method, path, body=None):
        if actor.user_id not in tokens:
            tokens[actor.user_id] = add_token(actor, NewToken(name="test")).raw
        answer = Client().generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers={"Authorization": f"Bearer {tokens[actor.user_id]}"},
        )
        return answer.status_code, answer.json()

    return ask


def test_a_lead_is_made_by_api_and_a_second_asking_gives_the_open_one(
    clock, priya, isla, add, call
):
    person = add("Bo Holt")
    body = {"person": str(person.public_id), "asked_for": "Price list"}
    status, made = call(isla, "POST", "/leads", body)
    again, same = call(isla, "POST", "/leads", body)

    assert (status, again) == (201, 200)
    assert made["id"] == same["id"] == str(Lead.objects.get().public_id)
    assert (made["kind"], made["status"], made["asked_for"]) == ("manual", "new", "Price list")
    assert made["score"] == sum(one["points"] for one in made["reasons"])


def test_a_hand_off_is_accepted_once(offered, priya, tom, call):
    status, shown = call(priya, "GET", f"/handoffs/{offered.public_id}")
    assert (status, shown["state"], shown["accept_due"]) == (
        200, "offered", "2026-11-19T11:14:00Z",
    )  # fmt: skip
    status, taken = call(priya, "POST", f"/handoffs/{offered.public_id}/acceptance")
    late, refused = call(tom, "POST", f"/handoffs/{offered.public_id}/acceptance", {})

    assert (status, taken["state"], taken["owner"]["name"]) == (200, "accepted", "Priya Nair")
    assert (late, refused["code"]) == (409, "handoff_answered")
    assert the_handoff().owner_id == priya.user_id


def test_it_is_given_back_and_replied_to(offered, priya, isla, call):
    path = f"/handoffs/{offered.public_id}"
    status, refused = call(priya, "POST", f"{path}/rejection", {"code": "dull"})
    assert (status, refused["errors"][0]["field"]) == (422, "code")
    status, refused = call(priya, "POST", f"{path}/rejection", {"code": "unreachable"})
    assert (status, refused["code"]) == (422, "tries_missing")
    assert the_handoff().state == "offered"

    status, back = call(priya, "POST", f"{path}/rejection", {"code": "too_small", "note": "One"})
    assert (status, back["state"], back["route"]) == (200, "rejected", "disqualify")
    status, replied = call(isla, "POST", f"{path}/reply", {"verdict": "agree", "text": "Yes"})
    assert (status, replied["reply_verdict"], replied["reply_text"]) == (200, "agree", "Yes")


def test_a_touch_is_logged(offered, priya, call):
    path = f"/handoffs/{offered.public_id}"
    touch = {"channel": "call", "outcome": "reached"}
    assert call(priya, "POST", f"{path}/touches", touch)[0] == 409
    call(priya, "POST", f"{path}/acceptance", {})
    status, shown = call(priya, "POST", f"{path}/touches", touch)

    assert (status, shown["state"]) == (201, "touched")


def test_who_may_not_is_refused_and_nothing_happens(offered, priya, isla, viewer, make_actor, call):
    path = f"/handoffs/{offered.public_id}"
    stranger = make_actor("seller")
    assert call(viewer, "POST", f"{path}/acceptance", {})[0] == 403
    assert call(isla, "POST", f"{path}/rejection", {"code": "bound"})[0] == 403
    assert call(priya, "POST", f"{path}/reply", {"verdict": "agree"})[0] == 403
    assert call(stranger, "POST", f"{path}/acceptance", {})[0] == 404
    assert call(stranger, "GET", path)[0] == 404
    assert call(stranger, "GET", "/handoffs")[1]["items"] == []
    assert call(viewer, "GET", "/handoffs")[1]["items"][0]["id"] == str(offered.public_id)
    assert list(Handoff.objects.values_list("state", "row_version")) == [("offered", 1)]
