"""What this room takes: ways out over a wire."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tandem.consent.rules import Channel
from tandem.delivery.rules import Reply
from tandem.kernel.slots import Slot


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message, ready for the wire: the same bytes at every attempt."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


class Unreachable(Exception):
    """The server could not be spoken to; no message was touched. ``words`` say why."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


class Line(Protocol):
    """An open connection; one message after the other."""

    def send(self, envelope: Envelope) -> Reply: ...


@runtime_checkable
class Transport(Protocol):
    """A way out for a channel. ``is_set`` is whether an operator has set it up.

    ``open`` raises Unreachable; afterwards each ``send`` answers and never raises for what the
    other side does.
    """

    channel: Channel

    @property
    def is_set(self) -> bool: ...

    @property
    def name(self) -> str: ...

    def open(self) -> AbstractContextManager[Line]: ...


TRANSPORTS: Slot[Transport] = Slot("transport", Transport)


def transport_for(channel: str) -> Transport | None:
    """The transport of a channel that is set up; the first of several."""
    return next((one for one in TRANSPORTS if one.channel == channel and one.is_set), None)
