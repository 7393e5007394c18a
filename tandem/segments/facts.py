"""What segments tell: who came and went."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class MembersChanged(Fact):
    """Persons came into a segment or left it; the step holds them (``queries.step_of``).

    ``is_edited`` where another definition was published: nobody did anything.
    """

    change_set_id: int
    segment_id: int
    step_id: int
    joined: int
    left: int
    is_edited: bool
