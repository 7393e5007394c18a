"""Rows and cells: values of records as a template shows them, one loop over plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from tandem.kernel.actor import Actor
from tandem.records import queries
from tandem.records.slots import Choice, Field, FieldType, ObjectType


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

    @property
    def pieces(self) -> list[str]:
        """A mail address in the pieces between which a line may break."""
        local, at, domain = str(self.value).partition("@")
        return [f"{local}{at}", domain]


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a list."""

    id: str
    name: str
    subtitle: str
    url: str
    peek_url: str
    cells: Sequence[Cell]

    @property
    def touch(self) -> Any:
        """The last touch, where the list has that column."""
        return next((cell.value for cell in self.cells if cell.type == FieldType.TOUCH), None)


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
    may_edit = actor.may(object_type.permissions.edit)
    suffix = f"?{urlencode({'from': back})}" if back else ""
    rows = []
    for record in records:
        base = reverse("records:record", args=[object_type, record.public_id])
        name = object_type.name_of(record)
        rows.append(
            Row(
                id=str(record.public_id),
                name=name,
                subtitle=object_type.subtitle_of(record),
                url=base + suffix,
                peek_url=f"{base}/peek{suffix}",
                cells=[
                    cell_of(record, field, loaded, edit_base=base if may_edit else "")
                    for field in columns
                ],
            )
        )
    return rows


def cell_of(record: Any, field: Field, loaded: Any, *, edit_base: str = "") -> Cell:
    """One cell; ``loaded`` is what ``load_values`` gave for the page."""
    if field.key in loaded:
        value = loaded[field.key].get(record.pk)
    else:
        value = queries.value_of(record, field)
    choice = None
    if field.type is FieldType.CHOICE and field.choices is not None:
        choice = next((c for c in field.choices() if c.value == value), None)
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
    return [cell_of(record, field, loaded, edit_base=base) for field in fields]
