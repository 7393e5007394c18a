"""Reads of orders; each starts from what the actor may see."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    Count,
    DecimalField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy

from tandem.accounts.queries import scoped
from tandem.deals.models import DealLead, LeadKind
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Missing
from tandem.kernel.money import Money
from tandem.measures.rules import Unit
from tandem.measures.slots import Measure, Ratio, define
from tandem.people.models import Company, Person
from tandem.people.queries import (
    people_visible_to,
    search_companies,
    search_people,
)
from tandem.revenue.models import Order, OrderLine, ReversalLink
from tandem.revenue.rules import LineKind

LINES_A_PAGE = 200


def orders_visible_to(actor: Actor) -> QuerySet[Order]:
    """Orders that the actor may see: those of the companies, or else the persons, that they see.

    Who sees what nobody owns also sees orders without a customer.
    """
    rows = Order.objects.filter(deleted_at__isnull=True)
    scope = actor.scope_of("order")
    if scope is Scope.ALL:
        return rows
    if scope is Scope.NONE or actor.user_id is None:
        return rows.none()
    companies = scoped(Company.objects.all(), actor, kind="company").values("pk")
    persons = scoped(Person.objects.all(), actor, kind="person").values("pk")
    seen = Q(company__in=companies) | Q(company__isnull=True, person__in=persons)
    if scope is Scope.TEAM:
        seen |= Q(company__isnull=True, person__isnull=True)
    return rows.filter(seen)


def prepare_orders(rows: QuerySet[Order]) -> QuerySet[Order]:
    """With company and person: no query more."""
    return rows.select_related("company", "person")


def search_orders(actor_rows: QuerySet[Order], text: str) -> QuerySet[Order]:
    """Narrow visible orders to those whose number begins so, or whose customer a text finds."""
    # As people asks who sees all: what it has found for this request is not looked for anew.
    there = {"deleted_at__isnull": True, "merged_into__isnull": True}  # a merge moves the orders
    companies = search_companies(Company.objects.filter(**there), text)
    persons = search_people(Person.objects.filter(**there), text)
    number = text.strip()
    found = Q(number__startswith=number) | Q(number__startswith=number.upper())
    found |= Q(company__in=companies.order_by().values("pk"))
    found |= Q(person__in=persons.order_by().values("pk"))
    return actor_rows.filter(found).order_by("-ordered_at", "pk")


def order_by_public_id(actor: Actor, public_id: UUID) -> Order:
    """One order, ready to be shown; Missing when not there for this actor."""
    found = prepare_orders(orders_visible_to(actor)).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def orders_of(actor: Actor, kind: str, customer: int) -> QuerySet[Order]:
    """The visible orders of a ``company`` or a ``person``, newest first."""
    rows = orders_visible_to(actor).filter(**{f"{kind}_id": customer})
    return rows.order_by("-ordered_at", "-pk")


def sums_of(rows: QuerySet[Order]) -> list[Money]:
    """What orders come to, one amount for each currency; one query."""
    totals = rows.order_by().values_list("currency").annotate(Sum("net_minor"))
    return [Money(minor, currency) for currency, minor in sorted(totals)]


def lines_of(order: Order) -> QuerySet[OrderLine]:
    """The lines of an order in their order, with ``reversed``: how much of each was taken back."""
    taken = Coalesce(
        Sum("taken_back_by__quantity"),
        Value(Decimal(0)),
        output_field=DecimalField(max_digits=18, decimal_places=6),
    )
    return OrderLine.objects.filter(order=order).annotate(reversed=taken).order_by("ordinal")


@dataclass(frozen=True, slots=True)
class Reversal:
    """A reversal as a page shows it beside an order: what was taken back, by or from which."""

    line: Any
    quantity: Decimal
    other: Any


def reversals_of(order: Order) -> list[Reversal]:
    """What later lines took back of this order; one query."""
    links = (
        ReversalLink.objects.filter(original__order=order, order__deleted_at__isnull=True)
        .exclude(order=F("original__order"))
        .select_related("reversing__order", "original")
        .order_by("reversing__at", "pk")
    )
    return [Reversal(link.original, link.quantity, link.reversing) for link in links]


def taken_back_by(order: Order) -> list[Reversal]:
    """What the lines of this order take back, and of which order; one query."""
    links = (
        ReversalLink.objects.filter(order=order)
        .select_related("reversing", "original__order")
        .order_by("reversing__ordinal", "pk")
    )
    return [Reversal(link.reversing, link.quantity, link.original) for link in links]


def unlinked_reversals(actor: Actor) -> QuerySet[ReversalLink]:
    """Lines that take back what nobody seems to have bought, of orders that the actor may see."""
    return (
        ReversalLink.objects.filter(
            original__isnull=True, order__in=orders_visible_to(actor).values("pk")
        )
        .select_related("reversing", "order__company", "order__person")
        .order_by("pk")
    )


def person_named(actor: Actor, named: str) -> Person | None:
    """A visible person by public id or mail address."""
    rows = people_visible_to(actor)
    try:
        return rows.filter(public_id=UUID(named)).first()
    except ValueError:
        address = Q(emails__normalized=named.strip().lower(), emails__deleted_at__isnull=True)
        return rows.filter(address).first()


# --- measures -------------------------------------------------------------------------------------


def order_lines(actor: Actor) -> QuerySet[OrderLine]:
    """Every line of the orders that the actor may see, with the campaign of its deal's lead."""
    source = DealLead.objects.filter(deal_id=OuterRef("order__deal_id"), kind=LeadKind.SOURCE)
    return OrderLine.objects.filter(order__in=orders_visible_to(actor)).annotate(
        campaign_code=Subquery(source.values("lead__campaign__code")[:1])
    )


def sale_lines(actor: Actor) -> QuerySet[OrderLine]:
    """The lines that sell something, before anything is taken back."""
    return order_lines(actor).filter(kind=LineKind.SALE)


def orders_with_sales(actor: Actor) -> QuerySet[Order]:
    """Orders that sell something; credit notes and adjustments are none."""
    source = DealLead.objects.filter(deal_id=OuterRef("deal_id"), kind=LeadKind.SOURCE)
    sales = OrderLine.objects.filter(order=OuterRef("pk"), kind=LineKind.SALE)
    return (
        orders_visible_to(actor)
        .filter(Exists(sales))
        .annotate(campaign_code=Subquery(source.values("lead__campaign__code")[:1]))
    )


def _customer_of(path: str) -> Callable[[str], Q | None]:
    """The filter ``customer:known`` and ``customer:unknown`` of rows whose order is at a path."""
    unknown = Q(**{f"{path}company__isnull": True, f"{path}person__isnull": True})
    return {"known": ~unknown, "unknown": unknown}.get


_OF_LINE = {
    "source": "order__source",
    "country": "order__country",
    "product": "product_code",
    "campaign": "campaign_code",
}
# Of these what is a field.
_FIELDS = {"source": "order.source", "country": "order.country"}

define(
    Measure(
        key="revenue_net",
        tells=("order.net",),
        label=gettext_lazy("Net revenue"),
        definition=gettext_lazy(
            "All order lines, net of reversals and adjustments, by the moment of the line. A line"
            " is quantity times price, rounded once to the minor unit."
        ),
        unit=Unit.MONEY,
        rows=order_lines,
        at="at",
        aggregate=Sum("amount_minor"),
        currency="order__currency",
        dimensions=_OF_LINE,
        fields=_FIELDS,
        filters={"customer": _customer_of("order__")},
        permission="measures.view",
    ),
    Measure(
        key="revenue_gross",
        tells=("order.net",),
        label=gettext_lazy("Gross revenue"),
        definition=gettext_lazy(
            "Order lines that sell something, before reversals and adjustments, by the moment of"
            " the line."
        ),
        unit=Unit.MONEY,
        rows=sale_lines,
        at="at",
        aggregate=Sum("amount_minor"),
        currency="order__currency",
        dimensions=_OF_LINE,
        fields=_FIELDS,
        filters={"customer": _customer_of("order__")},
        permission="measures.view",
    ),
    Measure(
        key="orders",
        label=gettext_lazy("Orders"),
        definition=gettext_lazy(
            "Orders that sell something, by their moment; credit notes and adjustments are none."
        ),
        unit=Unit.COUNT,
        rows=orders_with_sales,
        at="ordered_at",
        aggregate=Count("pk"),
        dimensions={"source": "source", "country": "country", "campaign": "campaign_code"},
        fields=_FIELDS,
        filters={"customer": _customer_of("")},
        permission="measures.view",
    ),
    Ratio(
        key="average_order_value",
        label=gettext_lazy("Average order value"),
        definition=gettext_lazy("Gross revenue over the orders of the same time."),
        unit=Unit.MONEY,
        over="revenue_gross",
        under="orders",
        permission="measures.view",
    ),
)
