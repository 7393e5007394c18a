"""What may be put into accounts, by page, API or command."""

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any, Self
from uuid import UUID
from zoneinfo import available_timezones

from babel import localedata
from babel.core import Locale, get_global
from babel.numbers import list_currencies
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tandem.accounts.rules import Role, Side, TeamKind, Theme, normal_address


class Input(BaseModel):
    """Base of all inputs: unknown fields are refused, texts are trimmed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


# --- numbers and flags ------------------------------------------------------------------------


def _whole(value: Any) -> Any:
    # Pydantic takes true and "5" for numbers; a form reads what is typed and gives a Decimal.
    if isinstance(value, bool | str):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


# Behind the bounds of a number, so that they are said in the words of JSON Schema:
# Annotated[int, Field(ge=1), WHOLE].
WHOLE = BeforeValidator(_whole)
Flag = StrictBool


# --- days and moments -------------------------------------------------------------------------


def _iso_day(value: Any) -> Any:
    # Left alone, a number written as text would be taken for seconds since 1970.
    is_number = isinstance(value, int | float)
    if is_number or (
        isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip(), re.ASCII)
    ):
        text = _("Write a day as %(example)s.") % {"example": "2026-11-30"}
        raise PydanticCustomError("date_parsing", "{text}", {"text": text})
    return value


def _no_number(value: Any) -> Any:
    # A number, written as text or not, would be taken for seconds since 1970.
    is_number = isinstance(value, int | float)
    if is_number or (isinstance(value, str) and re.fullmatch(r"\s*[-+]?[\d.]+\s*", value)):
        raise PydanticCustomError("datetime_parsing", "Input should be a moment of ISO 8601")
    return value


Day = Annotated[dt.date, BeforeValidator(_iso_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_no_number)]


# --- words that must be known -----------------------------------------------------------------


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """The names of the zones that a person would choose, sorted."""
    odd = ("Etc/", "SystemV/", "posix", "right", "US/", "Brazil/", "Canada/", "Chile/", "Mexico/")
    named = (name for name in available_timezones() if "/" in name and not name.startswith(odd))
    return ("UTC", *sorted(named))


@lru_cache(maxsize=1)
def currencies() -> tuple[str, ...]:
    """The currencies that are tender somewhere today (ISO 4217), sorted."""
    tender = {
        code
        for of_territory in get_global("territory_currencies").values()
        for code, _since, until, is_tender in of_territory
        if until is None and is_tender
    }
    return tuple(sorted(tender & list_currencies()))


@lru_cache(maxsize=1)
def countries() -> tuple[str, ...]:
    """The countries and territories of ISO 3166 by their two letters."""
    not_countries = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
    codes = set(Locale("en").territories) - not_countries
    return tuple(sorted(code for code in codes if re.fullmatch("[A-Z]{2}", code)))


@lru_cache(maxsize=1)
def locales() -> tuple[str, ...]:
    """The languages that Tandem speaks, each with the regions whose dates and figures are known.

    ``en-de`` is English with the dates, figures and money of Germany.
    """
    languages = {code.split("-")[0] for code, _label in settings.LANGUAGES}
    found = {code for code, _label in settings.LANGUAGES}
    for identifier in localedata.locale_identifiers():
        language, _sep, region = identifier.partition("_")
        if language in languages and re.fullmatch("[A-Z]{2}", region):
            found.add(f"{language}-{region.lower()}")
    return tuple(sorted(found))


def _known(value: str, known: Iterable[str], message: str) -> str:
    if value not in known:
        raise PydanticCustomError("unknown", "{text}", {"text": message})
    return value


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _time_zone(value: str) -> str:
    return _known(value, available_timezones(), _("This time zone is not known."))


def _country(value: str) -> str:
    return _known(value, countries(), _("This country is not known; write its two letters."))


def _currency(value: str) -> str:
    return _known(value, currencies(), _("This currency is not known; write its three letters."))


def _locale(value: str) -> str:
    return _known(value, locales(), _("This language is not offered."))


def _address(value: str) -> str:
    # People sign in with it, perhaps inside a house of their own: any domain will do.
    try:
        validate_email(value)
    except ValidationError as refused:
        raise PydanticCustomError(
            "mail_address", "{text}", {"text": _("Write a mail address, such as ann@example.com.")}
        ) from refused
    return normal_address(value)


def _or_empty(check: Any) -> Any:
    return lambda value: check(value) if value else value


Name = Annotated[str, Field(min_length=1, max_length=120)]
Address = Annotated[str, Field(max_length=254), AfterValidator(_address)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Currency = Annotated[str, BeforeValidator(_upper), AfterValidator(_currency)]
Country = Annotated[str, BeforeValidator(_upper), AfterValidator(_country)]


# --- users ------------------------------------------------------------------------------------


class NewUser(Input):
    """A user to add; without a password nobody can sign in as them yet."""

    email: Address
    name: Annotated[str, Field(max_length=120)] = ""
    title: Annotated[str, Field(max_length=120)] = ""
    role: Role
    side: Side | None = None
    teams: tuple[UUID, ...] = ()
    password: SecretStr | None = None


class UserChange(Input):
    """What an administrator may change on a user; ``teams`` are all of the user's teams."""

    email: Address
    name: Name
    title: Annotated[str, Field(max_length=120)] = ""
    role: Role
    side: Side
    teams: tuple[UUID, ...] = ()


class NewPassword(Input):
    """A password that someone sets for a user."""

    password: SecretStr


class OwnSettings(Input):
    """What users choose for themselves; empty locale and zone follow the company."""

    name: Name
    title: Annotated[str, Field(max_length=120)] = ""
    locale: Annotated[str, AfterValidator(_or_empty(_locale))] = ""
    time_zone: Annotated[str, AfterValidator(_or_empty(_time_zone))] = ""
    theme: Theme = Theme.SYSTEM
    single_letter_keys: Flag = False


class NewToken(Input):
    """An API token to make; without a number of days it is valid until revoked."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    valid_days: Annotated[int, Field(ge=1, le=3650), WHOLE] | None = None


# --- teams ------------------------------------------------------------------------------------


class TeamInput(Input):
    """A team to add or change."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    kind: TeamKind


class TeamMembers(Input):
    """All members of a team, and who of them leads it."""

    members: tuple[UUID, ...] = ()
    leads: tuple[UUID, ...] = ()

    @model_validator(mode="after")
    def _leads_are_members(self) -> Self:
        if set(self.leads) - set(self.members):
            raise PydanticCustomError(
                "lead_not_member", "{text}", {"text": _("A lead must be a member of the team.")}
            )
        return self


# --- the company ------------------------------------------------------------------------------

MINUTES = 60
_SPAN = re.compile(r"^(\d{1,2})[:.](\d{2})\s*(?:-|\u2013|to)\s*(\d{1,2})[:.](\d{2})$")


def _hours(value: str) -> str:
    return ", ".join(f"{start}-{end}" for start, end in spans_of(value))


def spans_of(text: str) -> list[tuple[str, str]]:
    """The hours of a day, "09:00-12:30, 13:30-17:30", as pairs; in order and apart."""
    spans = [_span(part.strip()) for part in text.split(",") if part.strip()]
    times = [_minutes(time) for span in spans for time in span]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise PydanticCustomError(
            "working_hours",
            "{text}",
            {"text": _("Each span must end after it begins and before the next one begins.")},
        )
    return spans


def _span(text: str) -> tuple[str, str]:
    found = _SPAN.match(text)
    if found is None:
        raise PydanticCustomError(
            "working_hours",
            "{text}",
            {"text": _("Write the hours like this: 09:00-12:30, 13:30-17:30")},
        )
    start_hour, start_minute, end_hour, end_minute = found.groups()
    return f"{int(start_hour):02d}:{start_minute}", f"{int(end_hour):02d}:{end_minute}"


def _minutes(time: str) -> int:
    hours, minutes = map(int, time.split(":"))
    if minutes > MINUTES - 1 or hours * MINUTES + minutes > 24 * MINUTES:
        raise PydanticCustomError(
            "working_hours", "{text}", {"text": _("A time lies between 00:00 and 24:00.")}
        )
    return hours * MINUTES + minutes


Hours = Annotated[str, Field(max_length=120), AfterValidator(_hours)]
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class WorkingHours(Input):
    """Each day's hours in the company's zone, "09:00-12:30, 13:30-17:30"; empty: a day off."""

    monday: Hours = ""
    tuesday: Hours = ""
    wednesday: Hours = ""
    thursday: Hours = ""
    friday: Hours = ""
    saturday: Hours = ""
    sunday: Hours = ""

    def as_week(self) -> list[list[list[str]]]:
        """Seven days from Monday, each a list of [from, to]."""
        return [[list(span) for span in spans_of(getattr(self, day))] for day in WEEK]

    @classmethod
    def from_week(cls, week: list[list[list[str]]]) -> Self:
        """The inverse of as_week."""
        days = [", ".join("-".join(span) for span in spans) for spans in week]
        return cls.model_validate(dict(zip(WEEK, days, strict=True)))


class CompanyInput(Input):
    """All settings of the company."""

    name: Annotated[str, Field(max_length=120)] = ""
    base_currency: Currency
    time_zone: TimeZone
    fiscal_year_start_month: Annotated[int, Field(ge=1, le=12), WHOLE] = 1
    week_start: Annotated[int, Field(ge=0, le=6), WHOLE] = 0
    default_country: Annotated[
        str, BeforeValidator(_upper), AfterValidator(_or_empty(_country))
    ] = ""
    working_hours: WorkingHours
    access_log_days: Annotated[int, Field(ge=1, le=3650), WHOLE] = 365


class RateKey(Input):
    """Which rate is meant."""

    currency: Currency
    date: Day


class RateInput(RateKey):
    """From this day on one unit of the currency is ``rate`` units of the base currency."""

    rate: Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=10)]


class HolidayKey(Input):
    """Which holiday is meant."""

    date: Day


class HolidayInput(HolidayKey):
    """A day on which the company does not work."""

    name: Name


class HolidayCalendar(Input):
    """The public holidays of a country in a year."""

    country: Country
    year: Annotated[int, Field(ge=1990, le=2100), WHOLE]
