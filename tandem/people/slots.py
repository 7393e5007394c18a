"""What people let other rooms do: keep what an import says of somebody's consent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tandem.kernel.actor import Actor
from tandem.kernel.slots import Slot
from tandem.records.slots import Notice, Staged


@dataclass(frozen=True, slots=True)
class Weighed:
    """Persons of whom something will hold that does not, what the owner of the file should know,
    and how it is written: last of all, since others may have to wait from then on."""

    persons: Sequence[int]
    notices: Sequence[Notice]
    keep: Callable[[], None]


@runtime_checkable
class EvidenceKeeper(Protocol):
    """Who keeps what people said about being contacted; ``consent`` registers itself.

    ``weigh`` reads the temporary table ``import_consent`` in the running action: ``line``,
    ``person_id``, ``is_known``, ``public_id``, ``address``, ``said`` (people.rules.Said), ``at``,
    ``source``, ``wording``, ``ip``, ``note``; what was not told is NULL. ``take_back`` undoes what
    was kept.
    """

    def weigh(self, actor: Actor, staged: Staged) -> Weighed: ...

    def take_back(self, actor: Actor, change_set_id: int) -> None: ...


EVIDENCE_KEEPERS: Slot[EvidenceKeeper] = Slot("evidence keeper", EvidenceKeeper)
