"""Inputs and outputs of a question for a number."""

import datetime as dt
from typing import Annotated

from ninja import Schema
from pydantic import Field, StringConstraints

from tandem.accounts.schemas import Day
from tandem.measures.rules import Period, Unit, read_filters

Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=400)]

_EARLIEST, _LATEST = dt.date(2, 1, 1), dt.date(9998, 12, 31)


class Asked(Schema):
    """Which period, and how to split and narrow the number; days include both ends.

    ``by`` is names of dimensions with commas between, ``filter`` pairs ``name:value`` likewise.
    """

    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None
    by: Plain = ""
    filter: Plain = ""

    @property
    def period(self) -> Period:
        """The days that are asked for; beyond what a calendar can count is open. Raises
        PeriodInvalid."""
        period = Period(self.first, self.last)
        first = period.first if period.first and period.first > _EARLIEST else None
        return Period(first, period.last if period.last and period.last < _LATEST else None)

    @property
    def dimensions(self) -> list[str]:
        """The names by which to split, each once."""
        return list(dict.fromkeys(filter(None, (name.strip() for name in self.by.split(",")))))

    @property
    def filters(self) -> dict[str, str]:
        """What to narrow by. Raises FilterUnknown."""
        return read_filters(self.filter)


# A row: ``value`` (null where it cannot be told; money in major units), of money its ``currency``,
# and the value of each dimension that was asked for under its name.
RowOut = Annotated[
    dict[str, int | float | str | None],
    Field(description="value, of money its currency, and each dimension under its name"),
]


class MetricOut(Schema):
    """A measure and its rows; ``version`` counts how often its definition was changed."""

    key: str
    unit: Unit
    definition: str
    version: int
    rows: list[RowOut]
    enough_data: bool


class MeasureOut(Schema):
    """What a measure is, and by what it can be split and narrowed."""

    key: str
    label: str
    unit: Unit
    definition: str
    version: int
    by: list[str]
    filters: list[str]


class MeasuresOut(Schema):
    """Every measure that the caller may see, by key."""

    items: list[MeasureOut]
