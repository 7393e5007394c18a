"""Which columns of the database tell a field that is hidden from who reads: for history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from tandem.kernel.actor import Actor
from tandem.kernel.models import RecordChange
from tandem.records.slots import Field, ObjectType


@dataclass(frozen=True)
class Unseen:
    """The columns that are not shown, by label of their model; ``whole`` models say nothing, and
    ``custom`` keys stand in the column ``x``."""

    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    custom: frozenset[str] = frozenset()

    def seen(self, change: RecordChange) -> dict[str, Any]:
        """What of a change may be shown; nothing where all of it is hidden."""
        if change.model in self.whole:
            return {}
        hidden = self.columns.get(change.model, frozenset())
        found = {name: one for name, one in change.fields.items() if name not in hidden}
        if self.custom and isinstance(found.get("x"), list):
            sides = [_without(side, self.custom) for side in found["x"]]
            if sides[0] == sides[1]:
                del found["x"]
            else:
                found["x"] = sides
        elif self.custom and "x" in found:
            found["x"] = _without(found["x"], self.custom)
        return found


def _without(values: Any, keys: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in (values or {}).items() if key not in keys}


def unseen_of(object_type: ObjectType, actor: Actor) -> Unseen:
    """What the history of a kind of record does not show to an actor."""
    hidden = actor.hidden_of(object_type.kind)
    if not hidden:
        return Unseen()
    parts = object_type.merging.parts if object_type.merging is not None else {}
    columns: dict[str, set[str]] = {}
    seen_parts = {parts[one.key] for one in object_type.fields_for(actor) if one.key in parts}
    whole: set[str] = set()
    for one in object_type.fields:
        if one.key not in hidden:
            continue
        if one.key in parts:
            model = parts[one.key]
            names = set(one.path.split("__")[1:2])
            if model not in seen_parts:
                whole.add(model._meta.label_lower)
        else:
            model, names = object_type.model, _own(object_type, one)
        columns.setdefault(model._meta.label_lower, set()).update(
            column for name in names for column in _spellings(model, name)
        )
    return Unseen(
        columns={label: frozenset(names) for label, names in columns.items()},
        whole=frozenset(whole),
        custom=frozenset(key for key in hidden if key.startswith("x_")),
    )


def _own(object_type: ObjectType, one: Field) -> set[str]:
    merging = object_type.merging
    more = merging.columns.get(one.key, ()) if merging is not None else ()
    paths = (one.key, one.path, one.sort_path, *one.also, *more)
    return {path.partition("__")[0] for path in paths}


def _spellings(model: type[Model], name: str) -> set[str]:
    found = {name, f"{name}_id"}
    columns = {one.column for one in model._meta.concrete_fields}
    return found & columns
