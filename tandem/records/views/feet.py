"""The foot of a list, drawn: what is told of each column over all rows."""

import datetime as dt
from collections.abc import Mapping, Sequence
from html import escape

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from tandem.records.queries.aggregates import Figure, Told
from tandem.records.rules.aggregates import Aggregate, Asked
from tandem.records.slots import Field, FieldType
from tandem.ui import formats

# What the address says where a view has feet and the list shall have none.
NO_FEET = "none"

LABELS: Mapping[Aggregate, str | Promise] = {
    Aggregate.COUNT: gettext_lazy("Rows"),
    Aggregate.FILLED: gettext_lazy("Filled in"),
    Aggregate.EMPTY: gettext_lazy("Empty"),
    Aggregate.UNIQUE: gettext_lazy("Different"),
    Aggregate.SUM: gettext_lazy("Sum"),
    Aggregate.AVERAGE: gettext_lazy("Average"),
    Aggregate.MIN: pgettext_lazy("of a column", "Smallest"),
    Aggregate.MAX: pgettext_lazy("of a column", "Largest"),
    Aggregate.EARLIEST: gettext_lazy("Earliest"),
    Aggregate.LATEST: gettext_lazy("Latest"),
}
_FIGURES = {FieldType.NUMBER, FieldType.MONEY}


def feet_cells(
    columns: Sequence[Field], feet: Asked, told: Sequence[Told], *, choose_url: str, why: str = ""
) -> SafeString:
    """The cells of the foot behind the first, which has the number of rows.

    ``choose_url`` is where the foot of the column KEY is chosen; ``why`` says why figures are not
    known.
    """
    known, asked, url = {one.key: one for one in told}, dict(feet), escape(choose_url)
    cells = (
        _cell(field, asked.get(field.key), known.get(field.key), why=why, url=url)
        for field in columns[1:]
    )
    return SafeString("".join(cells))


def _cell(field: Field, asked: Aggregate | None, told: Told | None, *, why: str, url: str) -> str:
    url = url.replace("KEY", field.key, 1)
    label = escape(_("Foot of %(column)s") % {"column": field.label})
    attrs = f'href="{url}" hx-get="{url}" hx-target="#dialog" data-quiet'
    style = ' class="n"' if field.type in _FIGURES else ""
    if asked is None:
        return f'<td{style}><a class="c-foot is-free" {attrs} aria-label="{label}">+</a></td>'
    said = "".join(f"<b>{escape(one)}</b>" for one in in_words(told.value)) if told else ""
    said = said or f'<span title="{escape(why)}">{"–" if told else "…"}</span>'
    return (
        f'<td{style}><a class="c-foot" {attrs} title="{label}">'
        f"<small>{escape(str(LABELS[asked]))}</small>{said}</a></td>"
    )


def figure_cells(columns: Sequence[Field], feet: Asked, told: Sequence[Told]) -> str:
    """The same figures of a part of the rows, without a way to choose others."""
    asked, known = dict(feet), {one.key: one for one in told}
    return "".join(
        f'<td class="c-figures{" n" if field.type in _FIGURES else ""}">'
        f"{_said(asked[field.key], known.get(field.key)) if field.key in asked else ''}</td>"
        for field in columns
    )


def _said(asked: Aggregate, told: Told | None) -> str:
    figures = "".join(f"<b>{escape(one)}</b> " for one in in_words(told.value)) if told else ""
    return f"<small>{escape(str(LABELS[asked]))}</small> {figures or '–'}"


def in_words(value: Figure) -> list[str]:
    """A figure as it is read: amounts one below the other, nothing where there is none."""
    if value is None:
        return []
    if isinstance(value, tuple):
        return [formats.money(money) for money in value]
    if isinstance(value, dt.datetime | dt.date):
        return [formats.day(value)]
    return [formats.number(value)]
