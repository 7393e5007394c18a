"""Orders on pages and by API."""

import json
import re

import pytest
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.revenue.models import Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(make_user):
    return make_user("manager", name="Mara Quinn")


@pytest.fixture
def browser(client: Client, user):
    client.force_login(user)
    return client


@pytest.fixture
def api(user):
    token = add_token(actor_for(user), NewToken(name="test")).raw

    def send(method, path, body=None):
        return Client(raise_request_exception=False).generic(
            method,
            f"/api/v1{path}",
            json.dumps(body) if body is not None else b"",
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    return send


def words_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_list_shows_number_customer_and_net(browser, book):
    book("T-17", lines=[("A", 3, "1.25")], company="Hythe Gifts")
    page = words_of(browser.get("/orders"))
    for word in ("T-17", "Hythe Gifts", "£3.75"):
        assert word in page


def test_the_page_shows_lines_and_reversals(browser, book):
    order = book(
        "T-17", lines=[("A", 3, "1.25")], company="Hythe", ordered_at="2026-01-05T09:00:00Z"
    )
    back = book("C18", lines=[("A", -1, "1.25"), ("X", -1, "9")], company="Hythe")
    page = words_of(browser.get(f"/orders/{order.public_id}"))
    assert "Taken back later 1 C18 1 × A" in page
    assert "£3.75" in page
    assert "1 taken back" in page
    page = words_of(browser.get(f"/orders/{back.public_id}"))
    assert "Takes back 2 T-17 1 × A" in page
    assert "No purchase found 1 × X" in page
    company = words_of(browser.get(f"/companies/{order.company.public_id}"))
    assert "-£6.50" in company


def test_an_order_is_booked_on_a_page(browser):
    answer = browser.post("/orders/new", {"number": "T-1", "amount": "12.50", "company": "Hythe"})
    assert answer.status_code == 303
    assert Order.objects.get().net_minor == 1250


def test_an_order_is_booked_by_api_and_its_lines_are_read(api):
    body = {
        "number": "T-1",
        "currency": "GBP",
        "company": "Hythe",
        "ordered_at": "2026-01-05T09:00:00Z",
        "lines": [
            {"product_code": "A", "quantity": "2", "unit_price": "1.255"},
            {"product_code": "A", "quantity": "-1", "unit_price": "1.255"},
        ],
    }
    answer = api("POST", "/orders", body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["net"], made["line_count"], made["company"]["name"]) == ("1.25", 2, "Hythe")
    assert api("POST", "/orders", body).status_code == 200
    lines = api("GET", f"/orders/{made['id']}/lines?limit=1").json()
    assert [(one["ordinal"], one["amount"], one["kind"]) for one in lines["items"]] == [
        (1, "2.51", "sale")
    ]
    rest = api("GET", f"/orders/{made['id']}/lines?cursor={lines['next']}").json()
    assert [one["amount"] for one in rest["items"]] == ["-1.26"]
    assert rest["next"] is None


def test_an_unknown_field_is_refused_and_nothing_is_booked(api):
    answer = api("POST", "/orders", {"number": "1", "amount": "5", "vat": "1"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "vat"
    assert Order.objects.count() == 0
