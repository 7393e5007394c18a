"""What follows from a deal's values: next step, age, sums, places in a column."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.deals.rules import (
    GAP,
    Age,
    NextStep,
    Stay,
    age_of,
    days_between,
    missing_to_win,
    next_step_of,
    place_between,
    tiles,
    time_in_stages,
    total_of,
    weighted,
)
from tandem.kernel.money import Money

TODAY = dt.date(2026, 11, 22)
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("on", "state"),
    [
        (None, NextStep.NONE),
        (TODAY, NextStep.PLANNED),
        (TODAY - dt.timedelta(days=1), NextStep.OVERDUE),
        (TODAY + dt.timedelta(days=9), NextStep.PLANNED),
    ],
)
def test_a_next_step_needs_a_day_that_has_not_passed(on, state):
    assert next_step_of("Call", on, TODAY) is state


@pytest.mark.parametrize(
    ("days", "rot_days", "step", "age"),
    [
        (9, 10, NextStep.NONE, Age.FRESH),
        (10, 10, NextStep.NONE, Age.OLD),
        (10, 10, NextStep.PLANNED, Age.FRESH),
        (10, 10, NextStep.OVERDUE, Age.OLD),
        (20, 10, NextStep.OVERDUE, Age.STALE),
        (500, None, NextStep.NONE, Age.FRESH),
    ],
)
def test_a_deal_ages_by_the_days_of_its_stage(days, rot_days, step, age):
    assert age_of(days, rot_days, step) is age


def test_days_are_whole_days():
    assert days_between(NOON - dt.timedelta(hours=47), NOON) == 1
    assert days_between(NOON + dt.timedelta(hours=1), NOON) == 0


def test_winning_asks_for_an_amount_and_a_buyer():
    assert missing_to_win(amount_minor=None, has_buyer=False) == ("amount", "buyer")
    assert missing_to_win(amount_minor=0, has_buyer=True) == ()


def test_a_weighted_amount_is_rounded_half_to_even():
    assert weighted(5, Decimal("0.5")) == 2
    assert weighted(15, Decimal("0.5")) == 8


def test_unlike_currencies_are_told_in_the_base_and_each_by_itself():
    found = total_of(
        {"EUR": 10_000, "GBP": 50_000, "CHF": 900, "JPY": 1_000},
        base_currency="GBP",
        rates={"EUR": Decimal("0.85"), "JPY": Decimal("0.0051")},
    )
    assert found.base == Money(50_000 + 8_500 + 510, "GBP")
    assert found.parts == (
        Money(50_000, "GBP"),
        Money(10_000, "EUR"),
        Money(1_000, "JPY"),
        Money(900, "CHF"),
    )
    assert found.without_rate == (Money(900, "CHF"),)
    assert found.is_mixed


def test_one_currency_is_not_mixed():
    found = total_of({"GBP": 5}, base_currency="GBP", rates={})
    assert (found.base, found.is_mixed, found.without_rate) == (Money(5, "GBP"), False, ())
    assert total_of({}, base_currency="GBP", rates={}).base == Money(0, "GBP")


@given(st.dictionaries(st.sampled_from(["GBP", "EUR", "USD"]), st.integers(0, 10**12)))
def test_nothing_is_lost_in_a_total(amounts):
    rates = {"EUR": Decimal("0.5")}
    found = total_of(amounts, base_currency="GBP", rates=rates)
    assert {part.currency: part.minor for part in found.parts} == amounts
    euros = Money.from_major(Money(amounts.get("EUR", 0), "EUR").major / 2, "GBP")
    assert found.base.minor == amounts.get("GBP", 0) + euros.minor
    assert [money.currency for money in found.without_rate] == (["USD"] if "USD" in amounts else [])


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e9))
def test_a_place_lies_between_its_neighbours(above, gap):
    below = above + gap
    place = place_between(above, below)
    assert place is None or above < place < below


def test_there_is_always_room_at_either_end():
    assert place_between(None, None) == 0
    assert place_between(5.0, None) == 5 + GAP
    assert place_between(None, 5.0) == 5 - GAP
    assert place_between(1.0, 1.0) is None


moments = st.lists(
    st.integers(0, 10**6).map(lambda seconds: NOON - dt.timedelta(seconds=seconds)),
    min_size=1,
    max_size=8,
).map(sorted)


@given(moments, st.data())
def test_the_times_in_stages_are_all_the_time_there_was(marks, data):
    ends = [*marks[1:], None]
    stays = [
        Stay(data.draw(st.integers(1, 3)), since, until)
        for since, until in zip(marks, ends, strict=True)
    ]
    assert tiles(stays)
    assert sum(time_in_stages(stays, NOON).values(), dt.timedelta()) == NOON - marks[0]


def test_a_gap_an_overlap_or_an_end_is_no_tiling():
    hour = dt.timedelta(hours=1)
    assert not tiles([])
    assert not tiles([Stay(1, NOON, NOON + hour)])
    assert not tiles([Stay(1, NOON, NOON + hour), Stay(2, NOON + 2 * hour, None)])
    assert not tiles([Stay(1, NOON, None), Stay(2, NOON + hour, None)])
