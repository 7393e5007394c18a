"""What a line is, what it comes to, and which purchase it takes back. Pure: no database.

Money of a line is counted in minor units of the order's currency: quantity times unit price, exact,
then rounded once, half to even. A sum is the sum of its lines, so every total that is shown can be
added up from the lines below it, and no rounding is done twice.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from tandem.kernel.money import Money

MAX_AMOUNT_MINOR = 10**15
SOURCE_OF_DEALS = "deal"  # the source of orders that are booked for won deals


class LineKind(StrEnum):
    """What a line of an order is about."""

    SALE = "sale"  # goods or services for money
    FREE = "free"  # given without a price
    REVERSAL = "reversal"  # goods taken back, their price given back
    ADJUSTMENT = "adjustment"  # a correction of the books: stock, bad debt


# Tills and shops put a letter before the number of what is no sale.
_MARKED = re.compile(r"^([CA])\d")


def kind_of_line(number: str, quantity: Decimal, unit_price: Decimal) -> LineKind:
    """What a line is, by the number of its order, its quantity and its price.

    ``C123`` is a credit note, ``A123`` an adjustment; without a letter a negative quantity with a
    price takes goods back, and one without a price corrects the stock.
    """
    mark = _MARKED.match(number)
    if (mark and mark[1] == "A") or unit_price < 0 or (quantity < 0 and unit_price == 0):
        return LineKind.ADJUSTMENT
    if quantity < 0:
        return LineKind.REVERSAL
    return LineKind.SALE if unit_price > 0 and quantity > 0 else LineKind.FREE


def line_amount(quantity: Decimal, unit_price: Decimal, currency: str) -> Money:
    """What a line comes to: the exact product, rounded half to even to minor units."""
    return Money.from_major(quantity * unit_price, currency)


@dataclass(frozen=True, slots=True)
class Bought:
    """A line that can be taken back."""

    id: int
    at: datetime
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A line that takes back; ``quantity`` is positive."""

    id: int
    at: datetime
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Link:
    """So much of a reversing line takes back so much of a bought one; None: of none we know."""

    reversing: int
    original: int | None
    quantity: Decimal


def link_reversals(bought: Sequence[Bought], taken: Iterable[TakenBack]) -> Iterator[Link]:
    """Which purchases the lines of one customer, product and price take back.

    Each takes from the latest earlier line that has unreversed quantity left, then from the one
    before, in the order of time; what is left over is linked to none. ``bought`` carries what is
    left of each line; never more than that is given.
    """
    left = {line.id: line.quantity for line in bought}
    newest_first = sorted(bought, key=lambda line: (line.at, line.id), reverse=True)
    for reversal in sorted(taken, key=lambda line: (line.at, line.id)):
        needed = reversal.quantity
        for line in newest_first:
            if line.at >= reversal.at or not left[line.id]:
                continue
            given = min(needed, left[line.id])
            left[line.id] -= given
            needed -= given
            yield Link(reversal.id, line.id, given)
            if not needed:
                break
        if needed:
            yield Link(reversal.id, None, needed)
