"""The clocks: looked at when one is due, and each minute."""

from tandem.handoff.actions import mark_overdue
from tandem.handoff.actions.notices import tell_expiring
from tandem.kernel.actor import Actor
from tandem.kernel.jobs import job


@job(
    "handoff.mark_overdue",
    permissions=frozenset({"handoff.automate", "notifications.tell"}),
    every="* * * * *",
)
def mark_overdue_now(actor: Actor) -> None:
    """Mark every clock that has run out, and warn of offers that soon will."""
    mark_overdue(actor)
    tell_expiring(actor)
