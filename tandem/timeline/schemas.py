"""Inputs and outputs of the story."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, StringConstraints

Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=200)]


class StoryIn(Schema):
    """Whose story, and which page of it: exactly one of ``person`` and ``company``."""

    person: UUID | None = None
    company: UUID | None = None
    side: Literal["mkt", "sales", "system", "mine"] | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: Plain = ""


class EntryOut(Schema):
    """One entry; ``event`` is the same for all records that one event concerns."""

    event: UUID
    kind: str
    at: datetime
    side: str
    actor: str
    text: str
    is_automatic: bool
    source: str
    payload: dict[str, Any]


class StoryOut(Schema):
    """A page of a story, newest first."""

    items: list[EntryOut]
    next: str | None = None
