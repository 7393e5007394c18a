"""API of figures over all the rows that a list shows."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.money import Money
from tandem.records.api.filters import Plain, filters_in, place_in_filter
from tandem.records.queries import ListQuery
from tandem.records.queries.aggregates import Told, read_asked, totals
from tandem.records.slots import ObjectType


class AggregatesIn(Schema):
    """What is asked of which rows: ``of`` are fields each with a word behind a colon, with commas
    between (``amount:sum,owner:empty``); ``filter`` is a tree as JSON."""

    of: Annotated[Plain, Field(max_length=3000)]
    q: Annotated[Plain, Field(max_length=200)] = ""
    filter: Annotated[Plain, Field(max_length=20_000)] = ""


class AmountOut(Schema):
    """An amount in major units of its currency."""

    amount: Decimal
    currency: str


class AggregateOut(Schema):
    """One figure. Those of money stand in ``amounts``, one for each currency; others in ``value``,
    which is null where no row holds any."""

    field: str
    aggregate: str
    value: int | float | datetime | date | None
    amounts: list[AmountOut] | None


class AggregatesOut(Schema):
    """Figures over all the rows that match, and how many these are."""

    rows: int
    items: list[AggregateOut]


def add_aggregates(router: Router, object_type: ObjectType) -> None:
    """The operation that counts and adds up records of one kind."""

    @router.get(
        "/aggregates",
        response={200: AggregatesOut, **REFUSALS},
        operation_id=f"{object_type.kind}_aggregates",
    )
    @asks_for(object_type.permissions.view)
    def aggregates(request: HttpRequest, params: Query[AggregatesIn]) -> Any:
        """Counts, sums and bounds over all records that match and that the caller may see."""
        actor = actor_of(request)
        asked = read_asked(object_type, actor, params.of.split(","))
        with place_in_filter():
            query = ListQuery(filters=filters_in(object_type, params.filter), text=params.q.strip())
            found = totals(object_type, actor, query, asked)
        return {"rows": found.rows, "items": [_figure(one) for one in found.figures]}


def _figure(told: Told) -> dict[str, Any]:
    amounts = _amounts(told.value) if isinstance(told.value, tuple) else None
    value: Any = None if amounts is not None else told.value
    if isinstance(value, Decimal):
        value = float(value)
    return {
        "field": told.key,
        "aggregate": str(told.aggregate),
        "value": value,
        "amounts": amounts,
    }


def _amounts(found: Sequence[Money]) -> list[dict[str, Any]]:
    return [{"amount": money.major, "currency": money.currency} for money in found]
