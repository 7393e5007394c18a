"""Undo: take back one change set, whole or not at all.

Values go back where they are still what the change set left; where someone has changed them
since, the undo is refused with the list, or, when asked to keep later edits, leaves those alone.
What the change set created is deleted, what it deleted comes back. An undo is itself a change
set, so it can be undone. Everything is set-based SQL: one statement per table and kind of change.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import BooleanField, Exists, OuterRef, UniqueConstraint
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from psycopg import sql
from psycopg.errors import CheckViolation

from tandem.kernel.actions import (
    action,
    current_change_set,
    final_actions,
    is_of_many,
    mark_as_undo,
    permission_of,
)
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Conflict, FieldError, Missing
from tandem.kernel.facts import Fact, publish
from tandem.kernel.history import Tracking, trackings
from tandem.kernel.jobs import enqueue
from tandem.kernel.models import ChangeSet, Operation, ProgressRecord, Record
from tandem.kernel.progress import Progress, announce
from tandem.kernel.progress import tracking as showing
from tandem.kernel.slots import Slot

CONFLICTS_SHOWN = 20
# An undo of more rows is done by a worker, in a room that knows users.
AT_ONCE = 2000
JOB = "records.run_undo"
# Deeds that changed no record (a token made, a value saved as it was) are passed over.
LOOKED_BACK = 20


@runtime_checkable
class UndoFollower(Protocol):
    """What a room does, in the same transaction, after values have gone back past its actions:
    make derived columns anew, tell the story. ``change_set_id`` is the undoing change set."""

    def __call__(self, actor: Actor, change_set_id: int) -> None: ...


UNDO_FOLLOWERS: Slot[UndoFollower] = Slot("undo follower", UndoFollower)


@runtime_checkable
class UndoWay(Protocol):
    """How a room takes back an action of its own where stored values alone do not tell enough: it
    keeps what it needs, and does in the running action all that there is to do. ``target`` is the
    change set to be taken back; that of an earlier undo is done again."""

    def __call__(self, actor: Actor, target: ChangeSet) -> None: ...


# By the name of the action, as history shows it.
UNDO_WAYS: Slot[UndoWay] = Slot("undo way", UndoWay)


@dataclass(frozen=True)
class ChangeSetUndone(Fact):
    """A change set was taken back; ``change_set_id`` is the undoing one."""

    change_set_id: int
    undone_id: int


class UndoConflict(Conflict):
    """Later changes stand in the way."""

    code = "undo_conflict"
    message = _("Some of this was changed again since. Nothing was undone.")


class AlreadyUndone(Conflict):
    """The change set was taken back before."""

    code = "already_undone"
    message = _("This was undone already.")


class Irreversible(Conflict):
    """The change set is of a deed that is final: what it removed is nowhere any more."""

    code = "irreversible"
    message = _("This cannot be undone: it was for good.")


def undoable_by(actor: Actor) -> ChangeSet | None:
    """The actor's last change set that changed records and is neither an undo nor undone."""
    if actor.user_id is None:
        return None
    recent = (
        ChangeSet.objects.filter(actor_id=actor.user_id, undo_of__isnull=True)
        .exclude(Exists(ChangeSet.objects.filter(undo_of=OuterRef("pk"))))
        .exclude(action__in=final_actions())
        .order_by("-id")[:LOOKED_BACK]
    )
    return next((one for one in recent if _touched_tables(one.pk)), None)


def undoable_among(actor: Actor, ids: Collection[int]) -> dict[int, UUID]:
    """Those of these change sets that the actor may take back and nobody has, with their public
    ids; one query."""
    if not actor.may("kernel.undo"):
        return {}
    found = (
        ChangeSet.objects.filter(pk__in=ids, undo_of__isnull=True)
        .exclude(Exists(ChangeSet.objects.filter(undo_of=OuterRef("pk"))))
        .exclude(action__in=final_actions())
    )
    if not actor.may("kernel.undo_any"):
        found = found.filter(actor_id__isnull=False, actor_id=actor.user_id)
    return {
        one.pk: one.public_id
        for one in found
        if (permission := permission_of(one.action)) is not None and actor.may(permission)
    }


def change_set_for(actor: Actor, public_id: UUID) -> ChangeSet:
    """A change set that the actor may take back: an own one, or any with the right to."""
    found = ChangeSet.objects.filter(public_id=public_id).first()
    if found is None or not (
        actor.may("kernel.undo_any")
        or (actor.user_id is not None and found.actor_id == actor.user_id)
    ):
        raise Missing()
    return found


def ask_for_undo(
    actor: Actor, public_id: UUID, *, keep_later_edits: bool = False
) -> UUID | ProgressRecord:
    """Take back a change set at once, or where it is of very many rows have a worker do it: the
    undoing change set, or the progress. Raises what ``undo`` raises."""
    target = change_set_for(actor, public_id)
    if actor.user_id is None or not _is_large(target.pk):
        return undo(actor, public_id, keep_later_edits=keep_later_edits)
    actor.require("kernel.undo")
    _require_right_to(actor, _original(target))
    if _original(target).action in final_actions():
        raise Irreversible()
    if target.undone_by.exists():
        raise AlreadyUndone()
    with transaction.atomic():
        record = announce(actor, kind="undo", label=str(_("Undo")), unit=str(_("steps")), total=1)
        enqueue(
            JOB,
            user_id=actor.user_id,
            source=str(actor.source),
            change_set=str(public_id),
            keep_later_edits=keep_later_edits,
            progress=str(record.public_id),
        )
    return record


def run_announced(actor: Actor, public_id: UUID, *, keep_later_edits: bool, progress: UUID) -> UUID:
    """The worker's side: the same undo, with its progress shown."""
    with showing(actor, kind="undo", label="", unit="", announced=progress) as shown:
        undoing = undo(actor, public_id, keep_later_edits=keep_later_edits, progress=shown)
        shown.record.result = {"change_set": str(undoing)}
    return undoing


@action(permission="kernel.undo")
def undo(
    actor: Actor,
    public_id: UUID,
    *,
    keep_later_edits: bool = False,
    progress: Progress | None = None,
) -> UUID:
    """Take back a change set; the public id of the undoing change set.

    Who may not do a thing (any more) may not undo it either: the permission of the action is asked
    for again. Raises Missing when the change set is not the actor's to see, Refused, AlreadyUndone,
    Irreversible, and UndoConflict with the fields that were changed since (unless
    ``keep_later_edits``, which leaves just those as they are, or an action of many records did
    it). With ``progress`` each table counts as a step, and raises Cancelled when somebody asked to
    stop.
    """
    target = change_set_for(actor, public_id)
    original = _original(target)
    _require_right_to(actor, original)
    if original.action in final_actions():
        raise Irreversible()
    # Two people who press Undo at once: the second waits here and then finds it undone.
    ChangeSet.objects.select_for_update().get(pk=target.pk)
    if target.undone_by.exists():
        raise AlreadyUndone()
    if way := UNDO_WAYS.get(original.action):
        mark_as_undo(target.pk)
        way(actor, target)
        publish(ChangeSetUndone(change_set_id=current_change_set().id, undone_id=target.pk))
        return current_change_set().public_id
    _take_back(
        actor,
        target.pk,
        keeps_later_edits=keep_later_edits or is_of_many(original.action),
        progress=progress,
    )
    for follow in UNDO_FOLLOWERS:
        follow(actor, current_change_set().id)
    publish(ChangeSetUndone(change_set_id=current_change_set().id, undone_id=target.pk))
    return current_change_set().public_id


def _take_back(
    actor: Actor, undone: int, *, keeps_later_edits: bool, progress: Progress | None
) -> None:
    """The general way: by what history has of the change set, table by table."""
    tables = _touched_tables(undone)
    if not keeps_later_edits:
        for table in tables:
            _hold(undone, table)
    changed = [one for table in tables for one in _changed_by_others(actor, undone, table)]
    if not keeps_later_edits:
        _refuse_conflicts(undone, tables, changed)
    mark_as_undo(undone)
    try:
        with transaction.atomic():
            # What was created goes first: it may hold the unique value of what was deleted.
            for table in reversed(tables):
                _remove_created(undone, table, but={one.root for one in changed})
                _remove_restored(undone, table)
                _step(progress, 2 * len(tables))
            for table in tables:
                _restore_deleted(undone, table)
                _restore_values(undone, table)
                _step(progress, 2 * len(tables))
            _look_at_once()
    except IntegrityError as error:
        if isinstance(error.__cause__, CheckViolation):
            raise UndoConflict() from error
        raise _taken(error) from error


# As Postgres says it: Key (normalized)=(ann@lee.example) already exists.
_TAKEN = re.compile(r"\((?P<columns>[^=]*)\)=\((?P<values>.*)\) ")


def _taken(error: IntegrityError) -> UndoConflict:
    """What stands in the way of a value that must be unique, by name where Postgres tells it."""
    told = getattr(error.__cause__, "diag", None)
    found = _TAKEN.search(getattr(told, "message_detail", None) or "")
    if told is None or found is None:
        return UndoConflict(
            _("Another record has taken a value that must be unique. Nothing was undone.")
        )
    text = _("Another record has “%(value)s” by now. Nothing was undone.") % {
        "value": found["values"]
    }
    field = f"{told.table_name}.{found['columns']}"
    return UndoConflict(text, errors=[FieldError(field=field, code="taken", message=text)])


def _look_at_once() -> None:
    """Have what the database looks at when a transaction ends looked at now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


def put_back_values(change_set_id: int) -> None:
    """Part of a running action: put values back that a change set changed, where they are still
    what it left. What it created or deleted stays. Two statements a table."""
    current_change_set()
    for tracking in _touched_tables(change_set_id):
        _restore_values(change_set_id, tracking)


def _step(progress: Progress | None, total: int) -> None:
    if progress is not None:
        progress.record.total = total
        progress.advance(message="")


def _is_large(change_set_id: int) -> bool:
    """Whether the change set is of more rows than a request should undo."""
    tables = [
        sql.SQL("(SELECT 1 FROM {} WHERE created_in_id = {} LIMIT {})").format(
            _table(tracking), sql.Literal(change_set_id), sql.Literal(AT_ONCE + 1)
        )
        for tracking in trackings().values()
    ]
    changed = sql.SQL(
        "(SELECT 1 FROM kernel_recordchange WHERE change_set_id = {} LIMIT {})"
    ).format(sql.Literal(change_set_id), sql.Literal(AT_ONCE + 1))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT count(*) FROM ({}) rows").format(
                sql.SQL(" UNION ALL ").join([changed, *tables])
            )
        )
        return bool(cursor.fetchone()[0] > AT_ONCE)


def _original(target: ChangeSet) -> ChangeSet:
    original = target
    while original.undo_of is not None:
        original = original.undo_of
    return original


def _require_right_to(actor: Actor, original: ChangeSet) -> None:
    permission = permission_of(original.action)
    if permission is None:
        raise Missing()
    actor.require(permission)


def _touched_tables(change_set_id: int) -> list[Tracking]:
    """Tracked tables with rows of this change set, in the order of the rooms."""
    order = {model._meta.label_lower: at for at, model in enumerate(apps.get_models())}
    found: list[Tracking] = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT model FROM kernel_recordchange WHERE change_set_id = %s",
            [change_set_id],
        )
        changed = {row[0] for row in cursor.fetchall()}
        for label, tracking in trackings().items():
            if label not in changed:
                cursor.execute(
                    sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE created_in_id = %s)").format(
                        _table(tracking)
                    ),
                    [change_set_id],
                )
                if not cursor.fetchone()[0]:
                    continue
            found.append(tracking)
    return sorted(found, key=lambda tracking: order[tracking.model._meta.label_lower])


# One row per object and value: the first old and the last new one in the change set. The path is a
# column, or a column and a key where the keys of a column are values of their own.
_CHANGES = """
    SELECT object_id, path,
           (array_agg(old ORDER BY change_id))[1] AS old,
           (array_agg(new ORDER BY change_id DESC))[1] AS new
    FROM (
        SELECT c.object_id, c.id AS change_id, ARRAY[f.key] AS path,
               f.value -> 0 AS old, f.value -> 1 AS new
        FROM kernel_recordchange c, jsonb_each(c.fields) f
        WHERE c.change_set_id = %(undone)s AND c.model = %(model)s AND c.operation = 'update'
          AND f.key <> ALL(%(by_key)s::text[])
        UNION ALL
        SELECT c.object_id, c.id, ARRAY[f.key, k.key], f.value -> 0 -> k.key, f.value -> 1 -> k.key
        FROM kernel_recordchange c, jsonb_each(c.fields) f,
             LATERAL jsonb_object_keys((f.value -> 0) || (f.value -> 1)) k(key)
        WHERE c.change_set_id = %(undone)s AND c.model = %(model)s AND c.operation = 'update'
          AND f.key = ANY(%(by_key)s::text[])
          AND f.value -> 0 -> k.key IS DISTINCT FROM f.value -> 1 -> k.key
    ) v GROUP BY object_id, path
"""


def _parameters(change_set_id: int, tracking: Tracking) -> dict[str, Any]:
    return {
        "undone": change_set_id,
        "model": tracking.model._meta.label_lower,
        "by_key": list(tracking.by_key),
    }


@dataclass(frozen=True, slots=True)
class _Changed:
    """A row that the change set made and another user has changed since."""

    root: tuple[str, int]
    field: str


def _hold(change_set_id: int, tracking: Tracking) -> None:
    """Lock the rows, so that an edit that is under way is either seen or comes after the undo."""
    statement = sql.SQL(
        "SELECT FROM {table} WHERE created_in_id = %(undone)s OR id = ANY (ARRAY("
        " SELECT object_id FROM kernel_recordchange"
        " WHERE change_set_id = %(undone)s AND model = %(model)s)) ORDER BY id FOR UPDATE"
    ).format(table=_table(tracking))
    with connection.cursor() as cursor:
        cursor.execute(statement, _parameters(change_set_id, tracking))


def _changed_by_others(actor: Actor, change_set_id: int, tracking: Tracking) -> list[_Changed]:
    """What the change set made and another user has changed since: it is theirs, too, by now."""
    statement = sql.SQL(
        "SELECT c.root_kind, c.root_id, t.id, min(f.key) FROM {table} t"
        " JOIN kernel_recordchange c ON c.root_kind = {kind} AND c.root_id = t.{root}"
        "  AND c.model = %(model)s AND c.object_id = t.id AND c.operation = 'update'"
        "  AND c.change_set_id > %(undone)s"
        " JOIN kernel_changeset s ON s.id = c.change_set_id AND s.undo_of_id IS NULL"
        "  AND s.actor_kind = 'user' AND s.actor_id IS DISTINCT FROM %(user)s"
        "  AND NOT EXISTS (SELECT FROM kernel_changeset u WHERE u.undo_of_id = s.id)"
        " CROSS JOIN LATERAL jsonb_object_keys(c.fields) f(key)"
        " WHERE t.created_in_id = %(undone)s"
        " GROUP BY c.root_kind, c.root_id, t.id ORDER BY t.id"
    ).format(
        table=_table(tracking),
        kind=sql.SQL(tracking.root_kind.format(row="t")),  # of our own models
        root=sql.Identifier(tracking.root_column),
    )
    named = {**_parameters(change_set_id, tracking), "user": actor.user_id}
    with connection.cursor() as cursor:
        cursor.execute(statement, named)
        return [
            _Changed((kind, root_id), f"{tracking.model._meta.model_name}.{pk}.{column}")
            for kind, root_id, pk, column in cursor.fetchall()
        ]


def _refuse_conflicts(
    change_set_id: int, tables: Sequence[Tracking], changed: Sequence[_Changed]
) -> None:
    conflicts = [
        FieldError(field=one.field, code="changed_since", message=_("Changed since"))
        for one in changed[:CONFLICTS_SHOWN]
    ]
    for tracking in tables:
        statement = sql.SQL(
            "SELECT t.id, array_to_string(c.path, '.') FROM ("  # noqa: S608
            + _CHANGES
            + ") c JOIN {table} t ON t.id = c.object_id"
            " WHERE to_jsonb(t) #> c.path IS DISTINCT FROM c.new"
            " ORDER BY t.id, c.path LIMIT {limit}"
        ).format(table=_table(tracking), limit=sql.Literal(CONFLICTS_SHOWN))
        with connection.cursor() as cursor:
            cursor.execute(statement, _parameters(change_set_id, tracking))
            conflicts += [
                FieldError(
                    field=f"{tracking.model._meta.model_name}.{object_id}.{column}",
                    code="changed_since",
                    message=_("Changed since"),
                )
                for object_id, column in cursor.fetchall()
            ]
    if conflicts:
        text = ngettext(
            "A value was changed again since. Nothing was undone.",
            "%(count)s values were changed again since. Nothing was undone.",
            len(conflicts),
        )
        raise UndoConflict(text % {"count": len(conflicts)}, errors=conflicts)


def _restore_values(change_set_id: int, tracking: Tracking) -> None:
    assignments = sql.SQL(", ").join(_put_back(column, tracking) for column in tracking.columns)
    statement = sql.SQL(
        "UPDATE {table} t SET {assignments}{bookkeeping} FROM ("  # noqa: S608
        "  SELECT o.*, jsonb_populate_record(NULL::{table}, o.old) AS before FROM ("
        "    SELECT object_id,"
        "      jsonb_object_agg(path[1], old) FILTER (WHERE path[2] IS NULL) AS old,"
        "      jsonb_object_agg(path[1], new) FILTER (WHERE path[2] IS NULL) AS new,"
        "      jsonb_agg(jsonb_build_array(path[1], path[2], old, new))"
        "        FILTER (WHERE path[2] IS NOT NULL) AS parts"
        "    FROM (" + _CHANGES + ") v GROUP BY object_id"
        "  ) o) c WHERE t.id = c.object_id AND {which}"
    )
    for which in _in_turn(tracking):
        with connection.cursor() as cursor:
            cursor.execute(
                statement.format(
                    table=_table(tracking),
                    assignments=assignments,
                    bookkeeping=_bookkeeping(tracking),
                    which=which,
                ),
                _parameters(change_set_id, tracking),
            )


def _in_turn(tracking: Tracking) -> list[sql.Composable]:
    """Which rows go back first: where only one row may have a flag, those that lose it."""
    meta = tracking.model._meta
    unique = [one for one in meta.constraints if isinstance(one, UniqueConstraint)]
    flags = [field.column for field in meta.concrete_fields if isinstance(field, BooleanField)]
    if not flags or not any(one.condition for one in unique):
        return [sql.SQL("true")]
    loses = sql.SQL(" OR ").join(
        sql.SQL("coalesce(c.old -> {flag} = 'false', false)").format(flag=sql.Literal(flag))
        for flag in flags
    )
    return [sql.SQL("({})").format(loses), sql.SQL("NOT ({})").format(loses)]


def _put_back(column: str, tracking: Tracking) -> sql.Composable:
    """The old value of a column where it still says what the change set left, else its own."""
    if column in tracking.by_key:
        # A key that was not there before goes; null and absent are one.
        words = (
            "{column} = jsonb_strip_nulls(t.{column} || coalesce(("
            "SELECT jsonb_object_agg(p ->> 1, p -> 2) FROM jsonb_array_elements(c.parts) p"
            " WHERE p ->> 0 = {name}"
            " AND coalesce(t.{column} -> (p ->> 1), 'null') = p -> 3), '{{}}'))"
        )
    else:
        words = (
            "{column} = CASE WHEN c.new ? {name} AND to_jsonb(t) -> {name} = c.new -> {name}"
            " THEN (c.before).{column} ELSE t.{column} END"
        )
    return sql.SQL(words).format(column=sql.Identifier(column), name=sql.Literal(column))


def _restore_deleted(change_set_id: int, tracking: Tracking) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, tracking.stored_columns))
    statement = sql.SQL(
        """
        WITH deleted AS (
            SELECT object_id, root_kind, root_id, fields,
                   (jsonb_populate_record(NULL::{table}, fields)).*
            FROM kernel_recordchange
            WHERE change_set_id = %(undone)s AND model = %(model)s AND operation = 'delete'
              -- A row that the same change set made and deleted never was.
              AND (fields ->> 'created_in_id')::bigint <> %(undone)s
        ), restored AS (
            INSERT INTO {table} ({columns}) SELECT {columns} FROM deleted
        )
        INSERT INTO kernel_recordchange
            (change_set_id, model, object_id, root_kind, root_id, operation, fields)
        SELECT tandem_change_set(), %(model)s, object_id, root_kind, root_id, 'restore', fields
        FROM deleted
        """
    ).format(table=_table(tracking), columns=columns)
    with connection.cursor() as cursor:
        cursor.execute(
            statement, {"undone": change_set_id, "model": tracking.model._meta.label_lower}
        )


def _remove_restored(change_set_id: int, tracking: Tracking) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "DELETE FROM {table} WHERE id IN"
                " (SELECT object_id FROM kernel_recordchange"
                " WHERE change_set_id = %s AND model = %s AND operation = %s)"
            ).format(table=_table(tracking)),
            [change_set_id, tracking.model._meta.label_lower, Operation.RESTORE],
        )


def _remove_created(
    change_set_id: int, tracking: Tracking, *, but: Collection[tuple[str, int]] = ()
) -> None:
    # A record is deleted softly and can come back with its history; its parts go for good, and
    # the delete trigger keeps them for the redo. Records that others changed since stay, whole.
    kept: sql.Composable = sql.SQL("")
    if but:
        kept = sql.SQL(" AND ({kind}, {root}) NOT IN ({kept})").format(
            kind=sql.SQL(tracking.root_kind.format(row=tracking.model._meta.db_table)),
            root=sql.Identifier(tracking.root_column),
            kept=sql.SQL(", ").join(
                sql.SQL("({}, {})").format(*map(sql.Literal, one)) for one in sorted(but)
            ),
        )
    if issubclass(tracking.model, Record):
        statement = sql.SQL(
            "UPDATE {table} SET deleted_at = now(){bookkeeping}"
            " WHERE created_in_id = %s AND deleted_at IS NULL{kept}"
        ).format(table=_table(tracking), bookkeeping=_bookkeeping(tracking, alias=""), kept=kept)
    else:
        statement = sql.SQL("DELETE FROM {table} WHERE created_in_id = %s{kept}").format(
            table=_table(tracking), kept=kept
        )
    with connection.cursor() as cursor:
        cursor.execute(statement, [change_set_id])


def _bookkeeping(tracking: Tracking, *, alias: str = "t.") -> sql.Composable:
    if not issubclass(tracking.model, Record):
        return sql.SQL("")
    version = sql.SQL(alias + "row_version")
    return sql.SQL(", updated_at = now(), row_version = {} + 1").format(version)


def _table(tracking: Tracking) -> sql.Identifier:
    return sql.Identifier(tracking.model._meta.db_table)
