"""To whom a lead goes: the rules in their order, each with what came of it. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Rule(StrEnum):
    """How a seller is found, in this order."""

    CHOSEN = "chosen"
    COMPANY_OWNER = "company_owner"
    PERSON_OWNER = "person_owner"
    FEWEST_OPEN = "fewest_open"


class Why(StrEnum):
    """What came of a rule."""

    MATCHED = "matched"
    NOBODY = "nobody"  # there is no such owner
    NOT_SELLING = "not_selling"  # who owns it takes no hand-offs
    HAS_REJECTED = "has_rejected"


@dataclass(frozen=True, slots=True)
class Seller:
    """Who takes hand-offs, how many of them are open, and how many came in all."""

    id: int
    name: str
    open: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Routing:
    """The seller (None where there is nobody) and each rule that was tried."""

    seller: Seller | None
    trace: tuple[dict[str, Any], ...]


def route(
    sellers: Sequence[Seller],
    *,
    chosen: int | None = None,
    company_owner: int | None = None,
    person_owner: int | None = None,
    excluded: Collection[int] = (),
) -> Routing:
    """Who gets an offer: who was chosen, the company's owner, the person's owner, or whoever has
    the fewest open ones (of several the one who had the fewest in all, then the first).

    ``excluded`` have rejected this lead; a seller who was chosen gets it all the same.
    """
    known = {one.id: one for one in sellers}
    trace: list[dict[str, Any]] = []
    if chosen is not None:
        seller = known.get(chosen)
        trace.append(_step(Rule.CHOSEN, Why.MATCHED if seller else Why.NOT_SELLING, seller))
        if seller is not None:
            return Routing(seller, tuple(trace))
    for rule, owner in ((Rule.COMPANY_OWNER, company_owner), (Rule.PERSON_OWNER, person_owner)):
        seller, why = _owner(owner, known, excluded)
        trace.append(_step(rule, why, seller))
        if why is Why.MATCHED:
            return Routing(seller, tuple(trace))
    free = [one for one in sellers if one.id not in excluded]
    seller = min(free, key=lambda one: (one.open, one.total, one.id), default=None)
    trace.append(_step(Rule.FEWEST_OPEN, Why.MATCHED if seller else Why.NOBODY, seller))
    return Routing(seller, tuple(trace))


def _owner(
    owner: int | None, known: dict[int, Seller], excluded: Collection[int]
) -> tuple[Seller | None, Why]:
    if owner is None:
        return None, Why.NOBODY
    if owner not in known:
        return None, Why.NOT_SELLING
    if owner in excluded:
        return known[owner], Why.HAS_REJECTED
    return known[owner], Why.MATCHED


def _step(rule: Rule, why: Why, seller: Seller | None) -> dict[str, Any]:
    return {
        "rule": str(rule),
        "matched": why is Why.MATCHED,
        "why": str(why),
        "who": seller.name if seller else "",
        "open": seller.open if seller else None,
    }
