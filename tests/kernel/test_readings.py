"""Texts of a column: one style for all of it, decided by all of it, and said."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.kernel.readings import read_ids, read_moments, read_numbers

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("texts", "values", "style", "is_certain"),
    [
        (["2.55", "1,234.50"], ["2.55", "1234.50"], "1.5", True),
        (["2,55", "1.234,50"], ["2.55", "1234.50"], "1,5", True),
        (["2,5", "1.234"], ["2.5", "1234"], "1,5", True),
        (["1.234.567", "3"], ["1234567", "3"], "1,5", True),
        (["1,234", "2.5"], ["1234", "2.5"], "1.5", True),
        (["1,234"], ["1234"], "1.5", False),
        (["1.234"], ["1.234"], "1.5", False),
        (["6.0", "-12"], ["6.0", "-12"], "1.5", True),
        (["(12.50)", "+3"], ["-12.50", "3"], "1.5", True),
        (["1 234.5", "1\u00a0000"], ["1234.5", "1000"], "1.5", True),
        (["1E+3"], ["1000"], "1.5", True),
    ],
)
def test_numbers_are_read_as_the_column_is_written(texts, values, style, is_certain):
    reading = read_numbers(texts)
    assert [reading.values[text] for text in texts] == [Decimal(value) for value in values]
    assert (reading.style, reading.is_certain) == (style, is_certain)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x", "no_number"),
        ("١٢٣", "no_number"),
        ("NaN", "no_number"),
        ("1e400", "too_large"),
        ("1000000000000", "too_large"),
        ("0.0000001", "too_many_decimals"),
        ("--1", "no_number"),
    ],
)
def test_what_is_no_number_is_a_fault(text, fault):
    assert read_numbers([text]).faults == {text: fault}


@given(st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=2), min_size=1))
def test_every_number_is_read_back_in_either_style(values):
    english = {f"{value:,}": value for value in values}
    swapped = str.maketrans(",.", ".,")
    german = {text.translate(swapped): value for text, value in english.items()}
    assert read_numbers(english).values == english
    assert read_numbers(german).values == german


@pytest.mark.parametrize(
    ("texts", "order", "days", "is_certain"),
    [
        (["2010-12-01 08:26:00"], "ymd", [(2010, 12, 1)], True),
        (["1/2/2011", "31/2/2011", "25/2/2011"], "dmy", [(2011, 2, 1), None, (2011, 2, 25)], True),
        (["1/2/2011", "2/25/2011"], "mdy", [(2011, 1, 2), (2011, 2, 25)], True),
        (["02/03/04"], "dmy", [(2004, 3, 2)], False),
        (["40513"], "ymd", [(2010, 12, 1)], True),
    ],
)
def test_days_and_months_keep_one_order_in_a_column(texts, order, days, is_certain):
    reading = read_moments(texts, zone=ZoneInfo("UTC"))
    assert (reading.style, reading.is_certain) == (order, is_certain)
    for text, day in zip(texts, days, strict=True):
        if day is None:
            assert reading.faults[text] == "no_such_day"
        else:
            found = reading.values[text]
            assert (found.year, found.month, found.day) == day


def test_a_moment_is_of_the_zone_that_is_given():
    reading = read_moments(["2011-07-01 08:26", "2011-07-01T08:26:00Z"], zone=LONDON)
    assert reading.values["2011-07-01 08:26"] == datetime(2011, 7, 1, 7, 26, tzinfo=UTC)
    assert reading.values["2011-07-01T08:26:00Z"] == datetime(2011, 7, 1, 8, 26, tzinfo=UTC)


def test_a_time_that_the_clocks_left_out_is_a_fault():
    reading = read_moments(["2011-03-27 01:30", "2011-10-30 01:30"], zone=LONDON)
    assert reading.faults == {"2011-03-27 01:30": "no_such_time"}
    assert reading.values["2011-10-30 01:30"] == datetime(2011, 10, 30, 0, 30, tzinfo=UTC)


def test_a_comma_among_points_is_never_passed_over():
    assert read_numbers(["2.5", "2,5", "12,34.5"]).faults == {
        "2,5": "no_number",
        "12,34.5": "no_number",
    }


def test_what_is_no_date_is_a_fault():
    reading = read_moments(["soon", "2011-13-01"], zone=LONDON)
    assert reading.faults == {"soon": "no_date", "2011-13-01": "no_such_day"}


def test_customer_numbers_lose_a_decimal_only_where_all_have_it():
    assert read_ids(["17850.0", "12346.0"]).values["17850.0"] == "17850"
    assert read_ids(["17850.0", "A-1"]).values["17850.0"] == "17850.0"
