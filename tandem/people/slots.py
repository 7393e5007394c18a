"""What people let other rooms do: keep what an import says of somebody's consent."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from tandem.kernel.actor import Actor
from tandem.kernel.slots import Slot
from tandem.records.slots import Notice, Staged


@runtime_checkable
class EvidenceKeeper(Protocol):
    """Who keeps what people said about being contacted; ``consent`` registers itself.

    ``keep`` reads the temporary table ``import_consent`` in the running action: ``line``,
    ``person_id``, ``public_id``, ``address``, ``said`` (people.rules.Said), ``at``, ``source``,
    ``wording``, ``ip``, ``note``; what was not told is NULL. It answers the persons of whom
    something holds now that did not, and what its owner should know. ``take_back`` undoes it.
    """

    def keep(self, actor: Actor, staged: Staged) -> tuple[Sequence[int], Sequence[Notice]]: ...

    def take_back(self, actor: Actor, change_set_id: int) -> None: ...


EVIDENCE_KEEPERS: Slot[EvidenceKeeper] = Slot("evidence keeper", EvidenceKeeper)
