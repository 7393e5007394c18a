"""What the tests of revenue share: a quick order."""

from collections.abc import Callable
from typing import Any

import pytest

from tandem.kernel.actor import Actor
from tandem.revenue.actions import book_order
from tandem.revenue.models import Order
from tandem.revenue.schemas import NewOrder


@pytest.fixture
def book(system: Actor, db: None) -> Callable[..., Order]:
    """Book an order: ``book("17", lines=[("A", 2, "1.50")], company="Hythe Gifts")``."""

    def make(number: str, *, by: Actor | None = None, lines: Any = (), **fields: Any) -> Order:
        fields.setdefault("currency", "GBP")
        shaped = [
            {"product_code": code, "quantity": str(quantity), "unit_price": str(price)}
            for code, quantity, price in lines
        ]
        order, is_new = book_order(
            by or system, data=NewOrder(number=number, lines=shaped, **fields)
        )
        assert is_new
        return order

    return make
