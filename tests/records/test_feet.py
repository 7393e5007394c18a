"""The foot of a list as its page shows and keeps it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from tandem.accounts.models import User
from tandem.kernel.actor import Actor
from tandem.records import queries
from tandem.records.models import SavedView
from tandem.revenue.actions import book_order
from tandem.revenue.schemas import NewOrder

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(make_user: Callable[..., User]) -> Client:
    found = Client()
    found.force_login(make_user("admin"))
    return found


@pytest.fixture
def orders(system: Actor) -> None:
    for at, (currency, amount) in enumerate([("GBP", "10.10"), ("EUR", "7"), ("GBP", "2.20")]):
        new = NewOrder(number=f"A-{at}", amount=amount, currency=currency)
        book_order(system, data=new)


def foot(client: Client, **params: Any) -> str:
    """The words of the foot of the list of orders."""
    page = client.get("/orders", params)
    assert page.status_code == 200
    found = re.search("<tfoot>(.*)</tfoot>", page.content.decode(), re.DOTALL)
    assert found is not None
    return " ".join(re.sub("<[^>]*>", " ", found[1]).split())


def test_a_foot_tells_each_currency_on_a_line_of_its_own(client: Client, orders: None) -> None:
    told = foot(client, columns="name,net,currency", footers="net:sum,currency:unique")
    assert told == "3 orders Sum €7 £12.30 Different 2"
    assert foot(client, columns="name,net,currency") == "3 orders + +"


def test_a_foot_is_of_all_that_matches_not_of_the_page(
    client: Client, system: Actor, orders: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(60):
        book_order(system, data=NewOrder(number=f"B-{at}", amount="1", currency="GBP"))
    asked = {"columns": "name,net", "footers": "net:sum"}
    assert foot(client, **asked) == "63 orders Sum €7 £72.30"
    assert foot(client, q="A-1", **asked) == "1 order Sum €7"
    monkeypatch.setattr(queries, "COUNTED_AT_ONCE", 60)
    assert foot(client, **asked) == "60+ orders Sum …"
    whole = client.get("/orders/feet", asked)
    assert " ".join(re.sub("<[^>]*>", " ", whole.content.decode()).split()) == (
        "63 orders Sum €7 £72.30"
    )


def test_the_dialog_leads_to_the_list_with_the_foot_chosen(client: Client, orders: None) -> None:
    dialog = client.get("/orders/foot/net", {"footers": "currency:unique"}).content.decode()
    assert "footers=currency%3Aunique%2Cnet%3Asum" in dialog
    assert "net%3Aunique" not in dialog
    assert client.get("/orders/foot/nothing").status_code == 404
    assert client.get("/orders", {"footers": "net:median"}).status_code == 422


def test_a_view_keeps_its_feet_until_the_list_has_none(client: Client, orders: None) -> None:
    client.post(
        "/orders/views/new?columns=name,net&footers=net:sum",
        {"name": "Sums", "visibility": "private"},
    )
    view = SavedView.objects.get()
    assert view.footers == {"net": "sum"}
    assert foot(client, view=view.public_id) == "3 orders Sum €7 £12.30"
    assert foot(client, view=view.public_id, footers="none") == "3 orders +"
