"""What orders add to pages: their lines, what was taken back, the orders of a customer."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from tandem.kernel.actor import Actor
from tandem.kernel.compiled import compiled
from tandem.kernel.money import Money
from tandem.records.slots import RECORD_PANELS, RECORD_TABS, ObjectType, Text
from tandem.revenue import queries
from tandem.revenue.models import Order, OrderLine

SHOWN = 6
LINES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as the table shows it."""

    line: OrderLine
    amount: Money
    price: Money | None
    reversed: Any


class LinesTab:
    """The lines of an order, the first tab of its page."""

    key = "lines"
    label: Text = gettext_lazy("Lines")
    order = 5
    tells: tuple[str, ...] = ("order.net", "order.lines")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "order"

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return int(record.line_count)

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        rows = list(queries.lines_of(record)[:LINES_SHOWN])
        context = {
            "order": record,
            "lines": [_shown(record, line) for line in rows],
            "hidden": max(record.line_count - len(rows), 0),
        }
        return SafeString(render_to_string("revenue/lines.html", context, request=request))


def _shown(order: Order, line: Any) -> ShownLine:
    price = Money.from_major(line.unit_price, order.currency)
    return ShownLine(
        line=line,
        amount=Money(line.amount_minor, order.currency),
        price=price if price.major == line.unit_price else None,
        reversed=line.reversed,
    )


class CustomerPanel:
    """Beside an order: who bought."""

    order = 20
    in_peek = True
    tells: tuple[str, ...] = ("order.company", "order.person")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "order"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        context = {
            "who": [
                (customer, reverse("records:record", args=[slug, customer.public_id]), slug)
                for customer, slug in ((record.company, "companies"), (record.person, "people"))
                if customer is not None
            ]
        }
        return SafeString(render_to_string("revenue/customer.html", context, request=request))


class ReversalsPanel:
    """Beside an order: what was taken back of it, and what it takes back of others."""

    order = 30
    in_peek = False
    tells: tuple[str, ...] = ("order.net", "order.lines")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "order"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        context = {
            "taken": queries.reversals_of(record)[:LINES_SHOWN],
            "takes": queries.taken_back_by(record)[:LINES_SHOWN],
        }
        return SafeString(render_to_string("revenue/reversals.html", context, request=request))


@compiled
def _last_orders(actor: Actor, kind: str, *, customer: int) -> QuerySet[Order]:
    return queries.orders_of(actor, kind, customer)[:SHOWN]


class OrdersPanel:
    """Beside a customer: the last orders, and what all of them come to."""

    order = 40
    in_peek = True
    tells: tuple[str, ...] = ("order.net", "order.ordered_at")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind in ("company", "person") and actor.may("revenue.view")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        last = _last_orders(actor, object_type.kind, customer=record.pk)
        rows = queries.orders_of(actor, object_type.kind, record.pk)
        context = {
            "orders": [
                (one, reverse("records:record", args=["orders", one.public_id])) for one in last
            ],
            "count": rows.count() if len(last) == SHOWN else len(last),
            "sums": queries.sums_of(rows) if last else [],
        }
        return SafeString(render_to_string("revenue/orders.html", context, request=request))


RECORD_TABS.register("revenue.lines", LinesTab())
RECORD_PANELS.register("revenue.customer", CustomerPanel())
RECORD_PANELS.register("revenue.reversals", ReversalsPanel())
RECORD_PANELS.register("revenue.orders", OrdersPanel())
