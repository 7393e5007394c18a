"""Tables written to files for people and their spreadsheets: CSV and XLSX, row by row.

A text that a spreadsheet would run as a formula is written so that it is a text there: in CSV with
a quote before it, in XLSX as a cell of text.
"""

import csv
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Invalid

Value = str | int | float | Decimal | date | datetime | bool | None
Rows = Iterable[Sequence[Value]]

# What XLSX can hold below its header.
MAX_SHEET_ROWS = 1_048_575


class SheetTooLong(Invalid):
    """A sheet of XLSX has room for a million rows."""

    code = "sheet_too_long"
    message = _("This is more than a spreadsheet holds. Take CSV.")


def harmless(value: Value) -> Value:
    """A text that a spreadsheet would take for a formula, with a quote before it."""
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "@", "-", "\t", "\r", "\n")
    return f"'{value}" if is_formula and not is_number(str(value)) else value


def is_number(text: str) -> bool:
    """Whether a text is a plain number: digits, a point, a minus."""
    return text.removeprefix("-").replace(".", "", 1).isdecimal()


def write_csv(path: Path, header: Sequence[str], rows: Rows) -> None:
    """UTF-8 with the mark by which Excel knows it; times in ISO 8601, UTC."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([harmless(name) for name in header])
        writer.writerows([_plain(value) for value in row] for row in rows)


def write_xlsx(path: Path, header: Sequence[str], rows: Rows) -> None:
    """One sheet, the header frozen; numbers, days and times are such, all else is text.

    Times are in UTC. Raises SheetTooLong.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            _write_sheet(sheet, header, rows)


WRITERS: dict[str, Callable[[Path, Sequence[str], Rows], None]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
}

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def _plain(value: Value) -> Value:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return harmless(value)


# --- XLSX -----------------------------------------------------------------------------------------

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>',
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="r1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="r2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Tandem" sheetId="1" r:id="r1"/></sheets></workbook>',
    # Cells of style 1 are days, of style 2 moments, of style 3 heads.
    "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="22" applyNumberFormat="1"/>'
    '<xf fontId="1" applyFont="1"/></cellXfs></styleSheet>',
}
_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
# What XML cannot hold.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MAX_TEXT = 32_767


def _write_sheet(sheet: IO[bytes], header: Sequence[str], rows: Rows) -> None:
    sheet.write(
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews>'
        "<sheetData>".encode()
    )
    heads = "".join(_text(name, style=' s="3"') for name in header)
    sheet.write(f"<row>{heads}</row>".encode())
    for number, row in enumerate(rows):
        if number >= MAX_SHEET_ROWS:
            raise SheetTooLong()
        sheet.write(f"<row>{''.join(map(_cell, row))}</row>".encode())
    sheet.write(b"</sheetData></worksheet>")


def _cell(value: Value) -> str:
    match value:
        case None | "":
            return "<c/>"
        case bool():
            return f'<c t="b"><v>{int(value)}</v></c>'
        case int() | float() | Decimal():
            return f"<c><v>{value}</v></c>"
        case datetime():
            days = (value.astimezone(UTC) - _EPOCH).total_seconds() / 86_400
            return f'<c s="2"><v>{days:.6f}</v></c>'
        case date():
            return f'<c s="1"><v>{(value - _EPOCH.date()).days}</v></c>'
        case _:
            return _text(str(value))


def _text(value: str, *, style: str = "") -> str:
    plain = escape(_UNWRITABLE.sub("", value[:_MAX_TEXT]))
    return f'<c t="inlineStr"{style}><is><t xml:space="preserve">{plain}</t></is></c>'
