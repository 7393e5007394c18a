"""Records written to a file, and the note of who took which of them out."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet

from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.ids import new_public_id
from tandem.kernel.money import Money
from tandem.kernel.sheets import WRITERS, Value
from tandem.records import queries, rules
from tandem.records.actions.accesses import note_access
from tandem.records.models import AccessDeed, ExportRun
from tandem.records.queries import ListQuery, Selection
from tandem.records.queries.accesses import words_of
from tandem.records.schemas import ExportAs
from tandem.records.slots import Advance, Field, FieldType, ObjectType, ignore

CHUNK = 2_000


def export_folder() -> Path:
    """Where exported files wait to be fetched; names in it are ours."""
    folder = Path(settings.MEDIA_ROOT) / "exports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@action(permission="records.export")
def export_many(
    actor: Actor,
    object_type: ObjectType,
    selection: Selection,
    *,
    data: ExportAs,
    advance: Advance = ignore,
) -> ExportRun:
    """Write the selected records that the actor sees to a file, with the columns of the list.

    Who did it, which records and how many is kept for good, the file for a week. Raises
    NothingChosen, SheetTooLong.
    """
    actor.require(object_type.permissions.view)
    query = selection.every or ListQuery()
    columns = queries.columns_of(object_type, actor, data.columns)
    rows = _in_order(object_type, actor, queries.chosen(object_type, actor, selection), query)
    name = new_public_id().hex
    counted = _Counted(advance)
    WRITERS[data.format](
        export_folder() / name,
        _header(columns),
        counted.through(_lines(actor, object_type, rows, columns)),
    )
    run = ExportRun(
        kind=object_type.kind,
        format=data.format,
        columns=[field.key for field in columns],
        filters=rules.as_json(query.filters),
        text=query.text,
        picked=len(selection.ids),
        count=counted.count,
        stored_as=name,
        user_id=actor.user_id,
        actor_label=actor.label[:200],
        change_set_id=current_change_set().id,
    )
    run.save()
    run.refresh_from_db()
    note_access(
        actor,
        AccessDeed.EXPORTED,
        kind=object_type.kind,
        about=", ".join([*run.columns, *filter(None, [words_of(query)])]),
        count=run.count,
    )
    return run


def forget_exported_files(*, older_than_seconds: float) -> int:
    """Remove files that were exported long ago; how many. The notes of who did it stay."""
    limit = time.time() - older_than_seconds
    old = [path for path in export_folder().iterdir() if path.stat().st_mtime < limit]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


class _Counted:
    """Counts rows on their way, and says so a chunk at a time."""

    def __init__(self, advance: Advance) -> None:
        self.count = 0
        self._advance = advance

    def through(self, chunks: Iterator[list[list[Value]]]) -> Iterator[list[Value]]:
        for chunk in chunks:
            yield from chunk
            self.count += len(chunk)
            self._advance(len(chunk))


def _in_order(
    object_type: ObjectType, actor: Actor, rows: QuerySet[Any], query: ListQuery
) -> QuerySet[Any]:
    field, descending = queries.sort_of(object_type, actor, query.sort)
    path = F(field.sort_path)
    order = path.desc(nulls_last=True) if descending else path.asc(nulls_last=True)
    return object_type.prepare(rows).order_by(order, "id")


def _lines(
    actor: Actor, object_type: ObjectType, rows: QuerySet[Any], columns: Sequence[Field]
) -> Iterator[list[list[Value]]]:
    chunk: list[Any] = []
    for row in rows.iterator(chunk_size=CHUNK):
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield _written(actor, object_type, chunk, columns)
            chunk = []
    if chunk:
        yield _written(actor, object_type, chunk, columns)


def _written(
    actor: Actor, object_type: ObjectType, rows: Sequence[Any], columns: Sequence[Field]
) -> list[list[Value]]:
    loaded = queries.load_values(object_type, actor, rows, columns)
    labels = {
        field.key: {choice.value: str(choice.label) for choice in field.choices()}
        for field in columns
        if field.choices is not None
    }
    lines = []
    for row in rows:
        line: list[Value] = []
        for field in columns:
            value = (
                loaded[field.key].get(row.pk)
                if field.key in loaded
                else queries.value_of(row, field)
            )
            line += _cells(field, value, row, labels.get(field.key, {}))
        lines.append(line)
    return lines


def _header(columns: Sequence[Field]) -> list[str]:
    names = []
    for field in columns:
        names.append(str(field.label))
        if field.type is FieldType.MONEY:
            names.append(f"{field.label} (currency)")
    return names


def _cells(field: Field, value: Any, row: Any, labels: dict[str, str]) -> list[Value]:
    """A value as cells: an amount takes two, the figure and its currency."""
    if field.type is FieldType.MONEY:
        money = Money(value, row.currency) if isinstance(value, int) else value
        return [money.major, money.currency] if isinstance(money, Money) else [None, None]
    if value is None:
        return [None]
    match field.type:
        case FieldType.USER:
            return [value.name]
        case FieldType.TOUCH:
            return [str(value.text)]
        case FieldType.TAGS:
            return [", ".join(value)]
        case FieldType.CHOICES:
            return [", ".join(labels.get(one, str(one)) for one in value)]
        case FieldType.CHOICE:
            return [labels.get(value, str(value))]
        case FieldType.NUMBER | FieldType.DATE | FieldType.MOMENT | FieldType.BOOLEAN:
            found: Value = value
            return [found]
        case _:
            return [str(value)]
