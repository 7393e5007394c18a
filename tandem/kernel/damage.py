"""What is wrong, or only odd, in the shape of a file: refusals of the whole, findings on the way.

A finding is told with the place and with what to do; the rows that it names were taken or failed,
as its words say.
"""

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Invalid

PLACES = 5


class FileUnreadable(Invalid):
    """The file is no table that can be read here."""

    code = "file_unreadable"
    message = _("This file cannot be read as a table.")


class FileDamaged(FileUnreadable):
    """The file is cut off or broken: what is there cannot be trusted to be all."""

    code = "file_damaged"
    message = _("This file is damaged. Nothing was imported.")


class FileTooLarge(FileUnreadable):
    code = "file_too_large"
    message = _("This file is too large, or holds more than it should.")


class FileEmpty(FileUnreadable):
    code = "file_empty"
    message = _("There are no rows in this file.")


WORDS: dict[str, Promise] = {
    "lines_above_header": _(
        "lines above the row of column names were passed over. Look whether the names are right."
    ),
    "no_header": _(
        "The first row is no row of names but a record: the columns are numbered. Say below what"
        " each one holds."
    ),
    "nameless_columns": _("columns have no name and are called by their place."),
    "duplicate_headers": _(
        "columns have the name of an earlier one and were numbered. Look which of them you want."
    ),
    "rows_quoted_whole": _(
        "rows stand in quotes as a whole and were taken apart. Look at some of them; else export"
        " the file again without quotes around rows."
    ),
    "shifted_columns": _(
        "rows have more or fewer cells than there are columns, and failed. A sign that parts cells"
        " stands inside of one: put that cell in quotes, or export with another sign."
    ),
    "short_rows": _(
        "rows end before the last column: what they lack was taken for empty. Look whether the"
        " other cells stand where they belong."
    ),
    "cut_off": _(
        "The file ends in the middle of a row, which failed. Rows behind it may be missing: export"
        " the file again."
    ),
    "ends_short": _(
        "The file ends in a row that lacks its last cells. It was taken, as other rows have nothing"
        " in them either: look whether its last cell is whole."
    ),
    "swallowed_rows": _(
        "cells hold further rows of the file: a quote before them is not closed in its row. Look"
        " at the line, and close it there."
    ),
    "other_sheets": _(
        "further sheets of the workbook were not read. Save each that you need as a file."
    ),
    "hidden_sheets": _("hidden sheets of the workbook were not read."),
    "error_cells": _(
        "cells hold an error of the spreadsheet instead of a value, and are taken for empty. Put"
        " the formulas right and save again."
    ),
    "merged_cells": _(
        "merged cells: each row got the value of the cell that it is part of. Look whether that is"
        " meant."
    ),
    "strange_letters": _(
        "The letters were read as Western ones and look strange so. If names are wrong below,"
        " choose another encoding, or export the file again as UTF-8."
    ),
    "late_fields": _(
        "fields first come far below the beginning of the file and were left out. Put a record"
        " that has them all first."
    ),
    "formulas_without_value": _(
        "cells hold a formula that was never worked out, and are taken for empty. Open the workbook"
        " in a spreadsheet and save it there."
    ),
    "mended_text": _("texts hold characters that no text can hold; a mark stands for each."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd: how often, and the first places."""

    code: str
    count: int
    places: tuple[str, ...]

    @property
    def message(self) -> str:
        """What it is and what to do about it."""
        return str(WORDS[self.code])


@dataclass(slots=True)
class Findings:
    """What reading a file found out about its shape, in the order in which it was met.

    ``unfit`` are the rows (from 1) that could not be laid under the header; an empty row stands in
    the place of each.
    """

    rows: int = 0
    unfit: list[int] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)
    _places: dict[str, list[str]] = field(default_factory=dict)

    def note(self, code: str, place: object, *, count: int = 1) -> None:
        """One more of a kind, and where."""
        self._counts[code] = self._counts.get(code, 0) + count
        places = self._places.setdefault(code, [])
        if len(places) < PLACES:
            places.append(str(place))

    def told(self) -> tuple[Finding, ...]:
        """All that was found."""
        return tuple(
            Finding(code, count, tuple(self._places[code])) for code, count in self._counts.items()
        )
