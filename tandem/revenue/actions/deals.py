"""Orders of won deals: one for each, brought in line with what the deal says now."""

from collections.abc import Sequence

from django.db import connection
from django.db.models import DecimalField, F, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from tandem.deals.models import Category, Deal, DealContact
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.kernel.live import changed
from tandem.kernel.money import Money
from tandem.kernel.refs import RecordRef
from tandem.records.slots import tell_story
from tandem.revenue.actions.lines import add_lines
from tandem.revenue.actions.orders import tell_booked
from tandem.revenue.facts import OrdersBooked
from tandem.revenue.models import Order, OrderLine, ReversalLink
from tandem.revenue.rules import SOURCE_OF_DEALS, LineKind
from tandem.revenue.schemas import NewLine

RULE = "deal"


@action(permission="revenue.book")
def settle_deals(actor: Actor, deal_ids: Sequence[int]) -> list[int]:
    """Book an order for each won deal, and take back what was booked for one that is open again.

    It looks at what the deals say now, so that it may be asked twice, late, or in any order. A deal
    to which an order of another source refers is left alone. The ids of the orders that changed.
    """
    _wait_in_line(deal_ids)
    deals = Deal.objects.filter(pk__in=deal_ids).select_related("company").order_by("pk")
    settled = [order.pk for deal in deals if (order := _settle(actor, deal)) is not None]
    if settled:
        publish(OrdersBooked(current_change_set().id, tuple(settled)))
        changed("order", "deal", "campaign")
    return settled


def _settle(actor: Actor, deal: Deal) -> Order | None:
    order = Order.objects.filter(deal_id=deal.pk, deleted_at__isnull=True).first()
    if order is not None and order.source != SOURCE_OF_DEALS:
        return None
    is_won = deal.status == Category.WON and deal.deleted_at is None
    due = Money(deal.amount_minor or 0, deal.currency) if is_won else None
    if order is not None and due is not None and order.net == due:
        return None
    if order is not None:
        taken = _take_back(order)
        if taken:
            refs = [RecordRef("order", order.pk)]
            tell_story(actor, refs, kind="revenue.taken_back", payload={}, is_automatic=True)
        if due is None:
            return order if taken else None
        if order.currency != due.currency:
            # Its lines are of the old currency: it keeps them, and the deal gets a new order.
            Order.objects.filter(pk=order.pk).update(deal_id=None)
            order = None
    if due is None:
        return None
    return _book(actor, deal, order, due)


def _book(actor: Actor, deal: Deal, order: Order | None, due: Money) -> Order:
    at = deal.closed_at or timezone.now()
    if order is None:
        order = Order.objects.create(
            source=SOURCE_OF_DEALS,
            number=_number(deal),
            company_id=deal.company_id,
            person_id=_person_id(deal),
            deal_id=deal.pk,
            ordered_at=at,
            currency=due.currency,
            country=deal.company.country if deal.company else "",
        )
    line = NewLine(description=deal.name, quantity=1, unit_price=due.major)
    add_lines(order, [line], at=at)
    order.refresh_from_db()
    tell_booked(actor, order, is_automatic=True)
    return order


def _number(deal: Deal) -> str:
    number, again = f"D-{deal.pk}", 1
    while Order.objects.filter(
        source=SOURCE_OF_DEALS, number=number, deleted_at__isnull=True
    ).exists():
        again += 1
        number = f"D-{deal.pk}-{again}"
    return number


def _person_id(deal: Deal) -> int | None:
    """The person whom the deal is with."""
    contacts = DealContact.objects.filter(deal=deal, is_primary=True)
    return contacts.values_list("person_id", flat=True).first()


def _take_back(order: Order) -> bool:
    """Reverse what is not reversed yet, each line by one of its own; whether there was any."""
    taken = Coalesce(
        Sum("taken_back_by__quantity"),
        Value(0),
        output_field=DecimalField(max_digits=18, decimal_places=6),
    )
    left = list(
        OrderLine.objects.filter(order=order, kind=LineKind.SALE)
        .annotate(left=F("quantity") - taken)
        .filter(left__gt=0)
        .order_by("ordinal")
    )
    if not left:
        return False
    at = max(timezone.now(), *(line.at for line in left))
    back = add_lines(order, [_reversed(line) for line in left], at=at, links=False)
    ReversalLink.objects.bulk_create(
        ReversalLink(order=order, reversing=new, original=old, quantity=-new.quantity, rule=RULE)
        for new, old in zip(back, left, strict=True)
    )
    order.refresh_from_db()
    return True


def _reversed(line: OrderLine) -> NewLine:
    return NewLine(
        product_code=line.product_code,
        description=line.description,
        quantity=-line.left,  # type: ignore[attr-defined]
        unit_price=line.unit_price,
    )


def _wait_in_line(deal_ids: Sequence[int]) -> None:
    # Two deliveries of one fact at once: the second waits and finds the order booked.
    with connection.cursor() as cursor:
        for deal_id in sorted(set(deal_ids)):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
                [f"revenue.deal:{deal_id}"],
            )
