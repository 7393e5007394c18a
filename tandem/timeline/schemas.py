"""Inputs and outputs of the story."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, StringConstraints

from tandem.accounts.schemas import Input

Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=200)]


class WhoseIn(Schema):
    """Whose story: exactly one of ``person`` and ``company``."""

    person: UUID | None = None
    company: UUID | None = None


class StoryIn(WhoseIn):
    """Whose story, in which order, and which page of it."""

    order: Literal["newest", "oldest"] = "newest"
    side: Literal["mkt", "sales", "system", "mine"] | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: Plain = ""


class PinIn(Input):
    """Which event goes on top; ``side`` is the filter to come back to."""

    event: UUID
    side: Plain = ""


class OrderIn(Input):
    """Which end of a story comes first; ``side`` is the filter to come back to."""

    order: Literal["newest", "oldest"]
    side: Plain = ""


class EntryOut(Schema):
    """One entry; ``event`` is the same for all records that one event concerns."""

    event: UUID
    kind: str
    at: datetime
    side: str
    actor: str
    text: str
    why: str
    is_automatic: bool
    source: str
    payload: dict[str, Any]


class StoryOut(Schema):
    """A page of a story; ``pinned`` are the events that stand on top of it."""

    pinned: list[UUID]
    items: list[EntryOut]
    next: str | None = None
