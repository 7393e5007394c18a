"""A file's rows in a temporary table, and its columns read: what importers start from.

Rows go from the file's parser into COPY by thousands, column by column; what a text means is found
out once for each distinct text. The tables are gone with their transaction.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils.translation import gettext as _
from psycopg import sql

from tandem.accounts.queries import company_settings
from tandem.kernel.copying import copy_in
from tandem.kernel.damage import FileDamaged, Findings
from tandem.kernel.readings import READERS, WHOLE, Reading
from tandem.kernel.tables import Survey, rows
from tandem.records.actions.mangled import Mangling
from tandem.records.schemas import ImportOptions
from tandem.records.slots import OBJECT_TYPES, Importer, ImportField, Notice, Staged

ROWS = "import_row"
FAULTS = "import_fault"
GAPS = "import_gap"
RESULTS = "import_result"
FAILURES_KEPT = 1000
MOST_REMEMBERED = 100_000  # distinct texts of a column
LINES_AT_ONCE = 10_000
# A text as a cell of CSV.
_QUOTED = """CASE WHEN {0} ~ '[",\r\n]' THEN '"' || replace({0}, '"', '""') || '"' ELSE {0} END"""
_TYPES = {"number": "numeric", "moment": "timestamptz"}

Step = Callable[[float, str], None]


@dataclass
class Stage:
    """What was staged, and what was found out about the columns on the way."""

    staged: Staged
    assumed: dict[str, str] = field(default_factory=dict)
    readings: dict[str, str] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    mangling: Mangling = field(default_factory=Mangling)


def stage(
    path: Path,
    survey: Survey,
    *,
    importer: Importer,
    mapping: Mapping[str, str],
    options: ImportOptions,
    file: str,
    step: Step,
) -> Stage:
    """Bring a file into temporary tables of the running transaction; see slots.Staged.

    ``step`` is told shares of 0 to 1 of this part of the work. Raises FileDamaged, Cancelled.
    """
    _drop_earlier()
    fields = [field for field in importer.fields if field.key in mapping]
    findings, mangling = Findings(), Mangling()
    columns = [
        _Column(field, survey.header.index(mapping[field.key]), mangling) for field in fields
    ]
    count = _copy(path, survey, columns, step, findings)
    if findings.unfit and importer.are_rows_joined:
        raise FileDamaged(
            _("Row %(row)d has more or fewer cells than there are columns. Nothing was imported.")
            % {"row": findings.unfit[0]}
        )
    settings = company_settings()
    currency = options.currency or settings.base_currency
    zone = options.time_zone or settings.time_zone
    assumed = {}
    if importer.has_amounts and not options.currency:
        assumed["currency"] = currency
    if not options.time_zone:
        assumed["time_zone"] = zone
    if survey.encoding == "cp1252" and not options.encoding:
        assumed["encoding"] = "cp1252"
    found = Stage(
        Staged(
            table=ROWS,
            faults=FAULTS,
            results=RESULTS,
            file=file,
            rows=count,
            fields=frozenset(field.key for field in fields),
            values={},
            currency=currency,
            time_zone=zone,
            source=options.source,
            match=options.match,
            policy=options.policy,
            step=step,
            shortened=frozenset(one.of.key for one in columns if one.are_whole),
        ),
        assumed,
        findings=findings,
        mangling=mangling,
    )
    values = {
        field.key: _read(found, field, options, ZoneInfo(zone))
        for field in fields
        if field.is_read and not field.is_read_alone
    }
    found.staged = replace(found.staged, values=values)
    found.readings |= dict.fromkeys(sorted(found.staged.shortened), "17850.0")
    _find_faults(fields)
    return found


def failures(importer: Importer) -> tuple[int, list[tuple[int, str]]]:
    """How many rows have a fault, and the first of them with the reason in words."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT line) FROM import_fault")
        (count,) = cursor.fetchone()
        cursor.execute(
            "SELECT DISTINCT ON (line) line, field, code FROM import_fault"
            " ORDER BY line, field, code LIMIT %s",
            [FAILURES_KEPT],
        )
        rows = cursor.fetchall()
    return count, [(line, _in_words(importer, name, code)) for line, name, code in rows]


def gaps(importer: Importer) -> list[Notice]:
    """What was left out of rows that were taken: one notice for each field and reason."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT field, code, count(*), (array_agg(line ORDER BY line))[1:3] FROM import_gap g"
            " WHERE NOT EXISTS (SELECT FROM import_fault f WHERE f.line = g.line)"
            " GROUP BY field, code ORDER BY 1, 2"
        )
        return [
            Notice(
                code="left_out",
                count=count,
                message=_("Left out: %(what)s.") % {"what": _in_words(importer, name, code)},
                examples=tuple(_("row %(row)d") % {"row": line} for line in lines),
            )
            for name, code, count, lines in cursor.fetchall()
        ]


def results(importer: Importer, *, is_trial: bool) -> Iterator[bytes]:
    """What became of each row, as lines of CSV: its number, verdict, the record's public id, why.

    In texts of thousands of lines. What a trial creates is not kept: it has no id that anybody
    could look for.
    """
    model = OBJECT_TYPES.get(importer.record_kind)
    unkept = sql.Literal("created" if is_trial else "")
    record: sql.Composable = sql.SQL("NULL::bigint AS id, NULL::text AS public_id WHERE false")
    if model is not None:
        record = sql.SQL("id, public_id FROM {}").format(sql.Identifier(model.model._meta.db_table))
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE import_word (field text, code text, words text) ON COMMIT DROP"
        )
        cursor.execute("SELECT DISTINCT field, code FROM import_fault")
        words = [(name, code, _in_words(importer, name, code)) for name, code in cursor.fetchall()]
        copy_in("import_word", ("field", "code", "words"), words)
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "SELECT string_agg(concat_ws(',', a.line, a.verdict,"
                "  coalesce(x.public_id::text, ''), {note}) || chr(10), '' ORDER BY a.line)"
                " FROM (SELECT line, verdict, record_id, note FROM import_result"
                "  UNION ALL (SELECT DISTINCT ON (line) line, 'failed', NULL, words"
                "  FROM import_fault JOIN import_word USING (field, code)"
                "  ORDER BY line, field, code)) a"
                " LEFT JOIN (SELECT {record}) x ON x.id = a.record_id AND a.verdict <> {unkept}"
                " GROUP BY a.line / {lines} ORDER BY a.line / {lines}"
            ).format(
                note=sql.SQL(_QUOTED).format(sql.SQL("coalesce(a.note, '')")),
                record=record,
                unkept=unkept,
                lines=sql.Literal(LINES_AT_ONCE),
            )
        )
        while found := cursor.fetchone():
            yield found[0].encode()


def oddities(importer: Importer, survey: Survey, stage: Stage) -> list[Notice]:
    """What is odd about the shape of a file and its texts: a notice for each kind, and where."""
    shapes = [
        Notice(one.code, one.count, one.message, one.places)
        for one in (*survey.found, *stage.findings.told())
    ]
    fields = [one for one in importer.fields if one.key in stage.staged.fields]
    return [*shapes, *stage.mangling.told(fields)]


def _in_words(importer: Importer, name: str, code: str) -> str:
    words = {
        **importer.faults,
        "width": _("It has more or fewer cells than there are columns"),
        "missing": _("is missing"),
        "too_long": _("is too long"),
        "no_number": _("is no number"),
        "too_large": _("is too large"),
        "too_many_decimals": _("has more than six decimals"),
        "no_date": _("is no date"),
        "no_such_day": _("is a day that does not exist"),
        "no_such_time": _("is a time that the change of clocks left out"),
        "sibling": _("belongs to a record of which another row failed"),
    }
    return f"{name} {words.get(code, code)}".strip()


def _drop_earlier() -> None:
    """Temporary tables of an import before this one, where both are in one transaction."""
    with connection.cursor() as cursor:
        # Enough to plan by: what is asked of these tables is asked once.
        cursor.execute("SET LOCAL default_statistics_target = 10")
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()"
            " AND relkind = 'r' AND relname ~ '^import_'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(sql.SQL("DROP TABLE pg_temp.{}").format(sql.Identifier(name)))


@dataclass(slots=True)
class _Column:
    """A column of the file on its way into a field: looked at, and read where that can be done
    text by text. Remembers what it has read, up to a bound."""

    of: ImportField
    place: int
    mangling: Mangling
    values: dict[str, str | None] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    are_whole: bool | None = None  # ids: whether each so far ends in .0

    def names(self) -> list[str]:
        """Of the columns of the staged rows that this one fills."""
        return [self.of.key, *([f"{self.of.key}_written"] if self.of.is_kept else [])]

    def take(self, texts: Sequence[str], first: int) -> list[Sequence[str | None]]:
        """What goes into those columns; notes texts that cannot be read as faults or gaps."""
        one = self.of
        if one.reading in ("text", "id"):
            self.mangling.look(one.key, texts, first=first)
        if one.reading == "id" and one.read is None:
            return [self._ids(texts)]
        if not one.is_read_alone or one.read is None:
            return [texts]
        if len(self.values) + len(self.faults) > MOST_REMEMBERED:
            self.values, self.faults = {}, {}
        reading = one.read(set(texts) - self.values.keys() - self.faults.keys())
        self.values.update(reading.values)
        self.faults.update(reading.faults)
        if self.faults:
            found = [
                (line, str(one.label), self.faults[text])
                for line, text in enumerate(texts, first)
                if text in self.faults
            ]
            copy_in(GAPS if one.is_lenient else FAULTS, ("line", "field", "code"), found)
        read = list(map(self.values.get, texts))
        return [read, texts] if one.is_kept else [read]

    def _ids(self, texts: Sequence[str]) -> Sequence[str]:
        ids = [text.strip() for text in texts]
        if self.are_whole is not False and any(ids):
            self.are_whole = all(not one or WHOLE.fullmatch(one) for one in ids)
        return ids


def _copy(
    path: Path, survey: Survey, columns: Sequence[_Column], step: Step, findings: Findings
) -> int:
    """Bring the rows in; those that could not be laid under the header are faults. Their number."""
    names = [name for column in columns for name in column.names()]
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "CREATE TEMP TABLE import_row"
                " (line bigint GENERATED ALWAYS AS IDENTITY, {}) ON COMMIT DROP"
            ).format(
                sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(one)) for one in names)
            )
        )
        for table in (FAULTS, GAPS):
            cursor.execute(
                sql.SQL(
                    "CREATE TEMP TABLE {} (line bigint, field text, code text) ON COMMIT DROP"
                ).format(sql.Identifier(table))
            )
        cursor.execute(
            "CREATE TEMP TABLE import_result"
            " (line bigint, verdict text, record_id bigint, note text) ON COMMIT DROP"
        )
        statement = sql.SQL("COPY import_row ({}) FROM STDIN (FORMAT csv)").format(
            sql.SQL(", ").join(map(sql.Identifier, names))
        )
        for first, batch in rows(path, survey, findings=findings):
            there = list(zip(*batch, strict=True))
            taken = [some for one in columns for some in one.take(there[one.place], first)]
            buffer = io.StringIO()
            csv.writer(buffer).writerows(zip(*taken, strict=True))
            with cursor.copy(statement) as copy:
                copy.write(buffer.getvalue())
            count += len(batch)
            step(min(count / survey.rows, 1), _("Reading"))
        for one in columns:
            if one.are_whole:
                cursor.execute(
                    sql.SQL("UPDATE import_row SET {0} = left({0}, -2)").format(
                        sql.Identifier(one.of.key)
                    )
                )
        cursor.execute(
            "INSERT INTO import_fault SELECT unnest(%s::bigint[]), '', 'width'", [findings.unfit]
        )
        cursor.execute("ANALYZE import_row")
    return count


def _read(stage: Stage, field: ImportField, options: ImportOptions, zone: ZoneInfo) -> str:
    """Read a column as a whole, by its distinct texts, into a table of its own; its name."""
    name = f"import_value_{field.key}"
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT DISTINCT {column} FROM import_row WHERE {column} IS NOT NULL").format(
                column=sql.Identifier(field.key)
            )
        )
        texts = [row[0] for row in cursor.fetchall()]
        extra: dict[str, Any] = {}
        if field.reading == "moment":
            extra = {"zone": zone, "order": options.date_order}
        reading = field.read(texts) if field.read else READERS[field.reading](texts, **extra)
        cursor.execute(
            sql.SQL("CREATE TEMP TABLE {} (raw text, value {}, fault text) ON COMMIT DROP").format(
                sql.Identifier(name), sql.SQL(_TYPES.get(field.reading, "text"))
            )
        )
        copy_in(name, ("raw", "value"), reading.values.items())
        copy_in(name, ("raw", "fault"), reading.faults.items())
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
        if reading.faults:
            cursor.execute(
                sql.SQL(
                    "INSERT INTO {into} SELECT r.line, {field}, v.fault"
                    " FROM import_row r JOIN {table} v ON v.raw = r.{column}"
                    " WHERE v.fault IS NOT NULL"
                ).format(
                    into=sql.Identifier(GAPS if field.is_lenient else FAULTS),
                    field=sql.Literal(str(field.label)),
                    table=sql.Identifier(name),
                    column=sql.Identifier(field.key),
                )
            )
    _tell(stage, field, reading, options)
    return name


def _tell(stage: Stage, field: ImportField, reading: Reading, options: ImportOptions) -> None:
    if reading.style:
        stage.readings[field.key] = reading.style
    if field.reading == "moment" and not options.date_order:
        stage.assumed.setdefault("date_order", reading.style)
    elif not reading.is_certain:
        stage.assumed[field.key] = reading.style


def _find_faults(fields: Iterable[ImportField]) -> None:
    """Rows without what is needed, and texts that are too long for their column."""
    checks = []
    for one in fields:
        column = sql.Identifier(one.key)
        if one.is_required:
            checks.append(
                (
                    one,
                    "missing",
                    sql.SQL("btrim({}) IS NOT DISTINCT FROM ''").format(
                        sql.SQL("coalesce({}, '')").format(column)
                    ),
                )
            )
        if one.reading in ("text", "id") and one.read is None:
            long = sql.SQL("length({}) > {}").format(column, sql.Literal(one.max_length))
            checks.append((one, "too_long", long))
    if not checks:
        return
    with connection.cursor() as cursor:
        counted = sql.SQL(", ").join(
            sql.SQL("count(*) FILTER (WHERE {})").format(check) for _field, _code, check in checks
        )
        cursor.execute(sql.SQL("SELECT {} FROM import_row").format(counted))
        for (one, code, check), found in zip(checks, cursor.fetchone(), strict=True):
            if found:
                cursor.execute(
                    sql.SQL(
                        "INSERT INTO import_fault SELECT line, {}, {} FROM import_row WHERE {}"
                    ).format(sql.Literal(str(one.label)), sql.Literal(code), check)
                )
