"""What of somebody who is erased stands in sets: their number, in no table of its own."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Model

from tandem.records.slots import ERASERS, Traces
from tandem.segments.actions.asking import wait_in_line
from tandem.segments.models import Condition, Membership, MemberStep, Turn, persons_of
from tandem.segments.rules import Persons

_SETS: Sequence[tuple[type[Model], tuple[str, ...]]] = (
    (Condition, ("found",)),
    (Turn, ("found",)),
    (Membership, ("found",)),
    (MemberStep, ("came", "went")),
)


def forget_persons(kind: str, ids: Sequence[int], traces: Traces) -> None:
    """Take persons out of every set, those of the past and of snapshots too (an eraser)."""
    if kind != "person":
        return
    wait_in_line()
    gone = Persons(ids)
    for model, columns in _SETS:
        for row, kept in _with(model, columns, gone):
            counts = {}
            if isinstance(row, Membership):
                counts = {"size": len(persons_of(kept["found"]))}
            if isinstance(row, MemberStep):
                counts = {f"{key}_count": len(persons_of(kept[key])) for key in columns}
            model._default_manager.filter(pk=row.pk).update(**kept, **counts)


def _with(
    model: type[Model], columns: tuple[str, ...], gone: Persons
) -> Iterator[tuple[Any, dict[str, bytes]]]:
    for row in model._default_manager.order_by("pk").iterator(chunk_size=100):
        sets = {name: persons_of(getattr(row, name)) for name in columns}
        if any(one & gone for one in sets.values()):
            yield row, {name: bytes((one - gone).serialize()) for name, one in sets.items()}


ERASERS.register("segments", forget_persons)
