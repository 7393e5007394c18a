"""Who sent an event: a person, a machine, or nobody can tell. Pure: no database, no clock.

A browser says in its ``User-Agent`` what it is. Machines that are honest are found in the kept list
of crawlers (crawler-user-agents, MIT). A verdict belongs to the text, not to the events: it is
given anew when this module or the list learns more, and nothing that was stored is lost by it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from crawleruseragents import CRAWLER_USER_AGENTS_DATA

MAX_AGENT = 400
RULES = 1
"""Raised with every change of the rules below."""

VERSION = f"{RULES}/{version('crawler-user-agents')}"
AT_ONCE = 25  # patterns in one expression: more make it slower, not faster


class Kind(StrEnum):
    """Whom the text of an agent makes likely."""

    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How likely a person stands behind an agent (0 to 1), and why, as codes with what was found:
    ``crawler:seo``, ``automation:HeadlessChrome``, ``library:^curl``, ``server:^curl``."""

    kind: Kind
    p_human: float
    reasons: tuple[str, ...]


LIBRARY, AUTOMATION = "http-library", "browser-automation"
_BROWSER = re.compile(
    r"^Mozilla/5\.0 \(.+?\).*\b(?:Gecko|AppleWebKit|Trident|Chrome|Firefox)\b", re.DOTALL
)


def judge(agent: str, *, from_page: bool = True) -> Verdict:
    """What the text of a ``User-Agent`` makes likely.

    Not ``from_page`` says that no page of a site sent the events. A program's way to speak HTTP is
    then one's own server, which tells what people did: nobody can tell who.
    """
    text = agent.strip()
    if not text:
        return Verdict(Kind.UNKNOWN, 0.5, ("no_agent",))
    found = _listed(text)
    if found is not None:
        pattern, tags = found
        if LIBRARY in tags and not from_page:
            return Verdict(Kind.UNKNOWN, 0.5, (f"server:{pattern}",))
        return Verdict(Kind.MACHINE, 0.01, (_reason(pattern, tags),))
    if _BROWSER.match(text):
        return Verdict(Kind.HUMAN, 0.95, ("browser",))
    return Verdict(Kind.UNKNOWN, 0.5, ("no_browser",))


def _reason(pattern: str, tags: tuple[str, ...]) -> str:
    if LIBRARY in tags:
        return f"library:{pattern}"
    return f"automation:{pattern}" if AUTOMATION in tags else f"crawler:{next(iter(tags), pattern)}"


def number_of(agent: str, *, from_page: bool = True) -> int:
    """The number under which the text of an agent stands: the same everywhere and for ever."""
    told = agent.encode(errors="replace")
    digest = hashlib.blake2b(told if from_page else b"\0" + told, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def record_of(agent: str, *, from_page: bool = True) -> dict[str, Any]:
    """An agent with its verdict, as ``lake_note_agents`` reads it."""
    verdict = judge(agent, from_page=from_page)
    return {
        "number": number_of(agent, from_page=from_page),
        "text": agent,
        "from_page": from_page,
        "kind": verdict.kind,
        "p_human": verdict.p_human,
        "reasons": verdict.reasons,
        "version": VERSION,
    }


ONE_OF_MANY = {Kind.HUMAN: 1, Kind.MACHINE: 2, Kind.UNKNOWN: 3}
"""The numbers of who came when there was no room for the text of one more agent: of them no more is
known than what they were likely to be."""


def _listed(text: str) -> tuple[str, tuple[str, ...]] | None:
    """The first pattern of the list that the text bears, with its tags. Every other one goes before
    a library: a crawler that is built on one is a crawler."""
    library = None
    for some, inside in _patterns():
        if some.search(text):
            for pattern, expression, tags in inside:
                if expression.search(text):
                    if LIBRARY not in tags:
                        return pattern, tags
                    library = library or (pattern, tags)
    return library


Pattern = tuple[str, re.Pattern[str], tuple[str, ...]]


@lru_cache(maxsize=1)
def _patterns() -> list[tuple[re.Pattern[str], list[Pattern]]]:
    """The list, by some at a time with one expression for all of these."""
    rows: list[Mapping[str, list[str]]] = CRAWLER_USER_AGENTS_DATA
    every = [(str(one["pattern"]), tuple(one.get("tags", ()))) for one in rows]
    found = []
    for at in range(0, len(every), AT_ONCE):
        some = every[at : at + AT_ONCE]
        inside = [(pattern, re.compile(pattern), tags) for pattern, tags in some]
        found.append((re.compile("|".join(pattern for pattern, _tags in some)), inside))
    return found
