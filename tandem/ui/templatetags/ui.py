"""Tags and filters of every template: icons, formats, addresses, small drawings."""

import datetime as dt
import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import TemplateSyntaxError
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeData, SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.kernel.money import Money
from tandem.ui import charts, clocks, formats, forms, marks
from tandem.ui.assets import asset_url, icon_names, versioned_url
from tandem.ui.keeping import keep
from tandem.ui.naming import initials as initials_of

register = template.Library()
register.tag("keep", keep)


# ---- icons --------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, size: str = "", label: str = "", tone: str = "") -> SafeString:
    """An outline of the sprite; `size` sm; `label` where it stands alone; `tone` a colour."""
    return _icon(str(name), str(size), str(label), str(tone))


@lru_cache(maxsize=1024)
def _icon(name: str, size: str, label: str, tone: str) -> SafeString:
    known = icon_names()
    if known and name not in known:
        raise TemplateSyntaxError(f"frontend/icons.txt has no icon {name!r}.")
    css = " ".join(filter(None, ["i", f"is-{size}" if size else "", f"t-{tone}" if tone else ""]))
    aria = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="{}" {}><use href="{}#{}"/></svg>', css, aria, asset_url("icons.svg"), name
    )


@register.simple_tag
def face(
    name: object,
    side: str = "",
    size: str = "",
    firm: object = "",
    src: str = "",
    named: object = "",
) -> SafeString:
    """`<c-face>` for loops: the same mark without the price of a component."""
    return marks.face(
        str(name or ""),
        side=side,
        size=size,
        is_square=bool(firm),
        picture=src,
        is_named=bool(named),
    )


@register.simple_tag
def side(of: str, label: str = "") -> SafeString:
    """`<c-side>` for loops."""
    return marks.side(of, label=label)


@register.simple_tag
def entry(
    words: str,
    side: str,
    human: object = "",
    before: object = "",
    at: dt.datetime | None = None,
    until: dt.datetime | None = None,
    why: str = "",
    box: str = "",
    more: str = "",
    attrs: object = "",
) -> SafeString:
    """What `<c-entry>` draws: the same line as in the stories of records."""
    return marks.entry(
        conditional_escape(words),
        side=side,
        is_human=bool(human),
        is_before=bool(before),
        at=at or None,
        until=until or None,
        why=conditional_escape(why),
        box=conditional_escape(box),
        more=conditional_escape(more),
        attributes=conditional_escape(str(attrs)),
    )


@register.simple_tag
def asset(name: str) -> str:
    """Address of a built file (`app.css`), or of a room's own (`accounts/passkeys.js`)."""
    return versioned_url(name) if "/" in name and not name.startswith("fonts/") else asset_url(name)


# ---- formats ------------------------------------------------------------------------------


def _or_blank(value: object) -> bool:
    return value is None or value == ""


@register.filter
def number(value: Any, places: int | None = None) -> str:
    """12,846; `|number:2` fixes the digits behind the point."""
    return "" if _or_blank(value) else formats.number(value, places=places)


@register.filter
def compact(value: Any) -> str:
    """13K, £1.05M: where only the size matters."""
    if isinstance(value, Money):
        return formats.compact_money(value)
    return "" if _or_blank(value) else formats.compact_number(value)


@register.filter
def percent(value: Any, places: int = 0) -> str:
    """A share of 0 to 1 as 64 %."""
    return "" if _or_blank(value) else formats.percent(value, places=places)


@register.filter
def money(value: Money | None, how: str = "") -> str:
    """£18,250; `|money:"exact"` always shows the pence."""
    return "" if value is None else formats.money(value, exact=how == "exact")


@register.filter
def day(value: dt.date | None) -> str:
    """19 Nov."""
    return "" if value is None else formats.day(value)


@register.filter
def long_day(value: dt.date | None) -> str:
    """19 November 2026."""
    return "" if value is None else formats.long_day(value)


@register.filter
def week_day(value: dt.date | None) -> str:
    """Today, Thursday 19 November."""
    return "" if value is None else formats.week_day(value)


@register.filter
def clock_time(value: dt.datetime | None) -> str:
    """09:48."""
    return "" if value is None else formats.clock_time(value)


@register.filter
def when(value: dt.datetime | dt.date | None) -> SafeString | str:
    """09:48, Wed, 16 Nov: a `<time>` whose title is exact."""
    return "" if value is None else marks.moment(value)


@register.filter
def ago(value: dt.datetime | None) -> SafeString | str:
    """5 minutes ago: a `<time>` whose title is exact."""
    if value is None:
        return ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        formats.day_and_time(value),
        formats.ago(value),
    )


@register.filter
def span(value: dt.timedelta | float | None) -> str:
    """12 min, 2 h 31, 3 days, from a timedelta or from seconds."""
    if value is None:
        return ""
    return formats.span(value) if isinstance(value, dt.timedelta) else formats.duration(value)


@register.filter
def file_size(octets: int | None) -> str:
    """4.2 MB."""
    return "" if octets is None else formats.size(octets)


@register.filter
def initials(name: object) -> str:
    """The two letters of a face."""
    text = str(name)
    # A component's attribute has been escaped already.
    return initials_of(html.unescape(text) if isinstance(name, SafeData) else text)


@register.filter
def marked(text: object, query: str) -> SafeString:
    """The text with the found part in <mark>."""
    plain, wanted = str(text), query.strip()
    at = plain.casefold().find(wanted.casefold()) if wanted else -1
    if at < 0:
        return conditional_escape(plain)
    return format_html(
        "{}<mark>{}</mark>{}", plain[:at], plain[at : at + len(wanted)], plain[at + len(wanted) :]
    )


# ---- addresses ----------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def url_with(context: Mapping[str, Any], **changes: object) -> str:
    """The page's own address with some of its query replaced; None or "" takes a name out."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if isinstance(value, (list, tuple)):
            query.setlist(name, [str(one) for one in value])
        elif value is not None and value != "":
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else request.path


# ---- components need these ----------------------------------------------------------------


@register.filter
def words(value: object) -> list[str]:
    """A text split at its spaces: the keys of a shortcut, the names of classes."""
    return str(value or "").split()


@register.filter
def classes(value: object, prefix: str = "is-") -> str:
    """`mkt sm` as `is-mkt is-sm`."""
    return " ".join(f"{prefix}{one}" for one in words(value))


@register.filter
def id_of(value: object) -> str:
    """A text as an id of the page."""
    return slugify(str(value)) or "x"


@register.filter
def is_text(value: object) -> bool:
    """Whether anything but white space is there (a slot that was left empty is not)."""
    return bool(str(value or "").strip())


@register.simple_tag
def clock(
    due: dt.datetime | None,
    start: dt.datetime | None = None,
    done: dt.datetime | None = None,
    paused: bool = False,
) -> clocks.ClockFace:
    """The face of a clock: state, arc, words."""
    return clocks.clock_face(
        due=due or None, start=start or None, done=done or None, paused=bool(paused)
    )


@register.filter
def share(value: Any) -> str:
    """A share of 0 to 1 as the width of a drawing: 62.0%."""
    return f"{min(max(float(value or 0), 0.0), 1.0) * 100:.1f}%"


@dataclass(frozen=True, slots=True)
class Line:
    """A drawn series on a box of `width` by `height`."""

    points: str
    area: str
    end_x: str
    end_y: str


@register.simple_tag
def line_of(values: Sequence[float], width: int | str = 120, height: int | str = 28) -> Line | None:
    """The path of a sparkline; None for fewer than two values."""
    width, height = int(width), int(height)
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    spread = (high - low) or 1
    step = (width - 6) / (len(values) - 1)
    places = [
        (1 + step * at, height - 3 - (height - 7) * (value - low) / spread)
        for at, value in enumerate(values)
    ]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    (first_x, _y), (end_x, end_y) = places[0], places[-1]
    return Line(path, f"{path}V{height - 1}H{first_x:.1f}z", f"{end_x:.1f}", f"{end_y:.1f}")


@dataclass(frozen=True, slots=True)
class Band:
    """One stage of a funnel as a drawn band."""

    path: str
    fill: str
    opacity: str
    width: str


@register.simple_tag
def funnel_bands(
    stages: Sequence[Mapping[str, Any]], total: int = 1000, height: int = 120
) -> list[Band]:
    """The bands of a funnel: heights on a log scale, since 48,210 to 24 cannot be drawn otherwise.

    A stage is a mapping with `value` and `side` (mkt, brand, sales) and optionally `columns`
    (relative width, default 1).
    """
    most = max((float(one["value"]) for one in stages), default=0)
    scale = math.log1p(most) or 1
    widths = [float(one.get("columns", 1)) for one in stages]
    unit = total / (sum(widths) or 1)
    heights = [12 + (height - 28) * math.log1p(float(one["value"])) / scale for one in stages]
    bands, left, middle = [], 0.0, height / 2 - 4
    for at, one in enumerate(stages):
        right = left + widths[at] * unit
        following = heights[at + 1] if at + 1 < len(stages) else heights[at]
        bend = min(26.0, (right - left) / 3)
        top, below = middle - heights[at] / 2, middle - following / 2
        path = _band(
            left, right, bend, (top, middle + heights[at] / 2), (below, middle + following / 2)
        )
        opacity = ("0.55", "0.7", "0.85")[min(at, 2)] if one.get("side") == "mkt" else "0.9"
        bands.append(
            Band(path, f"f-{one.get('side', 'grey')}", opacity, share(heights[at] / height))
        )
        left = right
    return bands


def _band(
    left: float, right: float, bend: float, here: tuple[float, float], there: tuple[float, float]
) -> str:
    """From the edges `here` straight on, then in a curve to the edges `there`."""
    (top, foot), (top_after, foot_after) = here, there
    turn, middle = right - bend, right - bend / 2
    down = f"C{middle:.1f} {top:.1f} {middle:.1f} {top_after:.1f} {right:.1f} {top_after:.1f}"
    back = f"C{middle:.1f} {foot_after:.1f} {middle:.1f} {foot:.1f} {turn:.1f} {foot:.1f}"
    return f"M{left:.1f} {top:.1f}H{turn:.1f}{down}V{foot_after:.1f}{back}H{left:.1f}z"


@register.simple_tag
def bars_of(bars: Sequence[charts.Bar]) -> charts.BarChart | None:
    """The boxes of a bar chart; None where there is nothing to draw."""
    return charts.bar_chart(bars)


@register.simple_tag
def page_words() -> SafeString:
    """What the scripts say, in the reader's language, as data attributes of one hidden element."""
    said = {
        "undo": _("Undo"),
        "close": _("Close"),
        "saved": _("Saved"),
        "copied": _("Copied"),
        "failed": _("This did not work. Nothing was saved."),
        "offline": _("No connection. Nothing was saved."),
        "unsaved": _("What you have written is not saved. Leave it?"),
        "selected": _("{n} selected"),
        "cells": _("Cells copied: {n}"),
        "wide": _("{name}: {n} pixels wide"),
        "moved": _("{name}: column {n} of {all}"),
        "matches": _("{n} found"),
        "nothing": _("Nothing found"),
        "in": _("in {t}"),
        "over": _("over {t}"),
        "minutes": _("{m} min"),
        "hours": _("{h} h {m}"),
        "keys": _("Keys on this page"),
        "page": _("This page"),
        "goto": _("Go to"),
        "colleagues": _("Colleagues"),
    }
    said |= {f"key-{name}": str(words) for name, words in KEY_NAMES.items()}
    attributes = format_html_join(" ", 'data-{}="{}"', said.items())
    return format_html('<div id="ui-words" hidden {}></div>', attributes)


KEY_NAMES = {
    "ctrl": gettext_lazy("Ctrl"),
    "shift": gettext_lazy("Shift"),
    "alt": gettext_lazy("Alt"),
    "enter": gettext_lazy("Enter"),
    "esc": gettext_lazy("Esc"),
    "escape": gettext_lazy("Esc"),
    "space": gettext_lazy("Space"),
    "tab": gettext_lazy("Tab"),
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


@register.filter
def keycaps(keys: str) -> list[str]:
    """`ctrl+enter` as Ctrl, Enter; `g p` as G, P."""
    parts = [
        part
        for step in str(keys).split()
        for part in (step.split("+") if len(step) > 1 else [step])
    ]
    return [
        str(KEY_NAMES.get(part.lower(), part.upper() if len(part) == 1 else part)) for part in parts
    ]


@register.filter
def aria_keys(keys: str) -> str:
    """The value of aria-keyshortcuts: `ctrl+enter` as Control+Enter."""
    names = {"ctrl": "Control", "esc": "Escape"}
    steps = [
        [names.get(part, part.capitalize() if len(part) > 1 else part) for part in step.split("+")]
        for step in str(keys).split()
    ]
    return " ".join("+".join(step) for step in steps)


@register.filter
def said(pattern: str, text: str) -> str:
    """`accept {}` filled with the words of a clock."""
    return str(pattern).replace("{}", text)


@register.filter
def hundredths(value: Any) -> int:
    """A share of 0 to 1 as a whole number of 100."""
    return round(min(max(float(value or 0), 0.0), 1.0) * 100)


@register.filter
def seconds(value: float) -> str:
    """What is left of a job: 9 s, then minutes."""
    return _("%(n)d s") % {"n": value} if value < 60 else formats.duration(value)


@register.filter
def bones(lines: Any) -> list[str]:
    """Widths of the lines of a skeleton."""
    widths = ("60", "80", "45", "70", "30")
    return [widths[at % len(widths)] for at in range(int(lines))]


@register.simple_tag
def control(of: forms.Field | None = None, **said: Any) -> forms.Field:
    """The field that `<c-field>` draws."""
    return forms.control(of or None, **said)


@register.filter(name="field")
def field_of(form: forms.Form[Any], name: str) -> forms.Field:
    """A field by its dotted name: `form|field:"address.city"`."""
    return form[name]


@register.filter
def toast_of(carried: str, message: object) -> dict[str, str]:
    """A toast that waited in the messages framework; any other message is one without Undo."""
    try:
        toast = json.loads(carried or "")
    except json.JSONDecodeError:
        toast = {"message": str(message), "tone": "bad" if "error" in carried else "ok"}
    return toast if isinstance(toast, dict) else {"message": str(message)}


class RememberNode(template.Node):
    """Renders its content and keeps it for later in the same page."""

    def __init__(self, name: str, nodelist: template.NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: template.Context) -> SafeString:
        text = self.nodelist.render(context)
        context.dicts[0][self.name] = text
        return text


@register.tag
def remember(parser: template.base.Parser, token: template.base.Token) -> RememberNode:
    """`{% remember heading %}…{% endremember %}`: shown here, and again as `{{ heading }}`."""
    _tag, name = token.split_contents()
    nodelist = parser.parse(("endremember",))
    parser.delete_first_token()
    return RememberNode(name, nodelist)
