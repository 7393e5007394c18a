"""Sending what is due: woken after each plan, and by the clock each minute."""

from tandem.delivery.actions import send_due as send
from tandem.kernel.actor import Actor
from tandem.kernel.jobs import job

RIGHTS = frozenset({"delivery.send", "consent.suppress"})


@job("delivery.send_due", permissions=RIGHTS, every="* * * * *")
def send_due(actor: Actor) -> None:
    """Send all that is due; does nothing where nothing is."""
    send(actor)
