"""What may be put into campaigns, their costs and their assets, and how they are answered."""

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from tandem.accounts.schemas import WHOLE, Currency, Day
from tandem.campaigns.errors import CodeInvalid, DatesReversed
from tandem.campaigns.rules import MAX_CODE
from tandem.kernel.errors import DomainError
from tandem.people.schemas import Change, EmptyIsNone, Input, Line, Name, Named, Plain, RefOut

_CODE = re.compile(r"[a-z0-9][a-z0-9._-]*")
# What a campaign can cost: beyond, somebody has mistaken the currency.
_MOST = Decimal(10) ** 12


def _refusal(refused: DomainError) -> PydanticCustomError:
    return PydanticCustomError(refused.code, "{text}", {"text": str(refused)})


def _code(value: str) -> str:
    lowered = value.lower()
    if not _CODE.fullmatch(lowered):
        raise _refusal(CodeInvalid())
    return lowered


Code = Annotated[str, Field(max_length=MAX_CODE), AfterValidator(_code)]
Aim = Annotated[str, Field(max_length=400), Plain]
Channel = Annotated[str, Field(max_length=40), Plain]
Note = Annotated[str, Field(max_length=200), Plain]
Amount = Annotated[Decimal, Field(gt=-_MOST, lt=_MOST, allow_inf_nan=False)]
Positive = Annotated[Decimal, Field(ge=0, lt=_MOST, allow_inf_nan=False)]
Leads = Annotated[int, Field(ge=0, le=10**9), WHOLE]


class NewCampaign(Input):
    """A campaign to plan. Money is in major units of ``currency`` (ours where it is left out);
    ``goal`` is the revenue to reach; without a ``code`` one is made of the name."""

    name: Name
    code: Annotated[Code | None, EmptyIsNone] = None
    starts_on: Annotated[Day | None, EmptyIsNone] = None
    ends_on: Annotated[Day | None, EmptyIsNone] = None
    budget: Annotated[Positive | None, EmptyIsNone] = None
    goal: Annotated[Positive | None, EmptyIsNone] = None
    goal_leads: Annotated[Leads | None, EmptyIsNone] = None
    currency: Annotated[Currency | None, EmptyIsNone] = None
    aim: Annotated[Aim | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None

    @model_validator(mode="after")
    def ends_after_start(self) -> "NewCampaign":
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise _refusal(DatesReversed())
        return self


class ChangeCampaign(Change):
    """Fields of a campaign to change."""

    name: Name | None = None
    code: Code | None = None
    starts_on: Annotated[Day | None, EmptyIsNone] = None
    ends_on: Annotated[Day | None, EmptyIsNone] = None
    budget: Annotated[Positive | None, EmptyIsNone] = None
    goal: Annotated[Positive | None, EmptyIsNone] = None
    goal_leads: Annotated[Leads | None, EmptyIsNone] = None
    aim: Annotated[Aim | None, EmptyIsNone] = None
    owner: Annotated[Named | None, EmptyIsNone] = None

    @model_validator(mode="after")
    def keeps_what_it_needs(self) -> "ChangeCampaign":
        for name in ("name", "code"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise PydanticCustomError("missing", "Field required")
        return self


class CostInput(Input):
    """What was spent on a day, in major units; a refund is negative. ``currency`` is the
    campaign's where it is left out."""

    on: Day
    amount: Amount
    currency: Annotated[Currency | None, EmptyIsNone] = None
    channel: Annotated[Channel | None, EmptyIsNone] = None
    note: Annotated[Note | None, EmptyIsNone] = None


class NewCost(CostInput):
    """The same of a campaign, named by public id or code."""

    campaign: Named


class ChangeCost(Change):
    """Fields of a cost to change."""

    on: Day | None = None
    amount: Amount | None = None
    currency: Currency | None = None
    channel: Annotated[Channel | None, EmptyIsNone] = None
    note: Annotated[Note | None, EmptyIsNone] = None

    @model_validator(mode="after")
    def keeps_what_it_needs(self) -> "ChangeCost":
        for name in ("on", "amount", "currency"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise PydanticCustomError("missing", "Field required")
        return self


class AssetInput(Input):
    """An asset: the kind of record and its public id."""

    kind: Annotated[Line, Field(max_length=30)]
    id: UUID


class CampaignOut(BaseModel):
    """A campaign; ``status`` follows from its dates on this day."""

    id: UUID
    name: str
    code: str
    status: str
    aim: str | None
    starts_on: dt.date | None
    ends_on: dt.date | None
    currency: str
    budget: float | None
    goal: float | None
    goal_leads: int | None
    owner: RefOut | None
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


class CostOut(BaseModel):
    """A cost of a campaign, in major units."""

    id: UUID
    campaign: RefOut
    on: dt.date
    amount: float
    currency: str
    channel: str | None
    note: str | None
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int


class AssetOut(BaseModel):
    """An asset that carries a campaign."""

    kind: str
    id: UUID
    name: str


class AssetsOut(BaseModel):
    """The assets of a campaign that the caller may see, by kind and name."""

    items: list[AssetOut]
