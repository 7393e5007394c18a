"""What may be put into leads and hand-offs, and how they are answered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from tandem.accounts.schemas import WHOLE, Flag
from tandem.handoff.rules.reasons import Code, Route
from tandem.handoff.rules.scoring import Behaviour
from tandem.people.schemas import Change, EmptyIsNone, Input, Named, Plain, RefOut

Note = Annotated[str, Field(max_length=200), Plain]
Words = Annotated[str, Field(max_length=400)]


class TouchChannel(StrEnum):
    """How a seller got in touch."""

    CALL = "call"
    MAIL = "mail"
    MEETING = "meeting"
    CHAT = "chat"


class TouchOutcome(StrEnum):
    """What came of it."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    MESSAGE_LEFT = "message_left"
    WRONG_NUMBER = "wrong_number"
    SENT = "sent"


class Verdict(StrEnum):
    """What marketing says to a rejection."""

    AGREE = "agree"
    DISAGREE = "disagree"
    FIXED = "fixed"


class NewLead(Input):
    """A lead made by hand. ``owner`` is a seller's public id or address, ``campaign`` a code."""

    person: UUID
    asked_for: Annotated[Note | None, EmptyIsNone] = None
    campaign: Annotated[Named | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None


class ChangeLead(Change):
    """Fields of a lead to change."""

    asked_for: Annotated[Note | None, EmptyIsNone] = None
    campaign: Annotated[Named | None, EmptyIsNone] = None


class NewHandoff(Input):
    """A lead to offer once more; without ``owner`` the routing finds a seller."""

    lead: UUID
    owner: Annotated[Named | None, EmptyIsNone] = None


class ChangeHandoff(Change):
    """Another seller for a hand-off."""

    owner: Annotated[Named | None, EmptyIsNone] = None


class Acceptance(Input):
    """A hand-off is taken on; there is nothing more to say."""


class Rejection(Input):
    """A hand-off goes back: why, in up to 200 characters more, and where the lead shall go."""

    code: Code
    note: Annotated[Note, Field()] = ""
    route: Annotated[Route | None, EmptyIsNone] = None


class Reply(Input):
    """Marketing's answer to a rejection."""

    verdict: Verdict
    text: Annotated[Words, Field()] = ""


class TouchIn(Input):
    """A real contact, or a try at one."""

    channel: TouchChannel
    outcome: TouchOutcome
    note: Annotated[Note, Field()] = ""


class Worth(Input):
    """What a behaviour counts each time, and at most in all."""

    each: Annotated[int, Field(ge=-100, le=100), WHOLE]
    most: Annotated[int, Field(ge=0, le=500), WHOLE]


class PolicyIn(Input):
    """A new version of what makes a lead, and the times that both sides owe each other."""

    threshold: Annotated[int, Field(ge=1, le=1000), WHOLE]
    hand_raise: Flag = True
    points: dict[Behaviour, Worth]


class PromisesIn(Input):
    """The times of a motion, in working minutes."""

    accept_minutes: Annotated[int, Field(ge=1, le=10_000), WHOLE]
    first_touch_minutes: Annotated[int, Field(ge=1, le=10_000), WHOLE]
    outcome_minutes: Annotated[int, Field(ge=1, le=100_000), WHOLE]
    reply_minutes: Annotated[int, Field(ge=1, le=10_000), WHOLE]


class ReasonOut(BaseModel):
    """A reason of the score; the points of all sum to it."""

    key: str
    points: int
    count: int
    evidence: list[str]


class LeadOut(BaseModel):
    """A lead: one episode of buying interest of a person."""

    id: UUID
    person: RefOut
    company: RefOut | None
    motion: str
    campaign: RefOut | None
    origin: str
    kind: str
    status: str
    owner: RefOut | None
    asked_for: str | None
    score: int
    reasons: list[ReasonOut]
    evidence: dict[str, Any]
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    version: int


class HandoffOut(BaseModel):
    """A hand-off: the offer of a lead, its clocks, the verdict and the reply. Times are UTC."""

    id: UUID
    lead: UUID
    person: RefOut
    company: RefOut | None
    kind: str
    state: str
    owner: RefOut | None
    score: int
    reasons: list[ReasonOut]
    routing: list[dict[str, Any]]
    opener: str
    consent: dict[str, Any]
    last_message: dict[str, Any]
    offered_at: datetime
    accept_due: datetime
    accepted_at: datetime | None
    first_touch_due: datetime | None
    first_touch_at: datetime | None
    outcome_due: datetime | None
    outcome_at: datetime | None
    overdue: list[str]
    rejection_code: str | None
    rejection_note: str | None
    route: str | None
    reply_due: datetime | None
    reply_at: datetime | None
    reply_verdict: str | None
    reply_text: str | None
    version: int
