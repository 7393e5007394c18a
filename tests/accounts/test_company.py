"""The company's settings, rates by date, holidays."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tandem.accounts import actions
from tandem.accounts.errors import (
    NoHolidaysKnown,
    NoRate,
    RateForBase,
    RatesDependOnBase,
)
from tandem.accounts.models import CompanySettings, CurrencyRate, Holiday
from tandem.accounts.queries import (
    company_settings,
    holidays_between,
    rate_on,
)
from tandem.accounts.schemas import (
    CompanyInput,
    HolidayCalendar,
    HolidayInput,
    RateInput,
    WorkingHours,
)
from tandem.kernel.context import remembering
from tandem.kernel.errors import Missing, Refused
from tests.accounts.conftest import last_undo

WEEK = [[["09:00", "12:30"], ["13:30", "24:00"]], *([[["08:00", "16:00"]]] * 4), [], []]


def settings_with(**fields: object) -> CompanyInput:
    values = {"base_currency": "GBP", "time_zone": "Europe/London", "working_hours": {}}
    return CompanyInput.model_validate({**values, **fields})


def rate(currency: str, date: str, value: str) -> RateInput:
    return RateInput.model_validate({"currency": currency, "date": date, "rate": value})


def test_a_new_installation_counts_in_euros_and_utc(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        settings = company_settings()
    assert (settings.base_currency, settings.time_zone, settings.name) == ("EUR", "UTC", "")
    assert settings.working_hours[0] == [("09:00", "17:30")]
    assert CompanySettings.objects.count() == 0


def test_settings_change_and_come_back(make_actor):
    admin = make_actor("admin")
    hours = WorkingHours.from_week(WEEK)
    actions.change_company_settings(admin, settings_with(name="Thistle", working_hours=hours))
    found = company_settings()
    assert (found.name, found.base_currency, found.working_hours) == ("Thistle", "GBP", WEEK)
    actions.change_company_settings(admin, settings_with(name="Tin", working_hours=hours))
    last_undo(admin)
    assert company_settings().name == "Thistle"


def test_settings_are_read_once_a_request_and_anew_after_a_change(
    make_actor, django_assert_num_queries
):
    admin = make_actor("admin")
    with remembering():
        company_settings()
        with django_assert_num_queries(0):
            company_settings()
        actions.change_company_settings(admin, settings_with(name="Thistle"))
        assert company_settings().name == "Thistle"


def test_only_administrators_change_the_company(make_actor, nothing_written):
    actors = [make_actor(role) for role in ("manager", "marketer", "seller", "viewer")]
    before = nothing_written()
    for actor in actors:
        with pytest.raises(Refused):
            actions.change_company_settings(actor, settings_with())
        with pytest.raises(Refused):
            actions.set_rates(actor, [rate("USD", "2026-01-01", "0.9")])
        with pytest.raises(Refused):
            actions.set_holidays(actor, [])
    assert nothing_written() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"base_currency": "XXX"},
        {"base_currency": "DEM"},
        {"time_zone": "Mars/Base"},
        {"default_country": "XX"},
        {"fiscal_year_start_month": 13},
        {"week_start": 7},
        {"working_hours": {"monday": "9-17"}},
        {"working_hours": {"monday": "17:00-09:00"}},
        {"working_hours": {"monday": "09:00-12:00, 11:00-13:00"}},
        {"working_hours": {"monday": "09:00-12:00, 12:00-13:00"}},
        {"working_hours": {"monday": "09:60-12:00"}},
        {"working_hours": {"monday": "09:00-24:01"}},
        {"working_hours": {"someday": "09:00-12:00"}},
        {"something": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(fields):
    with pytest.raises(ValidationError):
        settings_with(**fields)


spans = st.lists(st.integers(0, 24 * 60), min_size=0, max_size=8, unique=True).map(
    lambda minutes: sorted(minutes)[: len(minutes) // 2 * 2]
)


@given(st.lists(spans, min_size=7, max_size=7))
def test_working_hours_survive_writing_and_reading(days):
    def clock(minutes: int) -> str:
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    week = [
        [[clock(start), clock(end)] for start, end in zip(day[::2], day[1::2], strict=True)]
        for day in days
    ]
    assert WorkingHours.from_week(week).as_week() == week


def test_the_rate_of_a_day_is_the_latest_one_given(system, db, django_assert_num_queries):
    actions.set_rates(
        system,
        [
            rate("usd", "2026-01-01", "0.90"),
            rate("USD", "2026-03-01", "0.95"),
            rate("GBP", "2026-01-01", "1.15"),
        ],
    )
    expected = {
        "2026-01-01": "0.90",
        "2026-02-28": "0.90",
        "2026-03-01": "0.95",
        "2030-01-01": "0.95",
    }
    for day, value in expected.items():
        assert rate_on("USD", dt.date.fromisoformat(day)) == Decimal(value)
    with django_assert_num_queries(1):
        assert rate_on("EUR", dt.date(1990, 1, 1)) == 1


def test_without_a_rate_the_sentence_says_which(system, db):
    actions.set_rates(system, [rate("USD", "2026-01-01", "0.90")])
    with pytest.raises(NoRate) as refused:
        rate_on("USD", dt.date(2025, 12, 31))
    assert "no rate for USD on or before 2025-12-31" in str(refused.value)


def test_a_rate_given_again_replaces_the_old_one(make_actor):
    admin = make_actor("admin")
    actions.set_rates(admin, [rate("USD", "2026-01-01", "0.90")])
    again = [rate("USD", "2026-01-01", "0.91"), rate("USD", "2026-01-01", "0.92")]
    actions.set_rates(admin, again)
    assert CurrencyRate.objects.get().rate == Decimal("0.92")
    last_undo(admin)
    assert CurrencyRate.objects.get().rate == Decimal("0.90")


def test_the_base_currency_has_no_rate(system, db, nothing_written):
    before = nothing_written()
    with pytest.raises(RateForBase):
        actions.set_rates(system, [rate("EUR", "2026-01-01", "0.9")])
    assert nothing_written() == before


@pytest.mark.parametrize("value", ["0", "-1", "NaN", "Infinity", "1.12345678901"])
def test_a_rate_is_a_positive_number(value):
    with pytest.raises(ValidationError):
        rate("USD", "2026-01-01", value)


def test_the_base_currency_stays_while_rates_are_counted_in_it(system, db, nothing_written):
    actions.set_rates(system, [rate("USD", "2026-01-01", "0.9")])
    before = nothing_written()
    with pytest.raises(RatesDependOnBase):
        actions.change_company_settings(system, settings_with(base_currency="GBP"))
    assert nothing_written() == before
    actions.remove_rate(system, currency="USD", date=dt.date(2026, 1, 1))
    actions.change_company_settings(system, settings_with(base_currency="GBP"))
    assert company_settings().base_currency == "GBP"
    with pytest.raises(Missing):
        actions.remove_rate(system, currency="USD", date=dt.date(2026, 1, 1))


def test_holidays_of_a_country_leave_own_names_alone(system, db):
    own = HolidayInput(date=dt.date(2026, 12, 25), name="Closed")
    actions.set_holidays(system, [own])
    assert actions.fill_holidays(system, HolidayCalendar(country="gb", year=2026)) >= 6
    found = dict(Holiday.objects.values_list("date", "name"))
    assert found[dt.date(2026, 12, 25)] == "Closed"
    assert found[dt.date(2026, 4, 3)] == "Good Friday"
    between = holidays_between(dt.date(2026, 12, 25), dt.date(2026, 12, 26))
    assert [day.date.day for day in between] == [25, 26]
    actions.remove_holiday(system, date=dt.date(2026, 12, 25))
    with pytest.raises(Missing):
        actions.remove_holiday(system, date=dt.date(2026, 12, 25))


def test_a_country_without_a_calendar_says_so(system, db, nothing_written):
    before = nothing_written()
    with pytest.raises(NoHolidaysKnown):
        actions.fill_holidays(system, HolidayCalendar(country="AC", year=2026))
    assert nothing_written() == before
