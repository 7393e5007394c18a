"""The algebra of segments: trees over sets of persons, edits of trees, times of asking again. Pure.

A set of persons is a roaring bitmap of their dense ids: a million of them is 130 KB at most, and
two are joined in some ten microseconds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pyroaring import BitMap64

Persons = BitMap64
Tree = dict[str, Any]
Place = tuple[int, ...]

GROUPS = ("all", "any", "none")
EVERYONE: Tree = {"kind": "person", "where": {"op": "and", "items": []}}


def is_group(node: Tree) -> bool:
    """Whether a node joins others."""
    return node.get("kind") in GROUPS


def leaves(node: Tree) -> Iterator[Tree]:
    """The conditions of a tree, from left to right."""
    if not is_group(node):
        yield node
    for child in node.get("of", ()) if is_group(node) else ():
        yield from leaves(child)


def members(node: Tree, holds: Callable[[Tree], Persons], everyone: Persons) -> Persons:
    """The persons of whom a tree is true; ``holds`` tells those of a condition.

    ``all`` and ``none`` of nothing are everyone, ``any`` of nothing is nobody.
    """
    if not is_group(node):
        return holds(node) & everyone
    found = [members(child, holds, everyone) for child in node["of"]]
    if node["kind"] == "all":
        return everyone.intersection(*found) if found else everyone.copy()
    either = Persons().union(*found) if found else Persons()
    return either if node["kind"] == "any" else everyone - either


# --- edits ----------------------------------------------------------------------------------------


def place_of(text: str) -> Place | None:
    """A place in a tree as pages write it: ``0.2`` is the third of the first group; ``""`` the
    root. None for what is none."""
    if not text:
        return ()
    parts = text.split(".")
    fits = all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts)
    return tuple(map(int, parts)) if fits else None


def node_at(tree: Tree, place: Place) -> Tree | None:
    """The node at a place; None where there is none."""
    node = tree
    for at in place:
        if not is_group(node) or at >= len(node["of"]):
            return None
        node = node["of"][at]
    return node


def added(tree: Tree, place: Place, node: Tree) -> Tree:
    """The tree with a node at the end of the group at this place."""
    return _edited(tree, place, lambda group: {**group, "of": [*group["of"], node]})


def replaced(tree: Tree, place: Place, node: Tree) -> Tree:
    """The tree with another node at this place."""
    return _edited(tree, place, lambda _old: node)


def rejoined(tree: Tree, place: Place, kind: str) -> Tree:
    """The tree with the group at this place joined by another word."""
    return _edited(tree, place, lambda group: {**group, "kind": kind})


def removed(tree: Tree, place: Place) -> Tree:
    """The tree without the node at this place; the root becomes empty instead."""
    if not place:
        return {**tree, "of": []}
    *group, last = place
    return _edited(
        tree,
        tuple(group),
        lambda old: {**old, "of": [one for at, one in enumerate(old["of"]) if at != last]},
    )


def moved(tree: Tree, place: Place, by: int) -> Tree:
    """The tree with the node at this place a step up or down in its group; at the end it stays."""
    *group, last = place

    def swap(old: Tree) -> Tree:
        of, to = list(old["of"]), last + by
        if 0 <= to < len(of):
            of[last], of[to] = of[to], of[last]
        return {**old, "of": of}

    return _edited(tree, tuple(group), swap)


def _edited(tree: Tree, place: Place, edit: Callable[[Tree], Tree]) -> Tree:
    if not place:
        return edit(tree)
    head, *rest = place
    of = [
        _edited(child, tuple(rest), edit) if at == head else child
        for at, child in enumerate(tree["of"])
    ]
    return {**tree, "of": of}


# --- times of asking again ------------------------------------------------------------------------

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FINEST = timedelta(minutes=1)
_PARTS = 2_000


def rounded_up(turns: Sequence[tuple[int, int]], *, now: datetime) -> Mapping[datetime, Persons]:
    """Whom to ask again when: the moments (microseconds since 1970) in steps, each at the end of
    its own.

    A moment that is far away is rounded more than one that is near: by a minute, or up to a
    thousandth of the time until then (a week becomes ten minutes at most).
    """
    begin, finest = (now - _EPOCH) // _MICROSECOND, _FINEST // _MICROSECOND
    found: dict[int, list[int]] = {}
    for person, us in turns:
        step = finest << (max(0, us - begin) // (finest * _PARTS)).bit_length()
        due = -(-us // step) * step
        found.setdefault(due, []).append(person)
    return {_EPOCH + due * _MICROSECOND: Persons(persons) for due, persons in found.items()}


# --- sets in the database -------------------------------------------------------------------------


def dense(persons: Persons) -> bytes:
    """A set as one bit for each id, the lowest bit of a byte first: what ``get_bit`` of PostgreSQL
    reads without looking for anything."""
    if not persons:
        return b""
    bits = bytearray(persons.max() // 8 + 1)
    for one in persons:
        bits[one >> 3] |= 1 << (one & 7)
    return bytes(bits)


@dataclass(frozen=True, slots=True)
class Step:
    """Who came and who went between two answers."""

    joined: Persons
    left: Persons

    @classmethod
    def between(cls, before: Persons, after: Persons) -> "Step":
        return cls(after - before, before - after)

    @property
    def is_none(self) -> bool:
        return not self.joined and not self.left


def before(members: Persons, steps: Sequence[Step]) -> Persons:
    """Who was there before these steps, the last one first."""
    for step in steps:
        members = (members - step.joined) | step.left
    return members
