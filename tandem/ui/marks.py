"""The small marks that stand in every row: faces, sides, chips, moments. Drawn here, once, for
components and for loops over hundreds of cells, where a component each would cost more than the
page."""

import datetime as dt
from html import escape

from django.utils.functional import Promise
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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


def clock(at: dt.datetime, until: dt.datetime | None = None) -> SafeString:
    """09:48, or 09:48 to 10:02."""
    said = formats.clock_time(at)
    if until is not None:
        said = _("%(from)s to %(to)s") % {"from": said, "to": formats.clock_time(until)}
    return SafeString(f'<time datetime="{at.isoformat()}">{escape(said)}</time>')


def entry(
    words: str,
    *,
    side: str,
    is_human: bool = False,
    is_before: bool = False,
    at: dt.datetime | None = None,
    until: dt.datetime | None = None,
    why: str = "",
    box: str = "",
    more: str = "",
    attributes: str = "",
) -> SafeString:
    """A line of a story. ``words``, ``why``, ``box``, ``more`` and ``attributes`` are HTML."""
    full = " is-full" if is_human else ""
    before = " is-before" if is_before else ""
    handed = " is-handoff" if side == "handoff" else ""
    parts = (
        f'<li class="c-entry is-{escape(side)}{full}{before}" {attributes}>'
        f'<span class="c-entry_node"></span><span class="sr-only">'
        f"{escape(str(_SIDES.get(side) or _SIDES['system']))}: </span>"
        f'<div class="c-entry_line"><span>{words}</span>{clock(at, until) if at else ""}</div>',
        f'<p class="c-entry_why">{why}</p>' if why.strip() else "",
        f'<div class="c-entry_box{handed}">{box}</div>' if box.strip() else "",
        f'<div class="c-entry_more">{more}</div>' if more.strip() else "",
        "</li>",
    )
    return SafeString("".join(parts))


_SIDES = {
    "mkt": gettext_lazy("Marketing"),
    "sales": gettext_lazy("Sales"),
    "handoff": gettext_lazy("Hand-off"),
    "system": gettext_lazy("System"),
}
