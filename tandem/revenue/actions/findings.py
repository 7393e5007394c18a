"""What is odd in a file of orders, counted and said: nothing is mended in silence.

Reads the temporary tables of the running import (see imports.py).
"""

from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision
from django.db import connection
from django.utils.translation import gettext as _

from tandem.kernel.money import Money
from tandem.people.rules import country_of
from tandem.records.slots import Notice, Staged

EXAMPLES = 5


def sums(currency: str) -> dict[str, Any]:
    """Sums of the file by its own rows, to compare with the system that it came from."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), count(DISTINCT number), count(DISTINCT customer),
                   coalesce(sum(amount_minor), 0),
                   coalesce(sum(amount_minor) FILTER (WHERE customer IS NOT NULL), 0),
                   coalesce(sum(amount_minor) FILTER (WHERE kind = 'reversal'), 0),
                   coalesce(sum(amount_minor) FILTER (
                       WHERE kind = 'reversal' AND customer IS NOT NULL), 0),
                   count(*) FILTER (WHERE kind = 'reversal'),
                   count(DISTINCT number) FILTER (WHERE kind = 'reversal'),
                   count(*) FILTER (WHERE kind = 'reversal' AND customer IS NOT NULL),
                   coalesce(sum(amount_minor) FILTER (WHERE kind = 'adjustment'), 0)
            FROM import_order
            """
        )
        row = cursor.fetchone()

    def major(minor: int) -> str:
        return str(Money(int(minor), currency).major)

    return {
        "currency": currency,
        "lines": row[0],
        "orders": row[1],
        "customers": row[2],
        "net": major(row[3]),
        "net_known_customers": major(row[4]),
        "reversals": major(row[5]),
        "reversals_known_customers": major(row[6]),
        "reversal_lines": row[7],
        "reversal_orders": row[8],
        "reversal_lines_known_customers": row[9],
        "adjustments": major(row[10]),
        **_linking(),
    }


def _linking() -> dict[str, int]:
    """What could be linked at best, whatever other reversals take: two plain facts of the file.

    Reversals of known customers with an earlier sale of the same code; with one at the same price
    that is large enough.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TEMP TABLE import_order_back ON COMMIT DROP AS
            SELECT line, customer, product_code, unit_price, -quantity AS quantity, ordered_at
            FROM import_order WHERE kind = 'reversal' AND customer IS NOT NULL
            """
        )
        cursor.execute(
            """
            CREATE TEMP TABLE import_order_sold ON COMMIT DROP AS
            SELECT i.customer, i.product_code, i.unit_price, i.quantity, i.ordered_at
            FROM import_order i
            WHERE i.kind IN ('sale', 'free') AND i.customer IS NOT NULL AND EXISTS (
                SELECT FROM import_order_back b
                WHERE b.customer = i.customer AND b.product_code = i.product_code)
            """
        )
        cursor.execute("ANALYZE import_order_back; ANALYZE import_order_sold")
        cursor.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE is_enough) FROM (
                SELECT b.line, bool_or(s.unit_price = b.unit_price AND s.quantity >= b.quantity)
                    AS is_enough
                FROM import_order_back b JOIN import_order_sold s
                  ON s.customer = b.customer AND s.product_code = b.product_code
                 AND s.ordered_at < b.ordered_at
                GROUP BY b.line
            ) f
            """
        )
        earlier, enough = cursor.fetchone()
    return {
        "reversals_with_earlier_purchase": earlier,
        "reversals_with_one_purchase_large_enough": enough,
    }


def find_notices(staged: Staged) -> tuple[Notice, ...]:
    """Every oddity of the file, the ones that were not met left out."""
    found = [
        _lines_without_customer(),
        _duplicates(),
        _of_orders(
            "orders_with_two_moments",
            _("Orders carry more than one moment: each line keeps its own, the order the first."),
            "count(DISTINCT ordered_at) > 1",
        ),
        _of_orders(
            "orders_with_two_customers",
            _("Orders name more than one customer: the first is taken."),
            "count(DISTINCT customer) > 1",
        ),
        _customers_with_two_countries(),
        _of_lines(
            "stock_corrections",
            _("Lines have a negative quantity and no price: they correct the stock and come to 0."),
            "kind = 'adjustment' AND quantity < 0 AND unit_price = 0",
        ),
        _of_lines(
            "bad_debt_adjustments",
            _("Lines of orders that begin with A adjust bad debt: they count, but are no sale."),
            "number ~ '^A[0-9]'",
        ),
        _fine_prices(staged.currency),
        _of_lines(
            "free_lines",
            _("Lines have no price: they are kept and come to 0."),
            "kind = 'free'",
        ),
        _unknown_countries(),
        _differing(),
        _unlinked(),
        _odd_numbers(staged),
    ]
    return tuple(notice for notice in found if notice is not None and notice.count)


def _lines_without_customer() -> Notice | None:
    return _of_lines(
        "lines_without_customer",
        _("Lines name no customer: they count in all sums, but in none of known customers."),
        "customer IS NULL AND customer_name IS NULL",
        shows=False,
    )


def _duplicates() -> Notice | None:
    row = _row(
        """
        SELECT coalesce(sum(n - 1), 0), (array_agg(DISTINCT number))[:5] FROM (
            SELECT number, count(*) AS n FROM import_order
            GROUP BY number, product_code, quantity, unit_price, ordered_at, customer
            HAVING count(*) > 1
        ) d
        """
    )
    text = _("Lines repeat another line of their order exactly: all are kept, each is a line.")
    return _notice("exact_duplicate_lines", text, row)


def _of_orders(code: str, text: str, condition: str) -> Notice | None:
    row = _row(
        "SELECT count(*), (array_agg(number ORDER BY number))[:5] FROM ("  # noqa: S608
        f"SELECT number FROM import_order GROUP BY number HAVING {condition}) o"
    )
    return _notice(code, text, row)


def _of_lines(code: str, text: str, condition: str, *, shows: bool = True) -> Notice | None:
    row = _row(
        "SELECT count(*), (array_agg(DISTINCT number))[:5]"  # noqa: S608
        f" FROM import_order WHERE {condition}"
        if shows
        else f"SELECT count(*), NULL FROM import_order WHERE {condition}"  # noqa: S608
    )
    return _notice(code, text, row)


def _customers_with_two_countries() -> Notice | None:
    row = _row(
        """
        SELECT count(*), (array_agg(customer ORDER BY customer))[:8] FROM (
            SELECT customer FROM import_order WHERE customer IS NOT NULL AND country <> ''
            GROUP BY customer HAVING count(DISTINCT country) > 1
        ) c
        """
    )
    text = _(
        "Customers have more than one country: each order keeps its own, the company has the one"
        " of most lines."
    )
    return _notice("customers_with_two_countries", text, row)


def _fine_prices(currency: str) -> Notice | None:
    precision = get_currency_precision(currency)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), (array_agg(DISTINCT number))[:5],
                   coalesce(sum(quantity * unit_price - amount_minor / 10::numeric ^ %(places)s), 0)
            FROM import_order WHERE unit_price <> round(unit_price, %(places)s)
            """,
            {"places": precision},
        )
        count, examples, lost = cursor.fetchone()
    text = _(
        "Lines have a price finer than the currency. It is kept; the line is rounded once, half to"
        " even. Unrounded, these lines come to %(amount)s %(currency)s more."
    ) % {"amount": f"{Decimal(lost).normalize():f}", "currency": currency}
    return _notice("prices_finer_than_currency", text, (count, examples))


def _unknown_countries() -> Notice | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT country, count(*) FROM import_order WHERE country <> ''"
            " GROUP BY country ORDER BY 2 DESC, 1"
        )
        unknown = [(name, count) for name, count in cursor.fetchall() if not country_of(name)]
    text = _("Lines name a country that is none: their orders have no country.")
    names = [name for name, _count in unknown[:EXAMPLES]]
    return _notice("countries_unknown", text, (sum(count for _name, count in unknown), names))


def _differing() -> Notice | None:
    row = _row(
        "SELECT count(*), (array_agg(DISTINCT i.number))[:5] FROM import_order_known k"
        " JOIN import_order i ON i.line = k.line WHERE k.differs"
    )
    text = _("Lines differ from what is here under the same number and place: what is here stays.")
    return _notice("lines_differ", text, row)


def _unlinked() -> Notice | None:
    row = _row(
        """
        SELECT count(DISTINCT l.id), (array_agg(DISTINCT o.number))[:5]
        FROM revenue_reversallink k JOIN revenue_orderline l ON l.id = k.reversing_id
        JOIN revenue_order o ON o.id = k.order_id
        WHERE k.original_id IS NULL AND k.created_in_id = tandem_change_set()
        """
    )
    text = _(
        "Reversals take back what no purchase was found for, or not enough: they count in full"
        " and can be fetched as a list."
    )
    return _notice("unlinked_reversals", text, row)


def _odd_numbers(staged: Staged) -> Notice | None:
    if "customer" not in staged.shortened:
        return None
    row = _row(
        "SELECT count(DISTINCT customer), (array_agg(DISTINCT customer || '.0'))[:3]"
        " FROM import_row WHERE customer <> ''"
    )
    text = _("Customer numbers were written as decimals, such as 17850.0: the .0 is left off.")
    return _notice("customer_numbers_as_decimals", text, row)


def _row(statement: str) -> tuple[int, list[str] | None]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        count, examples = cursor.fetchone()
    return int(count), examples


def _notice(code: str, text: str, row: tuple[int, list[str] | None]) -> Notice | None:
    count, examples = row
    return Notice(code, int(count), text, tuple(examples or ())) if count else None
