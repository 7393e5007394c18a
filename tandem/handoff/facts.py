"""What the seam tells: new leads, and what becomes of their offers."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class LeadCreated(Fact):
    """Leads were made, by a rule or by hand."""

    change_set_id: int
    lead_ids: tuple[int, ...]


@dataclass(frozen=True)
class LeadClosed(Fact):
    """Leads ended: qualified into a deal, recycled or disqualified."""

    change_set_id: int
    lead_ids: tuple[int, ...]


@dataclass(frozen=True)
class HandoffOffered(Fact):
    """Leads were offered to sellers; the accept clock runs."""

    change_set_id: int
    handoff_ids: tuple[int, ...]


@dataclass(frozen=True)
class HandoffAccepted(Fact):
    """Sellers took offered leads on; the clock of the first touch runs."""

    change_set_id: int
    handoff_ids: tuple[int, ...]


@dataclass(frozen=True)
class HandoffRejected(Fact):
    """Sellers rejected offered leads with a reason; marketing owes an answer."""

    change_set_id: int
    handoff_ids: tuple[int, ...]


@dataclass(frozen=True)
class HandoffReplied(Fact):
    """Marketing answered rejections."""

    change_set_id: int
    handoff_ids: tuple[int, ...]


@dataclass(frozen=True)
class HandoffOverdue(Fact):
    """A clock of these hand-offs ran out; each clock tells it once."""

    change_set_id: int
    handoff_ids: tuple[int, ...]
    clock: str


@dataclass(frozen=True)
class HandoffExpired(Fact):
    """Nobody accepted these offers in time and they were withdrawn or routed anew."""

    change_set_id: int
    handoff_ids: tuple[int, ...]
