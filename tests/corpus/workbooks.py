"""Workbooks of XLSX written by hand, so that they can be as odd as those of other programs."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def column(number: int) -> str:
    """The letters of a column, from 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell(place: str, value: object) -> str:
    """One cell: text, number, yes or no; ``#N/A`` is an error, a day is (serial number,)."""
    if value is None:
        return f'<c r="{place}" s="1"/>'
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    if isinstance(value, tuple):
        return f'<c r="{place}" s="{2 if value[0] % 1 else 1}"><v>{value[0]!r}</v></c>'
    if str(value).startswith("#"):
        return f'<c r="{place}" t="e"><v>{value}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def sheet(
    rows: Sequence[Sequence[object]],
    *,
    merged: Sequence[str] = (),
    claims: str = "",
    more: str = "",
) -> str:
    """The XML of a sheet; ``claims`` is the size that it says it has, ``more`` goes into it raw."""
    body = "".join(
        f'<row r="{at}">'
        + "".join(cell(f"{column(place)}{at}", value) for place, value in enumerate(row))
        + "</row>"
        for at, row in enumerate(rows, start=1)
    )
    size = f'<dimension ref="{claims}"/>' if claims else ""
    held = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
    return (
        f'<?xml version="1.0"?><worksheet xmlns="{MAIN}">{size}<sheetData>{body}{more}</sheetData>'
        + (f"<mergeCells>{held}</mergeCells>" if merged else "")
        + "</worksheet>"
    )


def workbook(
    sheets: Mapping[str, str],
    *,
    hidden: Sequence[str] = (),
    from_1904: bool = False,
    extra: Mapping[str, bytes] | None = None,
) -> bytes:
    """A workbook of sheets by title."""
    listed = links = types = ""
    parts: dict[str, bytes] = dict(extra or {})
    for at, (title, xml) in enumerate(sheets.items(), start=1):
        state = ' state="hidden"' if title in hidden else ""
        listed += f'<sheet name="{escape(title)}" sheetId="{at}" r:id="r{at}"{state}/>'
        links += (
            f'<Relationship Id="r{at}" Type="{OFFICE}/worksheet" Target="worksheets/s{at}.xml"/>'
        )
        types += (
            f'<Override PartName="/xl/worksheets/s{at}.xml" ContentType="{SHEET}.worksheet+xml"/>'
        )
        parts[f"xl/worksheets/s{at}.xml"] = xml.encode()
    epoch = '<workbookPr date1904="1"/>' if from_1904 else ""
    parts |= {
        "[Content_Types].xml": (
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET}.sheet.main+xml"/>{types}'
            f'<Override PartName="/xl/styles.xml" ContentType="{SHEET}.styles+xml"/></Types>'
        ).encode(),
        "_rels/.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1"'
            f' Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ).encode(),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships">{links}<Relationship Id="r99"'
            f' Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
        ).encode(),
        "xl/workbook.xml": (
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{epoch}'
            f"<sheets>{listed}</sheets></workbook>"
        ).encode(),
        "xl/styles.xml": (
            f'<styleSheet xmlns="{MAIN}"><cellXfs count="3"><xf/><xf numFmtId="14"/>'
            '<xf numFmtId="22"/></cellXfs></styleSheet>'
        ).encode(),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return held.getvalue()
