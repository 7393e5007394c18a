"""Rows of a list read as plain values: what the page shows of them and no more.

A list reads fifty records of which it shows a few fields each. Whole records of five joined tables
take four times as long to read as these values do.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from tandem.accounts.queries import Colleague
from tandem.records.rules import FieldType
from tandem.records.slots import Field, ObjectType

# What every row is known by, before what its name, subtitle and computed fields read.
_ALWAYS = ("pk", "public_id")
Values = Sequence[Any]
Tree = Mapping[str, Any]


def paths_of(object_type: ObjectType, fields: Sequence[Field]) -> tuple[str, ...]:
    """What is read of a row to show these fields; for kinds that say what they are told by."""
    return tuple(dict.fromkeys([*_ALWAYS, *object_type.told_by, *_paths(fields)]))


def sketches(
    rows: Iterable[Values], paths: tuple[str, ...], fields: Sequence[Field]
) -> Iterator[Any]:
    """Rows with the values of these paths, under the names that records have; a joined record of
    which nothing is there is None."""
    users = tuple(one.path for one in fields if one.type is FieldType.USER and not one.custom)
    return map(_sketching(paths, users), rows)


def _paths(fields: Sequence[Field]) -> list[str]:
    found: list[str] = []
    for field in fields:
        if field.custom is not None:
            found.append("x")
        elif field.load is not None or field.type is FieldType.TAGS:
            continue
        elif field.type is FieldType.USER:
            found += [f"{field.path}__name", f"{field.path}__side"]
        else:
            found += [field.path, *(["currency"] if field.type is FieldType.MONEY else [])]
    return found


@lru_cache(maxsize=256)
def _sketching(paths: tuple[str, ...], users: tuple[str, ...]) -> Callable[[Values], Any]:
    """What makes a row of the values of these paths."""
    tree: dict[str, Any] = {}
    for at, path in enumerate(paths):
        *way, leaf = path.split("__")
        branch = tree
        for step in way:
            branch = branch.setdefault(step, {})
        branch[leaf] = at
    for path in users:
        *way, leaf = path.split("__")
        branch = tree
        for step in way:
            branch = branch[step]
        branch[leaf] = (branch[leaf]["name"], branch[leaf]["side"])
    making = _making(tree)
    return lambda values: SimpleNamespace(**making(values))


def _making(tree: Tree) -> Callable[[Values], dict[str, Any]]:
    plain = [(name, at) for name, at in tree.items() if isinstance(at, int)]
    users = [(name, at) for name, at in tree.items() if isinstance(at, tuple)]
    joined = [(name, _making(at)) for name, at in tree.items() if isinstance(at, dict)]

    def make(values: Values) -> dict[str, Any]:
        found = {name: values[at] for name, at in plain}
        for key, (name, side) in users:
            found[key] = Colleague(values[name], values[side]) if values[name] else None
        for key, inner in joined:
            parts = inner(values)
            is_there = any(part is not None for part in parts.values())
            found[key] = SimpleNamespace(**parts) if is_there else None
        return found

    return make
