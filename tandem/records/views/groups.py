"""A list in groups, drawn: a heading with the number of rows and the feet, then the first rows."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.accounts.queries import user_names
from tandem.records.queries.groups import ROWS_A_GROUP, Grouping, GroupOfRows
from tandem.records.rules.aggregates import Asked
from tandem.records.slots import Field, FieldType
from tandem.records.views.feet import figure_cells
from tandem.ui import formats

SPAN_LABELS: Mapping[str, str | Promise] = {
    "day": gettext_lazy("%(field)s, by day"),
    "week": gettext_lazy("%(field)s, by week"),
    "month": gettext_lazy("%(field)s, by month"),
    "quarter": gettext_lazy("%(field)s, by quarter"),
    "year": gettext_lazy("%(field)s, by year"),
}


def grouping_label(grouping: Grouping) -> str:
    """Country; Added, by month."""
    if not grouping.span:
        return str(grouping.field.label)
    return str(SPAN_LABELS[grouping.span]) % {"field": grouping.field.label}


def grouped_rows(
    grouping: Grouping,
    groups: Sequence[GroupOfRows],
    drawn: Sequence[str],
    columns: Sequence[Field],
    feet: Asked,
    *,
    shut: frozenset[str],
    can_be_picked: bool,
    toggle_url: Callable[[str], str],
    alone_url: Callable[[GroupOfRows], str],
) -> SafeString:
    """The rows of the table; ``drawn`` are those of all open groups, in their order."""
    names = names_of(grouping, [one.value for one in groups])
    width = 2 if can_be_picked else 1
    parts: list[str] = []
    at = 0
    for one in groups:
        is_open = one.key not in shut
        name = escape(names[one.value])
        more = ""
        if one.totals.rows > ROWS_A_GROUP or not is_open:
            url = escape(alone_url(one))
            more = f' <a class="t-link t-12" href="{url}">{escape(_("Show all"))}</a>'
        parts.append(
            f'<tr class="c-grouphead"><th scope="rowgroup" colspan="{width}">'
            f'<a href="{escape(toggle_url(one.key))}" aria-expanded="{str(is_open).lower()}"'
            f' data-verbatim>{name}</a> <span class="count">{formats.number(one.totals.rows)}'
            f"</span>{more}</th>{figure_cells(columns[1:], feet, one.totals.figures)}</tr>"
        )
        parts.extend(drawn[at : at + len(one.rows)])
        at += len(one.rows)
    return SafeString("\n".join(parts))


def names_of(grouping: Grouping, values: Sequence[Any]) -> dict[Any, str]:
    """What each group is called; users by one query."""
    field = grouping.field
    known: Mapping[str, Any] = {}
    if field.type is FieldType.USER:
        known = user_names(str(value) for value in values if value is not None)
    elif field.choices is not None:
        known = {choice.value: choice.label for choice in field.choices()}
    without = _("Without %(field)s") % {"field": field.label}
    return {value: without if value is None else _name(grouping, known, value) for value in values}


def _name(grouping: Grouping, known: Mapping[str, Any], value: Any) -> str:
    if isinstance(value, dt.date):
        return _span(grouping.span, value)
    if grouping.field.type is FieldType.BOOLEAN:
        return _("yes") if value in (True, "true") else _("no")
    if grouping.field.type is FieldType.USER:
        return str(known.get(str(value)) or _("someone gone"))
    return str(known.get(value, value))


def _span(span: str, first: dt.date) -> str:
    match span:
        case "week":
            return _("Week from %(day)s") % {"day": formats.long_day(first)}
        case "month":
            return formats.month(first)
        case "quarter":
            quarter = (first.month - 1) // 3 + 1
            return _("Quarter %(n)d of %(year)d") % {"n": quarter, "year": first.year}
        case "year":
            return str(first.year)
        case _:
            return formats.long_day(first)


def toggled(shut: frozenset[str], key: str) -> str | None:
    """The groups that are closed once this one is opened or closed; None where all are open."""
    return ",".join(sorted(shut ^ {key})) or None


def read_shut(text: str) -> frozenset[str]:
    """The keys of closed groups, as the address has them."""
    return frozenset(one for one in text.split(",") if one)
