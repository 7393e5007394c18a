"""Values of records as pages show them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
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
    def words(self) -> str:
        """The value as a sentence has it."""
        if not self.is_filled:
            return ""
        if self.choice is not None:
            return str(self.choice.label)
        tell = _TOLD.get(self.type)
        return tell(self.value) if tell else str(getattr(self.value, "name", self.value))

    @property
    def shown(self) -> SafeString | str:
        """The value as the page draws it."""
        if not self.is_filled:
            return ""
        if self.choice is not None:
            return SafeString(choice_shown(self.choice))
        drawn = _bare(self.value) if self.is_plain else drawing_of(self.type)(self.value)
        if self.type in VERBATIM:
            return SafeString(f'<span class="cut" data-verbatim>{drawn}</span>')
        return SafeString(drawn)


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a list."""

    id: str
    name: str
    subtitle: str
    url: str
    version: int
    cells: Sequence[Cell]


# --- drawn ----------------------------------------------------------------------------------------
# Each takes a value that is there; made here and not by components, because a list has hundreds.


def _text(value: Any) -> str:
    return escape(str(value))


def _email(value: Any) -> str:
    local, at, domain = str(value).partition("@")
    return f"{escape(local)}{at}<wbr>{escape(domain)}"


def _user(user: Any) -> str:
    face = marks.face(user.name, side=user.mark, size="sm")
    return f'<span class="row-x">{face}<span class="ellipsis">{escape(user.name)}</span></span>'


def _touch(touch: Any) -> str:
    text = f'<span class="ellipsis">{escape(str(touch.text))}</span>'
    return f'<span class="row-x">{marks.side(touch.side)}{text}</span>'


def _tags(tags: Sequence[str]) -> str:
    return f'<span class="row-x is-wrap">{"".join(marks.chip(tag) for tag in tags)}</span>'


def _choices(picked: Sequence[Choice]) -> str:
    chips = "".join(marks.chip(one.label, tone=one.tone) for one in picked)
    return f'<span class="row-x is-wrap">{chips}</span>'


def _link(address: Any) -> str:
    return (
        f'<a class="cut" href="{escape(str(address))}" target="_blank" rel="noopener noreferrer">'
        f"{_bare(address)}</a>"
    )


def _bare(address: Any) -> str:
    """A link as text: without what every address begins with."""
    return escape(str(address).partition("://")[2].rstrip("/"))


def choice_shown(choice: Choice) -> str:
    """One choice, as a chip where it has a tone."""
    if choice.tone:
        return marks.chip(choice.label, tone=choice.tone)
    return escape(str(choice.label))


_DRAWN: Mapping[str, Callable[[Any], str]] = {
    FieldType.EMAIL: _email,
    FieldType.USER: _user,
    FieldType.TOUCH: _touch,
    FieldType.TAGS: _tags,
    FieldType.MOMENT: marks.moment,
    FieldType.DATE: lambda value: escape(formats.day(value)),
    FieldType.CHOICES: _choices,
    FieldType.LINK: _link,
    FieldType.NUMBER: lambda value: escape(formats.exact_number(value)),
    FieldType.MONEY: lambda value: escape(formats.money(value)),
    FieldType.BOOLEAN: lambda value: escape(_("yes") if value else _("no")),
}
_TOLD: Mapping[str, Callable[[Any], str]] = {
    FieldType.MOMENT: formats.day_and_time,
    FieldType.DATE: formats.long_day,
    FieldType.TAGS: ", ".join,
    FieldType.CHOICES: lambda picked: ", ".join(str(one.label) for one in picked),
    FieldType.NUMBER: formats.exact_number,
    FieldType.MONEY: formats.money,
    FieldType.BOOLEAN: lambda value: _("yes") if value else _("no"),
}
# Kinds of field whose values are the company's own words, which no language changes.
VERBATIM = {
    FieldType.TEXT,
    FieldType.EMAIL,
    FieldType.PHONE,
    FieldType.RECORD,
    FieldType.USER,
    FieldType.TAGS,
    FieldType.LINK,
}


def drawing_of(field_type: str) -> Callable[[Any], str]:
    """How values of this type are drawn: from a value that is there to HTML."""
    return _DRAWN.get(field_type, _text)


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
                subtitle=object_type.subtitle_for(actor, record),
                url=base + suffix,
                version=record.row_version,
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
