"""Users by API and the token at its door."""

import pytest
from django.test import RequestFactory
from ninja import NinjaAPI
from ninja.testing import TestClient

from tandem.accounts import actions, api
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.kernel.actor import Source
from tandem.kernel.errors import TooMany


@pytest.fixture
def token_of():
    return lambda user: actions.add_token(actor_for(user), NewToken(name="till")).raw


@pytest.fixture(scope="module")
def door():
    built = NinjaAPI(auth=api.TokenAuth(), urls_namespace="accounts-test", docs_url=None)
    built.add_router("", api.router)
    return TestClient(built)


def bearer(raw: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {raw}"}


def request_with(raw: str):
    return RequestFactory().get("/api/v1/me", headers=bearer(raw))


def test_a_token_opens_and_says_who_acts(make_user, token_of):
    user = make_user("seller")
    request = request_with(token_of(user))
    assert api.TokenAuth()(request) == actor_for(user, Source.API)
    assert request.actor.source is Source.API


def test_a_request_is_counted_and_asked_for_once(make_user, token_of, django_assert_num_queries):
    request = request_with(token_of(make_user("seller")))
    door = api.TokenAuth()
    with django_assert_num_queries(3):  # the token with its user, the teams, the mark of use
        door(request)
    with django_assert_num_queries(0):
        door(request)


@pytest.mark.parametrize("raw", ["", "x", "tdm_0_0", "tdm_0000000000_" + "A" * 43])
def test_anything_else_stays_outside(db, raw):
    assert api.TokenAuth()(request_with(raw)) is None


def test_a_token_has_its_pace(monkeypatch, make_user, token_of):
    monkeypatch.setattr(api, "REQUESTS_PER_MINUTE", 3)
    first, second = token_of(make_user("seller")), token_of(make_user("seller"))
    door = api.TokenAuth()
    for _ in range(3):
        assert door(request_with(first)) is not None
    with pytest.raises(TooMany):
        door(request_with(first))
    assert door(request_with(second)) is not None


def test_me_is_the_user_of_the_token(door, make_user, token_of):
    user = make_user("seller", name="Priya")
    answer = door.get("/me", headers=bearer(token_of(user)))
    assert answer.status_code == 200
    body = answer.json()
    assert (body["id"], body["name"], body["role"]) == (str(user.public_id), "Priya", "seller")
    assert body["scopes"] == {"*": "team"}
    assert body["base_currency"] == "EUR"
    assert "accounts.manage_users" not in body["permissions"]


def test_users_come_page_by_page(door, make_user, token_of):
    users = [make_user("viewer", name=f"User {number}") for number in range(5)]
    headers = bearer(token_of(users[0]))
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        page = door.get(f"/users?limit=2{cursor}", headers=headers).json()
        seen += [one["id"] for one in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert page["next"] is None
    assert seen == [str(user.public_id) for user in users]
    assert set(page["items"][0]) == {"id", "name", "email", "role", "title", "side", "is_active"}


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=x"])
def test_a_page_that_makes_no_sense_is_refused(door, make_user, token_of, query):
    answer = door.get(f"/users?{query}", headers=bearer(token_of(make_user("viewer"))))
    assert answer.status_code == 422


def test_without_a_token_there_is_no_answer(door, db):
    assert door.get("/users").status_code == 401
