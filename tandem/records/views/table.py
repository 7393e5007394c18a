"""The rows of a list, drawn once: a table where there is room, cards on small screens.

A list has hundreds of cells. Put together here, with all that its columns share made beforehand,
they take a twentieth of what template nodes take. What can be told from the row's own address (its
panel, the forms of its cells) stands there once: the scripts make the rest. What can be told from
a column's head (that its cells hold the company's own words) stands in the head.
"""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tandem.kernel.actor import Actor
from tandem.kernel.money import Money
from tandem.records import queries
from tandem.records.slots import Field, FieldType, ObjectType
from tandem.records.views.cells import choice_shown, drawing_of
from tandem.ui import marks

Value = TypeVar("Value")

# What a card shows of a row beside its name: the last touch, and the first moment at its end.
_TOLD = {FieldType.TOUCH: "is-told"}
_STYLES: Mapping[FieldType, str] = {
    FieldType.NUMBER: "n",
    FieldType.MONEY: "n",
    FieldType.MOMENT: "t-3 num",
    FieldType.DATE: "t-3 num",
}
_REPEATED = {FieldType.USER, FieldType.CHOICE, FieldType.MOMENT, FieldType.DATE, FieldType.RECORD}


class _Column(NamedTuple):
    """A column: how each of its cells begins, where its value is read and how that is drawn."""

    begin: str
    read: Callable[[Any], Any]
    draw: Callable[[Any], str]


def table_rows(
    object_type: ObjectType,
    actor: Actor,
    records: Sequence[Any],
    fields: Sequence[Field],
    *,
    back: str = "",
    can_be_picked: bool,
) -> SafeString:
    """The rows of a page of a list; at most one query per computed column."""
    drawn = rows_drawn(object_type, actor, records, fields, back=back, can_be_picked=can_be_picked)
    return SafeString("\n".join(drawn))


def rows_drawn(
    object_type: ObjectType,
    actor: Actor,
    records: Sequence[Any],
    fields: Sequence[Field],
    *,
    back: str = "",
    can_be_picked: bool,
) -> list[str]:
    """The same rows, each on its own."""
    loaded = queries.load_values(object_type, actor, records, fields)
    may_edit = actor.may(object_type.permissions.edit)
    ending = next((one for one in fields if one.type is FieldType.MOMENT), None)
    columns = [
        _column(field, loaded.get(field.key), may_edit=may_edit, is_end=field is ending)
        for field in fields
        if field.key != "name"
    ]
    at = [field.key for field in fields].index("name") if _has_name(fields) else -1
    here = escape(reverse("records:list", args=[object_type]))
    query = escape(f"?{urlencode({'from': back}, safe='/')}") if back else ""
    picking = escape(_("Select %(name)s")) if can_be_picked else ""
    rows = []
    for record in records:
        cells = []
        for begin, read, draw in columns:
            value = read(record)
            shown = "" if value is None or value == "" or value == [] else draw(value)
            cells.append(f"{begin}{shown}</td>")
        name = object_type.name_of(record)
        if at >= 0:
            url = f"{here}/{record.public_id}{query}"
            cells.insert(at, _name(object_type, actor, record, name, url))
        box = _box(record, picking % {"name": escape(name)}) if picking else ""
        rows.append(f"<tr data-row data-peek>{box}{''.join(cells)}</tr>")
    return rows


def _has_name(fields: Sequence[Field]) -> bool:
    return any(field.key == "name" for field in fields)


def _name(object_type: ObjectType, actor: Actor, record: Any, name: str, url: str) -> str:
    face = marks.face(name, size="sm", is_square=object_type.is_square)
    subtitle = object_type.subtitle_for(actor, record)
    small = f"<small>{escape(subtitle)}</small>" if subtitle else ""
    return (
        f'<td><a class="who" href="{url}">{face}'
        f'<span class="ellipsis">{escape(name)}</span>{small}</a></td>'
    )


def _box(record: Any, label: str) -> str:
    return (
        '<td><label class="c-pick"><input class="form-check-input" type="checkbox" name="_ids"'
        f' value="{record.public_id}" form="many" data-pick aria-label="{label}"></label></td>'
    )


def _column(
    field: Field, values: Mapping[int, Any] | None, *, may_edit: bool, is_end: bool
) -> _Column:
    style = " ".join(
        filter(None, [_STYLES.get(field.type), _TOLD.get(field.type), "is-end" * is_end])
    )
    marked = f' class="{style}"' if style else ""
    edit = f' data-cell="{field.key}"' if may_edit and field.is_editable else ""
    draw = _drawing_in(field)
    return _Column(
        begin=f"<td{marked}{edit}>",
        read=_reading(field) if values is None else lambda record: values.get(record.pk),
        draw=_once(draw) if field.type in _REPEATED else draw,
    )


def _reading(field: Field) -> Callable[[Any], Any]:
    read = queries.reader_of(field)
    if field.type is not FieldType.MONEY:
        return read

    def money(record: Any) -> Any:
        value = read(record)
        return Money(value, record.currency) if isinstance(value, int) else value

    return money


def _drawing_in(field: Field) -> Callable[[Any], str]:
    """How values of the field are drawn, its choices looked up once for the page."""
    if field.choices is None:
        return _DRAWN.get(field.type) or drawing_of(field.type)
    known = {one.value: one for one in field.choices()}
    if field.type is FieldType.CHOICE:
        return lambda value: choice_shown(known[value]) if value in known else escape(str(value))
    draw = drawing_of(field.type)
    return lambda value: draw([known[one] for one in known if one in value])


def _touch(touch: Any) -> str:
    return f"{marks.side(touch.side)}{escape(touch.text)}"


def _user(user: Any) -> str:
    return f"{marks.face(user.name, side=user.mark, size='sm')}{escape(user.name)}"


# Where cells cut what is too long, a mark and its words need nothing around them.
_DRAWN: Mapping[FieldType, Callable[[Any], str]] = {
    FieldType.TOUCH: _touch,
    FieldType.USER: _user,
}


def _once(draw: Callable[[Value], str]) -> Callable[[Value], str]:
    """The same, each value drawn once."""
    kept: dict[Value, str] = {}

    def drawn(value: Value) -> str:
        if value not in kept:
            kept[value] = draw(value)
        return kept[value]

    return drawn
