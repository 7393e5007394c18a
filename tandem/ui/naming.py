"""Initials: the two letters that stand for a name."""

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def initials(name: str) -> str:
    """Up to two letters of a name: first and last word; a question mark where there is none.

    A mail address counts by the part before the @; particles in lower case (de, van) do not count
    while other words are there.
    """
    words = [word for word in _cleaned(name.partition("@")[0]).split() if word[0].isalnum()]
    weighty = [word for word in words if not word.islower()] or words
    if not weighty:
        return "?"
    letters = weighty[0][0] + (weighty[-1][0] if len(weighty) > 1 else "")
    return letters.upper()[:2]


def _cleaned(name: str) -> str:
    composed = unicodedata.normalize("NFC", name)
    return "".join(char if char.isalnum() or char in "'’" else " " for char in composed)
