"""What may be done with the company's settings, its currency rates and its holidays."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

import holidays
from django.utils.translation import get_language

from tandem.accounts.errors import NoHolidaysKnown, RateForBase, RatesDependOnBase
from tandem.accounts.models import CompanySettings, CurrencyRate, Holiday
from tandem.accounts.queries import base_currency, forget_company
from tandem.accounts.schemas import CompanyInput, HolidayCalendar, HolidayInput, RateInput
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing


@action(permission="accounts.manage_company")
def change_company_settings(actor: Actor, change: CompanyInput) -> CompanySettings:
    """Change the company's settings.

    Raises RatesDependOnBase when the base currency changes while rates are stored.
    """
    values = change.model_dump(exclude={"working_hours"})
    values["working_hours"] = change.working_hours.as_week()
    forget_company()
    if change.base_currency != base_currency() and CurrencyRate.objects.exists():
        raise RatesDependOnBase(field="base_currency")
    settings, _is_new = CompanySettings.objects.update_or_create(pk=1, defaults=values)
    forget_company()
    return settings


@action(permission="accounts.manage_company")
def set_rates(actor: Actor, rates: Collection[RateInput]) -> None:
    """Store rates; one for the same currency and day is replaced. Raises RateForBase."""
    base = base_currency()
    if any(rate.currency == base for rate in rates):
        raise RateForBase(field="currency")
    CurrencyRate.objects.bulk_create(
        (CurrencyRate(**rate) for rate in _last_of_each(rates, "currency", "date")),
        update_conflicts=True,
        unique_fields=["currency", "date"],
        update_fields=["rate"],
    )


@action(permission="accounts.manage_company")
def remove_rate(actor: Actor, *, currency: str, date: date) -> None:
    """Remove one rate. Raises Missing."""
    removed, _per_model = CurrencyRate.objects.filter(currency=currency, date=date).delete()
    if not removed:
        raise Missing()


@action(permission="accounts.manage_company")
def set_holidays(actor: Actor, days: Collection[HolidayInput]) -> None:
    """Store holidays; one on the same day is renamed."""
    Holiday.objects.bulk_create(
        (Holiday(**day) for day in _last_of_each(days, "date")),
        update_conflicts=True,
        unique_fields=["date"],
        update_fields=["name"],
    )


@action(permission="accounts.manage_company")
def fill_holidays(actor: Actor, calendar: HolidayCalendar) -> int:
    """Add a country's public holidays of a year; how many days. Raises NoHolidaysKnown.

    Days that are there already keep their names.
    """
    try:
        known = holidays.country_holidays(calendar.country, years=calendar.year)
    except NotImplementedError as unknown:
        raise NoHolidaysKnown(field="country") from unknown
    language = (get_language() or "en").split("-")[0]
    offered = [one for one in known.supported_languages if one.split("_")[0] == language]
    if offered:
        known = holidays.country_holidays(
            calendar.country, years=calendar.year, language=offered[0]
        )
    Holiday.objects.bulk_create(
        (Holiday(date=day, name=name[:120]) for day, name in sorted(known.items())),
        ignore_conflicts=True,
    )
    return len(known)


@action(permission="accounts.manage_company")
def remove_holiday(actor: Actor, *, date: date) -> None:
    """Remove one holiday. Raises Missing."""
    removed, _per_model = Holiday.objects.filter(date=date).delete()
    if not removed:
        raise Missing()


def _last_of_each(rows: Iterable[RateInput | HolidayInput], *key: str) -> list[dict[str, Any]]:
    by_key = {tuple(getattr(row, name) for name in key): row.model_dump() for row in rows}
    return list(by_key.values())
