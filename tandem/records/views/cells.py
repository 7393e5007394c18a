"""Rows and cells: values of records as a template shows them, one loop over plain data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tandem.kernel.actor import Actor
from tandem.kernel.money import Money
from tandem.records import queries
from tandem.records.slots import Choice, Field, FieldType, ObjectType
from tandem.ui import formats, marks


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: ``type`` chooses how it is drawn, ``edit_url`` is there when it may be edited."""

    key: str
    label: Any
    type: str
    value: Any
    choice: Choice | None = None
    edit_url: str = ""
    is_name: bool = False
    is_plain: bool = False  # a link that stands in a control is text; its address is beside it

    @property
    def is_filled(self) -> bool:
        """Whether there is something to show: no is an answer, nought a number."""
        return self.value is not None and self.value != "" and self.value != []

    @property
    def beside(self) -> str:
        """The address to open beside a link that is shown in a control."""
        return str(self.value) if self.is_plain and self.value else ""

    @property
    def shown(self) -> SafeString | str:
        """The value as the page draws it; made here and not by components, because a list has
        hundreds of them."""
        if not self.is_filled:
            return ""
        return _DRAWN.get(self.type, _text)(self)

    @property
    def style(self) -> str:
        """Classes of the table cell."""
        return _STYLES.get(self.type, "t-2")


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a list."""

    id: str
    name: str
    subtitle: str
    url: str
    cells: Sequence[Cell]

    @property
    def touch(self) -> Any:
        """The last touch, where the list has that column."""
        return next((cell.value for cell in self.cells if cell.type == FieldType.TOUCH), None)


def _text(cell: Cell) -> SafeString:
    return format_html('<span class="cut" data-verbatim>{}</span>', cell.value)


def _email(cell: Cell) -> SafeString:
    local, at, domain = str(cell.value).partition("@")
    return format_html('<span class="cut" data-verbatim>{}{}<wbr>{}</span>', local, at, domain)


def _user(cell: Cell) -> SafeString:
    user = cell.value
    return format_html(
        '<span class="row-x" data-verbatim>{}<span class="ellipsis">{}</span></span>',
        marks.face(user.name, side=user.mark, size="sm"),
        user.name,
    )


def _touch(cell: Cell) -> SafeString:
    return format_html(
        '<span class="row-x">{}<span class="ellipsis">{}</span></span>',
        marks.side(cell.value.side),
        cell.value.text,
    )


def _choice(cell: Cell) -> SafeString | str:
    if cell.choice is None:
        return _text(cell)
    if cell.choice.tone:
        return marks.chip(cell.choice.label, tone=cell.choice.tone)
    return format_html("{}", cell.choice.label)


def _tags(cell: Cell) -> SafeString:
    chips = format_html_join("", "{}", ((marks.chip(tag),) for tag in cell.value))
    return format_html('<span class="row-x is-wrap" data-verbatim>{}</span>', chips)


def _choices(cell: Cell) -> SafeString:
    chips = ((marks.chip(one.label, tone=one.tone),) for one in cell.value)
    return format_html('<span class="row-x is-wrap">{}</span>', format_html_join("", "{}", chips))


def _link(cell: Cell) -> SafeString:
    shown = str(cell.value).partition("://")[2].rstrip("/")
    if cell.is_plain:
        return format_html('<span class="cut" data-verbatim>{}</span>', shown)
    return format_html(
        '<a class="cut" data-verbatim href="{}" target="_blank" rel="noopener noreferrer">{}</a>',
        cell.value,
        shown,
    )


_DRAWN: Mapping[str, Callable[[Cell], SafeString | str]] = {
    FieldType.EMAIL: _email,
    FieldType.USER: _user,
    FieldType.TOUCH: _touch,
    FieldType.CHOICE: _choice,
    FieldType.TAGS: _tags,
    FieldType.MOMENT: lambda cell: marks.moment(cell.value),
    FieldType.DATE: lambda cell: formats.day(cell.value),
    FieldType.CHOICES: _choices,
    FieldType.LINK: _link,
    FieldType.NUMBER: lambda cell: formats.exact_number(cell.value),
    FieldType.MONEY: lambda cell: formats.money(cell.value),
    FieldType.BOOLEAN: lambda cell: _("yes") if cell.value else _("no"),
}
_STYLES: Mapping[str, str] = {
    FieldType.NUMBER: "t-2 n",
    FieldType.MONEY: "t-2 n",
    FieldType.MOMENT: "t-3 num",
    FieldType.DATE: "t-3 num",
}


def rows_of(
    object_type: ObjectType,
    actor: Actor,
    records: Sequence[Any],
    columns: Sequence[Field],
    *,
    back: str = "",
) -> list[Row]:
    """The rows of a page; at most one query per computed column."""
    loaded = queries.load_values(object_type, actor, records, columns)
    choices = {field.key: field.choices() for field in columns if field.choices is not None}
    may_edit = actor.may(object_type.permissions.edit)
    suffix = f"?{urlencode({'from': back})}" if back else ""
    here = reverse("records:list", args=[object_type])
    rows = []
    for record in records:
        base = f"{here}/{record.public_id}"
        name = object_type.name_of(record)
        rows.append(
            Row(
                id=str(record.public_id),
                name=name,
                subtitle=object_type.subtitle_of(record),
                url=base + suffix,
                cells=[
                    cell_of(
                        record, field, loaded, edit_base=base if may_edit else "", choices=choices
                    )
                    for field in columns
                ],
            )
        )
    return rows


def cell_of(
    record: Any,
    field: Field,
    loaded: Any,
    *,
    edit_base: str = "",
    choices: Mapping[str, Sequence[Choice]] | None = None,
) -> Cell:
    """One cell; ``loaded`` is what ``load_values`` gave for the page.

    ``choices`` are those of each field, made once where there are many records.
    """
    if field.key in loaded:
        value = loaded[field.key].get(record.pk)
    else:
        value = queries.value_of(record, field)
    if field.type is FieldType.MONEY and isinstance(value, int):
        value = Money(value, record.currency)
    choice = None
    if field.choices is not None:
        known = field.choices() if choices is None else choices[field.key]
        if field.type is FieldType.CHOICE:
            choice = next((one for one in known if one.value == value), None)
        elif field.type is FieldType.CHOICES:
            value = [one for one in known if one.value in (value or ())]
    return Cell(
        key=field.key,
        label=field.label,
        type=str(field.type),
        value=value,
        choice=choice,
        edit_url=f"{edit_base}/fields/{field.key}" if edit_base and field.is_editable else "",
        is_name=field.key == "name",
    )


def cells_of(
    object_type: ObjectType, actor: Actor, record: Any, fields: Sequence[Field]
) -> list[Cell]:
    """The fields of one record, as its page shows them."""
    loaded = queries.load_values(object_type, actor, [record], fields)
    base = ""
    if actor.may(object_type.permissions.edit):
        base = reverse("records:record", args=[object_type, record.public_id])
    return [
        replace(cell, is_plain=bool(cell.edit_url) and cell.type == FieldType.LINK)
        for cell in (cell_of(record, field, loaded, edit_base=base) for field in fields)
    ]


# --- drawn ----------------------------------------------------------------------------------------
# A list has thousands of pieces, each of them there for wide and for small screens: put together
# here they take a tenth of what template nodes take. What can be told from the row's own address
# (its panel, the forms of its cells) stands there once: the scripts make the rest.


def table_rows(rows: Sequence[Row], *, are_square: bool, can_be_picked: bool) -> SafeString:
    """The rows of the table of a list."""
    return SafeString("\n".join(_table_row(row, are_square, can_be_picked) for row in rows))


def cards(rows: Sequence[Row], *, are_square: bool, can_be_picked: bool) -> SafeString:
    """The same rows as cards, for small screens."""
    return SafeString("\n".join(_card(row, are_square, can_be_picked) for row in rows))


def _table_row(row: Row, is_square: bool, can_be_picked: bool) -> str:
    name, url = escape(row.name), escape(row.url)
    cells = [f"<td>{_box(row, name)}</td>"] if can_be_picked else []
    for cell in row.cells:
        if cell.is_name:
            face = marks.face(row.name, size="sm", is_square=is_square)
            cells.append(
                f'<td data-verbatim><a class="who" href="{url}">{face}'
                f'<span class="ellipsis">{name}</span></a></td>'
            )
            continue
        edit = f' data-cell="./fields/{cell.key}"' if cell.edit_url else ""
        cells.append(f'<td{edit} class="{cell.style}">{conditional_escape(cell.shown)}</td>')
    return f"<tr data-row data-peek>{''.join(cells)}</tr>"


def _card(row: Row, is_square: bool, can_be_picked: bool) -> str:
    name, url, touch = escape(row.name), escape(row.url), row.touch
    told = ended = ""
    if touch:
        told = (
            f'<p class="row-x">{marks.side(touch.side)}'
            f'<span class="ellipsis">{escape(touch.text)}</span></p>'
        )
        ended = f'<div class="c-cards_end">{escape(formats.when(touch.at))}</div>'
    own = "" if can_be_picked else " data-row"
    card = (
        f'<a href="{url}"{own} data-verbatim>{marks.face(row.name, is_square=is_square)}'
        f'<div><b>{name}</b><p class="ellipsis">{escape(row.subtitle)}</p>{told}</div>{ended}</a>'
    )
    if not can_be_picked:
        return card
    box = _box(row, name)
    return (
        f'<div class="c-cards_row" data-row><label class="c-cards_pick">{box}</label>{card}</div>'
    )


def _box(row: Row, name: str) -> str:
    label = escape(_("Select %(name)s")) % {"name": name}
    return (
        f'<input class="form-check-input" type="checkbox" name="_ids" value="{row.id}" form="many"'
        f' data-pick aria-label="{label}">'
    )
