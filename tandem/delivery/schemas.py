"""What may be planned and set, and how messages are answered."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from tandem.consent.rules import Channel, Purpose
from tandem.consent.schemas import Topic
from tandem.delivery.errors import HeaderInvalid, TopicMissing
from tandem.delivery.rules import MessageClass, header_text
from tandem.people.schemas import Address, EmptyIsNone, Input

MAX_BODY = 400_000


def _header(value: str) -> str:
    try:
        return header_text(value)
    except HeaderInvalid as refused:
        raise PydanticCustomError(refused.code, "{text}", {"text": str(refused)}) from refused


Header = Annotated[str, Field(max_length=400), AfterValidator(_header)]
Body = Annotated[
    str, StringConstraints(strip_whitespace=False, pattern=r"^[^\x00]*$", max_length=MAX_BODY)
]


class NewMessage(Input):
    """A message to plan; ``send_key`` makes it one message however often it is asked for."""

    message_class: MessageClass
    purpose: Purpose
    channel: Channel
    topic: Topic | None = None
    to: Address
    subject: Annotated[Header, Field(min_length=1)]
    text: Annotated[Body, Field(min_length=1)]
    html: Body = ""
    send_key: Annotated[str, Field(min_length=1, max_length=200)]
    in_reply_to: Annotated[str, Field(max_length=400), AfterValidator(_header)] = ""
    from_name: Header = ""
    from_address: Annotated[Address | None, EmptyIsNone] = None
    is_confidential: bool = False
    has_person: bool = False

    @model_validator(mode="after")
    def marketing_has_a_topic(self) -> Self:
        if self.message_class is MessageClass.MARKETING and not (self.topic and self.has_person):
            refused = TopicMissing()
            raise PydanticCustomError(refused.code, "{text}", {"text": str(refused)})
        return self


class MailSettingsInput(Input):
    """From whom mails come, and who answers for them."""

    from_name: Annotated[str, Field(max_length=120), AfterValidator(_header)] = ""
    from_address: Annotated[Address | None, EmptyIsNone] = None
    imprint: Annotated[str, Field(max_length=400, pattern=r"^[^\x00]*$")] = ""


class MailTest(Input):
    """Where a test goes."""

    to: Address


class MessageOut(BaseModel):
    """A message of the ledger as the API answers it."""

    id: UUID
    message_id: str
    message_class: str
    purpose: str
    channel: str
    person: UUID | None
    to: str
    subject: str
    text: str
    html: str
    state: str
    reason: str
    attempts: int
    in_reply_to: str | None
    created_at: datetime
    next_attempt_at: datetime | None
    settled_at: datetime | None


class NothingIn(Input):
    """The ledger is written by what is done in the product alone."""
