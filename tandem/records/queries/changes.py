"""Reads of what was done: change sets of an actor, and the records that each touched."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from psycopg import sql

from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Missing
from tandem.kernel.history import trackings
from tandem.kernel.models import ChangeSet, RecordChange
from tandem.records.slots import OBJECT_TYPES, ObjectType

CHANGE_SETS_A_PAGE = 50
CHANGES_A_PAGE = 100
# Records of one change set are counted this far.
COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Touched:
    """Records of one kind that a change set made, changed or deleted: how many, the first few."""

    kind: str
    count: int
    ids: tuple[int, ...]

    @property
    def is_all(self) -> bool:
        """Whether these are all; where there are very many they are not counted to the end."""
        return self.count <= COUNTED


def change_sets_for(actor: Actor, *, is_everyones: bool = False) -> QuerySet[ChangeSet]:
    """What the actor did, the latest first; what everyone did for who may undo any of it."""
    rows = ChangeSet.objects.order_by("-id")
    if is_everyones:
        actor.require("kernel.undo_any")
        return rows
    return rows.filter(actor_id=actor.user_id or 0)


def page_of(
    rows: QuerySet[ChangeSet], *, after: UUID | None = None
) -> tuple[list[ChangeSet], UUID | None]:
    """A page of change sets behind one, and the one that the next page is behind."""
    if after is not None:
        last = ChangeSet.objects.filter(public_id=after).first()
        if last is None:
            raise Missing()
        rows = rows.filter(pk__lt=last.pk)
    found = list(rows[: CHANGE_SETS_A_PAGE + 1])
    shown = found[:CHANGE_SETS_A_PAGE]
    return shown, shown[-1].public_id if len(found) > len(shown) else None


def undone_among(change_sets: Collection[ChangeSet]) -> set[int]:
    """Those that were taken back; one query."""
    ids = [one.pk for one in change_sets]
    return set(
        ChangeSet.objects.filter(pk__in=ids, undone_by__isnull=False).values_list("pk", flat=True)
    )


def touched_by(change_sets: Collection[ChangeSet]) -> Mapping[int, Sequence[Touched]]:
    """The records that each of these touched, by kind, the most first; one query.

    A part that was added, changed or deleted counts as its record. Its cost ends at a thousand
    rows of a table for each change set.
    """
    ids = [one.pk for one in change_sets]
    if not ids:
        return {}
    whole = sql.SQL(
        "SELECT id, kind, count(*), (array_agg(root ORDER BY root))[1:3] FROM"
        " (SELECT DISTINCT id, kind, root FROM ({parts}) p(id, kind, root)) d"
        " GROUP BY id, kind ORDER BY id, count(*) DESC, kind"
    ).format(parts=_roots(ids, limit=COUNTED + 1))
    found: dict[int, list[Touched]] = {}
    with connection.cursor() as cursor:
        cursor.execute(whole)
        for pk, kind, count, first in cursor.fetchall():
            found.setdefault(pk, []).append(Touched(kind, count, tuple(first)))
    return found


def roots_touched(change_sets: Collection[int], *, limit: int) -> Mapping[str, set[int] | None]:
    """The records that these change sets touched, by kind; one query.

    None stands for more than ``limit`` of a kind: so far its cost goes for each change set.
    """
    if not change_sets:
        return {}
    whole = sql.SQL(
        "SELECT kind, array_agg(DISTINCT root) FROM ({parts}) p(id, kind, root) GROUP BY kind"
    ).format(parts=_roots(sorted(change_sets), limit=limit + 1))
    with connection.cursor() as cursor:
        cursor.execute(whole)
        return {kind: set(ids) if len(ids) <= limit else None for kind, ids in cursor.fetchall()}


def _roots(change_sets: Sequence[int], *, limit: int) -> sql.Composed:
    """Rows of change set, kind and id of a record for each row that was made or changed; of each
    table so many of a change set at most."""
    made = [
        sql.SQL(
            "SELECT c.id, {kind}, r.{root} FROM unnest({ids}) c(id) CROSS JOIN LATERAL"
            " (SELECT * FROM {table} WHERE created_in_id = c.id LIMIT {limit}) r"
        ).format(
            kind=sql.SQL(one.root_kind.format(row="r")),
            root=sql.Identifier(one.root_column),
            table=sql.Identifier(one.model._meta.db_table),
            ids=sql.Literal(change_sets),
            limit=sql.Literal(limit),
        )
        for one in trackings().values()
    ]
    changed = sql.SQL(
        "SELECT c.id, r.root_kind::text, r.root_id FROM unnest({ids}) c(id) CROSS JOIN LATERAL"
        " (SELECT * FROM kernel_recordchange WHERE change_set_id = c.id LIMIT {limit}) r"
    ).format(ids=sql.Literal(change_sets), limit=sql.Literal(limit))
    return sql.SQL(" UNION ALL ").join([changed, *made])


def changes_in(change_set: ChangeSet, *, after: int = 0) -> tuple[list[RecordChange], int | None]:
    """What a change set did to rows, by record: a page behind a row, and the last of it."""
    rows = RecordChange.objects.filter(change_set=change_set, pk__gt=after).order_by("pk")
    found = list(rows[: CHANGES_A_PAGE + 1])
    shown = found[:CHANGES_A_PAGE]
    return shown, shown[-1].pk if len(found) > len(shown) else None


def records_named(
    actor: Actor, wanted: Mapping[str, Collection[int]]
) -> Mapping[tuple[str, int], tuple[ObjectType, Any]]:
    """Records by kind and id, as far as the actor sees them; one query a kind.

    Who sees all of a kind also sees those that are deleted.
    """
    found: dict[tuple[str, int], tuple[ObjectType, Any]] = {}
    for kind in OBJECT_TYPES:
        ids = set(wanted.get(kind.kind, ()))
        if not ids or not actor.may(kind.permissions.view):
            continue
        rows = list(kind.prepare(kind.visible_to(actor).filter(pk__in=ids)))
        if actor.scope_of(kind.kind) is Scope.ALL:
            gone = ids - {row.pk for row in rows}
            rows += (
                kind.model._default_manager.filter(pk__in=gone) if gone else []
            )  # a name is enough
        found |= {(kind.kind, row.pk): (kind, row) for row in rows}
    return found
