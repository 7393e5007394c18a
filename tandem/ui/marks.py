"""The small marks that stand in every row: faces, sides, chips, moments. Drawn here, once, for
components and for loops over hundreds of cells, where a component each would cost more than the
page."""

import datetime as dt

from django.utils.functional import Promise
from django.utils.html import format_html
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
    marks = [f"is-{word}" for word in f"{side} {size}".split()]
    style = " ".join(["c-face", *marks, *(["is-firm"] if is_square else [])])
    inner = (
        format_html('<img src="{}" alt="" loading="lazy">', picture) if picture else initials(name)
    )
    drawn = format_html('<span class="{}" aria-hidden="true">{}</span>', style, inner)
    if not is_named:
        return drawn
    return format_html(
        '<span class="row-x" title="{}">{}<span class="sr-only">{}</span></span>', name, drawn, name
    )


def side(of: str, *, label: str = "") -> SafeString:
    """The mark of a side: a circle, a square, a diamond, a ring; ``label`` is read aloud."""
    mark = format_html('<span class="c-side is-{}" aria-hidden="true"></span>', of)
    return format_html('{}<span class="sr-only">{}: </span>', mark, label) if label else mark


def chip(text: str | Promise, *, tone: str = "") -> SafeString:
    """A fact in one or two words; ``tone`` mkt, sales, handoff, ok, warn, bad."""
    style = f"c-chip is-{tone}" if tone else "c-chip"
    return format_html('<span class="{}">{}</span>', style, text)


def moment(at: dt.datetime | dt.date) -> SafeString:
    """09:48, Wed, 16 Nov: a time whose title is exact."""
    exact = formats.day_and_time(at) if isinstance(at, dt.datetime) else formats.long_day(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, formats.when(at)
    )
