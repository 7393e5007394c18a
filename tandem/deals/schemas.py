"""What may be put into deals and pipelines, and how they are answered."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from tandem.accounts.schemas import WHOLE, Currency, Day, Flag
from tandem.deals.rules import LossReason, SaidBy
from tandem.people.schemas import (
    Change,
    CompanyNamed,
    EmptyIsNone,
    Input,
    Name,
    Named,
    Plain,
    RefOut,
    Version,
)

MAX_AMOUNT = Decimal(10) ** 13

Amount = Annotated[Decimal, Field(ge=0, lt=MAX_AMOUNT, allow_inf_nan=False)]
Step = Annotated[str, Field(max_length=200), Plain]
Note = Annotated[str, Field(max_length=400)]
StageName = Annotated[str, Field(min_length=1, max_length=80), Plain]
# A chance in percent, as people say it; stored as 0 to 1.
Probability = Annotated[Decimal, Field(ge=0, le=1, max_digits=4, decimal_places=3)]
RotDays = Annotated[int, Field(ge=1, le=3650), WHOLE]


class NewDeal(Input):
    """A deal to open. Without a name it is called after its company or person.

    ``company`` is a name or public id (one that nobody knows is added), ``person`` a public id, a
    mail address or a name, ``pipeline`` and ``stage`` are public ids or names; ``lead`` is the
    public id of the lead that it comes from.
    """

    name: Annotated[Name | None, EmptyIsNone] = None
    company: Annotated[CompanyNamed | None, EmptyIsNone] = None
    person: Annotated[Named | None, EmptyIsNone] = None
    amount: Annotated[Amount | None, EmptyIsNone] = None
    currency: Annotated[Currency | None, EmptyIsNone] = None
    expected_close: Annotated[Day | None, EmptyIsNone] = None
    next_step: Annotated[Step | None, EmptyIsNone] = None
    next_step_on: Annotated[Day | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None
    pipeline: Annotated[Named | None, EmptyIsNone] = None
    stage: Annotated[Named | None, EmptyIsNone] = None
    lead: Annotated[UUID | None, EmptyIsNone] = None

    @model_validator(mode="after")
    def is_about_somebody(self) -> Self:
        if not (self.name or self.company or self.person or self.lead):
            text = _("Name the deal, or say with whom it is.")
            raise PydanticCustomError("deal_unnamed", "{text}", {"text": text})
        return self


class DealFromLead(Input):
    """What a seller says when a lead becomes a deal; the rest comes from the lead."""

    name: Annotated[Name | None, EmptyIsNone] = None
    amount: Annotated[Amount | None, EmptyIsNone] = None
    currency: Annotated[Currency | None, EmptyIsNone] = None
    expected_close: Annotated[Day | None, EmptyIsNone] = None
    next_step: Annotated[Step | None, EmptyIsNone] = None
    next_step_on: Annotated[Day | None, EmptyIsNone] = None
    pipeline: Annotated[Named | None, EmptyIsNone] = None


class ChangeDeal(Change):
    """Fields of a deal to change; where it stands is changed by its verbs."""

    name: Annotated[Name | None, EmptyIsNone] = None
    company: Annotated[CompanyNamed | None, EmptyIsNone] = None
    person: Annotated[Named | None, EmptyIsNone] = None
    amount: Annotated[Amount | None, EmptyIsNone] = None
    currency: Annotated[Currency | None, EmptyIsNone] = None
    expected_close: Annotated[Day | None, EmptyIsNone] = None
    next_step: Annotated[Step | None, EmptyIsNone] = None
    next_step_on: Annotated[Day | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None

    @model_validator(mode="after")
    def keeps_name_and_currency(self) -> Self:
        for name in ("name", "currency"):
            if name in self.model_fields_set and getattr(self, name) is None:
                text = _("A deal keeps a name and a currency.")
                raise PydanticCustomError("deal_bare", "{text}", {"text": text})
        return self


class Seen(Input):
    """What the actor saw when deciding: the stage that the deal was in, or its version."""

    seen: Annotated[UUID | None, EmptyIsNone] = None
    version: Annotated[Version | None, EmptyIsNone] = None


class MoveDeal(Seen):
    """To which stage (public id or name); ``after`` is the deal above it in the column.

    A stage for won or lost deals wins or loses it: what that needs is sent along.
    """

    stage: Named
    after: Annotated[UUID | None, EmptyIsNone] = None
    amount: Annotated[Amount | None, EmptyIsNone] = None
    company: Annotated[CompanyNamed | None, EmptyIsNone] = None
    person: Annotated[Named | None, EmptyIsNone] = None
    reason: Annotated[LossReason | None, EmptyIsNone] = None
    said_by: SaidBy = SaidBy.SELLER
    note: Note = ""


class WinDeal(Seen):
    """What winning asks for, where the deal does not have it yet."""

    amount: Annotated[Amount | None, EmptyIsNone] = None
    company: Annotated[CompanyNamed | None, EmptyIsNone] = None
    person: Annotated[Named | None, EmptyIsNone] = None


class LoseDeal(Seen):
    """Why a deal is lost, and whose words that are."""

    reason: LossReason
    said_by: SaidBy = SaidBy.SELLER
    note: Note = ""


class ReopenDeal(Seen):
    """Into which open stage; without one the last it was in."""

    stage: Annotated[Named | None, EmptyIsNone] = None


class NextStepIn(Input):
    """What happens next in a deal, and when; both empty take it away."""

    next_step: Annotated[Step | None, EmptyIsNone] = None
    next_step_on: Annotated[Day | None, EmptyIsNone] = None


class ContactIn(Input):
    """A person in a deal; ``person`` is a public id, a mail address or a name."""

    person: Named
    role: Annotated[str, Field(pattern="^(champion|buyer|technical|user|legal|blocker)?$")] = ""
    stance: Annotated[Annotated[int, Field(ge=-2, le=2), WHOLE] | None, EmptyIsNone] = None


class NewPipeline(Input):
    """A pipeline to set up; without stages it gets the usual ones."""

    name: StageName
    motion: Annotated[Named | None, EmptyIsNone] = None


class ChangePipeline(Change):
    """A pipeline's name, and whether new deals go there."""

    name: Annotated[StageName | None, EmptyIsNone] = None
    is_default: Flag | None = None


class NewStage(Input):
    """An open stage to add, after the last open one."""

    name: StageName
    probability: Probability = Decimal("0.5")
    rot_days: Annotated[RotDays | None, EmptyIsNone] = None


class ChangeStage(Change):
    """What a stage is called and means; ``position`` is its place among the others, from 1."""

    name: Annotated[StageName | None, EmptyIsNone] = None
    probability: Annotated[Probability | None, EmptyIsNone] = None
    rot_days: Annotated[RotDays | None, EmptyIsNone] = None
    exit_criteria: Annotated[str | None, Field(max_length=400)] = None
    position: Annotated[Annotated[int, Field(ge=1, le=99), WHOLE] | None, EmptyIsNone] = None


class StageOut(BaseModel):
    """A stage; ``category`` says what it means: open, won or lost."""

    id: UUID
    name: str
    category: str
    position: int
    probability: Decimal
    rot_days: int | None
    version: int


class PipelineOut(BaseModel):
    """A pipeline with its stages in order."""

    id: UUID
    name: str
    motion: str
    is_default: bool
    stages: list[StageOut]
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


class ContactOut(BaseModel):
    """A person in a deal."""

    person: RefOut
    role: str | None
    stance: int | None
    is_primary: bool


class DealOut(BaseModel):
    """A deal; ``amount`` is in major units of ``currency``."""

    id: UUID
    name: str
    company: RefOut | None
    person: RefOut | None
    amount: Decimal | None
    currency: str
    pipeline: RefOut
    stage: RefOut
    status: str
    probability: Decimal
    expected_close: dt.date | None
    owner: RefOut | None
    next_step: str | None
    next_step_on: dt.date | None
    lead: UUID | None
    opened_at: dt.datetime
    closed_at: dt.datetime | None
    reason: str | None
    said_by: str | None
    note: str | None
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
