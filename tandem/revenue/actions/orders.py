"""What may be done with an order: booking it, giving it to its customer, deleting it."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from tandem.accounts.queries import base_currency
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.facts import publish
from tandem.kernel.live import changed
from tandem.kernel.refs import RecordRef
from tandem.people.actions.companies import company_for
from tandem.people.errors import VersionConflict
from tandem.people.models import Company, Person
from tandem.records.slots import tell_story
from tandem.revenue import queries
from tandem.revenue.actions.lines import add_lines
from tandem.revenue.errors import CustomerUnknown, OrderExistsNotVisible
from tandem.revenue.facts import OrdersBooked, OrdersChanged, OrdersDeleted
from tandem.revenue.models import Order
from tandem.revenue.schemas import ChangeOrder, NewOrder


@action(permission="revenue.book")
def book_order(actor: Actor, *, data: NewOrder) -> tuple[Order, bool]:
    """Book an order with its lines; (order, True), or (the one of this number, False), unchanged.

    Raises CustomerUnknown, CompanyUnknown, AmountTooLarge, and OrderExistsNotVisible when the
    actor may not see the one that is there.
    """
    existing = _existing(actor, data)
    if existing is not None:
        return existing, False
    person = _person(actor, data.person)
    company = company_for(actor, data.company) if data.company else None
    at = data.ordered_at or timezone.now()
    try:
        with transaction.atomic():
            order = Order.objects.create(
                source=data.source,
                number=data.number,
                company=company,
                person=person,
                ordered_at=at,
                currency=data.currency or base_currency(),
                country=data.country or "",
            )
    except IntegrityError:
        existing = _existing(actor, data)
        if existing is None:
            raise
        return existing, False
    add_lines(order, data.all_lines(), at=at)
    order.refresh_from_db()
    tell_booked(actor, order)
    changed("order")
    publish(OrdersBooked(current_change_set().id, (order.pk,)))
    return order, True


@action(permission="revenue.edit")
def change_order(
    actor: Actor, public_id: UUID, *, data: ChangeOrder, version: int | None = None
) -> Order:
    """Give an order to another customer; its lines stay as they were booked.

    Raises Missing, VersionConflict, CustomerUnknown, CompanyUnknown.
    """
    order = _locked(actor, public_id)
    expected = version if version is not None else data.version
    if expected is not None and expected != order.row_version:
        raise VersionConflict()
    columns = _columns(actor, order, data)
    if columns:
        Order.objects.filter(pk=order.pk).update(
            **columns, updated_at=Now(), row_version=F("row_version") + 1
        )
        fields = tuple(sorted(name.removesuffix("_id") for name in columns))
        tell_story(
            actor,
            [RecordRef("order", order.pk)],
            kind="revenue.changed",
            payload={"fields": list(fields)},
        )
        publish(OrdersChanged(current_change_set().id, (order.pk,), fields))
    return Order.objects.get(pk=order.pk)


@action(permission="revenue.delete")
def delete_order(actor: Actor, public_id: UUID) -> None:
    """Delete an order that should never have been booked; undo brings it back with its lines."""
    order = _locked(actor, public_id)
    Order.objects.filter(pk=order.pk).update(
        deleted_at=timezone.now(), updated_at=Now(), row_version=F("row_version") + 1
    )
    tell_story(actor, [RecordRef("order", order.pk)], kind="revenue.deleted", payload={})
    publish(OrdersDeleted(current_change_set().id, (order.pk,)))


def tell_booked(actor: Actor, order: Order, *, is_automatic: bool = False) -> None:
    """Put a booking into the story of the order and of who bought."""
    refs = [RecordRef("order", order.pk)]
    refs += [RecordRef("company", order.company_id)] if order.company_id else []
    refs += [RecordRef("person", order.person_id)] if order.person_id else []
    payload = {
        "order": str(order.public_id),
        "number": order.number,
        "net_minor": order.net_minor,
        "currency": order.currency,
    }
    tell_story(actor, refs, kind="revenue.booked", payload=payload, is_automatic=is_automatic)


def _existing(actor: Actor, data: NewOrder) -> Order | None:
    known = Order.objects.filter(
        source=data.source, number=data.number, deleted_at__isnull=True
    ).first()
    if known is None:
        return None
    if not queries.orders_visible_to(actor).filter(pk=known.pk).exists():
        raise OrderExistsNotVisible()
    return known


def _person(actor: Actor, named: str | None) -> Person | None:
    if not named:
        return None
    found = queries.person_named(actor, named)
    if found is None:
        raise CustomerUnknown(field="person")
    return found


def _locked(actor: Actor, public_id: UUID) -> Order:
    rows = queries.orders_visible_to(actor).filter(public_id=public_id)
    found = rows.select_for_update(of=("self",)).first()
    if found is None:
        raise Missing()
    return found


def _columns(actor: Actor, order: Order, data: ChangeOrder) -> dict[str, Any]:
    """The columns that change."""
    found: dict[str, Any] = {}
    given = data.given
    if "company" in given:
        keep = Company.objects.filter(pk=order.company_id or 0).first()
        named = given["company"]
        found["company_id"] = company_for(actor, named, keep=keep).pk if named else None
    if "person" in given:
        person = _person(actor, given["person"])
        found["person_id"] = person.pk if person else None
    return {name: value for name, value in found.items() if value != getattr(order, name)}
