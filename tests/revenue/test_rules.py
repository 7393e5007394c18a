"""What a line is and comes to, and what a reversal takes back."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.revenue.rules import Bought, LineKind, Link, TakenBack, kind_of_line, line_amount
from tandem.revenue.rules import link_reversals as linked

START = datetime(2011, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "quantity", "price", "kind"),
    [
        ("536365", "6", "2.55", LineKind.SALE),
        ("536365", "6", "0", LineKind.FREE),
        ("536365", "0", "2.55", LineKind.FREE),
        ("C536379", "-1", "27.50", LineKind.REVERSAL),
        ("536379", "-1", "27.50", LineKind.REVERSAL),
        ("536589", "-10", "0", LineKind.ADJUSTMENT),
        ("A563185", "1", "11062.06", LineKind.ADJUSTMENT),
        ("A563186", "1", "-11062.06", LineKind.ADJUSTMENT),
        ("Ann-1", "1", "5", LineKind.SALE),
    ],
)
def test_a_line_is_named_by_number_quantity_and_price(number, quantity, price, kind):
    assert kind_of_line(number, Decimal(quantity), Decimal(price)) is kind


@pytest.mark.parametrize(
    ("quantity", "price", "currency", "minor"),
    [
        ("1", "0.001", "GBP", 0),
        ("3", "0.125", "GBP", 38),
        ("1", "0.125", "GBP", 12),
        ("1", "0.135", "GBP", 14),
        ("-1", "0.125", "GBP", -12),
        ("2", "1.5", "JPY", 3),
        ("1", "1.5", "JPY", 2),
        ("1", "0.0015", "BHD", 2),
    ],
)
def test_a_line_is_rounded_once_half_to_even(quantity, price, currency, minor):
    assert line_amount(Decimal(quantity), Decimal(price), currency).minor == minor


amounts = st.decimals(min_value=-10_000, max_value=10_000, places=3)


@given(quantity=st.integers(-1000, 1000), price=amounts)
def test_a_line_taken_back_comes_to_nothing(quantity, price):
    there = line_amount(Decimal(quantity), price, "GBP")
    back = line_amount(Decimal(-quantity), price, "GBP")
    assert there.minor + back.minor == 0
    assert abs(there.major - quantity * price) <= Decimal("0.005")


lines = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), max_size=12)


@given(bought=lines, taken=lines)
def test_never_more_is_taken_back_than_was_bought(bought, taken):
    purchases = [
        Bought(at, START + timedelta(hours=hour), Decimal(quantity))
        for at, (hour, quantity) in enumerate(bought)
    ]
    reversals = [
        TakenBack(100 + at, START + timedelta(hours=hour), Decimal(quantity))
        for at, (hour, quantity) in enumerate(taken)
    ]
    links = list(linked(purchases, reversals))
    assert links == list(linked(purchases[::-1], reversals[::-1]))  # the order given says nothing
    given_by: dict[int, Decimal] = defaultdict(Decimal)
    found: dict[int, Decimal] = defaultdict(Decimal)
    by_id = {line.id: line for line in purchases}
    for link in links:
        assert link.quantity > 0
        found[link.reversing] += link.quantity
        if link.original is not None:
            given_by[link.original] += link.quantity
            reversal = next(line for line in reversals if line.id == link.reversing)
            assert by_id[link.original].at < reversal.at
    assert all(given_by[line.id] <= line.quantity for line in purchases)
    assert all(found[line.id] == line.quantity for line in reversals)


def test_the_latest_earlier_line_is_taken_first():
    purchases = [
        Bought(1, START, Decimal(5)),
        Bought(2, START + timedelta(hours=2), Decimal(3)),
        Bought(3, START + timedelta(hours=9), Decimal(50)),
    ]
    reversal = TakenBack(9, START + timedelta(hours=5), Decimal(10))
    assert list(linked(purchases, [reversal])) == [
        Link(9, 2, Decimal(3)),
        Link(9, 1, Decimal(5)),
        Link(9, None, Decimal(2)),
    ]
