"""What may be put into orders, and how they are answered."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from tandem.accounts.schemas import Country, Currency, Moment
from tandem.people.schemas import Change, CompanyNamed, EmptyIsNone, Input, Named, Plain, RefOut
from tandem.revenue.errors import NothingBooked
from tandem.revenue.rules import SOURCE_OF_DEALS

MAX_LINES = 5_000


def _free_source(source: str) -> str:
    if source == SOURCE_OF_DEALS:
        raise PydanticCustomError("source_taken", "This source is kept for won deals.")
    return source


Quantity = Annotated[Decimal, Field(max_digits=18, decimal_places=6, allow_inf_nan=False)]
Price = Annotated[Decimal, Field(max_digits=18, decimal_places=6, allow_inf_nan=False)]
Code = Annotated[str, Field(max_length=80), Plain]
Number = Annotated[str, Field(min_length=1, max_length=80), Plain]
Source = Annotated[
    str,
    Field(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9_.:-]*$"),
    AfterValidator(_free_source),
]


class NewLine(Input):
    """A line to book; a negative quantity takes goods back."""

    product_code: Code = ""
    description: Annotated[str, Field(max_length=400), Plain] = ""
    quantity: Quantity = Decimal(1)
    unit_price: Price


class NewOrder(Input):
    """An order to book: its lines, or its amount in major units where there are no lines.

    ``company`` is a name or a public id, ``person`` a public id or a mail address; ``source`` and
    ``number`` together are what the order is known by. Without a moment it is booked now, without
    a currency in that of the company.
    """

    number: Number
    company: Annotated[CompanyNamed | None, EmptyIsNone] = None
    person: Annotated[Named | None, EmptyIsNone] = None
    ordered_at: Annotated[Moment | None, EmptyIsNone] = None
    currency: Annotated[Currency | None, EmptyIsNone] = None
    country: Annotated[Country | None, EmptyIsNone] = None
    amount: Annotated[Price | None, EmptyIsNone] = None
    lines: Annotated[list[NewLine], Field(max_length=MAX_LINES)] = Field(default_factory=list)
    source: Source = "manual"

    @model_validator(mode="after")
    def has_something(self) -> Self:
        if bool(self.lines) == (self.amount is not None):
            raise PydanticCustomError(
                NothingBooked.code, "{text}", {"text": str(NothingBooked.message)}
            )
        return self

    def all_lines(self) -> list[NewLine]:
        """The lines; of an amount alone, one."""
        return self.lines or [NewLine(unit_price=self.amount or Decimal(0))]


class ChangeOrder(Change):
    """Whose order it is, to change; what was booked is changed by a line that takes it back."""

    company: Annotated[CompanyNamed | None, EmptyIsNone] = None
    person: Annotated[Named | None, EmptyIsNone] = None


class OrderOut(BaseModel):
    """An order; ``net`` is the sum of its lines in major units, reversals taken off."""

    id: UUID
    source: str
    number: str
    company: RefOut | None
    person: RefOut | None
    ordered_at: datetime
    currency: str
    country: str | None
    net: Decimal
    line_count: int
    created_at: datetime
    updated_at: datetime
    version: int


class LineOut(BaseModel):
    """A line of an order; ``amount`` in major units. ``reversed`` is how much was taken back."""

    ordinal: int
    kind: str
    at: datetime
    product_code: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    reversed: Decimal


class LinesOut(BaseModel):
    """A page of the lines of an order, in their order."""

    items: list[LineOut]
    next: str | None
