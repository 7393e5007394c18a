"""What revenue tells: what was booked, by change set and ids."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class OrdersBooked(Fact):
    """Orders were booked, or lines were added to them."""

    change_set_id: int
    order_ids: tuple[int, ...]


@dataclass(frozen=True)
class OrdersChanged(Fact):
    """Fields of orders were changed."""

    change_set_id: int
    order_ids: tuple[int, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class OrdersDeleted(Fact):
    """Orders were deleted; an undo brings them back."""

    change_set_id: int
    order_ids: tuple[int, ...]
