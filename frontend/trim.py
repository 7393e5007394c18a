"""Cut a style sheet down to the classes that are used.

Tabler is 640 KB; Tandem takes its reboot, its form controls and its buttons. What is left out
cannot win over our own rules either: Tabler's utilities are `!important`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CLASS = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_KEPT_AT_RULES = ("@media", "@supports")


def trim(css: str, *, keep: frozenset[str]) -> str:
    """Return `css` without the selectors that name a class outside `keep`.

    Rules without a class stay (elements, `:root`); `@keyframes` and `@font-face` go, since none
    of ours uses them; an at-rule that is empty afterwards goes too.
    """
    return "".join(_trimmed(_COMMENT.sub("", css), keep))


def _trimmed(css: str, keep: frozenset[str]) -> Iterator[str]:
    for head, body in _blocks(css):
        if head.startswith(_KEPT_AT_RULES):
            inner = "".join(_trimmed(body, keep))
            if inner:
                yield f"{head}{{{inner}}}\n"
        elif not head.startswith("@"):
            selectors = [one for one in _selectors(head) if keep.issuperset(_CLASS.findall(one))]
            if selectors:
                yield f"{','.join(selectors)}{{{body.strip()}}}\n"


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """Split a sheet into (prelude, body) of its top-level blocks; statements are dropped."""
    start = depth = opened = 0
    quote = ""
    for place, char in enumerate(css):
        if quote:
            quote = "" if char == quote and css[place - 1] != "\\" else quote
        elif char in "\"'":
            quote = char
        elif char == "{":
            depth += 1
            opened = place if depth == 1 else opened
        elif char == "}":
            depth -= 1
            if depth == 0:
                yield css[start:opened].strip(), css[opened + 1 : place]
                start = place + 1
        elif char == ";" and depth == 0:
            start = place + 1


def _selectors(prelude: str) -> Iterator[str]:
    """Split a selector list at its outer commas (`:is(a, b)` stays whole)."""
    start = depth = 0
    for place, char in enumerate(prelude):
        if char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and depth == 0:
            yield prelude[start:place].strip()
            start = place + 1
    yield prelude[start:].strip()
