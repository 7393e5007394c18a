"""API of orders beyond what every kind of record has: their lines."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from tandem.accounts.errors import FieldHidden
from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.money import Money
from tandem.revenue import queries
from tandem.revenue.queries import LINES_A_PAGE
from tandem.revenue.schemas import LineOut, LinesOut

router = Router(tags=["Orders"])
# The fields of an order that its lines tell.
LINES_TELL = ("order.net", "order.lines")


class LinesIn(Schema):
    """Which lines: ``limit`` of them after the ordinal ``cursor``."""

    limit: int = Field(LINES_A_PAGE, ge=1, le=LINES_A_PAGE)
    cursor: int = Field(0, ge=0, le=2**31 - 1)


@router.get(
    "/{uuid:public_id}/lines",
    response={200: LinesOut, **REFUSALS},
    operation_id="order_lines",
)
@asks_for("revenue.view")
def list_lines(request: HttpRequest, public_id: UUID, params: Query[LinesIn]) -> Any:
    """The lines of an order, and how much of each was taken back."""
    actor = actor_of(request)
    if actor.hides_any(*LINES_TELL):
        raise FieldHidden()
    order = queries.order_by_public_id(actor, public_id)
    rows = list(queries.lines_of(order).filter(ordinal__gt=params.cursor)[: params.limit + 1])
    page = rows[: params.limit]
    items = [
        LineOut(
            ordinal=line.ordinal,
            kind=line.kind,
            at=line.at,
            product_code=line.product_code,
            description=line.description,
            quantity=line.quantity.normalize(),
            unit_price=line.unit_price.normalize(),
            amount=Money(line.amount_minor, order.currency).major,
            reversed=line.reversed.normalize(),  # type: ignore[attr-defined]
        )
        for line in page
    ]
    return {"items": items, "next": str(page[-1].ordinal) if len(rows) > len(page) else None}
