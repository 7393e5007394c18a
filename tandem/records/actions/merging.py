"""Two records become one, and two again. What points to them says itself what becomes of it.

A merge keeps every row that it moves, changes or drops as it was before and after. Taking it back
puts each column back that still is what the merge left, whatever else has happened since.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.db.models.lookups import IsNull
from psycopg import sql

from tandem.kernel.actions import action, current_change_set, give_reason, mark_as_undo
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.facts import publish
from tandem.kernel.models import ChangeSet, Record
from tandem.kernel.refs import OnMerge, Pointer, RecordRef
from tandem.kernel.undo import UNDO_WAYS
from tandem.records.errors import (
    AlreadyUnmerged,
    MergeChoiceInvalid,
    MergeWithItself,
    NotMergeable,
    NotMergedLast,
    NotSoMany,
)
from tandem.records.facts import RecordsMerged, RecordsUnmerged
from tandem.records.models import DuplicatePair, MergeEvent, PairState
from tandem.records.queries.merging import (
    ABSORBED,
    SURVIVOR,
    check_choices,
    pointers_of,
    values_taken,
)
from tandem.records.schemas import MOST_MERGED
from tandem.records.slots import MERGED_TABLES, Merging, ObjectType, object_type, tell_story

# What every write changes and what says nothing about the row.
_BOOKKEEPING = ["updated_at", "row_version"]
_Model = type[models.Model]


@dataclass(frozen=True, slots=True)
class Unmerged:
    """A merge that was taken back; ``stays`` counts by table what is still with the survivor,
    because it was changed, deleted or given to another since."""

    event: MergeEvent
    stays: Mapping[str, int]


@action(permission="records.merge")
def merge(
    actor: Actor,
    kind: ObjectType,
    survivor: UUID,
    absorbed: UUID,
    *,
    choices: Mapping[str, str] | None = None,
    reason: str = "",
) -> MergeEvent:
    """Make one record of two: all that points to ``absorbed`` comes to ``survivor``.

    ``choices`` names the side whose value stays, by field: ``survivor`` or ``absorbed``; without
    one it is the survivor's, or the other's where that is empty. Raises MergeWithItself,
    NotMergeable, MergeChoiceInvalid, Refused, and Missing when one of them is not there for this
    actor, was merged already or is of another kind.
    """
    merging = _merging_of(actor, kind)
    if survivor == absorbed:
        raise MergeWithItself()
    choices = dict(choices or {})
    check_choices(kind, actor, choices)
    rows = kind.visible_to(actor).filter(public_id__in=[survivor, absorbed])
    found = {one.public_id: one for one in rows.select_for_update(of=("self",)).order_by("pk")}
    if len(found) != 2:
        raise Missing()
    return _merge(actor, kind, merging, found[survivor], found[absorbed], choices, reason)


@action(permission="records.merge")
def unmerge(actor: Actor, kind: ObjectType, survivor: UUID, *, event: UUID) -> Unmerged:
    """Make two records again of one. Raises Missing, AlreadyUnmerged, NotMergedLast."""
    record = kind.visible_to(actor).filter(public_id=survivor).first()
    if record is None:
        raise Missing()
    found = MergeEvent.objects.filter(
        kind=kind.kind, survivor_id=record.pk, public_id=event
    ).first()
    if found is None:
        raise Missing()
    step = MergeEvent.objects.filter(created_in_id=found.created_in_id, undone_in__isnull=True)
    if not step.exclude(pk=found.pk).exists():  # else some of what its step did still stands
        mark_as_undo(found.created_in_id)
    return _take_apart(actor, found)


@action(permission="records.merge")
def merge_many(
    actor: Actor,
    kind: ObjectType,
    survivor: UUID,
    absorbed: Sequence[UUID],
    *,
    sources: Mapping[str, UUID] | None = None,
    reason: str = "",
) -> list[MergeEvent]:
    """Make one record of several, pair by pair, in one step; each pair can be taken apart again.

    ``sources`` names by field the record whose value stays; without one it is the survivor's, or
    the first that is not empty. Raises NotSoMany for fewer than two records or more than ten, and
    what ``merge`` raises.
    """
    others = list(dict.fromkeys(absorbed))
    if not 1 <= len(others) < MOST_MERGED:
        raise NotSoMany()
    given = dict(sources or {})
    if unknown := [key for key, one in given.items() if one != survivor and one not in others]:
        raise MergeChoiceInvalid(field=f"sources.{unknown[0]}")
    return [
        merge(
            actor,
            kind,
            survivor,
            other,
            choices={key: ABSORBED if one == other else SURVIVOR for key, one in given.items()},
            reason=reason,
        )
        for other in others
    ]


def take_back(actor: Actor, target: ChangeSet) -> None:
    """The undo of merges, and the undo of that: records apart again, or one again."""
    made = list(MergeEvent.objects.filter(created_in=target).order_by("-pk"))
    standing = [event for event in made if event.undone_in_id is None]
    if made and not standing:
        raise AlreadyUnmerged()
    for event in standing:
        _take_apart(actor, event)
    if not made:
        _merge_again(actor, target)


def _merge_again(actor: Actor, target: ChangeSet) -> None:
    events = list(MergeEvent.objects.filter(undone_in=target).order_by("pk"))
    if not events:
        raise Missing()
    for event in events:
        kind = object_type(event.kind)
        both = [event.survivor_id, event.absorbed_id]
        rows = kind.model._default_manager.filter(pk__in=both)
        ids = dict(rows.values_list("pk", "public_id"))
        merge(
            actor,
            kind,
            ids[event.survivor_id],
            ids[event.absorbed_id],
            choices=event.choices,
            reason=event.reason,
        )


UNDO_WAYS.register("records.merge", take_back)
UNDO_WAYS.register("records.merge_many", take_back)


def _merging_of(actor: Actor, kind: ObjectType) -> Merging:
    actor.require(kind.permissions.view)
    actor.require(kind.permissions.edit)
    if kind.merging is None:
        raise NotMergeable()
    return kind.merging


# --- merging --------------------------------------------------------------------------------------


def _merge(
    actor: Actor,
    kind: ObjectType,
    merging: Merging,
    survivor: Any,
    absorbed: Any,
    choices: Mapping[str, str],
    reason: str,
) -> MergeEvent:
    event = MergeEvent.objects.create(
        kind=kind.kind,
        survivor_id=survivor.pk,
        absorbed_id=absorbed.pk,
        choices=choices,
        reason=reason[:400],
        actor_label=actor.label[:200],
    )
    pointers = pointers_of(kind)
    _keep(event, kind, pointers)
    taken = values_taken(kind, survivor, absorbed, choices)
    _write(kind.model, [survivor.pk], **taken)
    for pointer in pointers:
        _bring(event, pointer, merging, choices)
    _write(kind.model, [absorbed.pk], merged_into_id=survivor.pk)
    merging.derive([survivor.pk])
    moved = _settle(event, kind, pointers)
    _answer(event, PairState.MERGED, of=PairState.OPEN)
    if reason:
        give_reason(reason)
    payload = {
        "event": str(event.public_id),
        "survivor": str(survivor.public_id),
        "name": kind.name_of(absorbed),
        "id": str(absorbed.public_id),
        "reason": event.reason,
        "rows": moved,
        "change_set": str(current_change_set().public_id),
    }
    ref = RecordRef(kind.kind, survivor.pk)
    tell_story(actor, [ref], kind="records.merged", payload=payload)
    publish(RecordsMerged(current_change_set().id, kind.kind, survivor.pk, absorbed.pk))
    return event


def _bring(
    event: MergeEvent, pointer: Pointer, merging: Merging, choices: Mapping[str, str]
) -> None:
    """What points to the absorbed record by one column comes to the survivor."""
    table = MERGED_TABLES.get(pointer.model._meta.label_lower)
    if pointer.on_merge in (OnMerge.CUSTOM, OnMerge.KEEP_STRICTEST):
        if table is None or table.rule is None:
            raise RuntimeError(f"No rule says how {pointer.model._meta.label} is merged.")
        table.rule(event.kind, event.survivor_id, event.absorbed_id)
        return
    if pointer.on_merge is OnMerge.UNION:
        side = next(
            (
                choices[key]
                for key, part in merging.parts.items()
                if part is pointer.model and key in choices
            ),
            SURVIVOR,
        )
        _drop_known(event, pointer)
        _leave_one_main(event, pointer, side)
    pointer.rows(event.kind, event.absorbed_id).update(**{pointer.column: event.survivor_id})


def _drop_known(event: MergeEvent, pointer: Pointer) -> None:
    """Rows of the absorbed record that the survivor has already."""
    theirs = pointer.rows(event.kind, event.absorbed_id)
    own = pointer.rows(event.kind, event.survivor_id)
    for names, condition in _sames(pointer):
        same = Q()
        for name in names:
            both_empty = Q(**{f"{name}__isnull": True}) & Q(IsNull(OuterRef(name), True))
            same &= Q(**{name: OuterRef(name)}) | both_empty
        theirs.filter(condition).filter(Exists(own.filter(condition).filter(same))).delete()


def _sames(pointer: Pointer) -> Iterator[tuple[Sequence[str], Q]]:
    """By which columns, and among which rows, two rows of a table are the same one."""
    names = {field.name for field in pointer.model._meta.local_fields}
    if pointer.same_by:
        live = Q(deleted_at__isnull=True) if "deleted_at" in names else Q()
        yield pointer.same_by, live
    for constraint in _unique_with(pointer):
        condition = constraint.condition or Q()
        rest = [name for name in constraint.fields if name not in pointer.columns]
        if rest or not _flags(condition):
            yield rest, condition


def _leave_one_main(event: MergeEvent, pointer: Pointer, side: str) -> None:
    """Where each record may have one main row, the chosen side's remains it."""
    survivors, others = (
        pointer.rows(event.kind, event.survivor_id),
        pointer.rows(event.kind, event.absorbed_id),
    )
    stays, steps_back = (others, survivors) if side == ABSORBED else (survivors, others)
    for constraint in _unique_with(pointer):
        condition = constraint.condition or Q()
        flags = [name for name in _flags(condition) if set(constraint.fields) <= pointer.columns]
        if flags and stays.filter(condition).exists():
            steps_back.filter(condition).update(**dict.fromkeys(flags, False))


def _unique_with(pointer: Pointer) -> list[models.UniqueConstraint]:
    return [
        one
        for one in pointer.model._meta.constraints
        if isinstance(one, models.UniqueConstraint) and pointer.columns <= set(one.fields)
    ]


def _flags(condition: Q) -> list[str]:
    """The booleans that a condition wants to be true."""
    found: list[str] = []
    for child in condition.children:
        if isinstance(child, Q):
            found += _flags(child)
        elif isinstance(child, tuple) and child[1] is True and "__" not in child[0]:
            found.append(child[0])
    return found


def _answer(event: MergeEvent, state: PairState, *, of: PairState) -> None:
    """What was asked about the two is answered by merging them, and asked again when apart."""
    one, other = sorted((event.survivor_id, event.absorbed_id))
    DuplicatePair.objects.filter(kind=event.kind, one_id=one, other_id=other, state=of).update(
        state=state
    )


def _write(model: _Model, ids: Sequence[int], **columns: Any) -> None:
    model._base_manager.filter(pk__in=ids).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )


# --- what was -------------------------------------------------------------------------------------


def _keep(event: MergeEvent, kind: ObjectType, pointers: Sequence[Pointer]) -> None:
    """Every row that the merge may touch, as it is now."""
    both = (event.survivor_id, event.absorbed_id)
    _keep_rows(event, kind.model._base_manager.filter(pk__in=both))
    for pointer in pointers:
        # A row that only moves stays what it is where it is.
        whose = both[1:] if pointer.on_merge is OnMerge.MOVE else both
        rows = pointer.rows(event.kind, *whose)
        _keep_rows(event, rows)
        table = MERGED_TABLES.get(pointer.model._meta.label_lower)
        for further in table.also(rows) if table is not None and table.also is not None else ():
            _keep_rows(event, further)


def _keep_rows(event: MergeEvent, rows: QuerySet[Any]) -> None:
    wanted, params = rows.order_by().values("pk").query.sql_with_params()
    statement = sql.SQL(
        "INSERT INTO records_mergedrow (event_id, model, object_id, before)"
        " SELECT %s, %s, t.{key}, to_jsonb(t) FROM {table} t WHERE t.{key} IN ({wanted})"
        " ON CONFLICT DO NOTHING"
    ).format(
        key=_key(rows.model),
        table=_table(rows.model),
        wanted=sql.SQL(wanted),  # made by the ORM, values apart
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [event.pk, rows.model._meta.label_lower, *params])


def _settle(event: MergeEvent, kind: ObjectType, pointers: Sequence[Pointer]) -> dict[str, int]:
    """Note what each kept row has become, forget the untouched; how many moved, by table."""
    moved: dict[str, int] = {}
    for model in _kept_models(event):
        label = model._meta.label_lower
        columns = _pointing(model, pointers)
        statement = sql.SQL(
            "UPDATE records_mergedrow m SET after = to_jsonb(t), is_moved = "
            " NOT (%s AND m.object_id = ANY (%s)) AND ({moved})"
            " FROM {table} t WHERE m.event_id = %s AND m.model = %s AND t.{key} = m.object_id"
        ).format(
            moved=sql.SQL(" OR ").join(
                sql.SQL("m.before -> {name} IS DISTINCT FROM to_jsonb(t) -> {name}").format(
                    name=sql.Literal(column)
                )
                for column in columns
            )
            if columns
            else sql.SQL("false"),
            table=_table(model),
            key=_key(model),
        )
        both = [event.survivor_id, event.absorbed_id]
        with connection.cursor() as cursor:
            cursor.execute(statement, [model is kind.model, both, event.pk, label])
            if not ((table := MERGED_TABLES.get(label)) and table.is_kept_whole):
                cursor.execute(
                    "DELETE FROM records_mergedrow WHERE event_id = %s AND model = %s"
                    " AND before - %s::text[] = after - %s::text[]",
                    [event.pk, label, _BOOKKEEPING, _BOOKKEEPING],
                )
        count = event.merged_rows.filter(model=label, is_moved=True).count()
        moved |= {label: count} if count else {}
    return moved


def _kept_models(event: MergeEvent) -> list[_Model]:
    """The tables of the kept rows, in the order of the rooms."""
    labels = set(event.merged_rows.order_by().values_list("model", flat=True).distinct())
    return [model for model in apps.get_models() if model._meta.label_lower in labels]


def _pointing(model: _Model, pointers: Sequence[Pointer]) -> list[str]:
    found = [one for one in pointers if one.model is model]
    return sorted({name for one in found for name in (one.column, one.kind_column) if name})


# --- taking apart ---------------------------------------------------------------------------------

# A kept row as it was, to be set beside the row as it is.
_KEPT = """
    SELECT m.*, jsonb_populate_record(NULL::{table}, m.before) AS was
    FROM records_mergedrow m
    WHERE m.event_id = %(event)s AND m.model = %(model)s AND m.after IS NOT NULL
"""


def _take_apart(actor: Actor, event: MergeEvent) -> Unmerged:
    kind = object_type(event.kind)
    merging = _merging_of(actor, kind)
    both = [event.survivor_id, event.absorbed_id]
    locked = kind.model._base_manager.filter(pk__in=both).order_by("pk").select_for_update()
    records = {one.pk: one for one in locked}
    event = MergeEvent.objects.select_for_update().get(pk=event.pk)
    if event.undone_in_id is not None:
        raise AlreadyUnmerged()
    if not kind.visible_to(actor).filter(pk=event.survivor_id).exists():
        survivor = records.get(event.survivor_id)
        is_known = actor.scope_of(kind.kind) == "all" and survivor is not None
        raise NotMergedLast() if is_known else Missing()
    if _was_merged_over(event, kind):
        raise NotMergedLast()
    pointers = pointers_of(kind)
    stays: Counter[str] = Counter()
    tables = _kept_models(event)
    returned: dict[_Model, set[int]] = {}
    for model in tables:
        returned[model], left = _give_back(event, model, _pointing(model, pointers))
        stays[model._meta.label_lower] += left
    for model in tables:
        stays[model._meta.label_lower] += _bring_back(event, model)
    for model in tables:
        stays[model._meta.label_lower] += _put_back(
            event, model, _pointing(model, pointers), returned[model]
        )
    for pointer in pointers:
        table = MERGED_TABLES.get(pointer.model._meta.label_lower)
        if table is not None and table.apart is not None:
            table.apart(actor, event)
    merging.derive(both)
    _write(kind.model, both)
    _answer(event, PairState.OPEN, of=PairState.MERGED)
    MergeEvent.objects.filter(pk=event.pk).update(undone_in_id=current_change_set().id)
    event.undone_in_id = current_change_set().id
    found = {label: count for label, count in stays.items() if count}
    for pk, other in (both, both[::-1]):
        payload = {
            "name": kind.name_of(records[other]),
            "id": str(records[other].public_id),
            "stays": found,
        }
        tell_story(actor, [RecordRef(kind.kind, pk)], kind="records.unmerged", payload=payload)
    publish(RecordsUnmerged(current_change_set().id, kind.kind, *both))
    return Unmerged(event, found)


def _was_merged_over(event: MergeEvent, kind: ObjectType) -> bool:
    """Whether a later merge into the same survivor, which stands, wrote rows that this one wrote:
    only when that is taken back are they what this one left. The record itself keeps what fits."""
    later = MergeEvent.objects.filter(
        kind=event.kind, survivor_id=event.survivor_id, undone_in__isnull=True, pk__gt=event.pk
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM records_mergedrow m JOIN records_mergedrow o"
            " ON o.event_id = ANY (%(later)s) AND o.model = m.model AND o.object_id = m.object_id"
            " WHERE m.event_id = %(event)s AND m.model <> %(own)s"
            " AND (m.after IS NULL OR m.before - %(skip)s::text[] <> m.after - %(skip)s::text[])"
            " AND (o.after IS NULL OR o.before - %(skip)s::text[] <> o.after - %(skip)s::text[]))",
            {
                "later": list(later.values_list("pk", flat=True)),
                "event": event.pk,
                "own": kind.model._meta.label_lower,
                "skip": _BOOKKEEPING,
            },
        )
        return bool(cursor.fetchone()[0])


def _give_back(event: MergeEvent, model: _Model, columns: Sequence[str]) -> tuple[set[int], int]:
    """Moved rows point to the absorbed record again; which, and how many did not.

    One that points elsewhere by now stays where it was put. So does a part (an address, a tag)
    that was changed since; what is a record of its own goes back as it has become.
    """
    moved = list(
        event.merged_rows.filter(
            model=model._meta.label_lower, is_moved=True, after__isnull=False
        ).values_list("object_id", flat=True)
    )
    if not moved:
        return set(), 0
    if issubclass(model, Record):
        unchanged = sql.SQL(" AND ").join(
            sql.SQL("to_jsonb(t) -> {name} = m.after -> {name}").format(name=sql.Literal(column))
            for column in columns
        )
    else:
        unchanged = sql.SQL(
            "NOT EXISTS (SELECT FROM jsonb_each(m.after) k WHERE k.key <> ALL ({skipped})"
            " AND to_jsonb(t) -> k.key IS DISTINCT FROM k.value)"
        ).format(skipped=sql.Literal(_BOOKKEEPING))
    statement = sql.SQL(
        "UPDATE {table} t SET {assignments} FROM ("  # noqa: S608
        + _KEPT
        + " AND m.is_moved) m"
        " WHERE t.{key} = m.object_id AND t.{key} = ANY (%(ids)s) AND {unchanged}"
        " RETURNING t.{key}"
    ).format(
        table=_table(model),
        key=_key(model),
        assignments=sql.SQL(", ").join(
            sql.SQL("{name} = (m.was).{name}").format(name=sql.Identifier(column))
            for column in columns
        ),
        unchanged=unchanged,
    )
    done, _taken = _run(event, model, statement, moved)
    return done, len(moved) - len(done)


def _bring_back(event: MergeEvent, model: _Model) -> int:
    """Dropped rows come back; how many cannot, because another has taken their place."""
    dropped = list(
        event.merged_rows.filter(model=model._meta.label_lower, after__isnull=True).values_list(
            "object_id", flat=True
        )
    )
    if not dropped:
        return 0
    columns = sql.SQL(", ").join(map(sql.Identifier, _columns_of(model)))
    statement = sql.SQL(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM ("
        " SELECT (jsonb_populate_record(NULL::{table}, m.before)).*"
        " FROM records_mergedrow m WHERE m.event_id = %(event)s AND m.model = %(model)s"
        "  AND m.object_id = ANY (%(ids)s)) was RETURNING {key}"
    ).format(table=_table(model), columns=columns, key=_key(model))
    done, _taken = _run(event, model, statement, dropped)
    return len(dropped) - len(done)


def _put_back(event: MergeEvent, model: _Model, pointing: Sequence[str], returned: set[int]) -> int:
    """Columns that the merge changed get their values back where they are what it left."""
    changed = _changed_columns(event, model)
    wanted = [
        pk
        for pk, is_moved, names in changed
        if (pk in returned and set(names) - set(pointing)) or not is_moved
    ]
    names = sorted({name for _pk, _is_moved, found in changed for name in found})
    if not wanted:
        return 0
    assignments = sql.SQL(", ").join(
        sql.SQL(
            "{column} = CASE WHEN m.before -> {name} IS DISTINCT FROM m.after -> {name}"
            " AND to_jsonb(t) -> {name} = m.after -> {name}"
            " THEN (m.was).{column} ELSE t.{column} END"
        ).format(column=sql.Identifier(name), name=sql.Literal(name))
        for name in names
    )
    statement = sql.SQL(
        "UPDATE {table} t SET {assignments} FROM ("  # noqa: S608
        + _KEPT
        + ") m"
        " WHERE t.{key} = m.object_id AND t.{key} = ANY (%(ids)s) RETURNING t.{key}"
    ).format(table=_table(model), key=_key(model), assignments=assignments)
    return _run(event, model, statement, wanted)[1]


def _changed_columns(event: MergeEvent, model: _Model) -> list[tuple[int, bool, list[str]]]:
    """Each row that the merge changed, whether it moved, and its changed columns."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.object_id, m.is_moved, array_agg(k.key) FROM records_mergedrow m"
            " CROSS JOIN LATERAL jsonb_each(m.before) k"
            " WHERE m.event_id = %s AND m.model = %s AND m.after IS NOT NULL"
            " AND k.key <> ALL (%s) AND m.after -> k.key IS DISTINCT FROM k.value"
            " GROUP BY m.object_id, m.is_moved",
            [event.pk, model._meta.label_lower, _BOOKKEEPING],
        )
        return list(cursor.fetchall())


def _run(
    event: MergeEvent, model: _Model, statement: sql.Composable, ids: Sequence[int]
) -> tuple[set[int], int]:
    """One statement for all of these rows; where a unique value is taken, one for each that can.

    Which rows it wrote, and how many could not be."""

    def execute(some: Sequence[int]) -> set[int]:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                statement,
                {"event": event.pk, "model": model._meta.label_lower, "ids": list(some)},
            )
            return {row[0] for row in cursor.fetchall()}

    try:
        return execute(ids), 0
    except IntegrityError:
        return _one_by_one(execute, ids)


def _one_by_one(
    execute: Callable[[Sequence[int]], set[int]], ids: Sequence[int]
) -> tuple[set[int], int]:
    done: set[int] = set()
    taken = 0
    for pk in ids:
        try:
            done |= execute([pk])
        except IntegrityError:
            taken += 1
    return done, taken


def _columns_of(model: _Model) -> list[str]:
    """Every column that is not computed by Postgres."""
    return [
        str(field.column)
        for field in model._meta.concrete_fields
        if not isinstance(field, models.GeneratedField)
    ]


def _table(model: _Model) -> sql.Identifier:
    return sql.Identifier(model._meta.db_table)


def _key(model: _Model) -> sql.Identifier:
    assert model._meta.pk is not None
    return sql.Identifier(str(model._meta.pk.column))
