"""What can be picked on the pages of the settings, in the reader's words."""

import calendar

from babel import Locale
from babel.dates import get_day_names, get_month_names
from django.utils.functional import Promise

from tandem.accounts.models import (
    ROLE_LABELS,
    SIDE_LABELS,
    TEAM_KIND_LABELS,
    THEME_LABELS,
    Team,
    User,
)
from tandem.accounts.queries import visible_teams, visible_users
from tandem.accounts.schemas import WEEK, countries, currencies, locales, time_zones
from tandem.kernel.actor import Actor
from tandem.ui import formats

Choices = list[tuple[object, str | Promise]]


def of_user(actor: Actor) -> dict[str, Choices]:
    """For the forms of a user; one query for the teams."""
    return {
        "role": list(ROLE_LABELS.items()),
        "side": list(SIDE_LABELS.items()),
        "teams": [(team.public_id, team.name) for team in visible_teams(actor)],
    }


def of_own_settings() -> dict[str, Choices]:
    """For the form of one's own settings."""
    return {"theme": list(THEME_LABELS.items()), "locale": _languages(), "time_zone": _zones()}


def of_team() -> dict[str, Choices]:
    """For the form of a team."""
    return {"kind": list(TEAM_KIND_LABELS.items())}


def of_members(actor: Actor, team: Team) -> dict[str, Choices]:
    """For the form of a team's members: active users and those who are members already."""
    members = {one.user_id for one in getattr(team, "people", [])}
    people: Choices = [
        (user.public_id, _name(user))
        for user in visible_users(actor)
        if user.is_active or user.pk in members
    ]
    return {"members": people, "leads": people}


def of_company() -> dict[str, Choices]:
    """For the form of the company's settings."""
    locale = formats.locale()
    months = get_month_names("wide", locale=locale)
    days = day_names()
    return {
        "base_currency": of_currencies(),
        "time_zone": _zones(),
        "default_country": of_countries(),
        "fiscal_year_start_month": [(month, months[month]) for month in range(1, 13)],
        "week_start": [
            (day, days[day]) for day in (calendar.MONDAY, calendar.SATURDAY, calendar.SUNDAY)
        ],
    }


def day_names() -> list[str]:
    """The names of the week's days from Monday."""
    names = get_day_names("wide", context="stand-alone", locale=formats.locale())
    return [str(names[day]) for day in range(len(WEEK))]


def of_currencies() -> Choices:
    """Every currency with its name, by code."""
    names = formats.locale().currencies
    return [(code, f"{code} {names.get(code, '')}".strip()) for code in currencies()]


def of_countries() -> Choices:
    """Every country, by name."""
    names = formats.locale().territories
    pairs: Choices = [(code, str(names.get(code, code))) for code in countries()]
    return sorted(pairs, key=lambda pair: str(pair[1]))


def _languages() -> Choices:
    reader = formats.locale()
    pairs: Choices = []
    for code in locales():
        language, _sep, region = code.partition("-")
        found = Locale.parse(f"{language}_{region.upper()}" if region else language)
        pairs.append((code, str(found.get_display_name(reader) or code)))
    return sorted(pairs, key=lambda pair: str(pair[1]))


def _zones() -> Choices:
    return [(zone, zone.replace("_", " ")) for zone in time_zones()]


def _name(user: User) -> str:
    return f"{user.name} ({user.email})" if user.name else user.email
