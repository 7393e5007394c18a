"""Where a campaign stands, by its dates; the code of a name. Pure: no database, no clock."""

import datetime as dt
import re
from enum import StrEnum

from tandem.people.rules import folded

MAX_CODE = 80
_NOT_IN_CODE = re.compile(r"[^a-z0-9]+")


class CampaignStatus(StrEnum):
    """Where a campaign stands; it follows from the dates and is never stored."""

    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"


def status_on(
    day: dt.date, *, starts_on: dt.date | None, ends_on: dt.date | None
) -> CampaignStatus:
    """The status on a day; both dates are included, one that is not set is open."""
    if starts_on is not None and day < starts_on:
        return CampaignStatus.PLANNED
    if ends_on is not None and day > ends_on:
        return CampaignStatus.ENDED
    return CampaignStatus.RUNNING


def time_passed(
    day: dt.date, *, starts_on: dt.date | None, ends_on: dt.date | None
) -> float | None:
    """The share, 0 to 1, of the campaign's days that are over at the end of a day; None without
    both dates."""
    if starts_on is None or ends_on is None:
        return None
    days = (ends_on - starts_on).days + 1
    return min(max(((day - starts_on).days + 1) / days, 0.0), 1.0)


def code_of(name: str) -> str:
    """The code of a name, as addresses carry it: ``Winter Tins 2026`` -> ``winter-tins-2026``."""
    code = _NOT_IN_CODE.sub("-", folded(name)).strip("-")
    return code[:MAX_CODE].strip("-") or "campaign"


def numbered(code: str, number: int) -> str:
    """The code with a number behind it, no longer than a code may be."""
    ending = f"-{number}"
    return code[: MAX_CODE - len(ending)].rstrip("-") + ending
