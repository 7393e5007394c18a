"""What makes a lead: points for what somebody did, and the reasons that sum to them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

SHOWN_REASONS = 4
THRESHOLD = 60


class Behaviour(StrEnum):
    """What can count for or against somebody."""

    HAND_RAISE = "hand_raise"  # asked to be called, for prices, for a sample
    FORM = "form"
    VISIT = "visit"
    COMPANY = "company"  # works at a company that we know
    PHONE = "phone"  # gave a number
    CONSENT = "consent"  # agreed to our news
    FREE_MAIL = "free_mail"  # writes from a private mailbox
    OTHER = "other"  # the small ones together


# What each counts, and the most that repetitions add up to.
USUAL_POINTS: Mapping[str, Mapping[str, int]] = {
    Behaviour.HAND_RAISE: {"each": 40, "most": 40},
    Behaviour.FORM: {"each": 20, "most": 40},
    Behaviour.VISIT: {"each": 5, "most": 20},
    Behaviour.COMPANY: {"each": 10, "most": 10},
    Behaviour.PHONE: {"each": 10, "most": 10},
    Behaviour.CONSENT: {"each": 5, "most": 5},
    Behaviour.FREE_MAIL: {"each": -5, "most": 5},
}


@dataclass(frozen=True, slots=True)
class Contribution:
    """What was seen of one behaviour: how often, and the ids that prove it."""

    behaviour: str
    count: int
    evidence: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """A contribution with its points, which may be negative."""

    key: str
    points: int
    count: int
    evidence: tuple[str, ...] = ()
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """As a lead keeps it."""
        return {
            "key": self.key,
            "points": self.points,
            "count": self.count,
            "evidence": list(self.evidence),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Score:
    """A number and its reasons, strongest first; their points sum to it."""

    value: int
    reasons: tuple[Reason, ...]


def score(
    contributions: Sequence[Contribution],
    points: Mapping[str, Mapping[str, int]],
    *,
    shown: int = SHOWN_REASONS,
) -> Score:
    """The score of what was seen, with at most ``shown`` reasons; the rest is one, "other".

    A behaviour counts ``each`` for every time, ``most`` points in all, either way; one that the
    policy does not name counts nothing.
    """
    reasons = [
        Reason(one.behaviour, _points(one.count, points[one.behaviour]), one.count, one.evidence,
               one.note)
        for one in contributions
        if one.behaviour in points and one.count > 0
    ]  # fmt: skip
    reasons = sorted(
        (one for one in reasons if one.points), key=lambda one: (-abs(one.points), one.key)
    )
    kept, rest = reasons[:shown], reasons[shown:]
    if rest and (left := sum(one.points for one in rest)):
        evidence = tuple(each for one in rest for each in one.evidence)
        kept.append(Reason(Behaviour.OTHER, left, len(rest), evidence))
    return Score(sum(one.points for one in kept), tuple(kept))


def _points(count: int, worth: Mapping[str, int]) -> int:
    each, most = worth["each"], abs(worth.get("most", 0)) or abs(worth["each"]) * count
    return max(-most, min(most, each * count))
