"""What accounts takes from above: which kinds of record there are, for the rules about roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from django.utils.functional import Promise

from tandem.kernel.slots import Slot

Text = str | Promise


@dataclass(frozen=True, slots=True)
class GuardedField:
    """A field that can be hidden from a role; the name of a record never can."""

    key: str
    label: Text


@dataclass(frozen=True, slots=True)
class GuardedKind:
    """A kind of record: where it ``is_scoped`` a role sees none of it, its own, its team's or all;
    fields can be hidden of any."""

    kind: str
    label: Text
    is_scoped: bool
    fields: Sequence[GuardedField]


@runtime_checkable
class GuardedKinds(Protocol):
    """Given by the room that knows the kinds of record and their fields."""

    def __call__(self) -> Sequence[GuardedKind]: ...


KINDS: Slot[GuardedKinds] = Slot("guarded kinds", GuardedKinds)


def guarded_kinds() -> list[GuardedKind]:
    """Every kind of record that there is, in the order of their registration."""
    return [found for provider in KINDS for found in provider()]
