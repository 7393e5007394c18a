"""Sheets of XLSX as rows of texts: the first sheet that is shown and holds something.

A workbook is a ZIP archive from strangers: it is unpacked once and counted before the reader, which
holds a sheet in memory, is let at it.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import IO, Any
from xml.sax.saxutils import unescape

import python_calamine
from django.utils.translation import gettext as _

from tandem.kernel.damage import FileDamaged, FileEmpty, FileTooLarge, FileUnreadable, Findings
from tandem.kernel.delimited import PREAMBLE, is_record

MAX_UNPACKED = 1_000_000_000
ALWAYS_UNPACKED = 50_000_000  # below it no ratio is asked
MAX_RATIO = 200
MAX_MEMBERS = 2_000
MAX_CELLS = 20_000_000  # of the rectangle around all that is filled
BLOCK = 1 << 20
_TAIL = 400  # longer than the head of a cell
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_FILLED = re.compile(
    rb"<(?:\w+:)?c\s(?:[^<>]*?\s)?r\s*=\s*[\"']([A-Za-z]{1,7})(\d{1,10})[\"'][^<>]*(?<!/)>"
)
_PLACELESS = re.compile(rb"<(?:\w+:)?c(?:\s+(?!r\s*=)[\w:]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*\s*>")
_ROW = re.compile(rb"<(?:\w+:)?row\s(?:[^<>]*?\s)?r\s*=\s*[\"'](\d{1,10})[\"']")
_ERROR = re.compile(rb"<(?:\w+:)?c\s[^<>]*?\bt\s*=\s*[\"']e[\"'][^<>]*>")
# A cell with a formula and nothing behind it: whoever wrote the file has not worked it out.
_UNSOLVED = re.compile(
    rb"(<(?:\w+:)?c\s[^<>]*>)\s*<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_ODD = {"error_cells": _ERROR, "formulas_without_value": _UNSOLVED}
_PLACE = re.compile(rb"\br\s*=\s*[\"']([A-Z]+\d+)[\"']")
_LISTED = re.compile(rb"<(?:\w+:)?sheet\s[^<>]*>")
_LINK = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]*>")
_NAME = re.compile(rb"\bname\s*=\s*\"([^\"]*)\"")
_ID = re.compile(rb"(?<=[\s:])[iI]d\s*=\s*\"([^\"]*)\"")
_TARGET = re.compile(rb"\bTarget\s*=\s*\"([^\"]*)\"")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as rows of texts, all of one width, read once and with findings of their own.

    ``names`` is its first row; where ``has_header`` is False that is a record as well.
    """

    title: str
    names: Sequence[str]
    has_header: bool
    height: int
    rows: Callable[[Findings], Iterator[list[str]]]


def open_sheet(file: IO[bytes], findings: Findings) -> Sheet:
    """The first sheet with something in it; what else is odd is noted.

    Days and times come in ISO 8601, numbers with a point, yes and no as true and false. Raises
    FileUnreadable and its kinds.
    """
    odd = _check(file)
    file.seek(0)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(file)
        kept, sheet = _first_filled(book, findings)
        rows = sheet.iter_rows()
    except python_calamine.PasswordError as error:
        raise FileUnreadable(_("This workbook is locked with a password.")) from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise FileDamaged(_("This workbook is broken. Nothing was imported.")) from error
    merged = _merged(sheet, findings)
    for code, places in odd.items():
        for place in places.get(kept, ()):
            findings.note(code, _("cell %(place)s") % {"place": place})
    filled: Iterator[tuple[int, list[Any]]] = (
        (at, row) for at, row in enumerate(rows) if any(cell != "" for cell in row)
    )
    above, first = _names(filled)
    names = [_text(cell) for cell in first]
    has_header = not is_record(names)
    if above:
        findings.note("lines_above_header", _("sheet %(name)s") % {"name": kept}, count=above)
    if not has_header:
        findings.note("no_header", _("row %(row)d") % {"row": above + 1})
        filled = chain([(above, first)], filled)
    return Sheet(kept, names, has_header, sheet.height, lambda found: _texts(filled, merged, found))


def _first_filled(
    book: python_calamine.CalamineWorkbook, findings: Findings
) -> tuple[str, python_calamine.CalamineSheet]:
    tables = [
        one for one in book.sheets_metadata if one.typ is python_calamine.SheetTypeEnum.WorkSheet
    ]
    shown = [one for one in tables if one.visible is python_calamine.SheetVisibleEnum.Visible]
    for one in tables:
        if one not in shown:
            findings.note("hidden_sheets", one.name)
    for at, one in enumerate(shown):
        sheet = book.get_sheet_by_name(one.name)
        if sheet.start is not None and sheet.height:
            for other in shown[at + 1 :]:
                findings.note("other_sheets", other.name)
            return one.name, sheet
    raise FileEmpty()


def _names(rows: Iterator[tuple[int, list[Any]]]) -> tuple[int, list[Any]]:
    """The row of names: the first with more than one cell, of those where titles stand."""
    held: list[tuple[int, list[Any]]] = []
    for at, row in rows:
        held.append((at, row))
        if sum(cell != "" for cell in row) > 1 or len(row) == 1:
            return at, row
        if len(held) == PREAMBLE:
            break
    raise FileUnreadable(_("This sheet has no row with the names of its columns."))


def _merged(
    sheet: python_calamine.CalamineSheet, findings: Findings
) -> dict[tuple[int, int], tuple[int, int]]:
    """For each cell below the first of a merged column of cells: where its value stands."""
    found = {}
    begin = sheet.start or (0, 0)
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if bottom == top or (bottom - top) * (right - left + 1) > MAX_CELLS // 100:
            continue
        findings.note("merged_cells", _("row %(row)d") % {"row": top + 1})
        for row in range(top + 1, min(bottom, top + sheet.total_height) + 1):
            found[row - begin[0], left - begin[1]] = (top - begin[0], left - begin[1])
    return found


def _texts(
    rows: Iterator[tuple[int, list[Any]]],
    merged: dict[tuple[int, int], tuple[int, int]],
    findings: Findings,
) -> Iterator[list[str]]:
    tops: dict[tuple[int, int], Any] = {}
    wanted = set(merged.values())
    for at, row in rows:
        if merged:
            for column in range(len(row)):
                if (at, column) in wanted:
                    tops[at, column] = row[column]
                elif (at, column) in merged:
                    row[column] = tops.get(merged[at, column], "")
        findings.rows += 1
        yield [_text(cell) for cell in row]


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            # Fifteen digits are what a spreadsheet shows; behind them stands only noise.
            return str(int(value)) if value == int(value) else format(value, ".15g")
        case datetime():
            return value.replace(microsecond=0).isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return ""


# --- the archive ----------------------------------------------------------------------------------


def _check(file: IO[bytes]) -> dict[str, dict[str, list[str]]]:
    """Refuse what is no whole workbook, or more than it seems; the odd cells by code and sheet."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise FileTooLarge()
            if not any(one.filename.lower().startswith("xl/") for one in members):
                raise FileUnreadable(
                    _("This is an archive. Unpack it, and take the table that is in it.")
                )
            if any(one.flag_bits & 1 for one in members):
                raise FileUnreadable(_("This workbook is locked with a password."))
            scan = _Scan(archive, packed=sum(one.compress_size for one in members))
            for member in members:
                scan.unpack(member)
            titles = scan.titles()
            return {
                code: {title: places.get(path, []) for title, path in titles.items()}
                for code, places in scan.odd.items()
            }
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise FileDamaged(_("This workbook is cut off or broken. Nothing was imported.")) from error


class _Scan:
    """Unpacks an archive to nowhere, and counts: bytes, where filled cells end, odd cells."""

    def __init__(self, archive: zipfile.ZipFile, *, packed: int) -> None:
        self.archive = archive
        self.most = min(MAX_UNPACKED, max(ALWAYS_UNPACKED, packed * MAX_RATIO))
        self.total = 0
        self.odd: dict[str, dict[str, list[str]]] = {code: {} for code in _ODD}

    def unpack(self, member: zipfile.ZipInfo) -> None:
        """One member; FileTooLarge, FileUnreadable."""
        is_sheet = _SHEET.fullmatch(member.filename) is not None
        right = bottom = 0
        tail = b""
        with self.archive.open(member) as file:
            while block := file.read(BLOCK):
                self.total += len(block)
                if self.total > self.most:
                    raise FileTooLarge()
                if not tail and b"<!DOCTYPE" in block[:4096]:
                    raise FileUnreadable(_("This workbook declares things that no table needs."))
                held = tail + block
                tail = held[-_TAIL:]
                if not is_sheet:
                    continue
                right, bottom = _extent(held, right, bottom)
                if right * bottom > MAX_CELLS:
                    raise FileTooLarge(
                        _(
                            "A cell far from the others makes this sheet too large. Delete the"
                            " rows and columns behind your table, and save again."
                        )
                    )
                for code, pattern in _ODD.items():
                    self._note(code, pattern, member.filename, held)

    def _note(self, code: str, pattern: re.Pattern[bytes], name: str, held: bytes) -> None:
        found = self.odd[code].setdefault(name, [])
        for head in pattern.findall(held):
            place = _PLACE.search(head)
            text = place[1].decode() if place else "?"
            if text == "?" or text not in found[-8:]:  # the end of a block is looked at twice
                found.append(text)

    def titles(self) -> dict[str, str]:
        """The member that holds each sheet, by title; empty where the workbook lists none."""
        try:
            listed = self.archive.read("xl/workbook.xml")
            links = self.archive.read("xl/_rels/workbook.xml.rels")
        except KeyError:
            return {}
        paths = {
            _in(_ID, link): _in(_TARGET, link).removeprefix("/xl/") for link in _LINK.findall(links)
        }
        return {
            unescape(_in(_NAME, one)): f"xl/{paths.get(_in(_ID, one), '')}"
            for one in _LISTED.findall(listed)
        }


def _in(pattern: re.Pattern[bytes], text: bytes) -> str:
    found = pattern.search(text)
    return found[1].decode("utf-8", "replace") if found else ""


def _extent(held: bytes, right: int, bottom: int) -> tuple[int, int]:
    places = _FILLED.findall(held)
    if places:
        right = max(right, *map(_column, {letters for letters, _row in places}))
        bottom = max(bottom, *(int(row) for _letters, row in places))
    if _PLACELESS.search(held):
        bottom = max([bottom, *map(int, _ROW.findall(held))])
        right = max(right, 1)
    return right, bottom


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
