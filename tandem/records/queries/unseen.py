"""Which columns of the database tell a field that is hidden from who reads: for history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from tandem.kernel.actor import Actor
from tandem.kernel.models import RecordChange
from tandem.records.models import TagLink
from tandem.records.rules.custom import PREFIX
from tandem.records.slots import OBJECT_TYPES, TAGS, Field, ObjectType


@dataclass(frozen=True)
class Unseen:
    """The columns that are not shown, by label of their model; ``whole`` models say nothing, and
    ``custom`` keys stand in the column ``x`` of theirs."""

    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    whole: frozenset[str] = frozenset()
    custom: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def seen(self, change: RecordChange) -> dict[str, Any]:
        """What of a change may be shown; nothing where all of it is hidden."""
        if change.model in self.whole:
            return {}
        hidden = self.columns.get(change.model, frozenset())
        found = {name: one for name, one in change.fields.items() if name not in hidden}
        custom = self.custom.get(change.model)
        if custom and isinstance(found.get("x"), list):
            sides = [_without(side, custom) for side in found["x"]]
            if sides[0] == sides[1]:
                del found["x"]
            else:
                found["x"] = sides
        elif custom and "x" in found:
            found["x"] = _without(found["x"], custom)
        return found


def _without(values: Any, keys: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in (values or {}).items() if key not in keys}


def unseen_of(object_type: ObjectType, actor: Actor) -> Unseen:
    """What the history of a kind of record does not show to an actor. Records of other kinds that
    stand in it (the costs of a campaign) are shown as in their own."""
    kinds = [one for one in OBJECT_TYPES if actor.hidden_of(one.kind)]
    columns: dict[str, set[str]] = {}
    whole: set[str] = set()
    for kind in kinds:
        _add(kind, actor, columns, whole)
    if actor.hides(object_type.kind, TAGS):
        whole.add(TagLink._meta.label_lower)
    return Unseen(
        columns={label: frozenset(names) for label, names in columns.items()},
        whole=frozenset(whole),
        custom={
            kind.model._meta.label_lower: frozenset(
                key for key in actor.hidden_of(kind.kind) if key.startswith(PREFIX)
            )
            for kind in kinds
        },
    )


def _add(kind: ObjectType, actor: Actor, columns: dict[str, set[str]], whole: set[str]) -> None:
    parts = kind.merging.parts if kind.merging is not None else {}
    seen_parts = {parts[one.key] for one in kind.fields_for(actor) if one.key in parts}
    for one in kind.fields:
        if not actor.hides(kind.kind, one.key):
            continue
        whole.update(part._meta.label_lower for part in kind.parts.get(one.key, ()))
        if one.key in parts:
            model = parts[one.key]
            names = set(one.path.split("__")[1:2])
            if model not in seen_parts:
                whole.add(model._meta.label_lower)
        else:
            model, names = kind.model, _own(kind, one)
        columns.setdefault(model._meta.label_lower, set()).update(
            column for name in names for column in _spellings(model, name)
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
