"""What this room tells: who said something about being contacted, and which addresses stop."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class ConsentChanged(Fact):
    """What holds for persons has changed: granted, pending, withdrawn or denied."""

    change_set_id: int
    person_ids: tuple[int, ...]


@dataclass(frozen=True)
class AddressesSuppressed(Fact):
    """Addresses were put on the stop list."""

    change_set_id: int
    suppression_ids: tuple[int, ...]
