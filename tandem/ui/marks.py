"""The small marks that stand in every row: faces, sides, chips, moments. Drawn here, once, for
components and for loops over hundreds of cells, where a component each would cost more than the
page."""

import datetime as dt
from html import escape

from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from tandem.ui import formats
from tandem.ui.naming import initials


def face(
    name: str,
    *,
    side: str = "",
    size: str = "",
    is_square: bool = False,
    picture: str = "",
    is_named: bool = False,
) -> SafeString:
    """The initials or picture of someone; ``side`` mkt or sales, ``size`` sm or lg, words allowed.

    ``is_named`` adds the name for readers and as a title; else the name stands beside it.
    """
    marks = [f" is-{word}" for word in f"{side} {size}".split()]
    firm = " is-firm" if is_square else ""
    inner = initials(name)
    if picture:
        inner = f'<img src="{conditional_escape(picture)}" alt="" loading="lazy">'
    drawn = f'<span class="c-face{"".join(marks)}{firm}" aria-hidden="true">{inner}</span>'
    if is_named:
        said = conditional_escape(name)
        drawn = (
            f'<span class="row-x" title="{said}">{drawn}<span class="sr-only">{said}</span></span>'
        )
    return SafeString(drawn)


def side(of: str, *, label: str = "") -> SafeString:
    """The mark of a side: a circle, a square, a diamond, a ring; ``label`` is read aloud, the
    mark, in which nothing is written, is not."""
    said = f'<span class="sr-only">{conditional_escape(label)}: </span>' if label else ""
    return SafeString(f'<span class="c-side is-{escape(of)}"></span>{said}')


def chip(text: str | Promise, *, tone: str = "") -> SafeString:
    """A fact in one or two words; ``tone`` mkt, sales, handoff, ok, warn, bad."""
    style = f"c-chip is-{escape(tone)}" if tone else "c-chip"
    return SafeString(f'<span class="{style}">{conditional_escape(str(text))}</span>')


def _machine(at: dt.datetime | dt.date) -> str:
    """As machines read it, to the second."""
    text = at.isoformat(timespec="seconds") if isinstance(at, dt.datetime) else at.isoformat()
    return text.replace("+00:00", "Z")


def moment(at: dt.datetime | dt.date) -> SafeString:
    """09:48, Wed, 16 Nov: a time whose title is exact."""
    exact = formats.day_and_time(at) if isinstance(at, dt.datetime) else formats.long_day(at)
    said = f'datetime="{_machine(at)}" title="{escape(exact)}"'
    return SafeString(f"<time {said}>{escape(formats.when(at))}</time>")
