"""How a text names colleagues: kept by who they are, so that it is drawn with the name of today.

A mention is kept as ``@{public id}``. It is written as ``@Full Name``, or ``@mail address`` where
two bear one name, or as it is kept.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

_KEPT = re.compile(r"@\{([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}", re.IGNORECASE)
# More than these is no message to some but a notice to all.
MOST = 20


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who can be mentioned."""

    id: str
    name: str
    address: str


def mentioned_in(text: str) -> list[str]:
    """The public ids of those whom a kept text mentions, each once, in order."""
    return list(dict.fromkeys(found.lower() for found in _KEPT.findall(text)))


def drawn(text: str, names: Mapping[str, str]) -> str:
    """A kept text as people read it: ``@Priya Nair``."""
    return _KEPT.sub(lambda found: f"@{names.get(found[1].lower(), '?')}", text)


def kept(text: str, colleagues: Iterable[Colleague]) -> str:
    """A written text as it is kept. What names no colleague, or one of two who bear the same name,
    stays the words that it is."""
    if "@" not in text:
        return text
    whose = _by_words(colleagues)
    if not whose:
        return text
    longest_first = sorted(whose, key=len, reverse=True)
    pattern = re.compile(
        rf"(?<![\w@.])@({'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE
    )
    return pattern.sub(lambda found: _mark(whose, found), text)


def handle(one: Colleague, colleagues: Collection[Colleague]) -> str:
    """The words that name a colleague and nobody else."""
    alike = [other for other in colleagues if _folded(other.name) == _folded(one.name)]
    return f"@{one.name if len(alike) == 1 and one.name else one.address}"


def _by_words(colleagues: Iterable[Colleague]) -> dict[str, str]:
    """Who is meant, by name and address in small letters."""
    known = list(colleagues)
    times = Counter(_folded(one.name) for one in known)
    found = {_folded(one.address): one.id for one in known}
    return found | {
        _folded(one.name): one.id for one in known if one.name and times[_folded(one.name)] == 1
    }


def _mark(whose: Mapping[str, str], found: re.Match[str]) -> str:
    meant = whose.get(_folded(found[1]))
    return f"@{{{meant}}}" if meant else found[0]


def _folded(words: str) -> str:
    return words.lower()
