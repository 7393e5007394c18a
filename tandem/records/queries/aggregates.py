"""Figures over all the rows that a list shows: what its foot says, and the API's aggregates."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, LiteralString

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import (
    Case,
    DecimalField,
    Exists,
    F,
    OuterRef,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, NullIf
from psycopg import errors as postgres
from psycopg import sql

from tandem.kernel.actor import Actor
from tandem.kernel.errors import FieldError
from tandem.kernel.money import Money
from tandem.records import queries
from tandem.records.errors import AggregateInvalid, TooManyToAddUp
from tandem.records.models import TagLink
from tandem.records.queries import ListQuery
from tandem.records.rules import FieldType, Unreadable
from tandem.records.rules.aggregates import (
    BY_CURRENCY,
    OFFERED,
    Aggregate,
    Asked,
    parse_asked,
)
from tandem.records.slots import Field, ObjectType

# The whole is added up in this time or not at all.
EXACT_SECONDS = 5

Figure = int | Decimal | dt.date | dt.datetime | tuple[Money, ...] | None


@dataclass(frozen=True, slots=True)
class Told:
    """One figure. Amounts are several, one for each currency, by its code; None is of no row."""

    key: str
    aggregate: Aggregate
    value: Figure


@dataclass(frozen=True, slots=True)
class Totals:
    """The figures over ``rows`` rows. Where these are not all that match there are no figures: one
    of a part would be a wrong one."""

    rows: int
    is_all: bool
    figures: tuple[Told, ...]


def offered_aggregates(
    object_type: ObjectType, actor: Actor
) -> Mapping[str, tuple[Aggregate, ...]]:
    """What can be told of each field; every field can be counted with its rows."""
    return {
        field.key: (
            Aggregate.COUNT,
            *(OFFERED[field.type] if field.is_column or field.type is FieldType.TAGS else ()),
        )
        for field in object_type.fields_for(actor)
    }


def read_asked(
    object_type: ObjectType, actor: Actor, parts: Sequence[str], *, place: str = "of"
) -> Asked:
    """``amount:sum`` and the like; raises AggregateInvalid that names the place, FieldHidden."""
    object_type.refuse_hidden(actor, [part.partition(":")[0] for part in parts])
    try:
        return parse_asked(parts, offered_aggregates(object_type, actor))
    except Unreadable as error:
        at = f"{place}.{error.path}".rstrip(".")
        refused = FieldError(at, AggregateInvalid.code, error.reason)
        raise AggregateInvalid(errors=[refused]) from error


def read_footers(object_type: ObjectType, actor: Actor, footers: Mapping[str, str]) -> Asked:
    """What the feet of a list tell, by the keys of its columns; raises AggregateInvalid."""
    parts = [f"{key}:{word}" for key, word in footers.items()]
    return read_asked(object_type, actor, parts, place="footers")


def kept_footers(object_type: ObjectType, actor: Actor, footers: Mapping[str, str]) -> Asked:
    """Those of a saved view that can still be told."""
    offered = offered_aggregates(object_type, actor)
    return tuple(
        (key, Aggregate(word)) for key, word in footers.items() if word in offered.get(key, ())
    )


def totals(
    object_type: ObjectType,
    actor: Actor,
    query: ListQuery,
    asked: Asked,
    *,
    limit: int | None = None,
) -> Totals:
    """The figures over every row that the actor may see and the list shows; one query.

    With a limit its cost ends there: no figures where more match. Without one it takes
    ``EXACT_SECONDS`` at most; raises TooManyToAddUp beyond.
    """
    fields = _fields(object_type, actor, asked)
    by_currency = _by_currency(fields, asked)
    rows = queries.records_matching(object_type, actor, query)
    inner = _inner(object_type, rows, fields, by_currency=by_currency)
    found = _run(inner if limit is None else inner[: limit + 1], asked, by_currency, limit is None)
    if limit is not None and found[0][2] > limit:
        return Totals(limit, False, ())
    return _read(found, asked, fields)


def totals_by(
    object_type: ObjectType,
    actor: Actor,
    query: ListQuery,
    group: Any,
    asked: Asked,
    *,
    is_timed: bool,
) -> dict[Any, Totals]:
    """The same figures for each value of an expression over the rows; one query, in time or not at
    all where ``is_timed``. Raises TooManyToAddUp."""
    fields = _fields(object_type, actor, asked)
    by_currency = _by_currency(fields, asked)
    rows = queries.records_matching(object_type, actor, query).annotate(g=group)
    inner = _inner(object_type, rows, fields, "g", by_currency=by_currency)
    found: dict[Any, list[tuple[Any, ...]]] = {}
    for row in _run(inner, asked, by_currency, is_timed, is_grouped=True):
        found.setdefault(row[0], []).append(row)
    return {value: _read(rows, asked, fields) for value, rows in found.items()}


def _fields(object_type: ObjectType, actor: Actor, asked: Asked) -> list[Field]:
    return [_field(object_type, actor, key) for key, _aggregate in asked]


def _by_currency(fields: Sequence[Field], asked: Asked) -> bool:
    return any(
        field.type is FieldType.MONEY and field.custom is None and aggregate in BY_CURRENCY
        for (_key, aggregate), field in zip(asked, fields, strict=True)
    )


def _read(found: Sequence[tuple[Any, ...]], asked: Asked, fields: Sequence[Field]) -> Totals:
    """The row over all comes first, then one for each currency."""
    whole, parts = found[0], found[1:]
    figures = [
        Told(key, aggregate, _amounts(field, whole, parts, at))
        if field.type is FieldType.MONEY and aggregate in BY_CURRENCY
        else Told(key, aggregate, _plain(field, aggregate, whole[at]))
        for at, ((key, aggregate), field) in enumerate(zip(asked, fields, strict=True), start=3)
    ]
    return Totals(whole[2], True, tuple(figures))


def value_expression(object_type: ObjectType, field: Field) -> Any:
    """The value of a field in the database, NULL where it is empty; custom numbers as numbers."""
    if field.type is FieldType.TAGS:
        links = TagLink.objects.filter(kind=object_type.kind, record_id=OuterRef("pk"))
        return Case(When(Exists(links), then=Value(1)))
    if field.custom is not None:
        text = KeyTextTransform(field.custom.key, "x")
        if field.type in (FieldType.NUMBER, FieldType.MONEY):
            return Cast(text, DecimalField(max_digits=40, decimal_places=6))
        return text
    if field.type is FieldType.USER:
        return F(field.path if "__" in field.path else f"{field.path}_id")
    if field.type in _TEXTS:
        return NullIf(F(field.path), Value(""), output_field=TextField())
    return F(field.path)


_TEXTS = (
    FieldType.TEXT,
    FieldType.EMAIL,
    FieldType.PHONE,
    FieldType.LINK,
    FieldType.RECORD,
    FieldType.CHOICE,
)


def _field(object_type: ObjectType, actor: Actor, key: str) -> Field:
    field = object_type.field_for(actor, key)
    if field is None:
        raise AggregateInvalid(field="of")
    return field


def _inner(
    object_type: ObjectType,
    rows: QuerySet[Any],
    fields: Sequence[Field],
    *also: str,
    by_currency: bool,
) -> QuerySet[Any, Any]:
    """The values of each row, in columns ``v0`` and on, and its currency ``c``."""
    columns = {
        f"v{at}": value_expression(object_type, field)
        for at, field in enumerate(fields)
        if field.is_column or field.type is FieldType.TAGS
    }
    columns["c"] = F("currency") if by_currency else Value("")
    values: QuerySet[Any, Any] = rows.order_by().annotate(**columns).values(*columns, *also)
    return values


# By whether there are groups, and whether currencies stand apart.
_APART: Mapping[tuple[bool, bool], LiteralString] = {
    (False, False): "",
    (False, True): "GROUP BY GROUPING SETS ((), (c)) ORDER BY grouping(c) DESC, c",
    (True, False): "GROUP BY g",
    (True, True): "GROUP BY GROUPING SETS ((g), (g, c)) ORDER BY grouping(c) DESC, c",
}
_SQL: Mapping[Aggregate, Any] = {
    Aggregate.COUNT: "count(*)",
    Aggregate.FILLED: "count({0})",
    Aggregate.EMPTY: "count(*) - count({0})",
    Aggregate.UNIQUE: "count(DISTINCT {0})",
    Aggregate.SUM: "sum({0})",
    Aggregate.AVERAGE: "avg({0})",
    Aggregate.MIN: "min({0})",
    Aggregate.MAX: "max({0})",
    Aggregate.EARLIEST: "min({0})",
    Aggregate.LATEST: "max({0})",
}


def _run(
    inner: QuerySet[Any, Any],
    asked: Asked,
    by_currency: bool,
    is_timed: bool,
    *,
    is_grouped: bool = False,
) -> list[tuple[Any, ...]]:
    """Rows of group, currency, count and figures: those over all currencies come first."""
    try:
        text, params = inner.query.sql_with_params()
    except EmptyResultSet:  # the ORM knows that nothing matches
        none = ("", "", 0, *(None if one[1] in _SUMLIKE else 0 for one in asked))
        return [] if is_grouped else [none]
    told = [sql.SQL(_SQL[one[1]]).format(sql.Identifier(f"v{at}")) for at, one in enumerate(asked)]
    statement = sql.SQL("SELECT {}, {}, {} FROM ({}) s {}").format(
        sql.SQL("g" if is_grouped else "''"),
        sql.SQL("c" if by_currency else "''"),
        sql.SQL(", ").join([sql.SQL("count(*)"), *told]),
        sql.SQL(text),  # the ORM's own, its parameters beside it
        sql.SQL(_APART[is_grouped, by_currency]),
    )
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if is_timed:
                cursor.execute(f"SET LOCAL statement_timeout = '{EXACT_SECONDS}s'")
            cursor.execute(statement, params)
            found: list[tuple[Any, ...]] = cursor.fetchall()
            if is_timed:
                cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, postgres.QueryCanceled):
            raise TooManyToAddUp() from error
        raise
    return found


_SUMLIKE = frozenset({*BY_CURRENCY, Aggregate.EARLIEST, Aggregate.LATEST})


def _amounts(
    field: Field, whole: tuple[Any, ...], parts: Sequence[tuple[Any, ...]], at: int
) -> tuple[Money, ...]:
    rows = [(field.custom.currency, whole[at])] if field.custom else [(p[1], p[at]) for p in parts]
    return tuple(Money(_minor(value), currency) for currency, value in rows if value is not None)


def _minor(value: int | Decimal) -> int:
    return int(Decimal(value).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def _plain(field: Field, aggregate: Aggregate, value: Any) -> Figure:
    if value is None or aggregate not in _SUMLIKE:
        return value if value is None else int(value)
    if field.type is FieldType.DATE and isinstance(value, str):
        return dt.date.fromisoformat(value)
    if isinstance(value, int | Decimal | float):
        return _shortest(Decimal(value))
    found: dt.date | dt.datetime = value
    return found


def _shortest(number: Decimal) -> Decimal | int:
    """A number without needless noughts: averages with six places at most."""
    if number == number.to_integral_value():
        return int(number)
    return number.quantize(Decimal("0.000001"), rounding=ROUND_HALF_EVEN).normalize()
