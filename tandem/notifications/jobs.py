"""Mails of what waits, the end of what was put off, and forgetting."""

from tandem.kernel.actor import Actor
from tandem.kernel.jobs import job
from tandem.notifications.actions import forget_old, send_digest
from tandem.notifications.actions import wake as tell_pages
from tandem.notifications.actions.mailing import users_to_mail

_MAY = frozenset({"notifications.tell"})


@job(
    "notifications.send_digests",
    permissions=_MAY | {"delivery.plan"},
    every="*/5 * * * *",
)
def send_digests(actor: Actor) -> None:
    """Mail everybody whose time it is, each in a transaction of their own."""
    for user in users_to_mail():
        send_digest(actor, user)


@job("notifications.wake", permissions=_MAY)
def wake(actor: Actor, topic: str) -> None:
    """Something that was put off is back."""
    tell_pages(actor, topic=topic)


@job("notifications.forget", permissions=_MAY, every="41 3 * * *")
def forget(actor: Actor) -> None:
    """Delete what nobody looks for any more."""
    forget_old(actor)
