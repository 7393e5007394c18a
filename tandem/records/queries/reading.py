"""What a filter reads: so that whoever keeps its answer knows when to ask again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from tandem.kernel.history import trackings
from tandem.records.rules import Condition, FieldType, Node, Related
from tandem.records.slots import ObjectType, relations_of
from tandem.records.slots import object_type as type_of

# Operators whose answer changes with the day or the hour, and words that mean who is reading.
_MOVING = frozenset({"within", "last_days", "next_days", "older_than_days"})
_OF_READER = frozenset({"me", "my_team"})


@dataclass(frozen=True, slots=True)
class Reads:
    """The kinds of record whose changes may change the answer, the fields that it tells
    (``deal.stage``), whether it changes by time alone, and whether it depends on who reads."""

    kinds: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    is_moving: bool = False
    is_of_reader: bool = False

    def __or__(self, other: "Reads") -> "Reads":
        return Reads(
            self.kinds | other.kinds,
            self.fields | other.fields,
            self.is_moving or other.is_moving,
            self.is_of_reader or other.is_of_reader,
        )


def reads_of(object_type: ObjectType, node: Node) -> Reads:
    """What a tree about a kind of record reads, that of related records among it."""
    if isinstance(node, Condition):
        return _read_by(object_type, node)
    if isinstance(node, Related):
        relation = relations_of(object_type.kind)[node.relation]
        to = type_of(relation.to)
        across = Reads(
            frozenset({to.kind, *_kinds_on(object_type.model, relation.own)}),
            frozenset(relation.tells),
        )
        return across | reads_of(to, node.where)
    found = Reads(frozenset({object_type.kind}))
    for item in node.items:
        found |= reads_of(object_type, item)
    return found


def _read_by(object_type: ObjectType, condition: Condition) -> Reads:
    there = next(one for one in object_type.every_field if one.key == condition.field)
    words = condition.value if isinstance(condition.value, tuple) else ()
    return Reads(
        kinds=frozenset({object_type.kind, *_kinds_on(object_type.model, there.path)}),
        fields=frozenset({f"{object_type.kind}.{condition.field}"}),
        is_moving=condition.operator in _MOVING,
        is_of_reader=there.type is FieldType.USER and not _OF_READER.isdisjoint(words),
    )


def _kinds_on(model: type[Model], path: str) -> Iterator[str]:
    """The kinds of the records in whose history the rows along a path stand."""
    known = trackings()
    here: Any = model
    for step in path.split("__"):
        found = next((one for one in here._meta.get_fields() if one.name == step), None)
        if found is None or not found.is_relation:
            return
        here = found.related_model
        tracking = known.get(here._meta.label_lower)
        if tracking is not None and tracking.root_kind.startswith("'"):
            yield tracking.root_kind.strip("'")
