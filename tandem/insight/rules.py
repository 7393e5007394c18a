"""Attribution: which touch is given which share of a revenue. Pure: no database, no clock.

No model is the truth: each answers another question, so they are always shown side by side
(docs/adr/0014). Whatever the model, the shares of an order and what is known to come from no touch
sum to the order, to the minor unit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tandem.kernel.money import Money, split


class AttributionModel(StrEnum):
    """How an order is shared among the touches before it."""

    FIRST = "first"
    LAST = "last"
    LINEAR = "linear"


@dataclass(frozen=True, slots=True)
class TouchPoint:
    """A touch as a model sees it: when it was, and which row of the report it counts for."""

    at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class Piece:
    """An amount to share: an order, or what a later document takes back of one.

    ``touches`` are those of the order that was placed (of a reversal: of the order that it
    reverses), in any sequence; ``ordered_at`` is when that order was placed.
    """

    amount: Money
    ordered_at: datetime
    touches: Sequence[TouchPoint] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """What one row of the report is given in one currency; ``key`` None is no known touch."""

    key: str | None
    amount: Money


def shares(piece: Piece, model: AttributionModel) -> dict[str | None, Money]:
    """The amount of one piece by key of its touches; they sum to it exactly.

    Touches after the order count for nothing; without any before it the whole amount is under
    None. What takes an order back is shared as the order was: the same amount with the other sign
    gives the same shares with the other sign.
    """
    before = sorted(
        (touch for touch in piece.touches if touch.at <= piece.ordered_at),
        key=lambda touch: (touch.at, touch.key),
    )
    if not before:
        return {None: piece.amount}
    if model is not AttributionModel.LINEAR:
        chosen = before[0] if model is AttributionModel.FIRST else before[-1]
        return {chosen.key: piece.amount}
    weights: dict[str, Decimal] = {}
    for touch in before:
        weights[touch.key] = weights.get(touch.key, Decimal(0)) + 1
    return dict(zip(weights, _split(piece.amount, list(weights.values())), strict=True))


def attribute(pieces: Iterable[Piece], model: AttributionModel) -> list[Share]:
    """The shares of many pieces by key and currency; in each currency they sum to the pieces.

    Sorted by currency, the largest first, no known touch last. Unlike currencies are never added.
    """
    found: dict[tuple[str, str | None], int] = {}
    for piece in pieces:
        for key, amount in shares(piece, model).items():
            place = (amount.currency, key)
            found[place] = found.get(place, 0) + amount.minor
    return sorted(
        (Share(key, Money(minor, currency)) for (currency, key), minor in found.items()),
        key=lambda share: (
            share.amount.currency,
            share.key is None,
            -share.amount.minor,
            share.key or "",
        ),
    )


def totals(found: Iterable[Share]) -> Mapping[str, Money]:
    """What the shares sum to, by currency."""
    sums: dict[str, Money] = {}
    for share in found:
        currency = share.amount.currency
        sums[currency] = sums.get(currency, Money(0, currency)) + share.amount
    return sums


def _split(amount: Money, weights: list[Decimal]) -> list[Money]:
    # The largest remainder of a negative amount would fall to other parts than that of the
    # positive one, and an order taken back would leave cents behind.
    if amount.minor < 0:
        return [-part for part in split(-amount, weights)]
    return split(amount, weights)


LEAST_TO_COMPARE = 10
MOST_TIMES = 10
"""Of fewer than these a change in per cent says nothing, and neither where it is more times more:
then the counting began in between."""


def change(now: int, earlier: int) -> Decimal | None:
    """By what share a count has changed; None where the two cannot be compared."""
    if earlier < LEAST_TO_COMPARE or now > earlier * MOST_TIMES:
        return None
    return Decimal(now) / earlier - 1
