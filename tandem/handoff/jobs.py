"""The clocks: looked at when one is due, and each minute."""

from tandem.handoff.actions import mark_overdue
from tandem.kernel.actor import Actor
from tandem.kernel.jobs import job


@job("handoff.mark_overdue", permissions=frozenset({"handoff.automate"}), every="* * * * *")
def mark_overdue_now(actor: Actor) -> None:
    """Mark every clock that has run out."""
    mark_overdue(actor)
