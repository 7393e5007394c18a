"""The index of a custom field, made and dropped as its definition says, beside running work.

PostgreSQL builds it concurrently: nobody waits for it, and so it cannot be part of a transaction.
What comes of it is noted afterwards; a build that fails leaves nothing behind.
"""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from django.db import Error, connection, connections
from django.utils.translation import gettext as _
from psycopg import sql

from tandem.kernel.actor import Actor
from tandem.kernel.progress import Cancelled, Progress, tracking
from tandem.records.actions.fields import note_index
from tandem.records.models import FieldDef, IndexState
from tandem.records.rules import FieldType
from tandem.records.slots import OBJECT_TYPES

LOOK_EVERY_SECONDS = 0.5
_TEXTS = frozenset({FieldType.TEXT, FieldType.LINK})


def index_name(field: FieldDef, part: str) -> str:
    """The name of an index of a field: by its id, for a key can be taken again."""
    return f"x_{field.pk}_{part}"


def index_statements(field: FieldDef) -> dict[str, sql.Composed]:
    """The indexes that a field needs, by name, as the filters and the order of lists use them.

    One orders by value and id, and compares; beside it, texts have one of trigrams for their
    parts, whatever the case, and lists of choices one of what they hold.
    """
    table = sql.Identifier(_table(field))
    value = sql.SQL("(x -> {})").format(sql.Literal(field.key))
    parts: dict[str, sql.Composable] = {}
    if field.type == FieldType.CHOICES:
        parts["holds"] = sql.SQL("USING gin ({} jsonb_path_ops)").format(value)
    else:
        parts["value"] = sql.SQL("({}, id)").format(value)
    if field.type in _TEXTS:
        text = sql.SQL("(upper(x ->> {}))").format(sql.Literal(field.key))
        parts["text"] = sql.SQL("USING gin ({} gin_trgm_ops)").format(text)
    return {
        index_name(field, part): sql.SQL(
            "CREATE INDEX CONCURRENTLY {name} ON {table} {how} WHERE deleted_at IS NULL"
        ).format(name=sql.Identifier(index_name(field, part)), table=table, how=how)
        for part, how in parts.items()
    }


def make_index(actor: Actor, field: FieldDef) -> None:
    """Build or drop the indexes of a field as its definition says, with progress; not in an action.

    Raises Cancelled. A build that fails is noted with its reason, and what it left is dropped.
    """
    names = [index_name(field, part) for part in ("value", "holds", "text")]
    wanted = index_statements(field) if field.is_indexed and field.deleted_at is None else {}
    if wanted and set(wanted) == _standing(names):
        note_index(actor, field.pk, state=IndexState.READY)
        return
    _drop(names)
    if not wanted:
        note_index(actor, field.pk, state=IndexState.NONE)
        return
    try:
        _build(actor, field, list(wanted.values()))
    except Error as error:
        _drop(names)
        note_index(actor, field.pk, state=IndexState.FAILED, error=str(error).partition("\n")[0])
    except Cancelled:
        _drop(names)
        note_index(actor, field.pk, state=IndexState.FAILED, error=_("Stopped on request."))
        raise
    else:
        note_index(actor, field.pk, state=IndexState.READY)


def _build(actor: Actor, field: FieldDef, statements: Sequence[sql.Composed]) -> None:
    label = _("Index of %(field)s") % {"field": field.label}
    with (
        tracking(actor, kind="records.index", label=label, unit="blocks", total=None) as progress,
        ThreadPoolExecutor(1) as pool,
    ):
        state = IndexState.BUILDING
        note_index(actor, field.pk, state=state, progress=progress.public_id)
        for statement in statements:
            _watch(progress, pool, statement)
        # Of an index with a condition the planner takes no figures: how many rows a filter lets
        # through, and so which way is short, it learns from these.
        figures = sql.SQL("CREATE STATISTICS {} ON (x -> {}) FROM {}").format(
            sql.Identifier(index_name(field, "figures")),
            sql.Literal(field.key),
            sql.Identifier(_table(field)),
        )
        _watch(progress, pool, figures)
        analyze = sql.SQL("ANALYZE {}").format(sql.Identifier(_table(field)))
        _watch(progress, pool, analyze)


def _watch(progress: Progress, pool: ThreadPoolExecutor, statement: sql.Composed) -> None:
    """Run a statement in a thread of its own and tell how far it is until it is done."""
    backend: list[int] = []
    running = pool.submit(_run_alone, statement, backend)
    while wait([running], timeout=LOOK_EVERY_SECONDS).not_done:
        try:
            _look(progress, backend)
        except Cancelled:
            _cancel(running, backend)
            raise
    running.result()
    progress.advance(0)


def _run_alone(statement: sql.Composed, backend: list[int]) -> None:
    # A thread has a connection of its own, outside of every transaction.
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend.append(cursor.fetchone()[0])
            cursor.execute(statement)
    finally:
        connections["default"].close()


def _look(progress: Progress, backend: Sequence[int]) -> None:
    row = None
    if backend:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT blocks_done, blocks_total FROM pg_stat_progress_create_index"
                " WHERE pid = %s AND blocks_total > 0",
                [backend[0]],
            )
            row = cursor.fetchone()
    if row is not None and progress.record.total != row[1]:
        progress.expect(row[1])
    progress.advance(max(row[0] - progress.record.done, 0) if row is not None else 0)


def _cancel(running: "Future[None]", backend: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_cancel_backend(%s)", [backend[0] if backend else 0])
    wait([running])


def _standing(names: Sequence[str]) -> set[str]:
    """Those of these indexes that are there and whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
            " WHERE c.relname = ANY (%s) AND i.indisvalid",
            [list(names)],
        )
        return {row[0] for row in cursor.fetchall()}


def _drop(names: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for name in names:
            statement = sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}")
            cursor.execute(statement.format(sql.Identifier(name)))
        for name in {f"{name.rpartition('_')[0]}_figures" for name in names}:
            statement = sql.SQL("DROP STATISTICS IF EXISTS {}")
            cursor.execute(statement.format(sql.Identifier(name)))


def _table(field: FieldDef) -> str:
    found = OBJECT_TYPES.get(field.kind)
    if found is None:
        raise KeyError(field.kind)
    return found.model._meta.db_table
