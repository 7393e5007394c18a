"""This installation's identity and epoch, and whether sending is held.

A restored copy of a database would send everything that was due once more; so a restore raises
the epoch and holds all sending until a human releases it.
"""

from django.db.models import F, Value
from django.db.models.functions import Left

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.models import Installation


def installation() -> Installation:
    """The one row, made by the first migration."""
    return Installation.objects.get_or_create(pk=1)[0]


def hold_sending(*, reason: str) -> Installation:
    """Hold every outgoing message and raise the epoch: called by a restore, before any worker."""
    Installation.objects.filter(pk=installation().pk).update(
        epoch=F("epoch") + 1, is_sending_held=True, held_reason=Left(Value(reason), 200)
    )
    return installation()


@action(permission="kernel.operate")
def release_sending(actor: Actor) -> Installation:
    """Let this installation send again."""
    Installation.objects.filter(pk=1).update(is_sending_held=False, held_reason="")
    return installation()
