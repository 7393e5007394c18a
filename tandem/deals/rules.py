"""What follows from a deal's values: next step, age, what winning asks for, sums. Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from itertools import pairwise

from tandem.kernel.money import Money

# The fields that winning and losing write: to whom one is hidden, these deeds are not there.
OUTCOME = ("deal.status", "deal.stage")
STALE_TIMES = 2  # so many times the days of a stage make a deal stale
GAP = 1024.0  # between two cards that are put one after the other
SMALLEST_GAP = 1e-6


class LossReason(StrEnum):
    """Why a deal was lost."""

    PRICE = "price"
    COMPETITOR = "competitor"
    NO_BUDGET = "no_budget"
    TIMING = "timing"
    PRODUCT = "product"
    NO_DECISION = "no_decision"
    SILENCE = "silence"
    OTHER = "other"


class SaidBy(StrEnum):
    """Whose words a reason is: the buyer's own, or the seller's guess."""

    BUYER = "buyer"
    SELLER = "seller"


class NextStep(StrEnum):
    """How the next step of a deal stands."""

    PLANNED = "planned"
    OVERDUE = "overdue"
    NONE = "none"


class Age(StrEnum):
    """How long a deal has stood in its stage, measured by the stage's own days."""

    FRESH = "fresh"
    OLD = "old"
    STALE = "stale"


def next_step_of(text: str, on: dt.date | None, today: dt.date) -> NextStep:
    """A step is planned when it has a day that has not passed; a day alone is a step too."""
    if on is None:
        return NextStep.NONE
    return NextStep.OVERDUE if on < today else NextStep.PLANNED


def age_of(days: int, rot_days: int | None, step: NextStep) -> Age:
    """A deal with a planned next step is not late, however long it stands."""
    if rot_days is None or days < rot_days or step is NextStep.PLANNED:
        return Age.FRESH
    return Age.STALE if days >= STALE_TIMES * rot_days else Age.OLD


def days_between(since: dt.datetime, until: dt.datetime) -> int:
    """Whole days of 24 hours that have passed."""
    return max(int((until - since).total_seconds() // 86_400), 0)


def missing_to_win(*, amount_minor: int | None, has_buyer: bool) -> tuple[str, ...]:
    """What a deal lacks before it can be won, as names of fields."""
    missing = ["amount"] if amount_minor is None else []
    return (*missing, *([] if has_buyer else ["buyer"]))


def weighted(minor: int, probability: Decimal) -> int:
    """An amount times its chance, to the minor unit (half to even)."""
    return int((minor * probability).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


@dataclass(frozen=True, slots=True)
class Total:
    """Amounts of several currencies, told in one.

    ``base`` holds what could be converted, ``parts`` each currency by itself (largest first as
    converted), ``without_rate`` the currencies for which there is no rate: not in ``base``.
    """

    base: Money
    parts: tuple[Money, ...]
    without_rate: tuple[Money, ...]

    @property
    def is_mixed(self) -> bool:
        """Whether the base alone does not say it all."""
        return any(part.currency != self.base.currency for part in self.parts)


def total_of(
    amounts: Mapping[str, int], *, base_currency: str, rates: Mapping[str, Decimal]
) -> Total:
    """Add minor units by currency into the base currency; each currency is rounded once.

    ``rates`` are units of the base currency for one unit; the base itself needs none.
    """
    converted: dict[str, Money] = {}
    without: list[Money] = []
    for currency, minor in amounts.items():
        rate = Decimal(1) if currency == base_currency else rates.get(currency)
        if rate is None:
            without.append(Money(minor, currency))
            continue
        major = Money(minor, currency).major * rate
        converted[currency] = Money.from_major(major, base_currency)
    order = sorted(converted, key=lambda one: (-converted[one].minor, one))
    return Total(
        base=Money(sum(money.minor for money in converted.values()), base_currency),
        parts=tuple(Money(amounts[one], one) for one in order)
        + tuple(sorted(without, key=lambda money: money.currency)),
        without_rate=tuple(sorted(without, key=lambda money: money.currency)),
    )


def place_between(above: float | None, below: float | None) -> float | None:
    """A position for a card between two others; None when there is no room left between them."""
    if above is None:
        return 0.0 if below is None else below - GAP
    if below is None:
        return above + GAP
    middle = (above + below) / 2
    return middle if below - above > SMALLEST_GAP and above < middle < below else None


@dataclass(frozen=True, slots=True)
class Stay:
    """A deal's stay in a stage; ``until`` is None while it is there."""

    stage: int
    since: dt.datetime
    until: dt.datetime | None


def time_in_stages(stays: Iterable[Stay], now: dt.datetime) -> dict[int, dt.timedelta]:
    """How long a deal has been in each stage, all stays together."""
    found: dict[int, dt.timedelta] = {}
    for stay in stays:
        length = max((stay.until or now) - stay.since, dt.timedelta(0))
        found[stay.stage] = found.get(stay.stage, dt.timedelta(0)) + length
    return found


def tiles(stays: Sequence[Stay]) -> bool:
    """Whether stays follow each other without gap or overlap, and just the last one is open."""
    return (
        bool(stays)
        and stays[-1].until is None
        and all(one.until is not None and one.until == two.since for one, two in pairwise(stays))
        and all(one.until is None or one.since <= one.until for one in stays)
    )
