"""Revenue and orders as numbers: net, gross, by month, source, country, product, customer."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tandem.measures.errors import FilterUnknown
from tandem.measures.queries import value

pytestmark = pytest.mark.django_db


@pytest.fixture
def booked(book):
    jan, feb = (datetime(2026, month, 5, 9, tzinfo=UTC) for month in (1, 2))
    book(
        "1", lines=[("A", 4, "2.50"), ("B", 1, "5")], company="Hythe", ordered_at=jan, country="GB"
    )
    book("2", lines=[("A", 2, "3")], ordered_at=feb, source="shop")
    book("C3", lines=[("A", -1, "2.50")], company="Hythe", ordered_at=feb)


def of(actor, key, **words):
    return [(*row.by.values(), row.value) for row in value(actor, key, **words).rows]


def test_revenue_is_net_of_reversals(booked, admin):
    assert of(admin, "revenue_net") == [(Decimal("18.50"),)]
    assert of(admin, "revenue_gross") == [(Decimal(21),)]
    assert of(admin, "orders") == [(Decimal(2),)]
    assert of(admin, "average_order_value") == [(Decimal("10.50"),)]


def test_revenue_of_known_customers(booked, admin):
    assert of(admin, "revenue_net", filters={"customer": "known"}) == [(Decimal("12.50"),)]
    assert of(admin, "revenue_net", filters={"customer": "unknown"}) == [(Decimal(6),)]
    assert of(admin, "orders", filters={"customer": "known"}) == [(Decimal(1),)]
    with pytest.raises(FilterUnknown):
        value(admin, "revenue_net", filters={"customer": "rich"})


@pytest.mark.parametrize(
    ("by", "rows"),
    [
        ("month", {"2026-01": 15, "2026-02": Decimal("3.50")}),
        ("source", {"manual": Decimal("12.50"), "shop": 6}),
        ("product", {"A": Decimal("13.50"), "B": 5}),
        ("country", {"": Decimal("3.50"), "GB": 15}),
        ("campaign", {"": Decimal("18.50")}),
    ],
)
def test_revenue_is_split(booked, admin, by, rows):
    found = {key[:7]: amount for key, amount in of(admin, "revenue_net", by=[by])}
    assert found == rows


def test_a_seller_counts_what_is_in_sight(booked, make_actor):
    assert of(make_actor("seller"), "revenue_net") == [(Decimal("18.50"),)]
