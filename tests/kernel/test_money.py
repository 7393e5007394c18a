from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.kernel.errors import Invalid
from tandem.kernel.money import Money, UnlikeCurrencies, split

minors = st.integers(-(10**12), 10**12)


def test_minor_units_follow_the_currency() -> None:
    assert Money.from_major(Decimal("12.345"), "GBP") == Money(1234, "GBP")
    assert Money.from_major(Decimal("12.355"), "GBP") == Money(1236, "GBP")
    assert Money.from_major(Decimal(500), "JPY") == Money(500, "JPY")
    assert Money(1234, "GBP").major == Decimal("12.34")
    assert Money(1234, "KWD").major == Decimal("1.234")


def test_unlike_currencies_are_never_added() -> None:
    with pytest.raises(UnlikeCurrencies):
        Money(1, "GBP") + Money(1, "EUR")


@given(minors, minors)
def test_adding_and_taking_away_cancel(a: int, b: int) -> None:
    assert Money(a, "EUR") + Money(b, "EUR") - Money(b, "EUR") == Money(a, "EUR")


@given(minors, st.lists(st.integers(0, 1000), min_size=1, max_size=30).filter(any))
def test_shares_sum_to_the_whole_and_are_fair_to_a_unit(minor: int, weights: list[int]) -> None:
    parts = split(Money(minor, "EUR"), [Decimal(weight) for weight in weights])
    assert sum(part.minor for part in parts) == minor
    for part, weight in zip(parts, weights, strict=True):
        exact = Decimal(minor) * weight / sum(weights)
        assert abs(part.minor - exact) < 1


def test_no_weight_is_no_share() -> None:
    with pytest.raises(Invalid):
        split(Money(1, "EUR"), [Decimal(0)])
