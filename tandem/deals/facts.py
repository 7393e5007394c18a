"""What deals tell: by change set and ids."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class DealOpened(Fact):
    """Deals were opened, from a lead or by hand."""

    change_set_id: int
    deal_ids: tuple[int, ...]


@dataclass(frozen=True)
class DealMoved(Fact):
    """Deals went to another open stage."""

    change_set_id: int
    deal_ids: tuple[int, ...]


@dataclass(frozen=True)
class DealWon(Fact):
    """Deals were won; orders are booked for them."""

    change_set_id: int
    deal_ids: tuple[int, ...]


@dataclass(frozen=True)
class DealLost(Fact):
    """Deals were lost, with a reason."""

    change_set_id: int
    deal_ids: tuple[int, ...]


@dataclass(frozen=True)
class DealReopened(Fact):
    """Closed deals are open again; what was booked for a won one is reversed."""

    change_set_id: int
    deal_ids: tuple[int, ...]
