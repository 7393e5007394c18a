"""Orders as a kind of record, and their entry in the navigation."""

from typing import Any

from django.utils.translation import gettext_lazy

from tandem.people.rules import SEARCHED
from tandem.people.schemas import RefOut
from tandem.records.slots import (
    ERASED_TABLES,
    MERGED_TABLES,
    OBJECT_TYPES,
    ErasedTable,
    Field,
    FieldType,
    MergedTable,
    ObjectType,
    Permissions,
    Relation,
    relate,
)
from tandem.revenue import actions, queries
from tandem.revenue.models import Order
from tandem.revenue.schemas import ChangeOrder, NewOrder, OrderOut
from tandem.ui import formats, navigation
from tandem.ui.navigation import NavItem, Section


def _subtitle(order: Order) -> str:
    customer = order.customer
    parts = [customer.name if customer else "", formats.money(order.net, exact=True)]
    return ", ".join(filter(None, parts))


def order_output(order: Order) -> dict[str, Any]:
    """An order as the API answers it."""
    return OrderOut(
        id=order.public_id,
        source=order.source,
        number=order.number,
        company=RefOut.of(order.company),
        person=RefOut.of(order.person),
        ordered_at=order.ordered_at,
        currency=order.currency,
        country=order.country or None,
        net=order.net.major,
        line_count=order.line_count,
        created_at=order.created_at,
        updated_at=order.updated_at,
        version=order.row_version,
    ).model_dump()


_T = FieldType

ORDER = ObjectType(
    kind="order",
    slug="orders",
    model=Order,
    label=gettext_lazy("Order"),
    label_plural=gettext_lazy("Orders"),
    icon="receipt",
    shortcut="o",
    permissions=Permissions(
        view="revenue.view",
        create="revenue.book",
        edit="revenue.edit",
        delete="revenue.delete",
    ),
    fields=(
        Field("name", gettext_lazy("Number"), _T.TEXT, source="number", width="w-name"),
        Field("ordered_at", gettext_lazy("Date"), _T.MOMENT, width="w-num"),
        Field(
            "company",
            gettext_lazy("Company"),
            _T.RECORD,
            source="company__name",
            sort="company__sort_key",
            is_editable=True,
        ),
        Field(
            "person",
            gettext_lazy("Person"),
            _T.RECORD,
            source="person__name",
            sort="person__sort_key",
            width="w-mid",
        ),
        Field("net", gettext_lazy("Net"), _T.MONEY, source="net_minor", width="w-num"),
        Field("currency", gettext_lazy("Currency"), _T.TEXT, width="w-chip"),
        Field("lines", gettext_lazy("Lines"), _T.NUMBER, source="line_count", width="w-num"),
        Field("country", gettext_lazy("Country"), _T.TEXT, width="w-chip"),
        Field("source", gettext_lazy("Source"), _T.TEXT, width="w-mid"),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
        Field("created_at", gettext_lazy("Added"), _T.MOMENT, width="w-num"),
    ),
    default_columns=("name", "ordered_at", "company", "net", "lines", "source"),
    default_sort="-ordered_at",
    is_scoped=True,
    visible_to=queries.orders_visible_to,
    prepare=queries.prepare_orders,
    search=queries.search_orders,
    name_of=lambda order: order.number,
    subtitle_of=_subtitle,
    subtitle_fields=("company", "person", "net"),
    searched_fields=("company", "person", *SEARCHED),
    input_schema=NewOrder,
    change_schema=ChangeOrder,
    output_schema=OrderOut,
    output=order_output,
    create=actions.book_order,
    update=actions.change_order,
    delete=actions.delete_order,
    match_keys=("source", "number"),
    is_square=True,
)

relate(
    Relation(
        kind="company",
        key="orders",
        label=gettext_lazy("Orders"),
        to="order",
        own="pk",
        theirs="company_id",
        their_field="company",
    ),
    Relation(
        kind="person",
        key="orders",
        label=gettext_lazy("Orders"),
        to="order",
        own="pk",
        theirs="person_id",
        their_field="person",
    ),
    Relation(
        kind="order",
        key="company",
        label=gettext_lazy("Company"),
        to="company",
        own="company_id",
        theirs="pk",
        field="company",
    ),
)

OBJECT_TYPES.register(ORDER.kind, ORDER)

navigation.register(
    NavItem(
        key="orders",
        label=gettext_lazy("Orders"),
        icon="receipt",
        url_name="records:list",
        args=("orders",),
        section=Section.BOTH,
        order=40,
        permission="revenue.view",
        shortcut="o",
    ),
)

MERGED_TABLES.register("revenue.order", MergedTable(gettext_lazy("Orders")))
ERASED_TABLES.register(
    "revenue.order",
    ErasedTable(
        gettext_lazy("Orders"),
        keeps=frozenset({"source", "number", "currency", "country"}),
        because=gettext_lazy("The law of accounts wants them kept; they name nobody any more."),
    ),
)
