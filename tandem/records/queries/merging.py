"""Reads about records that were merged, or may be: who lives on in whom, which values stay."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Count, Q, QuerySet

from tandem.kernel.actor import Actor
from tandem.kernel.compiled import compiled
from tandem.kernel.refs import OnMerge, Pointer, pointers_to
from tandem.records.errors import MergeChoiceInvalid, MergedInto
from tandem.records.models import MergeEvent
from tandem.records.slots import OBJECT_TYPES, Field, ObjectType
from tandem.records.slots import object_type as type_of

SURVIVOR, ABSORBED = "survivor", "absorbed"
SIDES = (SURVIVOR, ABSORBED)


# --- who lives on in whom -------------------------------------------------------------------------


def refuse_merged(object_type: ObjectType, actor: Actor, public_id: UUID) -> None:
    """Raise MergedInto where a record lives on in one that the actor may see; else say nothing."""
    if object_type.merging is None:
        return
    survivors = (
        _rows(object_type)
        .filter(public_id=public_id, merged_into__isnull=False)
        .values("merged_into_id")
    )
    found = object_type.visible_to(actor).filter(pk__in=survivors).first()
    if found is not None:
        raise MergedInto(found.public_id)


def selves_of(kind: str, ids: Iterable[int]) -> list[int]:
    """These records and those that were merged into them: what was told of either; one query.

    A merge keeps ``merged_into`` flat: it names who lives on now, however often they were merged.
    """
    wanted = list(ids)
    object_type = OBJECT_TYPES.get(kind)
    if object_type is None or object_type.merging is None or not wanted:
        return wanted
    return wanted + _absorbed(kind, ids=wanted)


@compiled
def _absorbed(kind: str, *, ids: Sequence[int]) -> QuerySet[Any, int]:
    rows = _rows(type_of(kind)).filter(merged_into_id__one_of=ids).order_by("pk")
    return rows.values_list("pk", flat=True)


def merges_of(object_type: ObjectType, record: Any) -> QuerySet[MergeEvent]:
    """The merges into a record that stand, the latest first."""
    return MergeEvent.objects.filter(
        kind=object_type.kind, survivor_id=record.pk, undone_in__isnull=True
    ).order_by("-pk")


def _rows(object_type: ObjectType) -> QuerySet[Any]:
    rows: QuerySet[Any] = object_type.model._default_manager.all()
    return rows


def moved_by(event: MergeEvent) -> dict[str, int]:
    """How many rows a merge moved, by table; one query."""
    rows = event.merged_rows.filter(is_moved=True).order_by("model")
    return dict(rows.values_list("model").annotate(Count("pk")))


def pointers_of(object_type: ObjectType) -> list[Pointer]:
    """Every column whose rows a merge has to look after; STAY is history and needs nothing."""
    declared = [one for one in pointers_to(object_type.model) if one.on_merge is not OnMerge.STAY]
    into = Pointer(object_type.model, "merged_into_id", "", OnMerge.MOVE, declared[0].on_erase)
    return [*declared, into]


def moving(actor: Actor, object_type: ObjectType, record_id: int) -> dict[str, int]:
    """How many rows of each table a merge would bring from this record, of those that the actor
    sees: what is out of sight goes along untold. A query a pointer."""
    found: Counter[str] = Counter()
    for pointer in pointers_of(object_type):
        rows = _in_sight(actor, pointer, pointer.rows(object_type.kind, record_id))
        found[pointer.model._meta.label_lower] += rows.count()
    return {label: count for label, count in found.items() if count}


def _in_sight(actor: Actor, pointer: Pointer, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those rows that are records in sight, or else point at no record that is out of it."""
    kinds: dict[Any, ObjectType] = {one.model: one for one in OBJECT_TYPES}
    if pointer.model in kinds:
        return rows.filter(pk__in=kinds[pointer.model].visible_to(actor).values("pk"))
    for column in pointer.model._meta.local_concrete_fields:
        other = kinds.get(column.related_model)
        if other is not None and column.attname != pointer.column:
            seen = other.visible_to(actor).values("pk")
            rows = rows.filter(
                Q(**{f"{column.attname}__isnull": True}) | Q(**{f"{column.attname}__in": seen})
            )
    return rows


# --- which values stay ----------------------------------------------------------------------------


def choosable(object_type: ObjectType) -> list[Field]:
    """The fields of which a merge keeps one value: those that people may edit, but for those that
    go with another one."""
    return [field for field in object_type.every_field if _is_choosable(object_type, field)]


def choosable_by(object_type: ObjectType, actor: Actor) -> list[Field]:
    """Those of them that are there for an actor; of the others the survivor's own value stays, or
    where it is empty the other one's."""
    return [field for field in object_type.fields_for(actor) if _is_choosable(object_type, field)]


def _is_choosable(object_type: ObjectType, field: Field) -> bool:
    merging = object_type.merging
    along = [name for names in merging.columns.values() for name in names] if merging else []
    return field.is_editable and field.path not in along


def column_of(object_type: ObjectType, field: Field) -> str:
    """The record's own column behind a field; empty where it stands in another table."""
    name = field.path.partition("__")[0]
    try:
        found = object_type.model._meta.get_field(name)
    except FieldDoesNotExist:
        return ""
    return getattr(found, "attname", "") if found.concrete else ""


def check_choices(object_type: ObjectType, actor: Actor, choices: Mapping[str, str]) -> None:
    """Raise MergeChoiceInvalid for a field or a side that there is not, and for two values out of
    one row of a part that are torn apart (title and company of a job); FieldHidden."""
    object_type.refuse_hidden(actor, choices)
    known = {field.key for field in choosable(object_type)}
    parts: dict[Any, str] = {}
    for key, side in choices.items():
        if key not in known or side not in SIDES:
            raise MergeChoiceInvalid(field=f"choices.{key}")
        part = object_type.merging.parts.get(key) if object_type.merging else None
        if part is not None and parts.setdefault(part, side) != side:
            raise MergeChoiceInvalid(field=f"choices.{key}")


def values_taken(
    object_type: ObjectType, survivor: Any, absorbed: Any, choices: Mapping[str, str]
) -> dict[str, Any]:
    """The columns that the survivor takes over: as chosen, else where its own is empty."""
    merging = object_type.merging
    assert merging is not None
    taken: dict[str, Any] = {}
    own = {survivor.pk, absorbed.pk}
    for field in choosable(object_type):
        column = column_of(object_type, field)
        if not column or column == "x":
            continue
        columns = (column, *merging.columns.get(field.key, ()))
        if _is_taken(choices.get(field.key), survivor, absorbed, column):
            taken |= {name: getattr(absorbed, name) for name in columns}
    for column in merging.silent:
        if _is_taken(None, survivor, absorbed, column):
            taken[column] = getattr(absorbed, column)
    if hasattr(survivor, "x"):
        taken |= _own_fields_taken(object_type, survivor, absorbed, choices)
    # A record that belongs to the other one does not come to belong to itself.
    return {
        name: value
        for name, value in taken.items()
        if not (_points_to_own_kind(object_type, name) and value in own)
    }


def _is_taken(choice: str | None, survivor: Any, absorbed: Any, column: str) -> bool:
    if choice is not None:
        return choice == ABSORBED
    return is_empty(getattr(survivor, column)) and not is_empty(getattr(absorbed, column))


def is_empty(value: Any) -> bool:
    """Whether a field says nothing."""
    return value is None or value in ("", [], {})


def _own_fields_taken(
    object_type: ObjectType, survivor: Any, absorbed: Any, choices: Mapping[str, str]
) -> dict[str, Any]:
    """Fields that the company added itself: each by its key in one column."""
    values = {**survivor.x}
    for key, value in absorbed.x.items():
        if is_empty(values.get(key)):
            values[key] = value
    for field in choosable(object_type):
        column, _sep, key = field.path.partition("__")
        if column == "x" and choices.get(field.key) == ABSORBED:
            values.pop(key, None)
            values |= {key: absorbed.x[key]} if key in absorbed.x else {}
    return {"x": values} if values != survivor.x else {}


def _points_to_own_kind(object_type: ObjectType, column: str) -> bool:
    return object_type.model._meta.get_field(column).related_model is object_type.model
