"""What may be said about consent and the stop list, and how both are answered."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, IPvAnyAddress, StringConstraints

from tandem.consent.rules import Basis, Channel, Purpose, State, StopReason
from tandem.people.schemas import Address, Change, EmptyIsNone, Input, Line

Topic = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
WordingText = Annotated[Plain, Field(min_length=1, max_length=4000)]


class ConsentEntry(Input):
    """What a person said about one channel, topic and purpose."""

    channel: Channel
    topic: Topic
    purpose: Purpose
    basis: Basis
    state: State


class ConsentEvidenceIn(Input):
    """How we know: where and with what it was said. All of it is erased with the person."""

    source: Annotated[Plain, Field(max_length=60)]  # form, page, preference centre, api, import
    ip: IPvAnyAddress | None = None
    user_agent: Annotated[Plain, Field(max_length=400)] = ""
    url: Annotated[Plain, Field(max_length=2000)] = ""
    reference: Annotated[Plain, Field(max_length=200)] = ""  # of the form post, mail or call
    note: Annotated[Plain, Field(max_length=1000)] = ""


class NewConsent(Input):
    """One thing that a person said, put in by hand or by a program."""

    person: UUID
    channel: Channel = Channel.EMAIL
    topic: Topic = "news"
    purpose: Purpose = Purpose.MARKETING
    basis: Basis = Basis.CONSENT
    state: State
    wording: WordingText
    note: Annotated[Plain, Field(max_length=1000)] = ""


class NewSuppression(Input):
    """An address that is not to be written to."""

    address: Address
    reason: StopReason = StopReason.MANUAL
    note: Annotated[Line | None, EmptyIsNone] = None


class ChangeSuppression(Change):
    """A new note on an entry; the address and the reason stay."""

    note: Annotated[Line | None, EmptyIsNone] = None


class ConsentOut(BaseModel):
    """What holds for a person on a channel, for a topic and a purpose."""

    id: UUID
    person: UUID
    channel: str
    topic: str
    purpose: str
    state: str
    basis: str
    since: datetime
    wording: str


class SuppressionOut(BaseModel):
    """An address on the stop list; ``address`` is empty when its owner was erased."""

    id: UUID
    address: str
    reason: str
    note: str
    created_at: datetime
