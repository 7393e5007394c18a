"""Clocks by working time, over weekends, holidays and changes of the clocks, to the second."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.handoff.rules.working_time import Calendar, due_at, week_of, worked_between

USUAL = week_of([[["09:00", "17:30"]]] * 5 + [[], []])
LONDON = Calendar(ZoneInfo("Europe/London"), USUAL)
ZONES = ("UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "minutes", "due"),
    [
        ("2026-11-19T10:14:05", 60, "2026-11-19T11:14:05"),
        ("2026-11-19T17:00", 60, "2026-11-20T09:30"),  # over the night
        ("2026-11-20T17:00", 60, "2026-11-23T09:30"),  # over the weekend
        ("2026-11-22T12:00", 60, "2026-11-23T10:00"),  # a Sunday
        ("2026-11-19T16:30", 60, "2026-11-19T17:30"),  # exactly at the end of work
        ("2026-11-19T06:00", 510, "2026-11-19T17:30"),
        ("2026-11-19T06:00", 511, "2026-11-20T09:01"),
        ("2026-03-27T17:00", 60, "2026-03-30T09:30"),  # summer time begins on the Sunday
        ("2026-10-23T17:00", 60, "2026-10-26T09:30"),  # and ends
        ("2026-12-24T17:00", 60, "2026-12-28T09:30"),  # Christmas
        ("2026-11-19T10:14", 0, "2026-11-19T10:14"),
    ],
)
def test_a_promise_is_due_after_so_many_working_minutes(start, minutes, due):
    calendar = Calendar(LONDON.zone, USUAL, frozenset({date(2026, 12, 25)}))

    assert due_at(at(start, "Europe/London"), minutes, calendar) == at(due, "Europe/London")


def test_due_times_are_utc():
    due = due_at(at("2026-07-01T10:00", "Europe/London"), 30, LONDON)

    assert (due.tzinfo, due) == (UTC, at("2026-07-01T09:30"))


def test_hours_that_a_change_of_the_clocks_skips_begin_after_the_gap():
    # New York, 8 March 2026: 02:00 becomes 03:00.
    night = Calendar(ZoneInfo("America/New_York"), week_of([[["02:30", "06:00"]]] * 7))

    assert due_at(at("2026-03-08T05:00"), 60, night) == at("2026-03-08T08:00")
    assert worked_between(at("2026-03-08T00:00"), at("2026-03-09T00:00"), night) == timedelta(
        hours=3
    )


def test_hours_that_come_twice_count_from_the_first():
    # New York, 1 November 2026: 02:00 becomes 01:00.
    night = Calendar(ZoneInfo("America/New_York"), week_of([[["01:30", "03:00"]]] * 7))

    assert due_at(at("2026-11-01T04:00"), 30, night) == at("2026-11-01T06:00")
    assert worked_between(at("2026-11-01T04:00"), at("2026-11-01T12:00"), night) == timedelta(
        hours=2.5
    )


def test_where_nobody_ever_works_every_minute_counts():
    idle = Calendar(ZoneInfo("UTC"), week_of([[]] * 7))

    assert due_at(at("2026-11-22T12:00"), 90, idle) == at("2026-11-22T13:30")
    assert worked_between(at("2026-11-22T12:00"), at("2026-11-22T13:30"), idle) == timedelta(
        minutes=90
    )


starts = st.datetimes(
    datetime(2025, 1, 1),  # noqa: DTZ001  (hypothesis gives it the zone)
    datetime(2028, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
minutes = st.integers(0, 6000)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    week = []
    for _day in range(7):
        edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=4)))
        week.append(tuple(zip(edges[::2], edges[1::2], strict=False)))
    if not any(week):
        week[0] = ((540, 1050),)
    holidays = draw(st.frozensets(st.dates(date(2025, 1, 1), date(2028, 1, 1)), max_size=5))
    return Calendar(ZoneInfo(draw(st.sampled_from(ZONES))), tuple(week), holidays)


@given(starts, minutes, calendars())
def test_exactly_so_much_work_lies_between_start_and_due(start, minutes, calendar):
    due = due_at(start, minutes, calendar)

    assert due >= start
    assert worked_between(start, due, calendar) == timedelta(minutes=minutes)


@given(starts, minutes, minutes, calendars())
def test_two_promises_one_after_the_other_are_one(start, one, two, calendar):
    assert due_at(due_at(start, one, calendar), two, calendar) == due_at(start, one + two, calendar)


@given(starts, st.integers(0, 100_000), minutes, calendars())
def test_who_begins_later_is_due_no_earlier(start, later_seconds, minutes, calendar):
    later = start + timedelta(seconds=later_seconds)

    assert due_at(start, minutes, calendar) <= due_at(later, minutes, calendar)


@given(starts, st.integers(1, 6000), calendars())
def test_nothing_is_due_on_a_holiday(start, minutes, calendar):
    local = due_at(start, minutes, calendar).astimezone(calendar.zone)

    # The end of work may be midnight, which is the first instant of the next day.
    day = (local - timedelta(microseconds=1)).date()
    assert day not in calendar.holidays
    assert calendar.spans_on(day) != ()
