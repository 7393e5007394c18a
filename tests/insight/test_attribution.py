"""Attribution: shares that sum to the cent, whatever the model, the order and the currency."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.insight.rules import (
    AttributionModel,
    Piece,
    Share,
    TouchPoint,
    attribute,
    shares,
    totals,
)
from tandem.kernel.money import Money

START = datetime(2026, 11, 1, 9, tzinfo=UTC)
ORDERED = START + timedelta(days=30)
FIRST, LAST, LINEAR = AttributionModel


def at(days: float, key: str) -> TouchPoint:
    return TouchPoint(START + timedelta(days=days), key)


touch_points = st.builds(
    TouchPoint,
    at=st.integers(0, 60 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes)),
    key=st.sampled_from(["email", "search", "social", "fair", ""]),
)
pieces = st.builds(
    Piece,
    amount=st.builds(
        Money, st.integers(-10_000_000, 10_000_000), st.sampled_from(["GBP", "EUR", "JPY"])
    ),
    ordered_at=st.just(ORDERED),
    touches=st.lists(touch_points, max_size=12),
)
models = st.sampled_from(list(AttributionModel))

JOURNEY = [at(1, "search"), at(5, "email"), at(9, "email"), at(29, "social"), at(31, "fair")]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (FIRST, {"search": 10_001}),
        (LAST, {"social": 10_001}),
        # 10,001 by quarters is 2,500.25, 5,000.5 and 2,500.25: the odd penny goes to the half.
        (LINEAR, {"search": 2_500, "email": 5_001, "social": 2_500}),
    ],
)
def test_each_model_gives_an_order_to_its_touches(model, expected):
    given = shares(Piece(Money(10_001, "GBP"), ORDERED, JOURNEY), model)
    assert given == {key: Money(minor, "GBP") for key, minor in expected.items()}


@pytest.mark.parametrize("model", AttributionModel)
def test_an_order_without_a_touch_before_it_goes_to_no_known_touch(model):
    late = Piece(Money(500, "GBP"), ORDERED, [at(30.01, "email")])
    assert shares(late, model) == {None: Money(500, "GBP")}
    assert shares(Piece(Money(500, "GBP"), ORDERED), model) == {None: Money(500, "GBP")}


def test_a_touch_at_the_moment_of_the_order_is_before_it():
    assert shares(Piece(Money(5, "GBP"), ORDERED, [at(30, "email")]), LAST) == {
        "email": Money(5, "GBP")
    }


@given(st.lists(pieces, max_size=8), models)
def test_the_shares_sum_to_the_revenue_to_the_minor_unit(found, model):
    revenue: Counter[str] = Counter()
    for piece in found:
        revenue[piece.amount.currency] += piece.amount.minor
    given = attribute(found, model)
    assert {currency: money.minor for currency, money in totals(given).items()} == dict(revenue)
    assert len({(share.key, share.amount.currency) for share in given}) == len(given)


@given(pieces, models, st.randoms())
def test_the_sequence_in_which_touches_are_read_changes_nothing(piece, model, random):
    mixed = list(piece.touches)
    random.shuffle(mixed)
    assert shares(Piece(piece.amount, ORDERED, mixed), model) == shares(piece, model)


@given(st.lists(pieces, max_size=6), models, st.randoms())
def test_the_sequence_of_the_orders_changes_nothing(found, model, random):
    mixed = list(found)
    random.shuffle(mixed)
    assert attribute(mixed, model) == attribute(found, model)


@given(pieces)
def test_first_and_last_give_all_to_the_one_touch(piece):
    before = [touch for touch in piece.touches if touch.at <= ORDERED]
    earliest = min(before, key=lambda touch: (touch.at, touch.key)).key if before else None
    latest = max(before, key=lambda touch: (touch.at, touch.key)).key if before else None
    assert shares(piece, FIRST) == {earliest: piece.amount}
    assert shares(piece, LAST) == {latest: piece.amount}


@given(pieces)
def test_linear_is_within_one_minor_unit_of_the_exact_share(piece):
    before = [touch for touch in piece.touches if touch.at <= ORDERED]
    counts = Counter(touch.key for touch in before)
    if not before:
        return
    for key, amount in shares(piece, LINEAR).items():
        assert abs(amount.minor * len(before) - piece.amount.minor * counts[key or ""]) < len(
            before
        )


@given(pieces, models)
def test_what_takes_an_order_back_is_shared_as_the_order_was(piece, model):
    back = shares(Piece(-piece.amount, ORDERED, piece.touches), model)
    assert back == {key: -amount for key, amount in shares(piece, model).items()}
    both = attribute([piece, Piece(-piece.amount, ORDERED, piece.touches)], model)
    assert all(share.amount.minor == 0 for share in both)


def test_unlike_currencies_stand_in_rows_of_their_own():
    found = attribute(
        [
            Piece(Money(100, "GBP"), ORDERED, [at(1, "email")]),
            Piece(Money(300, "EUR"), ORDERED, [at(1, "email")]),
            Piece(Money(50, "GBP"), ORDERED),
            Piece(Money(120, "GBP"), ORDERED, [at(1, "search")]),
        ],
        FIRST,
    )
    assert found == [
        Share("email", Money(300, "EUR")),
        Share("search", Money(120, "GBP")),
        Share("email", Money(100, "GBP")),
        Share(None, Money(50, "GBP")),
    ]
