"""The sender: takes what is due, hands it to the wire one by one, writes down what came back.

Not an action itself, since the network has no place in a transaction; each move that it makes is.
"""

import logging
import os
import socket
from dataclasses import dataclass

from tandem.consent.queries import unsubscribe_url
from tandem.delivery.actions.ledger import (
    Lease,
    hand,
    recover,
    refuse_malformed,
    release,
    reserve,
    settle,
)
from tandem.delivery.rules import MessageClass
from tandem.delivery.slots import Envelope, Line, Transport, Unreachable, transport_for
from tandem.delivery.transports.letter import letter
from tandem.kernel.actor import Actor
from tandem.kernel.errors import DomainError

log = logging.getLogger(__name__)

# Few at a time: what comes in meanwhile and is more urgent does not wait behind many.
CHUNK = 10


@dataclass(slots=True)
class Sent:
    """What one run did."""

    handed: int = 0
    looked_at: int = 0
    unreachable: str = ""


def send_due(actor: Actor, *, channel: str = "email") -> Sent:
    """Send all that is due until nothing is; what was done. Never raises for the other side."""
    done = Sent()
    recover(actor)
    transport = transport_for(channel)
    if transport is None:
        return done
    while True:
        found = reserve(actor, worker=_name(), channel=channel, limit=CHUNK)
        done.looked_at += found.seen
        if not found.seen:
            return done
        if found.leases:
            try:
                done.handed += _send_chunk(actor, transport, found.leases)
            except Unreachable as error:
                release(actor, found.leases, words=error.words)
                log.warning("the mail server cannot be spoken to")
                done.unreachable = error.words
                return done


def _send_chunk(actor: Actor, transport: Transport, leases: tuple[Lease, ...]) -> int:
    handed = 0
    with transport.open() as line:
        for lease in leases:
            handed += _send_one(actor, line, lease)
    return handed


def _send_one(actor: Actor, line: Line, lease: Lease) -> bool:
    envelope = _envelope(actor, lease)
    if envelope is None or not hand(actor, lease):
        return False
    settle(actor, lease, line.send(envelope))
    return True


def _envelope(actor: Actor, lease: Lease) -> Envelope | None:
    message = lease.message
    url = ""
    if message.message_class == MessageClass.MARKETING and message.person is not None:
        url = unsubscribe_url(message.person.public_id, message.topic, message.to_address)
    try:
        return letter(message, unsubscribe_url=url)
    except (DomainError, ValueError, LookupError) as error:
        refuse_malformed(actor, lease, words=str(error))
        return None


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
