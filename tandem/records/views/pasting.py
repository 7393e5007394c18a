"""A block of a spreadsheet pasted into a list: what it would change, cell by cell, and doing so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_symbol
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods
from pydantic import BaseModel, ValidationError

from tandem.accounts.queries import base_currency
from tandem.kernel.doors import ActorRequest
from tandem.kernel.readings import Reading
from tandem.records import queries
from tandem.records.actions.rows import RowChange, TriedRow, change_many, try_many
from tandem.records.errors import RowsUnfit
from tandem.records.queries.custom import company_zone, user_index
from tandem.records.rules.pasting import (
    MAX_BLOCK_CELLS,
    MAX_BLOCK_ROWS,
    MAX_BLOCK_TEXT,
    read_block,
    read_column,
)
from tandem.records.slots import Field, FieldType, ObjectType
from tandem.records.views.cells import cell_of
from tandem.records.views.doors import record_page
from tandem.records.views.lists import ListState
from tandem.ui import formats
from tandem.ui.complaints import sentence
from tandem.ui.responses import Toast, errors_by_field, render, see_other

FAULTS = {
    "no_number": gettext_lazy("This is no number."),
    "too_large": gettext_lazy("This number is too large."),
    "too_many_decimals": gettext_lazy("At most six digits behind the point."),
    "no_date": gettext_lazy("This is no day."),
    "no_such_day": gettext_lazy("There is no such day."),
    "no_such_time": gettext_lazy("The change of clocks left out this time."),
    "no_choice": gettext_lazy("This is none of the choices."),
    "no_user": gettext_lazy("No colleague is known by this name."),
    "no_flag": gettext_lazy("Say yes or no."),
}
STYLES = {
    "dmy": gettext_lazy("%(field)s is read as day, month, year."),
    "mdy": gettext_lazy("%(field)s is read as month, day, year."),
    "1.5": gettext_lazy("%(field)s is read with decimals after a point."),
    "1,5": gettext_lazy("%(field)s is read with decimals after a comma."),
}


@dataclass(frozen=True, slots=True)
class Change:
    """A cell that would change, or cannot: in words."""

    label: Any
    old: str
    new: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A record with what the block does to it."""

    name: str
    changes: Sequence[Change]


@require_http_methods(["GET", "POST"])
@record_page
def paste(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """The dialog that takes a block, says what it would change, and changes it when told to.

    ``_ids`` are the rows of the page, ``_from`` the one and ``_at`` the column that the block
    begins with. Nothing is written before ``_confirm``.
    """
    request.actor.require(object_type.permissions.edit)
    params = {key: one for key, one in request.GET.dict().items() if not key.startswith("_")}
    state = ListState(object_type, request.actor, params)
    if request.method == "GET":
        return _asked(request, state)
    pasted = _Pasted(request, state)
    if pasted.refusal:
        return _asked(request, state, refused=pasted.refusal)
    if "_confirm" in request.POST:
        try:
            done = change_many(request.actor, object_type, pasted.to_write())
        except RowsUnfit as refused:
            return pasted.shown(failed=pasted.told(refused))
        words = ngettext("%(n)s record changed", "%(n)s records changed", done.changed)
        toast = Toast(words % {"n": formats.number(done.changed)}, undo=done.change_set)
        if not done.change_set:
            toast = Toast(_("Everything was so already"), tone="warn")
        return see_other(request, _back(state), toast=toast)
    return pasted.shown()


def _asked(request: ActorRequest, state: ListState, *, refused: str = "") -> HttpResponseBase:
    """The page that a block is pasted into by hand: from which row and column on."""
    object_type = state.object_type
    page = queries.list_page(object_type, request.actor, state.query)
    columns = queries.columns_of(object_type, request.actor, state.query.columns)
    context = {
        "type": object_type,
        "page_title": _("Paste from a spreadsheet"),
        "state": state,
        "address": request.get_full_path(),
        "back": _back(state),
        "ids": [row.public_id for row in page.rows],
        "rows": [(row.public_id, object_type.name_of(row)) for row in page.rows],
        "columns": [
            (at, one.label) for at, one in enumerate(columns) if _is_written(object_type, one)
        ],
        "text": request.POST.get("_block", "")[:MAX_BLOCK_TEXT],
        "chosen_row": request.POST.get("_from", ""),
        "chosen_column": _number(request.POST.get("_at", "")),
        "refused": refused,
    }
    status = 422 if refused else 200
    return render(request, "records/paste.html", context, fragment="dialog", status=status)


class _Pasted:
    """A block laid on rows and columns of a list, and read."""

    def __init__(self, request: ActorRequest, state: ListState) -> None:
        self.request, self.state, self.actor = request, state, request.actor
        self.object_type = state.object_type
        self.block = read_block(request.POST.get("_block", "")[: MAX_BLOCK_TEXT + 1])
        self.ids = _ids(request)[:MAX_BLOCK_ROWS]
        self.at = _number(request.POST.get("_at", ""))
        self.faults: dict[tuple[UUID, str], str] = {}

    @property
    def refusal(self) -> str:
        """Why nothing of it can be read at all."""
        cells = sum(len(row) for row in self.block)
        if not cells or not any(cell for row in self.block for cell in row):
            return _("There is nothing to paste. Copy some cells of a spreadsheet first.")
        if len(self.request.POST.get("_block", "")) > MAX_BLOCK_TEXT or cells > MAX_BLOCK_CELLS:
            return _("This block is too large. Bring it in as a file, by an import.")
        if not self.ids or not self.columns:
            return _("Choose the row and the column that the block begins with.")
        if not self.fields:
            return _("None of these columns is written by hand.")
        return ""

    @cached_property
    def columns(self) -> Sequence[Field]:
        """The columns of the list that the block lies on."""
        width = max((len(row) for row in self.block), default=0)
        all_of_them = queries.columns_of(self.object_type, self.actor, self.state.query.columns)
        return all_of_them[self.at : self.at + width]

    @cached_property
    def fields(self) -> Sequence[Field]:
        """Those of them that are written by hand."""
        return [one for one in self.columns if _is_written(self.object_type, one)]

    @cached_property
    def rows(self) -> Sequence[tuple[UUID, Sequence[str]]]:
        """The rows of the list that it lies on, with their cells."""
        return list(zip(self.ids, self.block, strict=False))

    def to_write(self) -> list[RowChange]:
        """What was seen in the preview and fits, with the versions seen there."""
        left_out = set(self.request.POST.getlist("_left"))
        seen = dict(zip(self.ids, self.request.POST.get("_seen", "").split(","), strict=False))
        found = []
        for row in self._changes():
            keys = frozenset(key for key in row.keys if f"{row.public_id}.{key}" not in left_out)
            kept = row.only(keys)
            version = _number(seen.get(row.public_id, ""))
            if keys and version:
                kept = replace(kept, data=kept.data.model_copy(update={"version": version}))
            if keys:
                found.append(kept)
        return found

    def shown(self, *, failed: Sequence[str] = ()) -> HttpResponseBase:
        """The preview: every cell that would change, old and new, and every one that cannot."""
        rows = self._changes()
        trial = try_many(self.actor, self.object_type, rows, self.fields)
        blocks, changing, records, left = [], 0, 0, []
        unchanged = 0
        for row, tried in zip(rows, trial.rows, strict=True):
            changes = []
            for at, field in enumerate(self.columns):
                if field not in self.fields or at >= len(self._cells[row.public_id]):
                    continue
                old, new = (
                    cell_of(record, field, loaded).words
                    for record, loaded in (
                        (tried.before, trial.loaded_before),
                        (tried.after, trial.loaded_after),
                    )
                )
                fault = self._fault(row, tried, field)
                if fault:
                    changes.append(Change(field.label, old, self._cells[row.public_id][at], fault))
                    left += [f"{row.public_id}.{field.key}"] * (field.key in tried.faults)
                elif old != new:
                    changes.append(Change(field.label, old, new))
                else:
                    unchanged += 1
            fit = sum(not one.fault for one in changes)
            changing, records = changing + fit, records + bool(fit)
            if changes:
                blocks.append(Block(self.object_type.name_of(tried.before), changes))
        bad = sum(bool(change.fault) for block in blocks for change in block.changes)
        context = {
            "type": self.object_type,
            "page_title": _("Paste from a spreadsheet"),
            "preview": True,
            "address": self.request.get_full_path(),
            "back": _back(self.state),
            "blocks": sorted(blocks, key=lambda one: not any(c.fault for c in one.changes)),
            "failed": failed,
            "bad": bad,
            "changing": changing,
            "says": self._says(changing, records, unchanged),
            "notes": self._notes(),
            "verb": self._verb(changing, bad),
            "text": self.request.POST.get("_block", ""),
            "at": self.at,
            "ids": ",".join(str(one) for one in self.ids[: len(self.block)]),
            "seen": ",".join(str(one.before.row_version) for one in trial.rows),
            "left": left,
        }
        status = 422 if failed else 200
        return render(self.request, "records/paste.html", context, fragment="dialog", status=status)

    def told(self, refused: RowsUnfit) -> list[str]:
        """What was refused, by the name of its record and field."""
        rows = self.to_write()
        names = {
            one.public_id: self.object_type.name_of(one)
            for one in self.object_type.visible_to(self.actor).filter(
                public_id__in=[row.public_id for row in rows]
            )
        }
        labels = {field.key: field.label for field in self.fields}
        found = []
        for error in refused.errors:
            _rows, at, *key = error.field.split(".", 2)
            name = names.get(rows[int(at)].public_id, _("A record"))
            place = f"{name}, {labels.get(key[0], key[0])}" if key else name
            found.append(f"{place}: {error.message}")
        return found

    @cached_property
    def _cells(self) -> Mapping[UUID, Sequence[str]]:
        return dict(self.rows)

    def _changes(self) -> list[RowChange]:
        """The rows as the kind's own input takes them; what does not fit is noted in ``faults``."""
        found = []
        for public_id, cells in self.rows:
            own: dict[str, Any] = {}
            custom: dict[str, Any] = {}
            for field, text in zip(self.columns, cells, strict=False):
                reading = self._readings.get(field.key)
                if reading is None:
                    continue
                if text in reading.faults:
                    self._note(public_id, field.key, str(FAULTS[reading.faults[text]]))
                else:
                    into = own if field.custom is None else custom
                    into[field.key] = reading.values[text]
            found.append(RowChange(public_id, self._validated(public_id, own), custom))
        return found

    def _validated(self, public_id: UUID, values: dict[str, Any]) -> BaseModel:
        schema = self.object_type.change_schema
        while True:
            try:
                return schema.model_validate(values)
            except ValidationError as error:
                wrong = error.errors()
                known = [one for one in wrong if one["loc"] and one["loc"][0] in values]
                if not known:
                    raise
                for one in known:
                    key = str(one["loc"][0])
                    words = sentence(one["type"], one.get("ctx", {}), one["msg"])
                    self._note(public_id, key, words)
                    values.pop(key, None)

    def _note(self, public_id: UUID, key: str, words: str) -> None:
        self.faults[public_id, key] = words

    def _fault(self, row: RowChange, tried: TriedRow, field: Field) -> str:
        if (row.public_id, field.key) in self.faults:
            return self.faults[row.public_id, field.key]
        refused = tried.faults.get(field.key)
        if refused is None:
            return ""
        return " ".join(errors_by_field(refused).get(field.key, [str(refused)]))

    @cached_property
    def _readings(self) -> Mapping[str, Reading]:
        return {field.key: self._reading(field) for field in self.fields}

    def _reading(self, field: Field) -> Reading:
        at = self.columns.index(field)
        texts = [cells[at] for _id, cells in self.rows if at < len(cells)]
        names, currency = self._names(field), ""
        if field.type is FieldType.MONEY:
            currency = field.custom.currency if field.custom else base_currency()
        zone = company_zone()
        return read_column(field.type, texts, zone=zone, names=names, signs=_signs(currency))

    def _names(self, field: Field) -> Mapping[str, Any]:
        """What values are called: choices by value and label, colleagues by name and address."""
        if field.type is FieldType.USER:
            return self._users
        if field.type is FieldType.BOOLEAN:
            return {_("yes").casefold(): "true", _("no").casefold(): "false"}
        if field.choices is None:
            return {}
        known = field.choices()
        by_label = {str(one.label).casefold(): one.value for one in known}
        return by_label | {one.value.casefold(): one.value for one in known}

    @cached_property
    def _users(self) -> Mapping[str, str]:
        return user_index()

    def _notes(self) -> list[str]:
        """What of the block is left out, and how its columns were read where that is not sure."""
        notes = []
        beyond = len(self.block) - len(self.rows)
        if beyond > 0:
            words = ngettext(
                "%(n)s row of the block is beyond the end of this page and is left out.",
                "%(n)s rows of the block are beyond the end of this page and are left out.",
                beyond,
            )
            notes.append(words % {"n": formats.number(beyond)})
        wide = max(len(row) for row in self.block) - len(self.columns)
        if wide > 0:
            words = ngettext(
                "%(n)s column of the block is beyond the last column and is left out.",
                "%(n)s columns of the block are beyond the last column and are left out.",
                wide,
            )
            notes.append(words % {"n": formats.number(wide)})
        fixed = [str(one.label) for one in self.columns if one not in self.fields]
        if fixed:
            words = _("Not written by hand, and left out: %(fields)s.")
            notes.append(words % {"fields": ", ".join(fixed)})
        for field in self.fields:
            reading = self._readings[field.key]
            if not reading.is_certain and reading.style in STYLES:
                notes.append(str(STYLES[reading.style]) % {"field": field.label})
        return notes

    def _says(self, changing: int, records: int, unchanged: int) -> str:
        if not changing:
            return _("Nothing would change.")
        cells = ngettext("%(n)s cell", "%(n)s cells", changing) % {"n": formats.number(changing)}
        label = self.object_type.label if records == 1 else self.object_type.label_plural
        said = _("%(cells)s of %(n)s %(kinds)s will change.") % {
            "cells": cells,
            "n": formats.number(records),
            "kinds": str(label).lower(),
        }
        if unchanged:
            words = ngettext("%(n)s is so already.", "%(n)s are so already.", unchanged)
            said = f"{said} {words % {'n': formats.number(unchanged)}}"
        return said

    def _verb(self, changing: int, bad: int) -> str:
        words = ngettext("Change %(n)s cell", "Change %(n)s cells", changing)
        if bad:
            words = ngettext("Change the %(n)s that fits", "Change the %(n)s that fit", changing)
        return words % {"n": formats.number(changing)}


def _is_written(object_type: ObjectType, field: Field) -> bool:
    is_taken = field.custom is not None or field.key in object_type.change_schema.model_fields
    return field.is_editable and is_taken


def _ids(request: ActorRequest) -> list[UUID]:
    """The rows of the page, from the one on that the block begins with."""
    texts = [one for text in request.POST.getlist("_ids") for one in text.split(",")]
    first = request.POST.get("_from", "")
    texts = texts[texts.index(first) :] if first in texts else texts
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _signs(currency: str) -> tuple[str, ...]:
    if not currency:
        return ()
    return (currency, str(get_currency_symbol(currency, locale=formats.locale())))


def _back(state: ListState) -> str:
    return state.url(cursor=state.query.cursor or None)
