"""Inputs and outputs of attribution."""

from enum import StrEnum
from typing import Annotated

from ninja import Schema
from pydantic import Field, StringConstraints

from tandem.accounts.schemas import Day
from tandem.insight.errors import ModelUnknown
from tandem.insight.rules import AttributionModel
from tandem.measures.rules import Period
from tandem.measures.schemas import Asked

Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=40)]


class By(StrEnum):
    """What revenue is shared among."""

    CHANNEL = "channel"
    CAMPAIGN = "campaign"


class AttributionIn(Schema):
    """By which model, of which period, among what; days include both ends."""

    model: Plain = str(AttributionModel.LINEAR)
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None
    by: By = By.CHANNEL

    @property
    def chosen(self) -> AttributionModel:
        """The model that is asked for. Raises ModelUnknown."""
        try:
            return AttributionModel(self.model)
        except ValueError as error:
            raise ModelUnknown(field="model") from error

    @property
    def period(self) -> Period:
        """The days that are asked for. Raises PeriodInvalid."""
        return Asked.model_construct(first=self.first, last=self.last).period


class Show(StrEnum):
    """What a page about the sites shows."""

    OVERVIEW = "overview"
    SOURCES = "sources"
    PAGES = "pages"
    CAMPAIGNS = "campaigns"
    GOALS = "goals"


class SitesIn(Schema):
    """What is shown of the sites, and of which days, both ends included."""

    show: Show = Show.OVERVIEW
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class ShareOut(Schema):
    """What a channel or campaign is given, in major units.

    ``known`` is false of the one row that came from no known touch; a campaign that is null
    stands for touches outside of campaigns.
    """

    value: float
    currency: str
    known: bool
    channel: str | None = None
    campaign: str | None = None


class SumOut(Schema):
    """What the shares of a currency sum to: its revenue."""

    value: float
    currency: str


class AttributionOut(Schema):
    """Revenue, shared: the rows of each currency sum to its total, to the cent."""

    model: AttributionModel
    by: By
    rows: list[ShareOut]
    totals: list[SumOut]
