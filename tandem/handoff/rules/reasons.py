"""Why an offer is rejected, who must act then, and what becomes of the lead. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

TRIES_FOR_EFFORT = 3


class Group(StrEnum):
    """Who must act on a rejection."""

    TARGETING = "targeting"  # marketing
    TIMING = "timing"  # nurture
    DATA = "data"  # operations
    ROUTING = "routing"  # operations
    CONSENT = "consent"  # marketing
    EFFORT = "effort"  # sales


class Route(StrEnum):
    """What becomes of the lead."""

    RECYCLE = "recycle"
    REROUTE = "reroute"
    FIX = "fix"
    DISQUALIFY = "disqualify"


class Code(StrEnum):
    """The reasons, in the order in which they are shown."""

    NOT_OUR_MARKET = "not_our_market"
    TOO_SMALL = "too_small"
    COMPETITOR = "competitor"
    NO_PROJECT = "no_project"
    BUDGET_LATER = "budget_later"
    BOUND = "bound"
    WRONG_DATA = "wrong_data"
    DUPLICATE = "duplicate"
    WRONG_REGION = "wrong_region"
    NO_CONSENT = "no_consent"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reason: who acts, what is suggested, and the key that gives it."""

    code: Code
    group: Group
    key: str


ANSWERS: Mapping[str, Answer] = {
    one.code: one
    for one in (
        Answer(Code.NOT_OUR_MARKET, Group.TARGETING, "1"),
        Answer(Code.TOO_SMALL, Group.TARGETING, "2"),
        Answer(Code.COMPETITOR, Group.TARGETING, "3"),
        Answer(Code.NO_PROJECT, Group.TIMING, "4"),
        Answer(Code.BUDGET_LATER, Group.TIMING, "5"),
        Answer(Code.BOUND, Group.TIMING, "6"),
        Answer(Code.WRONG_DATA, Group.DATA, "7"),
        Answer(Code.DUPLICATE, Group.DATA, "8"),
        Answer(Code.WRONG_REGION, Group.ROUTING, "9"),
        Answer(Code.NO_CONSENT, Group.CONSENT, "0"),
        Answer(Code.UNREACHABLE, Group.EFFORT, "u"),
    )
}

_ROUTES: Mapping[Group, Route] = {
    Group.TARGETING: Route.DISQUALIFY,
    Group.TIMING: Route.RECYCLE,
    Group.DATA: Route.FIX,
    Group.ROUTING: Route.REROUTE,
    Group.CONSENT: Route.DISQUALIFY,
    Group.EFFORT: Route.RECYCLE,
}


def suggested_route(code: str) -> Route:
    """What a reason leads to unless the seller says otherwise."""
    return _ROUTES[ANSWERS[code].group]


def needs_tries(code: str) -> bool:
    """Whether a reason may only be given after TRIES_FOR_EFFORT logged touches."""
    return ANSWERS[code].group is Group.EFFORT
