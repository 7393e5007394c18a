"""Orders from files: a row is a line, rows of one number are an order. Set-based throughout.

The same file again changes nothing: a line is known by source, number and its place in the order.
Lines that are here already are passed over; where the file says something else of such a line, what
is here stays and the report says so. Lines that are missing are added.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from babel.numbers import get_currency_precision
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg import sql

from tandem.kernel.actions import current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.kernel.ids import PUBLIC_ID_SQL
from tandem.kernel.money import Money
from tandem.kernel.refs import RecordRef
from tandem.people.actions.companies import add_companies, take_back_companies
from tandem.people.rules import country_of
from tandem.records.actions.external import link_external_ids, unlink_external_ids
from tandem.records.slots import IMPORTERS, Importer, ImportField, Outcome, Staged, tell_story
from tandem.revenue.actions.findings import find_notices, sums
from tandem.revenue.actions.lines import count_orders, link_orders
from tandem.revenue.facts import OrdersBooked, OrdersDeleted

CHUNKS = 10

FIELDS = (
    ImportField(
        "number",
        gettext_lazy("Order number"),
        synonyms=("invoiceno", "invoicenumber", "invoice", "ordernumber", "orderno", "orderid"),
        is_required=True,
        max_length=80,
    ),
    ImportField(
        "ordered_at",
        gettext_lazy("Date"),
        "moment",
        synonyms=("invoicedate", "orderdate", "date", "orderedat", "createdat", "timestamp"),
        is_required=True,
    ),
    ImportField(
        "product_code",
        gettext_lazy("Product code"),
        synonyms=("stockcode", "sku", "productid", "productcode", "itemcode", "article"),
        max_length=80,
    ),
    ImportField(
        "description",
        gettext_lazy("Description"),
        synonyms=("productname", "itemname", "lineitemname", "product", "item"),
    ),
    ImportField(
        "quantity", gettext_lazy("Quantity"), "number", synonyms=("qty", "units", "pieces")
    ),
    ImportField(
        "unit_price",
        gettext_lazy("Unit price"),
        "number",
        synonyms=("unitprice", "price", "lineitemprice", "amount", "sales", "total"),
        is_required=True,
    ),
    ImportField(
        "customer",
        gettext_lazy("Customer number"),
        "id",
        synonyms=("customerid", "customerno", "customernumber", "accountid", "clientid"),
        max_length=190,
    ),
    ImportField(
        "customer_name",
        gettext_lazy("Customer name"),
        synonyms=("customername", "company", "companyname", "client", "account"),
        max_length=190,
    ),
    ImportField(
        "country", gettext_lazy("Country"), synonyms=("countryname", "shippingcountry", "land")
    ),
)


def commit_orders(actor: Actor, staged: Staged) -> Outcome:
    """Write the staged lines as orders of their customers; see slots.Importer."""
    _type_rows(staged)
    _fail_siblings()
    staged.step(0.1, _("Customers"))
    customers = _customers(actor, staged)
    staged.step(0.2, _("Orders"))
    orders = _orders(staged)
    created = _lines(staged)
    touched = _count(orders=orders)
    staged.step(0.9, _("Reversals"))
    _link(touched)
    if touched:
        publish(OrdersBooked(current_change_set().id, tuple(touched)))
        _tell(actor)
    skipped = _one("SELECT count(*) FROM import_order WHERE is_known")
    _note_results()
    return Outcome(
        created=created,
        updated=0,
        skipped=skipped,
        related={
            "orders": {"created": orders, "extended": len(touched) - orders},
            "lines": {"created": created},
            "companies": {"created": customers},
            "reversals": _reversals(),
        },
        figures=sums(staged.currency),
        notices=find_notices(staged),
    )


# --- rows, typed ----------------------------------------------------------------------------------


def _type_rows(staged: Staged) -> None:
    """``import_order``: one row per line that can be taken, with place, kind and amount."""
    precision = get_currency_precision(staged.currency)
    columns: list[sql.Composable] = [sql.SQL("r.line"), sql.SQL("btrim(r.number) AS number")]
    joins: list[sql.Composable] = []
    for key, empty in (
        ("product_code", "''"),
        ("description", "''"),
        ("customer_name", "NULL"),
        ("country", "''"),
        ("customer", "NULL"),
    ):
        text = "coalesce(nullif(btrim(r.{key}), ''), {empty})::text AS {key}"
        if key not in staged.fields:
            text = "{empty}::text AS {key}"
        columns.append(sql.SQL(text).format(key=sql.Identifier(key), empty=sql.SQL(empty)))
    for key, kind in (
        ("ordered_at", "timestamptz"),
        ("quantity", "numeric"),
        ("unit_price", "numeric"),
    ):
        alias, column = sql.Identifier(f"v_{key}"), sql.Identifier(key)
        if key not in staged.values:
            columns.append(sql.SQL("NULL::{} AS {}").format(sql.SQL(kind), column))
            continue
        columns.append(sql.SQL("{}.value AS {}").format(alias, column))
        joins.append(
            sql.SQL(" LEFT JOIN {table} {alias} ON {alias}.raw = r.{key}").format(
                table=sql.Identifier(staged.values[key]), alias=alias, key=column
            )
        )
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                """
            CREATE TEMP TABLE import_order ON COMMIT DROP AS
            SELECT t.*,
                   row_number() OVER (PARTITION BY number ORDER BY line) AS ordinal,
                   CASE
                     WHEN number ~ '^A[0-9]' OR unit_price < 0 OR (quantity < 0 AND unit_price = 0)
                       THEN 'adjustment'
                     WHEN quantity < 0 THEN 'reversal'
                     WHEN unit_price > 0 AND quantity > 0 THEN 'sale'
                     ELSE 'free' END AS kind,
                   {amount} AS amount_minor,
                   false AS is_known, NULL::bigint AS order_id
            FROM (
                SELECT line, number, product_code, description, customer_name, country,
                       ordered_at, coalesce(quantity, 1) AS quantity, unit_price, customer
                FROM (SELECT {columns} FROM import_row r{joins}) c
            ) t
            """
            ).format(
                columns=sql.SQL(", ").join(columns),
                joins=sql.Composed(joins),
                amount=_half_even(sql.SQL(f"(quantity * unit_price * 1{'0' * precision})")),
            )
        )
        cursor.execute("ANALYZE import_order")


def _half_even(exact: sql.Composable) -> sql.Composable:
    """A number rounded half to even, as rules.line_amount does: PostgreSQL rounds half up."""
    return sql.SQL(
        "(round({x}) - CASE WHEN abs({x}) % 1 = 0.5 AND round({x}) % 2 <> 0"
        " THEN sign({x}) ELSE 0 END)::bigint"
    ).format(x=exact)


def _fail_siblings() -> None:
    """An order is taken whole or not: with one bad row all its rows fail."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM import_fault)")
        if not cursor.fetchone()[0]:
            return
        cursor.execute(
            """
            WITH bad AS (
                DELETE FROM import_order o USING (
                    SELECT DISTINCT o.number FROM import_order o
                    JOIN import_fault f ON f.line = o.line
                ) b WHERE o.number IS NOT DISTINCT FROM b.number
                RETURNING o.line
            )
            INSERT INTO import_fault
            SELECT line, '', 'sibling' FROM bad
            WHERE NOT EXISTS (SELECT FROM import_fault f WHERE f.line = bad.line)
            """
        )


# --- customers ------------------------------------------------------------------------------------


def _customers(actor: Actor, staged: Staged) -> int:
    """``import_order_customer``: the company behind each customer; how many were added."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(customer, '') AS number, coalesce(max(customer_name), ''),
                   mode() WITHIN GROUP (ORDER BY country)
            FROM import_order WHERE coalesce(customer, customer_name) IS NOT NULL
            GROUP BY coalesce(customer, ''), CASE WHEN customer IS NULL THEN customer_name END
            ORDER BY min(line)
            """
        )
        wanted = cursor.fetchall()
        cursor.execute(
            """
            SELECT e.value, c.id FROM records_externalid e
            JOIN people_company c ON c.id = e.record_id AND c.deleted_at IS NULL
            WHERE e.kind = 'company' AND e.source = %s AND e.value = ANY (%s)
            """,
            [staged.source, [_key(number, name) for number, name, _country in wanted]],
        )
        known = dict(cursor.fetchall())
    new = [row for row in wanted if _key(row[0], row[1]) not in known]
    ids = add_companies(
        actor,
        named=[
            (name or _("Customer %(number)s") % {"number": number}, country_of(country or ""))
            for number, name, country in new
        ],
    )
    added = {_key(row[0], row[1]): pk for row, pk in zip(new, ids, strict=True)}
    link_external_ids("company", staged.source, added.items())
    known.update(added)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE import_order_customer (number text, name text, company_id bigint)"
            " ON COMMIT DROP"
        )
        with cursor.copy("COPY import_order_customer FROM STDIN") as copy:
            for number, name, _country in wanted:
                key = _key(number, name)
                copy.write_row((number, "" if number else name, known[key]))
        cursor.execute("ANALYZE import_order_customer")
    return len(added)


def _key(number: str, name: str) -> str:
    """What the source calls a customer: the number, else the name."""
    return str(number or f"name:{name}")


# --- orders and lines -----------------------------------------------------------------------------


def _orders(staged: Staged) -> int:
    """Orders that are not here yet; every row learns its order. How many were added."""
    countries = _countries()
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                """
            CREATE TEMP TABLE import_order_head ON COMMIT DROP AS
            SELECT h.*, c.company_id FROM (
                SELECT number, min(ordered_at) AS ordered_at,
                       (array_agg(customer ORDER BY line))[1] AS customer,
                       (array_agg(customer_name ORDER BY line))[1] AS customer_name,
                       (array_agg(country ORDER BY line))[1] AS country
                FROM import_order GROUP BY number
            ) h LEFT JOIN import_order_customer c ON c.number = coalesce(h.customer, '')
                AND c.name = CASE WHEN h.customer IS NULL THEN coalesce(h.customer_name, '')
                                  ELSE '' END
            """
            )
        )
        cursor.execute(
            sql.SQL(
                """
            INSERT INTO revenue_order (created_in_id, public_id, source, number, company_id,
                ordered_at, currency, country, net_minor, line_count)
            SELECT %(change_set)s, {public_id}, %(source)s, h.number, h.company_id,
                h.ordered_at, %(currency)s, coalesce(k.code, ''), 0, 0
            FROM import_order_head h
            LEFT JOIN unnest(%(names)s::text[], %(codes)s::text[]) AS k (name, code)
                ON k.name = h.country
            ORDER BY h.ordered_at, h.number
            ON CONFLICT (source, number) WHERE deleted_at IS NULL DO NOTHING
            """
            ).format(public_id=sql.SQL(PUBLIC_ID_SQL)),
            {
                "change_set": current_change_set().id,
                "source": staged.source,
                "currency": staged.currency,
                "names": list(countries),
                "codes": list(countries.values()),
            },
        )
        added = cursor.rowcount
        cursor.execute(
            """
            CREATE TEMP TABLE import_order_place ON COMMIT DROP AS
            SELECT o.id, h.number, o.created_in_id = %s AS is_new
            FROM import_order_head h JOIN revenue_order o ON o.number = h.number
            WHERE o.source = %s AND o.deleted_at IS NULL
            """,
            [current_change_set().id, staged.source],
        )
        cursor.execute("ANALYZE import_order_place")
    return int(added)


def _countries() -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT country FROM import_order WHERE country <> ''")
        return {name: country_of(name) for (name,) in cursor.fetchall()}


def _lines(staged: Staged) -> int:
    """Lines that are not here yet, in chunks so that it can be stopped; how many were added."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TEMP TABLE import_order_known ON COMMIT DROP AS
            SELECT i.line,
                   (l.product_code, l.quantity, l.unit_price, l.at)
                   IS DISTINCT FROM (i.product_code, i.quantity, i.unit_price, i.ordered_at)
                   AS differs
            FROM import_order i JOIN import_order_place p ON p.number = i.number AND NOT p.is_new
            JOIN revenue_orderline l ON l.order_id = p.id AND l.ordinal = i.ordinal
            """
        )
        cursor.execute("SELECT count(*) FROM import_order_known")
        if cursor.fetchone()[0]:
            cursor.execute(
                "UPDATE import_order i SET is_known = true"
                " FROM import_order_known k WHERE k.line = i.line"
            )
        cursor.execute("SELECT min(line), max(line) FROM import_order")
        first, last = cursor.fetchone()
        if first is None:
            return 0
        added, size = 0, (last - first) // CHUNKS + 1
        for chunk in range(CHUNKS):
            cursor.execute(
                """
                INSERT INTO revenue_orderline (created_in_id, order_id, ordinal, kind, at,
                    product_code, description, quantity, unit_price, amount_minor)
                SELECT %(change_set)s, p.id, i.ordinal, i.kind, i.ordered_at,
                    i.product_code, i.description, i.quantity, i.unit_price, i.amount_minor
                FROM import_order i JOIN import_order_place p ON p.number = i.number
                WHERE i.line >= %(first)s AND i.line < %(next)s AND NOT i.is_known
                ORDER BY i.line
                """,
                {
                    "change_set": current_change_set().id,
                    "first": first + chunk * size,
                    "next": first + (chunk + 1) * size,
                },
            )
            added += cursor.rowcount
            staged.step(0.25 + 0.6 * (chunk + 1) / CHUNKS, _("Lines"))
    return added


def _count(*, orders: int) -> list[int]:
    """Totals of the orders that got lines; their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE revenue_order o
            SET net_minor = o.net_minor + s.net, line_count = o.line_count + s.lines
            FROM (
                SELECT p.id, sum(i.amount_minor) AS net, count(*) AS lines
                FROM import_order i JOIN import_order_place p ON p.number = i.number
                WHERE NOT i.is_known GROUP BY p.id
            ) s WHERE o.id = s.id
            RETURNING o.id
            """
        )
        return sorted(row[0] for row in cursor.fetchall())


def _link(order_ids: Sequence[int]) -> None:
    """Link what the new lines take back; what was found for none before may be found now."""
    if not order_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE revenue_order; ANALYZE revenue_orderline")
        cursor.execute(
            """
            DELETE FROM revenue_reversallink k
            USING revenue_order o, revenue_order n
            WHERE k.original_id IS NULL AND o.id = k.order_id
              AND n.id = ANY (%(ids)s) AND n.company_id = o.company_id
              AND o.deleted_at IS NULL AND NOT o.id = ANY (%(ids)s)
            RETURNING k.order_id
            """,
            {"ids": list(order_ids)},
        )
        again = {row[0] for row in cursor.fetchall()}
    link_orders([*order_ids, *sorted(again)])


def _tell(actor: Actor) -> None:
    """A word in the story of each company that got orders."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT o.company_id FROM revenue_orderline l"
            " JOIN revenue_order o ON o.id = l.order_id"
            " WHERE l.created_in_id = %s AND o.company_id IS NOT NULL",
            [current_change_set().id],
        )
        refs = [RecordRef("company", row[0]) for row in cursor.fetchall()]
    tell_story(actor, refs, kind="revenue.imported", payload={})


def _note_results() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO import_result
            SELECT i.line, CASE WHEN i.is_known THEN 'skipped' ELSE 'created' END, p.id, i.kind
            FROM import_order i LEFT JOIN import_order_place p ON p.number = i.number
            """
        )


def _reversals() -> dict[str, int]:
    """How the reversing lines of this change set were linked."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) FILTER (WHERE linked AND NOT rest),
                   count(*) FILTER (WHERE linked AND rest),
                   count(*) FILTER (WHERE NOT linked)
            FROM (
                SELECT bool_or(original_id IS NOT NULL) AS linked,
                       bool_or(original_id IS NULL) AS rest
                FROM revenue_reversallink WHERE created_in_id = %s GROUP BY reversing_id
            ) r
            """,
            [current_change_set().id],
        )
        whole, part, none = cursor.fetchone()
    return {"linked": whole, "linked_in_part": part, "unlinked": none}


def _one(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


# --- taking back ----------------------------------------------------------------------------------


def revert_orders(actor: Actor, change_set_id: int) -> Mapping[str, int]:
    """Delete the orders that an import booked, but for those that somebody changed since.

    Lines that it added to older orders go too, and companies that it added and nobody uses.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE revenue_order o
            SET deleted_at = now(), updated_at = now(), row_version = row_version + 1
            WHERE o.created_in_id = %(made)s AND o.deleted_at IS NULL AND o.row_version = 1
              AND NOT EXISTS (SELECT FROM revenue_orderline l
                              WHERE l.order_id = o.id AND l.created_in_id <> %(made)s)
              AND NOT EXISTS (SELECT FROM records_comment c WHERE c.kind = 'order'
                              AND c.record_id = o.id AND c.deleted_at IS NULL)
            RETURNING o.id
            """,
            {"made": change_set_id},
        )
        gone = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "SELECT count(*) FROM revenue_order WHERE created_in_id = %s AND deleted_at IS NULL",
            [change_set_id],
        )
        (kept,) = cursor.fetchone()
        again = _unlink(gone, change_set_id)
        cursor.execute(
            "SELECT DISTINCT company_id FROM revenue_order o"
            " WHERE o.deleted_at IS NULL AND o.company_id IS NOT NULL"
        )
        in_use = [row[0] for row in cursor.fetchall()]
    link_orders(again)
    companies = take_back_companies(actor, made_in=change_set_id, keep=in_use)
    unlink_external_ids("company", companies)
    if gone:
        publish(OrdersDeleted(current_change_set().id, tuple(gone)))
    return {"orders": len(gone), "companies": len(companies), "kept": kept}


def _unlink(gone: Sequence[int], change_set_id: int) -> list[int]:
    """Forget the links from and to lines that go; the orders whose reversals are to link anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM revenue_reversallink k USING revenue_orderline l
            WHERE l.id = k.original_id AND (l.order_id = ANY (%(gone)s)
                OR (l.created_in_id = %(made)s AND NOT l.order_id = ANY (%(gone)s)
                    AND l.order_id NOT IN (
                        SELECT id FROM revenue_order WHERE created_in_id = %(made)s)))
            RETURNING k.order_id
            """,
            {"gone": list(gone), "made": change_set_id},
        )
        again = {row[0] for row in cursor.fetchall()} - set(gone)
        cursor.execute("DELETE FROM revenue_reversallink WHERE order_id = ANY (%s)", [list(gone)])
        # Lines that were added to orders that were here before.
        cursor.execute(
            """
            DELETE FROM revenue_orderline l USING revenue_order o
            WHERE l.created_in_id = %(made)s AND o.id = l.order_id AND o.created_in_id <> %(made)s
            RETURNING l.order_id, l.amount_minor
            """,
            {"made": change_set_id},
        )
        shortened = cursor.fetchall()
    if shortened:
        count_orders(sorted({row[0] for row in shortened}))
    return sorted(again)


# --- listings -------------------------------------------------------------------------------------


def unlinked_listing(
    actor: Actor, change_set_id: int
) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    """Reversals of an import for which no purchase was found, or not enough."""
    header = (
        "number",
        "line",
        "at",
        "customer",
        "product_code",
        "description",
        "quantity",
        "without_purchase",
        "unit_price",
        "amount",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT o.number, l.ordinal, l.at, coalesce(c.name, ''), l.product_code, l.description,
                   l.quantity, k.quantity, l.unit_price, l.amount_minor, o.currency
            FROM revenue_reversallink k JOIN revenue_orderline l ON l.id = k.reversing_id
            JOIN revenue_order o ON o.id = l.order_id AND o.deleted_at IS NULL
            LEFT JOIN people_company c ON c.id = o.company_id
            WHERE k.original_id IS NULL AND l.created_in_id = %s ORDER BY l.at, l.id
            """,
            [change_set_id],
        )
        rows = [
            (
                *row[:6],
                *(f"{value.normalize():f}" for value in row[6:9]),
                Money(row[9], row[10]).major,
            )
            for row in cursor.fetchall()
        ]
    return header, rows


IMPORTERS.register(
    "orders",
    Importer(
        kind="orders",
        label=gettext_lazy("Orders"),
        permission="revenue.import",
        fields=FIELDS,
        commit=commit_orders,
        revert=revert_orders,
        listings={"unlinked-reversals": unlinked_listing},
        record_kind="order",
        has_amounts=True,
        are_rows_joined=True,
    ),
)
