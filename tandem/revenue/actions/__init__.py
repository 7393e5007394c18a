"""What may be done with orders."""

from tandem.revenue.actions.deals import settle_deals
from tandem.revenue.actions.imports import commit_orders, revert_orders
from tandem.revenue.actions.orders import book_order, change_order, delete_order

__all__ = [
    "book_order",
    "change_order",
    "commit_orders",
    "delete_order",
    "revert_orders",
    "settle_deals",
]
