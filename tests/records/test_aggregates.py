"""What the foot of a list tells: over all rows that match and are seen, each currency apart."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.money import Money
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson
from tandem.records.actions import add_field, add_tag, change_view, create_record, save_view
from tandem.records.errors import AggregateInvalid, TooManyToAddUp
from tandem.records.models import SavedView
from tandem.records.queries import ListQuery, aggregates, read_filters
from tandem.records.queries.aggregates import Totals, kept_footers, read_asked, totals
from tandem.records.rules.aggregates import Aggregate
from tandem.records.schemas import ChangeView, NewField, NewTag, NewView
from tandem.records.slots import object_type
from tandem.revenue.actions import book_order
from tandem.revenue.schemas import NewOrder

pytestmark = pytest.mark.django_db


def told(actor: Actor, kind: str, *of: str, tree: Any = None, **limits: Any) -> Totals:
    found = object_type(kind)
    query = ListQuery(filters=read_filters(found, tree))
    return totals(found, actor, query, read_asked(found, actor, of), **limits)


def figures(actor: Actor, kind: str, *of: str, **how: Any) -> list[Any]:
    return [one.value for one in told(actor, kind, *of, **how).figures]


@pytest.fixture
def orders(system: Actor) -> list[tuple[str, int]]:
    booked = [("GBP", "10.10"), ("EUR", "7"), ("GBP", "2.20"), ("JPY", "900"), ("EUR", "-1.50")]
    for at, (currency, amount) in enumerate(booked):
        new = NewOrder(
            number=f"A-{at}",
            amount=amount,
            currency=currency,
            ordered_at=dt.datetime(2026, 3, 1 + at, 12, tzinfo=dt.UTC),
        )
        book_order(system, data=new)
    return [
        (currency, int(Decimal(amount) * (1 if currency == "JPY" else 100)))
        for currency, amount in booked
    ]


def test_amounts_of_unlike_currencies_are_never_added(admin: Actor, orders: Any) -> None:
    assert figures(admin, "order", "net:sum", "net:min", "net:max", "net:average") == [
        (Money(550, "EUR"), Money(1230, "GBP"), Money(900, "JPY")),
        (Money(-150, "EUR"), Money(220, "GBP"), Money(900, "JPY")),
        (Money(700, "EUR"), Money(1010, "GBP"), Money(900, "JPY")),
        (Money(275, "EUR"), Money(615, "GBP"), Money(900, "JPY")),
    ]


@settings(max_examples=20)
@given(picked=st.sets(st.integers(0, 4)))
def test_sums_by_currency_are_those_of_the_rows_that_match(
    admin: Actor, orders: list[tuple[str, int]], picked: set[int]
) -> None:
    numbers = [f"A-{at}" for at in picked] or ["none of them"]
    tree = {
        "op": "or",
        "items": [{"field": "name", "is": "is", "value": number} for number in numbers],
    }
    found = told(admin, "order", "net:sum", "net:filled", "created_at:count", tree=tree)
    expected: dict[str, int] = {}
    for at in picked:
        currency, minor = orders[at]
        expected[currency] = expected.get(currency, 0) + minor
    assert found.rows == len(picked)
    sums, filled, counted = (one.value for one in found.figures)
    assert isinstance(sums, tuple)
    assert {money.currency: money.minor for money in sums} == expected
    assert (filled, counted) == (len(picked), len(picked))


@pytest.fixture
def people(system: Actor) -> None:
    kind = object_type("person")
    add_field(system, data=NewField(kind="person", label="Score", type="number"))
    add_field(system, data=NewField(kind="person", label="Worth", type="money", currency="CHF"))
    add_field(system, data=NewField(kind="person", label="Since", type="date"))
    rows: list[tuple[str, str | None, dict[str, Any]]] = [
        ("Ann", "GB", {"x_score": 3, "x_worth": 10.5, "x_since": "2024-02-29"}),
        ("Bo", "GB", {"x_score": 4.5, "x_worth": 1, "x_since": "2026-01-01"}),
        ("Cy", None, {"x_score": -1}),
        ("Dee", "FR", {}),
    ]
    for name, country, fields in rows:
        data = NewPerson(name=name, country=country)
        made, _new = create_record(system, kind, data=data, fields=fields)
        if name in ("Ann", "Cy"):
            add_tag(system, kind, made.public_id, data=NewTag(name="Fair"))


def test_every_kind_of_field_tells_what_fits_it(admin: Actor, people: None) -> None:
    assert figures(
        admin, "person", "name:count", "country:filled", "country:empty", "country:unique"
    ) == [4, 3, 1, 2]
    assert figures(
        admin, "person", "tags:filled", "tags:empty", "owner:empty", "company:unique"
    ) == [2, 2, 4, 0]
    assert figures(
        admin, "person", "x_score:sum", "x_score:average", "x_score:min", "x_score:max"
    ) == [
        Decimal("6.5"),
        Decimal("2.166667"),
        -1,
        Decimal("4.5"),
    ]
    assert figures(admin, "person", "x_worth:sum", "x_worth:average", "x_worth:empty") == [
        (Money(1150, "CHF"),),
        (Money(575, "CHF"),),
        2,
    ]
    assert figures(admin, "person", "x_since:earliest", "x_since:latest", "x_since:unique") == [
        dt.date(2024, 2, 29),
        dt.date(2026, 1, 1),
        2,
    ]
    (earliest,) = figures(admin, "person", "created_at:earliest")
    assert isinstance(earliest, dt.datetime)
    assert earliest.tzinfo is not None


def test_where_nothing_matches_there_is_nothing_and_no_nought_for_a_sum(
    admin: Actor, people: None
) -> None:
    tree = {"field": "name", "is": "is", "value": "Nobody"}
    of = ("x_score:sum", "x_worth:sum", "x_since:latest", "name:unique")
    assert figures(admin, "person", *of, tree=tree) == [None, (), None, 0]


def test_what_is_out_of_sight_is_in_no_figure(
    make_actor: Callable[..., Actor], system: Actor
) -> None:
    seller = replace(make_actor("seller"), scopes={"*": Scope.OWN})
    create_person(system, data=NewPerson(name="Ann", country="GB"))
    create_person(seller, data=NewPerson(name="Bo", country="FR"))
    assert figures(seller, "person", "name:count", "country:unique") == [1, 1]
    assert figures(system, "person", "name:count", "country:unique") == [2, 2]


def test_beyond_the_limit_there_is_none_rather_than_a_wrong_one(admin: Actor, people: None) -> None:
    assert told(admin, "person", "x_score:sum", limit=3) == Totals(3, False, ())
    whole = told(admin, "person", "x_score:sum", limit=4)
    assert (whole.rows, whole.is_all) == (4, True)
    assert whole.figures[0].value == Decimal("6.5")


def test_what_takes_too_long_is_refused_and_the_request_goes_on(
    admin: Actor, people: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregates, "EXACT_SECONDS", 0.05)
    monkeypatch.setitem(aggregates._SQL, Aggregate.SUM, "sum({0} + length(pg_sleep(1)::text))")
    with pytest.raises(TooManyToAddUp):
        told(admin, "person", "x_score:sum")
    assert figures(admin, "person", "name:count") == [4]


@pytest.mark.parametrize(
    "part",
    [
        "name:sum",
        "nothing:count",
        "net",
        "owner:average",
        "tags:unique",
        "last_touch:filled",
        "created_at:sum",
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(admin: Actor, part: str) -> None:
    with pytest.raises(AggregateInvalid) as refused:
        read_asked(object_type("person"), admin, ["name:count", part])
    assert [(one.field, one.code) for one in refused.value.errors] == [
        ("of.1", "aggregate_invalid")
    ]


def test_all_figures_take_one_query(admin: Actor, orders: Any) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        told(admin, "order", "net:sum", "net:max", "lines:sum", "country:unique", limit=100)
    assert len([one for one in asked if "GROUPING SETS" in one["sql"]]) == 1
    assert len([one for one in asked if "SAVEPOINT" not in one["sql"]]) == 1


def test_the_api_answers_the_same(make_user: Callable[..., User], orders: Any) -> None:
    user = make_user("admin")
    token = add_token(actor_for(user), NewToken(name="figures")).raw
    client = Client(headers={"Authorization": f"Bearer {token}"})
    answer = client.get(
        "/api/v1/orders/aggregates",
        {
            "of": "net:sum,name:unique",
            "filter": json.dumps({"field": "currency", "is": "is_not", "value": "JPY"}),
        },
    )
    assert answer.status_code == 200, answer.json()
    assert answer.json() == {
        "rows": 4,
        "items": [
            {
                "field": "net",
                "aggregate": "sum",
                "value": None,
                "amounts": [
                    {"amount": "5.50", "currency": "EUR"},
                    {"amount": "12.30", "currency": "GBP"},
                ],
            },
            {"field": "name", "aggregate": "unique", "value": 4, "amounts": None},
        ],
    }
    refused = client.get("/api/v1/orders/aggregates", {"of": "net:median"})
    assert (refused.status_code, refused.json()["code"]) == (422, "aggregate_invalid")


def test_a_view_keeps_its_feet_and_refuses_what_does_not_fit(admin: Actor) -> None:
    kind = object_type("order")
    view = save_view(admin, kind, data=NewView(name="Sums", footers={"net": "sum"}))
    assert SavedView.objects.get(pk=view.pk).footers == {"net": "sum"}
    change_view(admin, kind, view.public_id, data=ChangeView(footers={"name": "unique"}))
    assert SavedView.objects.get(pk=view.pk).footers == {"name": "unique"}
    with pytest.raises(AggregateInvalid):
        change_view(admin, kind, view.public_id, data=ChangeView(footers={"name": "sum"}))
    assert SavedView.objects.get(pk=view.pk).footers == {"name": "unique"}
    assert kept_footers(kind, admin, {"name": "unique", "gone": "sum", "net": "median"}) == (
        ("name", Aggregate.UNIQUE),
    )
