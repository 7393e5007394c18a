"""What consent means, and whether somebody may be contacted. Pure: no database, no clock."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Channel(StrEnum):
    """The way a message takes."""

    EMAIL = "email"
    PHONE = "phone"
    SMS = "sms"
    POST = "post"


class Purpose(StrEnum):
    """What a message is for: the same person may allow one and refuse another."""

    MARKETING = "marketing"
    SALES = "sales"
    SERVICE = "service"


class Basis(StrEnum):
    """Why we hold that a person may be contacted."""

    CONSENT = "consent"  # they agreed, in words that are kept
    REQUEST = "request"  # they asked to be contacted
    CONTRACT = "contract"  # what was agreed needs it
    INTEREST = "interest"  # a legitimate interest, weighed


class State(StrEnum):
    """What holds now for one person, channel, topic and purpose."""

    GRANTED = "granted"
    PENDING = "pending"  # asked for, but not yet confirmed from the person's own mailbox
    WITHDRAWN = "withdrawn"
    DENIED = "denied"


class StopReason(StrEnum):
    """Why an address stands on the stop list."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    INVALID = "invalid"
    MANUAL = "manual"
    ERASED = "erased"


class VerdictReason(StrEnum):
    """Why somebody may be contacted, or not; kept with each message."""

    CONSENT = "consent"
    SERVICE = "service"
    NO_CONSENT = "no_consent"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"
    DENIED = "denied"
    SUPPRESSED_UNSUBSCRIBED = "suppressed_unsubscribed"
    SUPPRESSED_BOUNCED = "suppressed_bounced"
    SUPPRESSED_COMPLAINED = "suppressed_complained"
    SUPPRESSED_INVALID = "suppressed_invalid"
    SUPPRESSED_MANUAL = "suppressed_manual"
    SUPPRESSED_ERASED = "suppressed_erased"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether somebody may be contacted, and why."""

    allowed: bool
    reason: VerdictReason


# A mailbox that is not there takes no message of any kind.
HARD_STOPS: frozenset[StopReason] = frozenset({StopReason.BOUNCED, StopReason.INVALID})

# Of two rows about one thing the stricter one stays when persons are merged.
STRICTNESS: Mapping[State, int] = {
    State.GRANTED: 0,
    State.PENDING: 1,
    State.DENIED: 2,
    State.WITHDRAWN: 3,
}


def may_contact(state: State | None, stops: Collection[StopReason], *, purpose: Purpose) -> Verdict:
    """Whether a message of this purpose may go out to somebody, now.

    ``state`` is what the person said about the message's channel, topic and purpose (None: never
    anything), ``stops`` why the address stands on the stop list. Marketing and sales need granted
    consent (a request to be called is one) and a free address; service needs a mailbox that works.
    """
    binding = HARD_STOPS if purpose is Purpose.SERVICE else frozenset(StopReason)
    for stop in StopReason:  # in a fixed order, so that the reason is always the same one
        if stop in stops and stop in binding:
            return Verdict(False, VerdictReason(f"suppressed_{stop}"))
    if purpose is Purpose.SERVICE:
        return Verdict(True, VerdictReason.SERVICE)
    if state is State.GRANTED:
        return Verdict(True, VerdictReason.CONSENT)
    return Verdict(False, VerdictReason(state) if state else VerdictReason.NO_CONSENT)


def next_state(current: State | None, said: State) -> State:
    """What holds after something was said: asking once more does not unsay a confirmed yes."""
    if said is State.PENDING and current is State.GRANTED:
        return State.GRANTED
    return said


def folded(said: Iterable[State]) -> State | None:
    """What holds after all that was said, in its order; None after nothing."""
    state: State | None = None
    for one in said:
        state = next_state(state, one)
    return state


def stricter(one: State, other: State) -> State:
    """The more restrictive of two states."""
    return max(one, other, key=STRICTNESS.__getitem__)


NOES = frozenset({State.WITHDRAWN, State.DENIED})


def said_by_either(said: Iterable[State]) -> State | None:
    """What words come to of which nobody knows whose they are: a no among them is not unsaid by a
    yes that may be another one's."""
    words = list(said)
    return max(
        (one for one in words if one in NOES), key=STRICTNESS.__getitem__, default=folded(words)
    )


def apart(before: State | None, word: State | None, *, is_survivor: bool) -> State | None:
    """What holds for one of two persons who were taken for one, when they are two again.

    ``before`` held when they were merged, ``word`` is what was said since (``said_by_either``).
    A no of either holds for both; a yes may be the other one's and allows the absorbed nothing.
    """
    if word is None or (word not in NOES and not is_survivor):
        return before
    if before is None:
        return word
    if before in NOES or word in NOES:
        return stricter(before, word)
    return next_state(before, word)


# --- the chain ------------------------------------------------------------------------------------

# Persons are spread over chains, so that as many may say something at the same moment.
CHAINS = 16


def wording_digest(text: str) -> str:
    """The name of a text: SHA-256, 64 characters; line ends and outer space do not count."""
    return hashlib.sha256("\n".join(text.strip().splitlines()).encode()).hexdigest()


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def event_digest(salt: bytes, said: Mapping[str, Any]) -> str:
    """The salted digest of what was said; nothing can be read from it once the salt is gone."""
    return hashlib.sha256(salt + _CANONICAL.encode(said).encode()).hexdigest()


def link_digest(previous: str, digest: str) -> str:
    """What ties an event to the one before it in its chain."""
    return hashlib.sha256(f"{previous}:{digest}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Link:
    """One event as its chain sees it; ``said`` and ``salt`` are None once the person is erased."""

    id: int
    chain: int
    position: int
    digest: str
    previous: str
    link: str
    salt: bytes | None
    said: Mapping[str, Any] | None


def broken_links(links: Iterable[Link]) -> list[int]:
    """The ids of events that are not what was written, or that follow a gap.

    ``links`` come by chain and position. Each chain starts at position 1 after an empty digest.
    """
    broken: list[int] = []
    chain, position, previous = -1, 0, ""
    for one in links:
        if one.chain != chain:
            chain, position, previous = one.chain, 0, ""
        position += 1
        holds = (
            one.position == position
            and one.previous == previous
            and one.link == link_digest(one.previous, one.digest)
        )
        if holds and one.salt is not None and one.said is not None:
            holds = one.digest == event_digest(one.salt, one.said)
        if not holds:
            broken.append(one.id)
        position, previous = one.position, one.link
    return broken
