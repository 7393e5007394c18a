"""What capture tells: forms that people have sent."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class FormSubmitted(Fact):
    """Forms were sent by people whom we now know; what was kept aside is told when released."""

    change_set_id: int
    submission_ids: tuple[int, ...]
