"""What users settle about notifications, and how the API answers them."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from tandem.accounts.schemas import WHOLE, Flag, Input, Moment
from tandem.notifications.rules import Rhythm, Snooze, Way

Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=200)]
Hour = Annotated[int, Field(ge=0, le=23), WHOLE]
Shows = Literal["unread", "all", "snoozed"]


class ListIn(Schema):
    """Which notifications: ``unread`` ones that are not put off, the ``snoozed``, or ``all``."""

    shows: Shows = "unread"
    reason: Plain = ""
    limit: int = Field(50, ge=1, le=200)
    cursor: Plain = ""


class ChangeNotification(Input):
    """What to settle: read or unread, or put off until a moment (null: no longer)."""

    is_read: Flag | None = None
    snoozed_until: Moment | None = None


class SnoozeIn(Input):
    """How long something is put off."""

    how: Snooze


class ReadAllIn(Input):
    """Up to which moment all are read: what came meanwhile stays unread. Without: now."""

    until: Moment | None = None


class Mailings(Input):
    """How often there is a mail, and between which hours of the reader's day there is none."""

    rhythm: Rhythm = Rhythm.HOURLY
    quiet_from: Hour | None = None
    quiet_until: Hour | None = None

    @model_validator(mode="after")
    def quiet_hours_have_two_ends(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            text = _("Quiet hours have a beginning and an end.")
            raise PydanticCustomError("quiet_hours", "{text}", {"text": text})
        return self


class ChangePreferences(Mailings):
    """How a user wants to hear: ``ways`` by reason, mail how often, between which hours not."""

    ways: dict[Annotated[str, Field(max_length=40)], Way] = Field(default_factory=dict)


class SubjectOut(Schema):
    """The record that a notification is about; without an id it is about many of the kind."""

    kind: str
    id: UUID | None
    name: str


class NotificationOut(Schema):
    """One notification; ``url`` leads to the entry, ``count`` is how often since it was read."""

    id: UUID
    reason: str
    subject: SubjectOut
    text: str
    excerpt: str
    author: UUID | None
    count: int
    at: datetime
    is_read: bool
    snoozed_until: datetime | None
    url: str


class NotificationsOut(Schema):
    """A page of notifications, newest first; ``unread`` is how many wait (at most 100)."""

    items: list[NotificationOut]
    next: str | None = None
    unread: int


class PreferencesOut(Schema):
    """How the caller hears of things; ``ways`` has every reason."""

    ways: dict[str, Way]
    rhythm: Rhythm
    quiet_from: int | None
    quiet_until: int | None
