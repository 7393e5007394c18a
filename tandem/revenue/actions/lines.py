"""Lines of orders: added, counted into the order, and linked where they take something back."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Max

from tandem.kernel.money import Money
from tandem.revenue.errors import AmountTooLarge
from tandem.revenue.models import Order, OrderLine, ReversalLink
from tandem.revenue.rules import (
    MAX_AMOUNT_MINOR,
    Bought,
    LineKind,
    TakenBack,
    kind_of_line,
    line_amount,
    link_reversals,
)
from tandem.revenue.schemas import NewLine

RULE = "latest_earlier"


def add_lines(
    order: Order, lines: Sequence[NewLine], *, at: datetime, links: bool = True
) -> list[OrderLine]:
    """Add lines to an order, keep its totals, and link what they take back (or leave it to others).

    Raises AmountTooLarge.
    """
    last = order.lines.aggregate(last=Max("ordinal"))["last"] or 0
    rows = [
        OrderLine(
            order=order,
            ordinal=last + at_line,
            kind=str(kind_of_line(order.number, line.quantity, line.unit_price)),
            at=at,
            product_code=line.product_code,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            amount_minor=_amount(line, order.currency).minor,
        )
        for at_line, line in enumerate(lines, start=1)
    ]
    OrderLine.objects.bulk_create(rows)
    count_orders([order.pk])
    if links and any(row.kind == LineKind.REVERSAL for row in rows):
        link_orders([order.pk])
    return rows


def _amount(line: NewLine, currency: str) -> Money:
    amount = line_amount(line.quantity, line.unit_price, currency)
    if abs(amount.minor) > MAX_AMOUNT_MINOR:
        raise AmountTooLarge(field="lines")
    return amount


def count_orders(order_ids: Sequence[int]) -> None:
    """Make the totals of orders anew from their lines; one statement for any number."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE revenue_order o
            SET net_minor = s.net, line_count = s.lines, updated_at = now()
            FROM (
                SELECT u.id, coalesce(sum(l.amount_minor), 0) AS net, count(l.id) AS lines
                FROM unnest(%s::bigint[]) AS u (id)
                LEFT JOIN revenue_orderline l ON l.order_id = u.id GROUP BY u.id
            ) s
            WHERE o.id = s.id AND (o.net_minor, o.line_count) IS DISTINCT FROM (s.net, s.lines)
            """,
            [list(order_ids)],
        )


def link_orders(order_ids: Sequence[int]) -> None:
    """Link the reversing lines of these orders to what they take back, where they are not yet.

    Lines of one customer, product code and price go together; a line without a customer is linked
    to none. Two statements read, one writes.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [list(order_ids)])
        taken = cursor.fetchall()
        cursor.execute(_BOUGHT, [list(order_ids)])
        bought = {key: list(rows) for key, rows in groupby(cursor.fetchall(), key=_same)}
    order_of = {row[3]: row[6] for row in taken}
    found = [
        link
        for key, rows in groupby(taken, key=_same)
        for link in link_reversals(
            [Bought(*row[3:6]) for row in bought.get(key, ())] if key[0] else [],
            [TakenBack(*row[3:6]) for row in rows],
        )
    ]
    ReversalLink.objects.bulk_create(
        ReversalLink(
            order_id=order_of[link.reversing],
            reversing_id=link.reversing,
            original_id=link.original,
            quantity=link.quantity,
            rule=RULE if link.original else "unlinked",
        )
        for link in found
    )


def _same(row: Sequence[Any]) -> tuple[Any, ...]:
    """Customer, product code and price: what a reversal and its purchase have in common."""
    return tuple(row[:3])


# The customer as one text: a company, else a person; empty where nobody was written down.
_CUSTOMER = "coalesce('c' || o.company_id, 'p' || o.person_id, '')"

_TAKEN = f"""
    SELECT {_CUSTOMER}, l.product_code, l.unit_price, l.id, l.at, -l.quantity, l.order_id
    FROM revenue_orderline l JOIN revenue_order o ON o.id = l.order_id
    WHERE l.order_id = ANY (%s) AND l.kind = 'reversal'
      AND NOT EXISTS (SELECT FROM revenue_reversallink k WHERE k.reversing_id = l.id)
    ORDER BY 1, 2, 3, 4
"""  # noqa: S608  (columns of our own)

# Only customers who take something back here; what is left of each line that they bought.
_BOUGHT = f"""
    WITH who AS (
        SELECT DISTINCT o.company_id, o.person_id, l.product_code, l.unit_price
        FROM revenue_orderline l JOIN revenue_order o ON o.id = l.order_id
        WHERE l.order_id = ANY (%s) AND l.kind = 'reversal'
    )
    SELECT {_CUSTOMER}, l.product_code, l.unit_price, l.id, l.at, l.quantity - coalesce(k.taken, 0)
    FROM who w
    JOIN revenue_order o ON o.deleted_at IS NULL
      AND (o.company_id = w.company_id
        OR (w.company_id IS NULL AND o.company_id IS NULL AND o.person_id = w.person_id))
    JOIN revenue_orderline l ON l.order_id = o.id AND l.kind = 'sale'
      AND l.product_code = w.product_code AND l.unit_price = w.unit_price
    LEFT JOIN LATERAL (
        SELECT sum(k.quantity) AS taken FROM revenue_reversallink k WHERE k.original_id = l.id
    ) k ON true
    WHERE l.quantity > coalesce(k.taken, 0)
    ORDER BY 1, 2, 3, 4
"""  # noqa: S608  (columns of our own)
