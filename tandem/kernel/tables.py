"""Tables in files: CSV, TSV, JSON lines, as they are or gzipped, read in chunks of rows.

A file is surveyed whole before its first row is given out: one that is cut off, binary or of a
wrong encoding is refused with a reason, so that nothing is begun that cannot be ended.
"""

import codecs
import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.utils.translation import gettext_lazy as _

from tandem.kernel.errors import Invalid

MAX_BYTES = 2_000_000_000  # once unpacked
MAX_RATIO = 200  # unpacked to packed: above it is a bomb, no table
MAX_COLUMNS = 200
MAX_CELL = 64 * 1024
BLOCK = 1 << 20
SAMPLE_BYTES = 1 << 16
DELIMITERS = (",", ";", "\t", "|")
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"


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


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file is: found out by reading all of it once.

    ``lines`` is the number of line breaks, about that of rows.
    """

    sha256: str
    size: int
    is_packed: bool
    encoding: str
    kind: str  # csv or jsonl
    delimiter: str
    header: tuple[str, ...]
    lines: int


def survey(path: Path, *, name: str = "") -> Survey:
    """Read a file once through: digest, encoding, delimiter, header.

    ``name`` is what its owner calls it, for the ending. Raises FileUnreadable, FileDamaged,
    FileTooLarge, FileEmpty.
    """
    digest, size = _digest(path)
    with path.open("rb") as raw:
        start = raw.read(4)
    if not start:
        raise FileEmpty()
    if start == _ZIP:
        raise FileUnreadable(_("This is an archive or a spreadsheet. Save the table as CSV."))
    is_packed = start[:2] == _GZIP
    encoding, lines = _check(path, is_packed=is_packed, size=size)
    try:
        with _text(path, is_packed=is_packed, encoding=encoding) as text:
            sample = text.read(SAMPLE_BYTES)
    except UnicodeDecodeError as error:
        raise FileUnreadable(_("This is a binary file, no table.")) from error
    kind = "jsonl" if sample.lstrip()[:1] == "{" else "csv"
    plain = (name or path.name).lower().removesuffix(".gz")
    delimiter = "\t" if plain.endswith((".tsv", ".tab")) else _delimiter(sample)
    found = Survey(digest, size, is_packed, encoding, kind, delimiter, (), lines)
    header = _header(path, found)
    return Survey(digest, size, is_packed, encoding, kind, delimiter, header, lines)


def rows(
    path: Path, of: Survey, *, chunk: int = 20_000
) -> Iterator[tuple[int, Sequence[Sequence[str]]]]:
    """The rows below the header in chunks, each with the number of its first row (from 1).

    Every row has as many cells as the header. Raises FileDamaged with the place.
    """
    source = _json_rows(path, of) if of.kind == "jsonl" else _csv_rows(path, of)
    width, first = len(of.header), 1
    while True:
        try:
            batch = list(islice(source, chunk))
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileDamaged(
                _("Around row %(row)d the file breaks off or is quoted wrongly: %(why)s.")
                % {"row": first, "why": error}
            ) from error
        if not batch:
            return
        for at, row in enumerate(batch):
            if len(row) != width:
                raise FileDamaged(
                    _(
                        "Row %(row)d has %(found)d columns where the header has %(wanted)d."
                        " Nothing was imported."
                    )
                    % {"row": first + at, "found": len(row), "wanted": width}
                )
        yield first, batch
        first += len(batch)


def sample_of(path: Path, of: Survey, *, limit: int = 200) -> list[Sequence[str]]:
    """The first rows, to show and to guess by; stops before what is damaged later."""
    found: list[Sequence[str]] = []
    for _first, batch in rows(path, of, chunk=limit):
        found += batch
        break
    return found


# --- reading --------------------------------------------------------------------------------------


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest(), path.stat().st_size


def _bytes(path: Path, *, is_packed: bool) -> IO[bytes]:
    return gzip.open(path, "rb") if is_packed else path.open("rb")  # type: ignore[return-value]


def _text(path: Path, *, is_packed: bool, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        _bytes(path, is_packed=is_packed), encoding=encoding, errors="strict", newline=""
    )


def _check(path: Path, *, is_packed: bool, size: int) -> tuple[str, int]:
    """The encoding and the number of line breaks; refuses what is cut off or binary."""
    try:
        with _bytes(path, is_packed=is_packed) as raw:
            start = raw.read(4)
            encoding = _marked_encoding(start)
            decoder = codecs.getincrementaldecoder(encoding)("strict")
            is_utf8, lines, total, block = True, 0, 0, start
            while block:
                total += len(block)
                if total > MAX_BYTES or (is_packed and total > max(size, 1024) * MAX_RATIO):
                    raise FileTooLarge()
                is_utf8 = is_utf8 and _decodes(decoder, block)
                lines += block.count(b"\n")
                if encoding.startswith("utf-8") and b"\0" in block:
                    raise FileUnreadable(_("This is a binary file, no table."))
                block = raw.read(BLOCK)
            is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileDamaged(
            _("The packed file is cut off or broken. Nothing was imported.")
        ) from error
    if is_utf8:
        return encoding, lines
    if not encoding.startswith("utf-8"):
        raise FileDamaged(_("The file is not in the encoding that it begins with."))
    return "cp1252", lines


def _marked_encoding(start: bytes) -> str:
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8"


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        text = decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return "\0" not in text


def _delimiter(sample: str) -> str:
    """What most evenly cuts the first lines into the most cells."""
    lines = [line for line in sample.splitlines()[:50] if line.strip()][:20]
    best, most = ",", 0
    for mark in DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader(lines, delimiter=mark)]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        even = sum(width == widths[0] for width in widths) / len(widths)
        score = round(even * 1000) * 1000 + widths[0]
        if score > most:
            best, most = mark, score
    return best


def _header(path: Path, of: Survey) -> tuple[str, ...]:
    if of.kind == "jsonl":
        names: dict[str, None] = {}
        for record in islice(_json_records(path, of), 1000):
            names.update(dict.fromkeys(record))
        return _checked(list(names))
    with _text(path, is_packed=of.is_packed, encoding=of.encoding) as text:
        try:
            first = next(csv.reader(text, delimiter=of.delimiter, strict=True), None)
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileUnreadable() from error
    return _checked([name.strip() for name in first or []])


def _checked(names: Sequence[str]) -> tuple[str, ...]:
    if not any(names):
        raise FileEmpty()
    if len(names) > MAX_COLUMNS:
        raise FileUnreadable(
            _("The first row has more than %(most)d columns.") % {"most": MAX_COLUMNS}
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise FileUnreadable(
            _("Two columns are called %(name)s. Name each differently.") % {"name": twice[0]}
        )
    if any(not _is_printable(name) for name in names):
        raise FileUnreadable(_("This is a binary file, no table."))
    return tuple(names)


def _is_printable(name: str) -> bool:
    return len(name) <= MAX_CELL and all(char.isprintable() or char in "\t\n" for char in name)


def _csv_rows(path: Path, of: Survey) -> Iterator[Sequence[str]]:
    csv.field_size_limit(MAX_CELL)
    with _text(path, is_packed=of.is_packed, encoding=of.encoding) as text:
        reader = csv.reader(text, delimiter=of.delimiter, strict=True)
        next(reader)
        yield from filter(None, reader)


def _json_rows(path: Path, of: Survey) -> Iterator[Sequence[str]]:
    for record in _json_records(path, of):
        yield [_cell(record.get(name)) for name in of.header]


def _json_records(path: Path, of: Survey) -> Iterator[dict[str, Any]]:
    with _text(path, is_packed=of.is_packed, encoding=of.encoding) as text:
        for number, line in enumerate(text, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise FileDamaged(
                    _("Line %(line)d is no JSON. Nothing was imported.") % {"line": number}
                ) from error
            if not isinstance(record, dict):
                raise FileDamaged(_("Line %(line)d is no JSON object.") % {"line": number})
            yield record


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
