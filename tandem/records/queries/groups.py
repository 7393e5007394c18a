"""A list in groups: by the values of a field, each with its number of rows, its feet, its first."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import DateField, F, Value
from django.db.models.functions import Cast, Trunc
from django.utils import timezone

from tandem.kernel.actor import Actor
from tandem.records import queries
from tandem.records.errors import GroupingInvalid
from tandem.records.queries import ListQuery
from tandem.records.queries.aggregates import Totals, totals_by, value_expression
from tandem.records.rules import Condition, FieldType, Group, Node
from tandem.records.rules.aggregates import Asked
from tandem.records.slots import Field, ObjectType

MAX_GROUPS = 60
ROWS_A_GROUP = 12
CARDS = 25  # of a column of a board
MANY_CHOICES = 12  # with more, only those stand on a board that some record has
SPANS = ("day", "week", "month", "quarter", "year")
DATED = frozenset({FieldType.DATE, FieldType.MOMENT})
GROUPABLE = frozenset({FieldType.CHOICE, FieldType.USER, FieldType.BOOLEAN, *DATED})
# What stands for the group of the rows without a value, in addresses.
EMPTY = "-"


@dataclass(frozen=True, slots=True)
class Grouping:
    """What makes the groups: a field, and the span of one group where it is one of days."""

    field: Field
    span: str = ""

    def __str__(self) -> str:
        return f"{self.field.key}:{self.span}" if self.span else self.field.key


@dataclass(frozen=True, slots=True)
class GroupOfRows:
    """One group: ``key`` stands for it in addresses, ``condition`` lets through its rows."""

    key: str
    value: Any
    totals: Totals
    condition: Node
    rows: Sequence[Any] = ()


def groupings(object_type: ObjectType, actor: Actor) -> list[Grouping]:
    """By what a list can be grouped."""
    fields = [
        field
        for field in object_type.fields_for(actor)
        if field.type in GROUPABLE and field.is_column and field.is_filterable
    ]
    return [
        Grouping(field, span)
        for field in fields
        for span in (SPANS if field.type in DATED else ("",))
    ]


def read_grouping(object_type: ObjectType, actor: Actor, text: str) -> Grouping:
    """``country`` or ``created_at:month``. Raises GroupingInvalid, FieldHidden."""
    object_type.refuse_hidden(actor, (text.partition(":")[0],))
    found = next((one for one in groupings(object_type, actor) if str(one) == text), None)
    if found is None:
        raise GroupingInvalid(field="group")
    return found


def groups_of(
    object_type: ObjectType,
    actor: Actor,
    query: ListQuery,
    grouping: Grouping,
    *,
    asked: Asked,
    shut: frozenset[str],
    is_timed: bool,
    limit: int = ROWS_A_GROUP,
) -> tuple[list[GroupOfRows], bool]:
    """The groups in their order, those that are open with their first rows; three queries.

    False where there are more groups than are shown. Raises TooManyToAddUp.
    """
    found = totals_by(
        object_type, actor, query, _expression(object_type, grouping), asked, is_timed=is_timed
    )
    values = sorted(found, key=_order(grouping))[:MAX_GROUPS]
    groups = [
        GroupOfRows(_key(value), value, found[value], _condition(grouping, value))
        for value in values
    ]
    open_ones = [one for one in groups if one.key not in shut]
    rows = _first_rows(object_type, actor, query, open_ones, limit=limit)
    filled = [replace(one, rows=rows.get(one.key, ())) for one in groups]
    return filled, len(values) == len(found)


def boards(object_type: ObjectType, actor: Actor) -> list[Grouping]:
    """By what a list can be a board: a field of one choice each, those with many choices last."""
    found = [one for one in groupings(object_type, actor) if _is_of_columns(one)]
    return sorted(found, key=_has_many_choices)


def _has_many_choices(grouping: Grouping) -> bool:
    return grouping.field.choices is None or len(grouping.field.choices()) > MANY_CHOICES


def board_of(grouping: Grouping | None) -> Grouping | None:
    """The same where it makes the columns of a board; None where it does not."""
    return grouping if grouping is not None and _is_of_columns(grouping) else None


def _is_of_columns(grouping: Grouping) -> bool:
    return grouping.field.type is FieldType.CHOICE


def more_of_group(
    object_type: ObjectType,
    actor: Actor,
    query: ListQuery,
    grouping: Grouping,
    *,
    key: str,
    after: int,
) -> tuple[list[Any], int]:
    """The next rows of one group after the first ``after``, and how many are left then."""
    condition = _condition(grouping, None if key == EMPTY else key)
    alone = replace(query, filters=group_filters(query.filters, condition), cursor="")
    rows = queries.in_order(object_type, actor, alone)
    found = list(object_type.prepare(rows)[after : after + CARDS])
    return found, max(rows.count() - after - len(found), 0)


def _expression(object_type: ObjectType, grouping: Grouping) -> Any:
    field = grouping.field
    if field.type is FieldType.USER and field.custom is None:
        return F(f"{field.path}__public_id")
    value = value_expression(object_type, field)
    if not grouping.span:
        return value
    if field.type is FieldType.MOMENT:
        zone = timezone.get_current_timezone()
        return Cast(Trunc(value, grouping.span, tzinfo=zone), DateField())
    days = Cast(value, DateField()) if field.custom is not None else value
    return Cast(Trunc(days, grouping.span, output_field=DateField()), DateField())


def _order(grouping: Grouping) -> Callable[[Any], tuple[bool, Any]]:
    """Choices as they are declared, days with the latest first; no value last."""
    choices = grouping.field.choices
    places = {choice.value: at for at, choice in enumerate(choices())} if choices else {}
    if grouping.span:
        return lambda value: (value is None, -value.toordinal() if value else 0)
    return lambda value: (value is None, (places.get(value, len(places)), str(value)))


def _key(value: Any) -> str:
    return EMPTY if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _condition(grouping: Grouping, value: Any) -> Node:
    """What a filter says of the rows of a group, so that a group opens as a list of its own."""
    key, kind = grouping.field.key, grouping.field.type
    if value is None:
        return Condition(key, "empty")
    if grouping.span:
        first, after = value, _after(value, grouping.span)
        before = Condition(key, "before", after)
        return Group("and", (Condition(key, "after", first - dt.timedelta(days=1)), before))
    if kind is FieldType.BOOLEAN:
        return Condition(key, "is", value in (True, "true"))
    return Condition(key, "any_of", (str(value) if isinstance(value, UUID) else value,))


_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def _after(first: dt.date, span: str) -> dt.date:
    if span == "day":
        return first + dt.timedelta(days=1)
    if span == "week":
        return first + dt.timedelta(weeks=1)
    month = first.year * 12 + first.month - 1 + _MONTHS[span]
    return dt.date(month // 12, month % 12 + 1, 1)


def group_filters(filters: Group, condition: Node) -> Group:
    """The filters of a list and that of a group."""
    more = condition.items if isinstance(condition, Group) else (condition,)
    if filters.op == "and":
        return Group("and", (*filters.items, *more))
    return Group("and", (filters, *more))


def _first_rows(
    object_type: ObjectType,
    actor: Actor,
    query: ListQuery,
    groups: Sequence[GroupOfRows],
    *,
    limit: int,
) -> dict[str, list[Any]]:
    """The first rows of each group, in the order of the list: their ids, then the rows."""
    if not groups:
        return {}
    parts = []
    for at, one in enumerate(groups):
        alone = replace(query, filters=group_filters(query.filters, one.condition), cursor="")
        rows = queries.in_order(object_type, actor, alone).annotate(part=Value(at))
        parts.append(rows.values_list("pk", "part")[:limit])
    keys = dict(parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0])
    shown = queries.in_order(object_type, actor, replace(query, cursor="")).filter(pk__in=keys)
    found: dict[str, list[Any]] = {}
    for row in object_type.prepare(shown):
        found.setdefault(groups[keys[row.pk]].key, []).append(row)
    return found
