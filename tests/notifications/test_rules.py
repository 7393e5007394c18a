import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.notifications.errors import PlaceInvalid, SnoozePast
from tandem.notifications.rules import (
    Place,
    Rhythm,
    Snooze,
    check_snooze,
    is_quiet,
    mailing_of,
    place_of,
    snoozed_until,
)

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.integers(0, 20 * 365 * 86_400).map(
    lambda seconds: dt.datetime(2020, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
)
ZONES = st.sampled_from(
    [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Kiritimati")]
)


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("rhythm", "now", "due"),
    [
        (Rhythm.HOURLY, utc(2026, 3, 2, 9, 59, 59), utc(2026, 3, 2, 9)),
        (Rhythm.HOURLY, utc(2026, 3, 2, 10), utc(2026, 3, 2, 10)),
        (Rhythm.DAILY, utc(2026, 3, 2, 6, 59), utc(2026, 3, 1, 7)),
        (Rhythm.DAILY, utc(2026, 3, 2, 7), utc(2026, 3, 2, 7)),
        (Rhythm.DAILY, utc(2026, 7, 2, 6), utc(2026, 7, 2, 6)),
        (Rhythm.OFF, utc(2026, 3, 2, 7), None),
    ],
)
def test_the_moment_whose_mail_is_due(rhythm, now, due):
    assert mailing_of(rhythm, now, BERLIN) == due


@given(st.sampled_from([Rhythm.HOURLY, Rhythm.DAILY]), MOMENTS, MOMENTS, ZONES)
def test_moments_never_lie_ahead_and_never_go_back(rhythm, one, other, zone):
    first, last = sorted((one, other))
    due = mailing_of(rhythm, first, zone)
    assert due is not None
    assert dt.timedelta(0) <= first - due < dt.timedelta(hours=26)
    later = mailing_of(rhythm, last, zone)
    assert later is not None
    assert due <= later


@pytest.mark.parametrize(
    ("hour", "start", "end", "quiet"),
    [
        (21, 19, 7, True),
        (6, 19, 7, True),
        (7, 19, 7, False),
        (18, 19, 7, False),
        (12, 12, 13, True),
        (13, 12, 13, False),
        (12, 12, 12, False),
        (3, None, None, False),
    ],
)
def test_quiet_hours_are_those_of_the_reader(hour, start, end, quiet):
    now = dt.datetime(2026, 3, 2, hour, 30, tzinfo=BERLIN)
    assert is_quiet(now.astimezone(dt.UTC), BERLIN, start, end) is quiet


def test_what_is_put_off_comes_back_in_the_morning():
    friday = utc(2026, 3, 6, 23, 30)  # Saturday in Berlin
    assert snoozed_until(Snooze.HOUR, friday, BERLIN) == utc(2026, 3, 7, 0, 30)
    assert snoozed_until(Snooze.TOMORROW, friday, BERLIN) == utc(2026, 3, 8, 7)
    assert snoozed_until(Snooze.WEEK, friday, BERLIN) == utc(2026, 3, 9, 7)
    monday = utc(2026, 3, 9, 9)
    assert snoozed_until(Snooze.WEEK, monday, BERLIN) == utc(2026, 3, 16, 7)


@given(st.sampled_from(list(Snooze)), MOMENTS, ZONES)
def test_what_is_put_off_comes_back_later(how, now, zone):
    check_snooze(snoozed_until(how, now, zone), now)


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_what_is_past_or_far_away_is_refused(days):
    now = utc(2026, 3, 9, 9)
    with pytest.raises(SnoozePast):
        check_snooze(now + dt.timedelta(days=days), now)


@given(MOMENTS, st.integers(0, 2**63 - 1))
def test_a_place_is_read_back(at, pk):
    assert place_of(Place(at, pk).encoded()) == Place(at, pk)


@pytest.mark.parametrize("cursor", ["x", "e30", "WyJ4IiwxXQ", "W251bGwsbnVsbF0", "a" * 300])
def test_a_strange_place_is_refused(cursor):
    with pytest.raises(PlaceInvalid):
        place_of(cursor)
