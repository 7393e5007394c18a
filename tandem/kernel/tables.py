"""Tables in files: CSV, TSV, JSON, XLSX, as they are or gzipped, read in chunks of rows.

A file is surveyed whole before its first row is given out: one that is cut off, binary or of a
wrong encoding is refused with a reason, so that nothing is begun that cannot be ended.
"""

import codecs
import csv
import gzip
import hashlib
import io
import re
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import IO, Literal, get_args

from django.utils.translation import gettext as _

from tandem.kernel.damage import (
    FileDamaged,
    FileEmpty,
    FileTooLarge,
    FileUnreadable,
    Finding,
    Findings,
)
from tandem.kernel.delimited import (
    DELIMITERS,
    MAX_CELL,
    DelimiterName,
    Dialect,
    batches,
    find_dialect,
    header_of,
)
from tandem.kernel.jsonrows import RECORDS, cells, names_of
from tandem.kernel.workbooks import open_sheet

MAX_BYTES = 2_000_000_000  # once unpacked
MAX_RATIO = 200  # unpacked to packed: above it is a bomb, no table
MAX_COLUMNS = 200
BLOCK = 1 << 20
SAMPLE_BYTES = 1 << 16
NAMING_RECORDS = 1000  # of JSON, whose names make the header
FEW_ZEROS = 2  # bytes of zero in a text that has been spoiled
# What a file may be said to be written in.
Encoding = Literal[
    "utf-8",
    "utf-16",
    "cp1252",
    "cp1250",
    "cp1251",
    "koi8-r",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp932",
    "gb18030",
    "big5",
    "cp949",
    "mac-roman",
    "cp850",
]
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
_CONTROLS = bytes([*range(2, 9), *range(14, 31)])
_WORD = re.compile(r"[^\s,;|\"]+")
_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class Survey:
    """What a file is: found out by reading all of it once.

    ``lines`` is the number of line breaks, about that of rows; ``found`` is what is odd about the
    columns. ``ends_open`` where no line break stands at the end. Columns without a name are called
    by their place, those with that of an earlier one are numbered.
    """

    sha256: str
    size: int
    is_packed: bool
    encoding: str
    kind: str  # csv, json, jsonl or xlsx
    header: tuple[str, ...]
    lines: int
    dialect: Dialect = field(default_factory=Dialect)
    ends_open: bool = False
    sheet: str = ""
    found: tuple[Finding, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows there are, names aside: exact where no cell holds a line break."""
        named = self.dialect.has_header and self.kind in {"csv", "xlsx"}
        return max(self.lines + self.ends_open - self.dialect.above - named, 1)

    @property
    def delimiter(self) -> str:
        """What parts the cells of a line."""
        return self.dialect.delimiter


def survey(
    path: Path,
    *,
    name: str = "",
    encoding: Encoding | None = None,
    delimiter: DelimiterName | None = None,
) -> Survey:
    """Read a file once through: digest, encoding, how it is cut, header.

    ``name`` is what its owner calls it, for the ending; ``encoding`` and ``delimiter`` what they
    say it is written with, found out where they do not. Raises FileUnreadable, FileDamaged,
    FileTooLarge, FileEmpty.
    """
    digest, size = _digest(path)
    with path.open("rb") as raw:
        start = raw.read(4)
    if not start:
        raise FileEmpty()
    is_packed = start[:2] == _GZIP
    if is_packed:
        start = _first_packed(path)
    if start == _OLD_OFFICE:
        raise FileUnreadable(
            _("This is a workbook of an old kind, or one with a password. Save it as XLSX or CSV.")
        )
    blank = Survey(digest, size, is_packed, "", "csv", (), 0)
    if start == _ZIP:
        return _workbook(path, replace(blank, encoding="utf-8", kind="xlsx"))
    plain_name = (name or path.name).lower().removesuffix(".gz")
    return _lines(path, blank, plain_name=plain_name, encoding=encoding, delimiter=delimiter)


def rows(
    path: Path, of: Survey, *, chunk: int = 20_000, findings: Findings | None = None
) -> Iterator[tuple[int, Sequence[Sequence[str]]]]:
    """The rows below the header in chunks, each with the number of its first row (from 1).

    Every row has as many cells as the header; one that could not be brought to that is empty, and
    stands in ``findings``. Raises FileDamaged with the place.
    """
    found = Findings() if findings is None else findings
    first = 1
    for batch in _batches(path, of, chunk, found):
        yield first, batch
        first += len(batch)
    if 2 * len(found.unfit) > found.rows:
        raise FileDamaged(
            _(
                "Row %(row)d and most others have more or fewer cells than there are columns"
                " (%(wanted)d). Nothing was imported."
            )
            % {"row": found.unfit[0], "wanted": len(of.header)}
        )


def sample_of(path: Path, of: Survey, *, limit: int = 200) -> list[Sequence[str]]:
    """The first rows, to show and to guess by; stops before what is damaged later."""
    for _first, batch in rows(path, of, chunk=limit):
        return list(batch)
    return []


# --- kinds of file --------------------------------------------------------------------------------


def _lines(
    path: Path,
    blank: Survey,
    *,
    plain_name: str,
    encoding: Encoding | None,
    delimiter: DelimiterName | None,
) -> Survey:
    codec, lines, ends_open = _check(
        path, is_packed=blank.is_packed, size=blank.size, chosen=encoding
    )
    found = replace(blank, encoding=codec, lines=lines, ends_open=ends_open)
    try:
        with _text(path, found) as text:
            sample = text.read(SAMPLE_BYTES)
    except UnicodeDecodeError as error:
        raise FileUnreadable(
            _(
                "This is no table, or its encoding cannot be found out. If it is one, choose the"
                " encoding."
            ),
            field="encoding",
        ) from error
    kind = _kind(sample)
    if kind != "csv":
        found = replace(found, kind=kind)
        with _text(path, found) as text:
            return _named(found, names_of(islice(RECORDS[kind](text), NAMING_RECORDS)), Findings())
    by_name = "\t" if plain_name.endswith((".tsv", ".tab")) else ""
    dialect = find_dialect(sample, delimiter=DELIMITERS[delimiter] if delimiter else by_name)
    with _text(path, found) as text:
        try:
            names = header_of(text, dialect)
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileUnreadable(
                _("The first line is quoted wrongly: a quote in it does not end.")
            ) from error
    findings = Findings()
    if codec == "cp1252" and not encoding and _is_strange(sample):
        findings.note("strange_letters", _("line %(line)d") % {"line": dialect.above + 1})
    titles = dialect.above - sample.lower().startswith("sep=")
    if titles:
        findings.note("lines_above_header", _("line 1"), count=titles)
    if not dialect.has_header:
        findings.note("no_header", _("line %(line)d") % {"line": dialect.above + 1})
        names = [""] * len(names)
    return _named(replace(found, dialect=dialect), names, findings)


def _workbook(path: Path, found: Survey) -> Survey:
    findings = Findings()
    with _whole(path, found) as file:
        sheet = open_sheet(file, findings)
    found = replace(found, dialect=Dialect(has_header=sheet.has_header), lines=sheet.height)
    names = sheet.names if sheet.has_header else [""] * len(sheet.names)
    return _named(replace(found, sheet=sheet.title), names, findings)


def _kind(sample: str) -> str:
    start = sample.lstrip()
    if start[:1] == "{":
        return "jsonl"
    return "json" if start[:1] == "[" and start[1:].lstrip()[:1] in ("{", "]") else "csv"


def _batches(
    path: Path, of: Survey, chunk: int, findings: Findings
) -> Iterator[Sequence[Sequence[str]]]:
    if of.kind == "csv":
        yield from batches(
            lambda: _text(path, of),
            of.dialect,
            width=len(of.header),
            chunk=chunk,
            ends_open=of.ends_open,
            findings=findings,
        )
    elif of.kind == "xlsx":
        with _whole(path, of) as file:
            # What is odd about the sheet stands in the survey; here it counts rows alone.
            sheet = open_sheet(file, Findings())
            yield from _chunks(sheet.rows(findings), chunk)
    else:
        with _text(path, of) as text:
            yield from _chunks(cells(RECORDS[of.kind](text), of.header, findings), chunk)


def _chunks(source: Iterator[list[str]], chunk: int) -> Iterator[list[list[str]]]:
    while batch := list(islice(source, chunk)):
        yield batch


def _named(found: Survey, names: Sequence[str], findings: Findings) -> Survey:
    """The survey with a header in which each column has a name of its own."""
    names = [name.lstrip("\ufeff") for name in names]
    if not names or not (any(names) or any(one.code == "no_header" for one in findings.told())):
        raise FileEmpty()
    if len(names) > MAX_COLUMNS:
        raise FileUnreadable(
            _("The first row has more than %(most)d columns.") % {"most": MAX_COLUMNS}
        )
    if any(not _is_printable(name) for name in names):
        raise FileUnreadable(_("This is a binary file, no table."))
    header: dict[str, None] = {}
    for place, raw in enumerate(names, start=1):
        name = raw.strip()
        own = name or _("Column %(place)d") % {"place": place}
        if own in header:
            own = next(
                numbered
                for n in range(2, len(names) + 2)
                if (numbered := f"{own} ({n})") not in header
            )
            findings.note("duplicate_headers", own)
        elif not name and found.dialect.has_header:
            findings.note("nameless_columns", own)
        header[own] = None
    return replace(found, header=tuple(header), found=findings.told())


def _is_strange(text: str) -> bool:
    """Whether words of a text read as Western have more strange signs than any language there."""
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    strange = sum(not char.isascii() for word in words for char in word)
    return strange * 2 > sum(map(len, words))


def _is_printable(name: str) -> bool:
    return len(name) <= MAX_CELL and all(char.isprintable() or char in "\r\t\n" for char in name)


# --- bytes ----------------------------------------------------------------------------------------


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as raw:
        return hashlib.file_digest(raw, "sha256").hexdigest(), path.stat().st_size


def _first_packed(path: Path) -> bytes:
    try:
        with gzip.open(path, "rb") as raw:
            return raw.read(4)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _broken_pack() from error


def _broken_pack() -> FileDamaged:
    return FileDamaged(_("The packed file is cut off or broken. Nothing was imported."))


@contextmanager
def _whole(path: Path, of: Survey) -> Iterator[IO[bytes]]:
    """A file to go back and forth in: a packed one is unpacked beside it, while it is needed."""
    if not of.is_packed:
        with path.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as file:
        try:
            with gzip.open(path, "rb") as raw:
                while block := raw.read(BLOCK):
                    file.write(block)
                    if file.tell() > max(of.size, 1024) * MAX_RATIO:
                        raise FileTooLarge()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _broken_pack() from error
        yield file


def _bytes(path: Path, *, is_packed: bool) -> IO[bytes]:
    return gzip.open(path, "rb") if is_packed else path.open("rb")  # type: ignore[return-value]


def _text(path: Path, of: Survey) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        _bytes(path, is_packed=of.is_packed), encoding=of.encoding, errors="strict", newline=""
    )


def _check(
    path: Path, *, is_packed: bool, size: int, chosen: Encoding | None
) -> tuple[str, int, bool]:
    """Encoding, number of line breaks, whether none ends it; refuses what is cut off or binary."""
    try:
        with _bytes(path, is_packed=is_packed) as raw:
            start = raw.read(BLOCK)
            encoding = _codec(chosen, start)
            decoder = codecs.getincrementaldecoder(encoding)("strict")
            is_utf8, lines, total, block, last = True, 0, 0, start, b""
            while block:
                total += len(block)
                if total > MAX_BYTES or (is_packed and total > max(size, 1024) * MAX_RATIO):
                    raise FileTooLarge()
                is_utf8 = is_utf8 and _decodes(decoder, block)
                lines += block.count(b"\n")
                if encoding.startswith("utf-8") and b"\0" in block:
                    raise _nothing_in(block, lines)
                last, block = block, raw.read(BLOCK)
            is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _broken_pack() from error
    ends_open = not last.rstrip(b"\0").endswith((b"\n", b"\r"))
    if is_utf8:
        return encoding, lines, ends_open
    if chosen:
        raise FileUnreadable(
            _("Not all of this file can be read in this encoding. Choose another one."),
            field="encoding",
        )
    if not encoding.startswith("utf-8"):
        raise FileDamaged(_("The file is not in the encoding that it begins with."))
    _refuse_mixed(path, is_packed=is_packed)
    return "cp1252", lines, ends_open


def _nothing_in(block: bytes, lines: int) -> FileUnreadable:
    """The refusal of a file with bytes of zero: one or two spoil a text, many are no text."""
    if block.count(b"\0") > FEW_ZEROS or block.translate(None, _CONTROLS) != block:
        return FileUnreadable(_("This is a binary file, no table."))
    behind = block.count(b"\n", block.index(b"\0"))
    return FileDamaged(
        _(
            "Line %(line)d holds a character that no text can hold (a byte of zero). Take it away,"
            " or export the file again. Nothing was imported."
        )
        % {"line": lines - behind + 1}
    )


def _refuse_mixed(path: Path, *, is_packed: bool) -> None:
    """Refuse a file of UTF-8 in which some lines are not: read otherwise, all others were wrong."""
    good, bad = 0, []
    with _bytes(path, is_packed=is_packed) as raw:
        for number, line in enumerate(raw, start=1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                bad.append(number)
                continue
            good += 1
    if good and good >= len(bad):
        raise FileDamaged(
            _(
                "Line %(line)d is not in the encoding of the others, which is UTF-8. Export the"
                " file again in one encoding. Nothing was imported."
            )
            % {"line": bad[0]}
        )


def _codec(chosen: Encoding | None, start: bytes) -> str:
    """The name of what decodes the file: as chosen, with the mark at its start passed over."""
    marked = _marked_encoding(start)
    if chosen == "utf-8":
        return "utf-8-sig"
    is_marked = chosen == "utf-16" and marked.startswith("utf-16")
    return marked if chosen is None or is_marked else chosen


def _marked_encoding(start: bytes) -> str:
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    pairs = start[: len(start) // 2 * 2][:400]
    if any(pairs[::2]) and not any(pairs[1::2]):
        return "utf-16-le"
    return "utf-16-be" if any(pairs[1::2]) and not any(pairs[::2]) else "utf-8"


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        text = decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return "\0" not in text
