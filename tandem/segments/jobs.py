"""Jobs of segments."""

from tandem.kernel.actor import Actor
from tandem.kernel.jobs import job, watch
from tandem.segments import actions
from tandem.segments.queries import is_follow_due

_FOLLOW = frozenset({"segments.follow"})


@job("segments.follow", permissions=_FOLLOW, every="* * * * *")
def follow_all(actor: Actor) -> None:
    """Keep segments up to date; asked for a second after something has happened."""
    if is_follow_due():
        actions.follow(actor)


@job("segments.sweep", permissions=_FOLLOW, every="27 3 * * *")
def sweep_conditions(actor: Actor) -> None:
    """Let go what nobody asks for any more, once a night."""
    actions.sweep(actor)


watch("segments.follow", is_follow_due)
