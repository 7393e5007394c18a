"""Orders: booked once, counted to the penny, given to customers, seen by who may."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tandem.accounts.queries import actor_for
from tandem.kernel.actions import last_change_set
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.money import Money
from tandem.kernel.undo import undo
from tandem.people.actions import create_company
from tandem.people.models import Company
from tandem.people.schemas import NewCompany
from tandem.records.queries import ListQuery, list_page, read_filters
from tandem.records.slots import object_type
from tandem.revenue import queries
from tandem.revenue.actions import book_order, change_order, delete_order
from tandem.revenue.errors import CustomerUnknown, OrderExistsNotVisible
from tandem.revenue.models import Order, OrderLine, ReversalLink
from tandem.revenue.schemas import ChangeOrder, NewOrder

pytestmark = pytest.mark.django_db


def last_done() -> Any:
    return last_change_set()


def links(**of: Any) -> list[tuple[Any, ...]]:
    """The number of the order that was taken back, and how much."""
    rows = ReversalLink.objects.filter(**of).order_by("pk")
    return list(rows.values_list("original__order__number", "quantity"))


JAN = datetime(2026, 1, 5, 9, tzinfo=UTC)
FEB = datetime(2026, 2, 5, 9, tzinfo=UTC)


def test_an_order_is_the_sum_of_its_lines(book):
    order = book("17", lines=[("A", 3, "1.25"), ("A", 3, "1.25"), ("B", 1, "0.125")])
    assert (order.net, order.line_count) == (Money(762, "GBP"), 3)
    assert list(order.lines.order_by("ordinal").values_list("ordinal", "amount_minor")) == [
        (1, 375),
        (2, 375),
        (3, 12),
    ]


def test_an_amount_alone_is_one_line(book):
    order = book("18", amount="240.50")
    assert (order.net_minor, order.line_count) == (24050, 1)


def test_a_number_is_booked_once(book, system):
    first = book("17", amount=5)
    again, is_new = book_order(system, data=NewOrder(number="17", amount=9, currency="GBP"))
    assert (again.pk, is_new, again.net_minor) == (first.pk, False, 500)
    assert OrderLine.objects.count() == 1
    other, is_new = book_order(system, data=NewOrder(number="17", amount=9, source="shop"))
    assert is_new
    assert other.pk != first.pk


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"amount": "1", "lines": [{"unit_price": "1"}]},
        {"amount": "1", "source": "deal"},
        {"amount": "NaN"},
        {"amount": "1", "currency": "XYZ"},
        {"amount": "1", "ordered_at": "2026-01-01T09:00:00"},
        {"amount": "1", "unknown": 1},
        {"lines": [{"unit_price": "1", "tax": "2"}]},
    ],
)
def test_what_is_no_order_is_refused(fields):
    with pytest.raises(ValidationError):
        NewOrder(number="1", **fields)


def test_a_company_without_a_record_is_added(book):
    order = book("17", amount=5, company="Hythe Gifts")
    assert Company.objects.get().name == "Hythe Gifts"
    assert book("18", amount=5, company="hythe gifts").company_id == order.company_id


def test_an_unknown_person_is_refused_and_nothing_is_booked(system):
    with pytest.raises(CustomerUnknown):
        book_order(system, data=NewOrder(number="1", amount=5, person="no@where.example"))
    assert Order.objects.count() == 0


def test_a_reversal_is_linked_to_the_latest_earlier_line(book):
    old = book("1", lines=[("A", 5, "2")], company="Hythe", ordered_at=JAN)
    new = book("2", lines=[("A", 3, "2"), ("A", 9, "3")], company="Hythe", ordered_at=FEB)
    book("3", lines=[("A", 3, "2")], company="Other", ordered_at=FEB)
    back = book("C4", lines=[("A", -7, "2"), ("Z", -1, "2")], company="Hythe")
    assert links() == [("2", 3), ("1", 4), (None, 1)]
    assert back.net_minor == -1600
    shown: list[Any] = list(queries.lines_of(old))
    assert [line.reversed for line in shown] == [4]
    assert [one.other.order.number for one in queries.reversals_of(new)] == ["C4"]
    later = book("C5", lines=[("A", -2, "2")], company="Hythe")
    assert links(order=later) == [("1", 1), (None, 1)]
    assert [one.quantity for one in queries.taken_back_by(later)] == [1, 1]


def test_without_a_customer_nothing_is_linked(book):
    book("1", lines=[("A", 5, "2")], ordered_at=JAN)
    book("C2", lines=[("A", -5, "2")])
    assert ReversalLink.objects.get().original is None
    assert ReversalLink.objects.get().rule == "unlinked"


def test_a_seller_sees_the_orders_of_the_companies_in_sight(book, make_user, system):
    priya, tom = make_user("seller"), make_user("seller")
    for name, owner in (("Hers", priya), ("His", tom)):
        create_company(system, data=NewCompany(name=name, owner=str(owner.public_id)))
    hers, his = (book(name, amount=1, company=name) for name in ("Hers", "His"))
    nobodys, free = book("3", amount=1), book("4", amount=1, company="Nobodys")
    seen = queries.orders_visible_to(actor_for(priya))
    assert {order.pk for order in seen} == {hers.pk, nobodys.pk, free.pk}
    with pytest.raises(Missing):
        change_order(actor_for(priya), his.public_id, data=ChangeOrder(company=None))
    with pytest.raises(OrderExistsNotVisible):
        book_order(actor_for(priya), data=NewOrder(number="His", amount=1))


def test_a_viewer_books_nothing(viewer):
    with pytest.raises(Refused):
        book_order(viewer, data=NewOrder(number="1", amount=5))
    assert Order.objects.count() == 0


def test_an_order_is_given_to_its_customer_and_back(book, admin):
    order = book("17", amount=5)
    changed = change_order(admin, order.public_id, data=ChangeOrder(company="Hythe"))
    assert (changed.company.name, changed.row_version) == ("Hythe", 2)
    undo(admin, last_done())
    assert Order.objects.get().company_id is None


def test_a_deleted_order_comes_back_with_its_lines(book, admin):
    order = book("17", lines=[("A", 1, "5")])
    delete_order(admin, order.public_id)
    assert queries.orders_visible_to(admin).count() == 0
    undo(admin, last_done())
    assert queries.orders_visible_to(admin).get().lines.count() == 1


def test_a_booking_taken_back_and_done_again_is_whole(book, admin):
    book("17", by=admin, lines=[("A", 2, "5")])
    undoing = undo(admin, last_done())
    assert (queries.orders_visible_to(admin).count(), OrderLine.objects.count()) == (0, 0)
    undo(admin, undoing)
    assert queries.orders_visible_to(admin).get().net_minor == 1000
    assert OrderLine.objects.count() == 1


def test_the_list_sorts_and_filters_by_money(book, admin):
    for number, amount in (("a", "9.99"), ("b", "100"), ("c", "-5")):
        book(number, amount=amount)
    kind = object_type("order")
    page = list_page(kind, admin, ListQuery(sort="-net"))
    assert [row.number for row in page.rows] == ["b", "a", "c"]
    tree = {"op": "and", "items": [{"field": "net", "is": "at_least", "value": 9.99}]}
    query = ListQuery(filters=read_filters(kind, tree), sort="net")
    assert [row.number for row in list_page(kind, admin, query).rows] == ["a", "b"]


def test_orders_are_found_by_number_and_customer(book, admin):
    book("T-100", amount=1, company="Harbour & Hythe")
    book("T-200", amount=1, company="Elsewhere")
    rows = queries.orders_visible_to(admin)
    assert [row.number for row in queries.search_orders(rows, "t-1")] == ["T-100"]
    assert [row.number for row in queries.search_orders(rows, "hyth")] == ["T-100"]
    assert queries.sums_of(rows) == [Money(200, "GBP")]
    assert Decimal(queries.sums_of(rows)[0].major) == 2
