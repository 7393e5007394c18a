"""Reads about erasing: what hangs on a record, what goes with it, what stays and why."""

import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Model, QuerySet

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.history import trackings
from tandem.kernel.refs import OnErase, Pointer, keys_to, pointers_to
from tandem.records.errors import NotErasable
from tandem.records.models import Erasure, ErasureState
from tandem.records.queries.merging import selves_of
from tandem.records.slots import (
    ERASABLE,
    ERASED_TABLES,
    MERGED_TABLES,
    OBJECT_TYPES,
    Erasable,
    ErasedTable,
    ObjectType,
    Text,
)
from tandem.records.slots import object_type as registered

_Model = type[Model]
_PART = 2_000

TOLD = frozenset({"id", "kind", "at", "basis", "by", "subjects", "keys", "certificate", "seal"})
"""What a tombstone tells."""


@dataclass(frozen=True, slots=True)
class Reach:
    """All that hangs on a record and on those that were merged into it, row by row.

    ``gone`` are the rows that go, by table; ``staying`` those that lose what is personal, with the
    columns that pointed. A row that goes for one reason goes, whatever else points with it.
    """

    kind: str
    ids: tuple[int, ...]
    gone: Mapping[_Model, frozenset[int]]
    staying: Mapping[_Model, Mapping[int, frozenset[str]]]


@dataclass(frozen=True, slots=True)
class Line:
    """One table in the preview of an erasure: how many rows, and why where they stay."""

    label: Text
    count: int
    because: Text = ""


def erasable(kind: ObjectType) -> Erasable:
    """How this kind is erased. Raises NotErasable."""
    found = ERASABLE.get(kind.kind)
    if found is None:
        raise NotErasable()
    return found


def reach_of(object_type: ObjectType, record_id: int) -> Reach:
    """What erasing a record takes: a query for each column that points, none of other rows."""
    kind = object_type.kind
    ids = selves_of(kind, [record_id])
    gone: dict[_Model, set[int]] = defaultdict(set)
    staying: dict[_Model, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    ahead: list[tuple[_Model, set[int]]] = [(object_type.model, set(ids))]
    ahead += [(rows.model, set(rows.values_list("pk", flat=True))) for rows in _further(kind, ids)]
    while ahead:
        model, wanted = ahead.pop()
        new = wanted - gone[model]
        gone[model] |= new
        for pointer in pointers_at(model) if new else ():
            found = _rows_at(pointer, model, sorted(new))
            if pointer.on_erase is OnErase.DELETE:
                ahead.append((pointer.model, set(found)))
                continue
            for pk in found:
                staying[pointer.model][pk].add(pointer.column)
    return Reach(
        kind=kind,
        ids=tuple(ids),
        gone={model: frozenset(pks) for model, pks in _in_order(gone) if pks},
        staying={
            model: {pk: frozenset(columns) for pk, columns in rows.items() if pk not in gone[model]}
            for model, rows in _in_order(staying)
            if rows.keys() - gone[model]
        },
    )


def pointers_at(model: _Model) -> list[Pointer]:
    """Every column that may point to rows of this table, as erasing sees it."""
    is_kind = bool(kinds_of(model))
    declared = [one for one in pointers_to(model) if is_kind or not one.kind_column]
    return [*declared, *keys_to(model)]


def reached_from(model: _Model) -> dict[_Model, set[OnErase]]:
    """Every table that erasing a row of this one may come to, and how: from the models alone."""
    found: dict[_Model, set[OnErase]] = defaultdict(set)
    ahead, known = [model], {model}
    while ahead:
        for pointer in pointers_at(ahead.pop()):
            found[pointer.model].add(pointer.on_erase)
            if pointer.on_erase is OnErase.DELETE and pointer.model not in known:
                known.add(pointer.model)
                ahead.append(pointer.model)
    return dict(found)


def column_of(model: _Model, name: str) -> str:
    """The column of a field, as the database names it."""
    field = next(one for one in model._meta.local_fields if name in (one.name, one.attname))
    return str(field.column)


def lines_of(reach: Reach) -> tuple[list[Line], list[Line]]:
    """What a preview tells: tables whose rows go, and tables whose rows stay without a person."""
    gone = [Line(table_of(model).label, len(pks)) for model, pks in reach.gone.items()]
    staying = [
        Line(table_of(model).label, len(rows), table_of(model).because)
        for model, rows in reach.staying.items()
    ]
    return gone, staying


def table_of(model: _Model) -> ErasedTable:
    """What was declared about a table, or nothing but the name that merging has for it."""
    label = model._meta.label_lower
    return ERASED_TABLES.get(label) or ErasedTable(label_of_table(label)[0])


def label_of_table(label: str) -> tuple[Text, Text]:
    """What people call the rows of a table, and why they stay where they do."""
    found = ERASED_TABLES.get(label)
    if found is not None:
        return found.label, found.because
    merged = MERGED_TABLES.get(label)
    return (merged.label if merged is not None else label), ""


def kinds_of(model: _Model) -> list[ObjectType]:
    """The kinds of record that a table is."""
    return [one for one in OBJECT_TYPES if one.model is model]


def tracked_pointers(reach: Reach) -> list[tuple[_Model, str]]:
    """Tables with a history of their own, and the column that pointed to the record itself."""
    model = registered(reach.kind).model
    tracked = trackings()
    return [
        (one.model, column_of(one.model, one.column))
        for one in pointers_at(model)
        if not one.kind_column and one.model._meta.label_lower in tracked
    ]


def erasures_visible_to(actor: Actor) -> QuerySet[Erasure]:
    """Erasures and refusals, the latest first: for those who may erase."""
    rows = Erasure.objects.select_related("user").order_by("-pk")
    return rows if actor.may("records.erase") else rows.none()


def erasure_by_public_id(actor: Actor, public_id: UUID) -> Erasure:
    """One erasure. Raises Missing."""
    found = erasures_visible_to(actor).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def open_erasure(kind: str, record_id: int) -> Erasure | None:
    """The erasure of this record that waits, or the reason why there is none."""
    return Erasure.objects.filter(
        kind=kind, record_id=record_id, state__in=[ErasureState.WAITING, ErasureState.REFUSED]
    ).first()


def tombstones_in(*ledgers: Path) -> list[dict[str, Any]]:
    """What these ledgers tell, each erasure once; a file that is not there tells nothing, nor does
    a line that a power cut left unfinished."""
    found: dict[str, dict[str, Any]] = {}
    for path in ledgers:
        with contextlib.suppress(FileNotFoundError):
            for line in path.read_text().splitlines():
                with contextlib.suppress(ValueError):
                    told = json.loads(line)
                    if isinstance(told, dict) and told.keys() >= TOLD:
                        found.setdefault(told["id"], told)
    return list(found.values())


def _further(kind: str, ids: Sequence[int]) -> Iterator[QuerySet[Any]]:
    for table in ERASED_TABLES:
        if table.further is not None:
            yield from table.further(kind, ids)


def _rows_at(pointer: Pointer, model: _Model, ids: Sequence[int]) -> list[int]:
    """The rows that point to these; by RecordRef under every kind that the table is."""
    kinds = [one.kind for one in kinds_of(model)] if pointer.kind_column else [""]
    found: list[int] = []
    for kind in kinds:
        for start in range(0, len(ids), _PART):
            rows = pointer.rows(kind, *ids[start : start + _PART])
            found += rows.values_list("pk", flat=True)
    return found


def _in_order(found: Mapping[_Model, Any]) -> list[tuple[_Model, Any]]:
    """By the order of the rooms, those above first."""
    order = {model: at for at, model in enumerate(apps.get_models())}
    return sorted(found.items(), key=lambda one: -order[one[0]])
