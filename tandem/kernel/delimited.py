"""Tables of lines: how a text is cut into cells, found out from its start, and its rows."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import IO, Any, Literal

from django.utils.translation import gettext as _

from tandem.kernel.damage import FileDamaged, Findings

DelimiterName = Literal[
    "comma",
    "semicolon",
    "tab",
    "pipe",
    "caret",
    "tilde",
    "unit_separator",
    "start_of_heading",
    "colon",
    "space",
]
DELIMITERS: dict[DelimiterName, str] = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "pipe": "|",
    "caret": "^",
    "tilde": "~",
    "unit_separator": "\x1f",
    "start_of_heading": "\x01",
    "colon": ":",
    "space": " ",
}
NEVER_GUESSED = ("colon", "space")  # they stand in most texts
MAX_CELL = 64 * 1024
PREAMBLE = 10  # lines that a title above the names may take
_SEP = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n", re.IGNORECASE)
_QUOTED = re.compile(r"'[^']*'")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FIGURES = re.compile(r"[^\w@]*\d[\d\W]*")
SAMPLE = 500  # rows that show what the columns hold
SURE = 10  # texts of a column, before figures in it are told from words
# What stands in records, never in the row of their names: addresses, keys, days, links.
_DATA = re.compile(
    r"[^@\s]+@[^@\s]+\.[^@\s]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\d.*|https?://\S+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How rows are written: ``above`` lines stand before the row of names, if there is one.

    ``is_wrapped`` where each line, the names too, is quoted as a whole.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    above: int = 0
    has_header: bool = True
    is_wrapped: bool = False

    def reader(self, lines: Any) -> Any:
        """A csv.reader of this dialect; it raises csv.Error where quotes do not fit."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote,
            escapechar=self.escape or None,
            doublequote=not self.escape,
            strict=True,
        )

    def apart(self, cell: str) -> list[str]:
        """The cells of a row that was quoted as a whole; the cell itself where it was not."""
        try:
            return next(self.reader([cell]), [cell])
        except csv.Error:
            return [cell]


def find_dialect(sample: str, *, delimiter: str = "") -> Dialect:
    """How the lines of a file are cut, by its start; ``delimiter`` where its name says it."""
    named = _SEP.match(sample)
    body = sample[named.end() :] if named else sample
    lines = [line for line in body.splitlines()[:50] if line.strip()]
    given = delimiter or (named[1] if named else "")
    found = Dialect(given or _delimiter(lines))
    inner = _unwrapped(lines)
    if inner and (given or _delimiter(inner)) in inner[0]:
        found = replace(found, delimiter=given or _delimiter(inner), is_wrapped=True)
    elif lines:
        found = replace(found, quote=_quote(lines[0], found.delimiter))
    found = replace(found, escape=_escape(found, body))
    found = replace(found, above=_title_lines(found, body))
    first = next(_rows(found, body), [])
    return replace(found, above=found.above + bool(named), has_header=not is_record(first))


def is_record(cells: Sequence[str]) -> bool:
    """Whether a first row holds what no column is called."""
    return any(_DATA.fullmatch(cell.strip()) for cell in cells)


def name_of_delimiter(mark: str) -> str:
    """What a sign between cells is called; the sign itself where it has no name here."""
    return next((name for name, sign in DELIMITERS.items() if sign == mark), mark)


def header_of(text: IO[str], dialect: Dialect) -> list[str]:
    """The first row of a table; csv.Error where its quotes do not fit."""
    csv.field_size_limit(MAX_CELL)
    first: list[str] = next(_below(dialect.reader(text), dialect), [])
    return dialect.apart(first[0]) if dialect.is_wrapped and len(first) == 1 else first


def batches(
    opened: Callable[[], IO[str]],
    dialect: Dialect,
    *,
    width: int,
    chunk: int,
    ends_open: bool,
    findings: Findings,
) -> Iterator[list[list[str]]]:
    """The rows in chunks, each as wide as the header; what had to be bent for that is noted.

    A row that is short of its last cells has them empty; any other row of another width leaves an
    empty one. Raises FileDamaged with the line where a quote is opened that does not end as it
    should.
    """
    csv.field_size_limit(MAX_CELL)
    fitting = _Fitting(dialect, width, findings)
    with opened() as text:
        reader = dialect.reader(text)
        source = _below(reader, dialect)
        if dialect.has_header:
            next(source, None)
        line, ahead = reader.line_num + 1, list[list[str]]()
        while True:
            try:
                raw = [*ahead, *islice(reader, chunk - len(ahead))]
                ends = reader.line_num
                may_be_cut = ends_open and bool(raw) and len(raw[-1]) < width
                ahead = list(islice(reader, 1)) if may_be_cut else []
            except (csv.Error, UnicodeDecodeError) as error:
                raise _broken(opened, dialect, error) from error
            if not raw:
                break
            batch = [row for row in raw if row]
            if ends - line + 1 != len(raw):
                _look_for_swallowed(raw, line, width, dialect, findings)
            if set(map(len, batch)) - {width}:
                fitting.fit(raw, line, ends_cut=may_be_cut and not ahead)
                batch = [row for row in raw if row]
            findings.rows += len(batch)
            line = ends + 1
            yield batch
    if ends_open and findings.unfit[-1:] == [findings.rows]:
        findings.note("cut_off", _("the last line"))


@dataclass(slots=True)
class _Fitting:
    """Lays rows of another width under the header, or empties them and says so."""

    dialect: Dialect
    width: int
    findings: Findings
    shapes: list[Counter[str]] = field(default_factory=list)
    nothing: set[int] = field(default_factory=set)  # columns that some row leaves empty

    def fit(self, raw: list[list[str]], line: int, *, ends_cut: bool) -> None:
        self.shapes = _shapes(raw, self.width) or self.shapes
        self._note_nothing(raw[:-1] if ends_cut else raw)
        number = self.findings.rows
        for at, row in enumerate(raw):
            number += bool(row)
            here, line = line, line + _height(row)
            if not row or len(row) == self.width:
                continue
            is_cut = ends_cut and at == len(raw) - 1
            where = _("line %(line)d: %(found)d cells for %(wanted)d columns") % {
                "line": here,
                "found": len(row),
                "wanted": self.width,
            }
            if len(row) == 1 and len(apart := self.dialect.apart(row[0])) == self.width:
                self.findings.note("rows_quoted_whole", _line(here))
                raw[at] = apart
            elif len(row) > self.width and not any(row[self.width :]):
                raw[at] = row[: self.width]
            elif (
                len(row) < self.width
                and _fits(row, self.shapes)
                and (not is_cut or self._may_end_with(row))
            ):
                self.findings.note("ends_short" if is_cut else "short_rows", where)
                raw[at] = row + [""] * (self.width - len(row))
            else:
                self.findings.unfit.append(number)
                self.findings.note("shifted_columns", where)
                raw[at] = [""] * self.width

    def _note_nothing(self, rows: Sequence[Sequence[str]]) -> None:
        for row in rows:
            if 0 < len(row) <= self.width:
                kept = {at for at, text in enumerate(row) if text.strip()}
                self.nothing.update(set(range(self.width)) - kept)

    def _may_end_with(self, row: Sequence[str]) -> bool:
        """Whether other rows have nothing, either, where the last one lacks its cells."""
        return self.nothing.issuperset(range(len(row), self.width))


def _shapes(rows: Sequence[Sequence[str]], width: int) -> list[Counter[str]]:
    """For each column how often its texts are addresses, figures or words, in rows that fit."""
    whole = [row for row in rows if len(row) == width][:SAMPLE]
    if not whole:
        return []
    return [
        Counter(_shape(text) for text in column if text.strip())
        for column in zip(*whole, strict=True)
    ]


def _fits(row: Sequence[str], shapes: Sequence[Counter[str]]) -> bool:
    """Whether each text of a row looks like those of its column: if not, the row is shifted."""
    for text, seen in zip(row, shapes, strict=False):
        own = _shape(text)
        if not text.strip() or not seen or own in seen:
            continue
        if "address" in (own, *seen) or seen.total() >= SURE:
            return False
    return True


def _shape(text: str) -> str:
    if _ADDRESS.fullmatch(text.strip()):
        return "address"
    return "figures" if _FIGURES.fullmatch(text) else "words"


def _look_for_swallowed(
    raw: Sequence[Sequence[str]], line: int, width: int, dialect: Dialect, findings: Findings
) -> None:
    for row in raw:
        here, line = line, line + _height(row)
        if line - here > 1 and any(
            inner.count(dialect.delimiter) >= max(width - 1, 1)
            for cell in row
            for inner in cell.split("\n")[1:]
        ):
            findings.note("swallowed_rows", _line(here))


def _broken(opened: Callable[[], IO[str]], dialect: Dialect, error: Exception) -> FileDamaged:
    """The refusal that names the line in which the row begins that cannot be read."""
    with opened() as text:
        reader = dialect.reader(text)
        begins = 1
        try:
            for _row in reader:
                begins = reader.line_num + 1
        except (csv.Error, UnicodeDecodeError):
            ends = max(reader.line_num, begins)
    if isinstance(error, UnicodeDecodeError):
        return FileDamaged(
            _("Line %(line)d is not in the encoding of the lines above it.") % {"line": begins}
        )
    if "expected after" in str(error):
        return FileDamaged(
            _(
                "Line %(line)d is quoted wrongly: something follows a quote that ends. Where a"
                " quote belongs to the text, write it twice. Nothing was imported."
            )
            % {"line": begins}
        )
    if "unexpected end" in str(error):
        return FileDamaged(
            _(
                "Line %(line)d opens a quote that is never closed: it swallows the file up to line"
                " %(ends)d. Close it, or take it away. Nothing was imported."
            )
            % {"line": begins, "ends": ends}
        )
    return FileDamaged(
        _(
            "The row that begins in line %(line)d breaks off, is quoted wrongly, or has a cell of"
            " more than %(most)d characters: %(why)s. Nothing was imported."
        )
        % {"line": begins, "most": MAX_CELL, "why": error}
    )


def _line(number: int) -> str:
    return _("line %(line)d") % {"line": number}


def _height(row: Sequence[str]) -> int:
    """The lines that a row takes."""
    return 1 + sum(cell.count("\n") for cell in row)


def _below(reader: Any, dialect: Dialect) -> Iterator[list[str]]:
    """The rows from that of the names on; blank ones are passed over."""
    for _row in islice(reader, dialect.above):
        pass
    return filter(None, reader)


def _rows(dialect: Dialect, text: str) -> Iterator[list[str]]:
    """The rows of a sample as far as they can be read."""
    csv.field_size_limit(MAX_CELL)
    try:
        for row in _below(dialect.reader(text.splitlines(keepends=True)), dialect):
            yield dialect.apart(row[0]) if dialect.is_wrapped and len(row) == 1 else row
    except csv.Error:
        return


def _delimiter(lines: Sequence[str]) -> str:
    """What most evenly cuts the first lines into the most cells."""
    best, most = ",", 0
    for name, mark in DELIMITERS.items():
        if name in NEVER_GUESSED:
            continue
        try:
            widths = [len(row) for row in csv.reader(lines[:20], delimiter=mark)]
        except csv.Error:
            continue
        cut = [width for width in widths if width > 1]
        if not cut:
            continue
        usual = max(sorted(set(cut), reverse=True), key=cut.count)
        score = round(cut.count(usual) / len(widths) * 1000) * 1000 + usual
        if score > most:
            best, most = mark, score
    return best


def _quote(names: str, delimiter: str) -> str:
    """The apostrophe where it stands around each of the names of the columns, else the quote."""
    cells = [cell.strip() for cell in names.split(delimiter)]
    return "'" if all(_QUOTED.fullmatch(cell) for cell in cells) else '"'


def _unwrapped(lines: Sequence[str]) -> list[str]:
    """The lines without the quotes around each; none where not all have them."""
    inner = []
    for line in lines[:20]:
        try:
            row = next(csv.reader([line], strict=True), [])
        except csv.Error:
            return []
        if len(row) != 1 or not (line.startswith('"') and line.endswith('"')):
            return []
        inner.append(row[0])
    return inner


def _escape(dialect: Dialect, text: str) -> str:
    """The backslash, where quotes fit with it and do not without."""
    if f"\\{dialect.quote}" not in text:
        return ""
    return "\\" if _misfit(dialect, text) and not _misfit(_escaped(dialect), text) else ""


def _escaped(dialect: Dialect) -> Dialect:
    return replace(dialect, escape="\\")


def _misfit(dialect: Dialect, text: str) -> bool:
    try:
        for _row in dialect.reader(text.splitlines(keepends=True)):
            pass
    except csv.Error as error:
        return "expected after" in str(error)
    return False


def _title_lines(dialect: Dialect, text: str) -> int:
    """How many lines with a title stand above the row of names, which is the first of many cells.

    None where the table has one column, or the names come later than a title would end.
    """
    csv.field_size_limit(MAX_CELL)
    reader = dialect.reader(text.splitlines(keepends=True))
    try:
        for above, row in enumerate(islice(reader, PREAMBLE)):
            cells = dialect.apart(row[0]) if dialect.is_wrapped and len(row) == 1 else row
            if sum(1 for cell in cells if cell.strip()) > 1:
                return above
    except csv.Error:
        pass
    return 0
