"""Reads of any kind of record: lists, filters, search, tags, comments, saved views.

Every read of records starts from the type's ``visible_to(actor)``.
"""

import base64
import csv
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import dropwhile, islice
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, F, Func, Model, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import OrderBy
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from tandem.accounts.errors import FieldHidden
from tandem.accounts.queries import base_currency, members_of_my_teams
from tandem.kernel.actor import Actor, ActorKind, Scope
from tandem.kernel.compiled import compiled, counted
from tandem.kernel.errors import FieldError, Missing
from tandem.kernel.money import Money
from tandem.kernel.sheets import TYPES
from tandem.kernel.tables import Survey, survey
from tandem.records import rules
from tandem.records.errors import (
    ColumnMissing,
    CursorInvalid,
    FileGone,
    FilterInvalid,
    ImportUnknown,
    MappingInvalid,
    NothingChosen,
    SortInvalid,
)
from tandem.records.models import (
    Attachment,
    Comment,
    ExportRun,
    ImportRun,
    Layout,
    OpeningView,
    SavedView,
    Tag,
    TagLink,
    Visibility,
)
from tandem.records.queries.columns import guessed_columns
from tandem.records.queries.custom import (
    company_today,
    company_zone,
    custom_condition,
    custom_value,
    period_span,
)
from tandem.records.queries.sketches import paths_of, sketches
from tandem.records.rules import Condition, FieldType, Group, Names, Node, Related
from tandem.records.schemas import ImportOptions
from tandem.records.slots import (
    IMPORTERS,
    Field,
    Importer,
    ObjectType,
    refuse_hidden,
    relations_of,
)
from tandem.records.slots import object_type as type_of

# The value by which a list is ordered, and the key, of a row.
Place = tuple[Any, int]
AnyRecord = TypeVar("AnyRecord", bound=Model)

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list shows: filter tree, words to search for, sort, columns, page."""

    filters: Group = rules.EVERYTHING
    text: str = ""
    sort: str = ""
    columns: tuple[str, ...] = ()
    cursor: str = ""
    limit: int = PAGE_SIZE

    @property
    def is_everything(self) -> bool:
        """Whether it shows every record of its kind."""
        return not self.text and self.filters.is_empty


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list; ``next`` is the cursor of the page after it, empty on the last."""

    rows: Sequence[Any]
    next: str


def filterable(object_type: ObjectType) -> dict[str, FieldType]:
    """The fields that a filter tree of this type may name; one that is hidden from who asks is
    refused when the tree is run."""
    return {
        field.key: field.type
        for field in object_type.every_field
        if field.is_filterable and (field.is_column or field.type is FieldType.TAGS)
    }


def names_in(object_type: ObjectType) -> Names:
    """What a filter tree of this type may name, related records among it."""
    related = {
        key: partial(names_in, type_of(one.to))
        for key, one in relations_of(object_type.kind).items()
    }
    return Names(filterable(object_type), related)


def read_filters(object_type: ObjectType, tree: Any) -> Group:
    """A tree from JSON; raises FilterInvalid that names the place."""
    try:
        return rules.parse(tree, names_in(object_type))
    except rules.Unreadable as error:
        raise FilterInvalid(
            errors=[FieldError(f"filters.{error.path}".rstrip("."), "filter_invalid", error.reason)]
        ) from error


def fields_of(filters: Node) -> list[str]:
    """The keys of the fields that a tree names."""
    return [condition.field for condition in rules.conditions(filters)]


def records_matching(object_type: ObjectType, actor: Actor, query: ListQuery) -> QuerySet[Any]:
    """Every record that the actor may see and that the filter and the words let through."""
    rows = object_type.visible_to(actor)
    if query.text:
        rows = object_type.search_for(actor, rows, query.text)
    if not query.filters.is_empty:
        rows = rows.filter(_compile(object_type, actor, query.filters))
    return rows


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records a deed on many is about: these, or every one that a list shows."""

    ids: tuple[UUID, ...] = ()
    every: ListQuery | None = None


def chosen(object_type: ObjectType, actor: Actor, selection: Selection) -> QuerySet[Any]:
    """The selected records that the actor may see, in no order; NothingChosen for none at all."""
    if selection.every is not None:
        return records_matching(object_type, actor, selection.every).order_by()
    if not selection.ids:
        raise NothingChosen()
    return object_type.visible_to(actor).filter(public_id__in=selection.ids).order_by()


# Beyond it a page says "10,000+" and asks for the exact number afterwards.
COUNTED_AT_ONCE = 10_000


def count_up_to(
    object_type: ObjectType, actor: Actor, query: ListQuery, *, limit: int | None = None
) -> tuple[int, bool]:
    """How many a list holds, and whether these are all: its cost ends at the limit."""
    limit = COUNTED_AT_ONCE if limit is None else limit
    if query.is_everything:
        found = _visible_up_to(object_type.kind, actor, limit + 1)
    elif (known := _known_count(object_type, actor, query, limit)) is not None:
        found = known
    else:
        rows = records_matching(object_type, actor, query).order_by().values("pk")
        found = rows[: limit + 1].count()
    return min(found, limit), found <= limit


def _known_count(object_type: ObjectType, actor: Actor, query: ListQuery, limit: int) -> int | None:
    return object_type.count_for(actor, query.text, limit) if query.filters.is_empty else None


@counted
def _visible_up_to(kind: str, actor: Actor, limit: int) -> QuerySet[Any, Any]:
    rows: QuerySet[Any] = type_of(kind).visible_to(actor).order_by()
    return rows.values("pk")[:limit]


def list_page(
    object_type: ObjectType,
    actor: Actor,
    query: ListQuery,
    *,
    shown: Sequence[Field] | None = None,
) -> ListPage:
    """One page by keyset: its cost does not grow with the number of pages before it.

    Which rows it has is asked first, what they say of these alone: however many fit, no more than
    a page of them is joined. Who says which fields are shown gets rows with no more than these
    need.
    """
    field, descending = sort_of(object_type, actor, query.sort)
    some = query.limit + 1
    if shown is None or not object_type.told_by:
        places = _places(object_type, actor, query, field, descending)
        rows = _prepared_at(object_type, actor, places)
    else:
        paths = paths_of(object_type, shown)
        if query.is_everything and not query.cursor and field.custom is None:
            found = _as_it_opens(object_type.kind, actor, field.key, descending, some, paths)
            places, told = [row[:2] for row in found], [row[1:] for row in found]
        else:
            places = _places(object_type, actor, query, field, descending)
            told = _told_at(object_type, actor, places, paths)
        rows = list(sketches(told, paths, shown))
    next_page = _cursor(places[query.limit - 1]) if len(places) > query.limit else ""
    return ListPage(rows[: query.limit], next_page)


def _places(
    object_type: ObjectType, actor: Actor, query: ListQuery, field: Field, descending: bool
) -> list[Place]:
    """Where the rows of a page stand, in their order, and one more where there is any."""
    parts = _parts(object_type, actor, query, field, descending)
    return _first_of((part.values_list("sort_value", "pk") for part in parts), query.limit + 1)


def _prepared_at(object_type: ObjectType, actor: Actor, places: Sequence[Place]) -> list[Any]:
    keys = [pk for _value, pk in places]
    rows = object_type.prepare(object_type.visible_to(actor)).filter(pk__one_of=keys)
    by_key = {row.pk: row for row in rows} if keys else {}
    return [by_key[pk] for pk in keys if pk in by_key]


def _told_at(
    object_type: ObjectType, actor: Actor, places: Sequence[Place], paths: tuple[str, ...]
) -> list[tuple[Any, ...]]:
    keys = [pk for _value, pk in places]
    rows = _told(object_type.kind, actor, paths, keys=keys) if keys else ()
    by_key = {row[0]: row for row in rows}
    return [by_key[pk] for pk in keys if pk in by_key]


@compiled
def _told(
    kind: str, actor: Actor, paths: tuple[str, ...], *, keys: Sequence[int]
) -> QuerySet[Any, tuple[Any, ...]]:
    rows: QuerySet[Any] = type_of(kind).visible_to(actor)
    return rows.filter(pk__one_of=keys).values_list(*paths)


def _parts(
    object_type: ObjectType, actor: Actor, query: ListQuery, field: Field, descending: bool
) -> list[QuerySet[Any]]:
    rows = records_matching(object_type, actor, query)
    place = _place(field, query.cursor) if query.cursor else None
    return _behind(object_type, rows, field, descending, place)


def _first_of(parts: Iterable[Any], some: int) -> list[Any]:
    """The first rows of parts that follow on another; none is asked that is not needed."""
    found: list[Any] = []
    for part in parts:
        found += part[: some - len(found)]
        if len(found) >= some:
            break
    return found


def _as_it_opens(
    kind: str, actor: Actor, sort: str, descending: bool, some: int, paths: tuple[str, ...]
) -> list[Any]:
    """The values of the first rows of a list that nobody has filtered."""
    parts = (
        _opening(kind, actor, sort, descending, place, some, paths) for place in range(MOST_PARTS)
    )
    return _first_of(parts, some)


@compiled
def _opening(
    kind: str,
    actor: Actor,
    sort: str,
    descending: bool,
    place: int,
    some: int,
    paths: tuple[str, ...],
) -> QuerySet[Any, tuple[Any, ...]]:
    object_type = type_of(kind)
    field = next(field for field in object_type.fields if field.key == sort)
    parts = _parts(object_type, actor, ListQuery(), field, descending)
    rows: QuerySet[Any] = parts[place][:some] if place < len(parts) else parts[0].none()
    return rows.values_list("sort_value", *paths)


def in_order(object_type: ObjectType, actor: Actor, query: ListQuery) -> QuerySet[Any]:
    """Every record that a list shows, in its order."""
    field, descending = sort_of(object_type, actor, query.sort)
    rows = records_matching(object_type, actor, query)
    return rows.order_by(_order(object_type, rows, field, descending), "id")


def gathered(rows: QuerySet[AnyRecord]) -> QuerySet[AnyRecord]:
    """The same rows, of which so few are left that their lists sort them all. The planner, which
    does not know where in an order they stand, would walk it from one end (docs/adr/0057)."""
    marked: QuerySet[AnyRecord] = rows.alias(**{_GATHERED: Value(True)})
    return marked


_GATHERED = "is_gathered"


def _by(rows: QuerySet[Any], path: str) -> F | Func:
    """What rows are ordered by; no index has the order of those that are gathered."""
    value = F(path)
    return Func(value, template="(SELECT %(expressions)s)") if _is_gathered(rows) else value


def _is_gathered(rows: QuerySet[Any]) -> bool:
    return _GATHERED in rows.query.annotations


def _order(object_type: ObjectType, rows: QuerySet[Any], field: Field, descending: bool) -> OrderBy:
    # Empty values stand last either way.
    last = None if _is_never_empty(object_type, field) else True
    value = _by(rows, field.sort_path)
    return value.desc(nulls_last=last) if descending else value.asc(nulls_last=last)


def _is_never_empty(object_type: ObjectType, field: Field) -> bool:
    path = field.sort_path
    return "__" not in path and not object_type.model._meta.get_field(path).null


def sort_of(object_type: ObjectType, actor: Actor, sort: str) -> tuple[Field, bool]:
    """The field and direction that ``name`` or ``-name`` asks for. Raises SortInvalid, FieldHidden.

    Who asks for none gets the usual one, or where that is hidden the order of names.
    """
    if not sort:
        usual = object_type.default_sort
        is_hidden = actor.hides(object_type.kind, usual.removeprefix("-"))
        sort = object_type.name_key if is_hidden else usual
    field = object_type.field_for(actor, sort.removeprefix("-"))
    if field is None or not field.is_sortable:
        raise SortInvalid(field="sort")
    return field, sort.startswith("-")


def columns_of(object_type: ObjectType, actor: Actor, columns: Sequence[str]) -> list[Field]:
    """The fields to show, in order; names that are not there for the actor are left out."""
    there = {field.key: field for field in object_type.fields_for(actor)}
    return [there[key] for key in columns or object_type.default_columns if key in there]


def load_values(
    object_type: ObjectType, actor: Actor, rows: Sequence[Any], fields: Sequence[Field]
) -> Mapping[str, Mapping[int, Any]]:
    """What is no column, for a page of rows: one query or so per such field."""
    loaded: dict[str, Mapping[int, Any]] = {}
    asked: dict[Any, Mapping[int, Any]] = {}
    for field in fields:
        if field.type is FieldType.TAGS:
            loaded[field.key] = tags_on(object_type.kind, [row.pk for row in rows])
        elif field.load is not None:
            if field.load not in asked:
                asked[field.load] = field.load(actor, rows)
            values, pick = asked[field.load], field.pick
            loaded[field.key] = (
                {pk: pick(value) for pk, value in values.items()} if pick else values
            )
    return loaded


def value_of(record: Any, field: Field) -> Any:
    """The value of a column field, following its path; None where the way ends."""
    return reader_of(field)(record)


def reader_of(field: Field) -> Callable[[Any], Any]:
    """What reads the value of a column field from a record, made once for many records."""
    if field.custom is not None:
        return partial(custom_value, definition=field.custom)
    steps = field.path.split("__")

    def read(record: Any) -> Any:
        value = record
        for step in steps:
            value = getattr(value, step, None)
            if value is None:
                return None
        return value

    return read


def visible_record(object_type: ObjectType, actor: Actor, public_id: UUID) -> Any:
    """The record, ready to be shown; Missing when it is not there for this actor."""
    found = _visible_record(object_type.kind, actor, public_id=public_id)
    if not found:
        raise Missing()
    return found[0]


@compiled
def _visible_record(kind: str, actor: Actor, *, public_id: UUID) -> QuerySet[Any]:
    object_type = type_of(kind)
    rows = object_type.prepare(object_type.visible_to(actor))
    return rows.filter(public_id=public_id)[:1]


def is_visible(object_type: ObjectType, actor: Actor, public_id: UUID) -> bool:
    """Whether the actor sees this record; one query."""
    return bool(object_type.visible_to(actor).filter(public_id=public_id).exists())


def written_record(object_type: ObjectType, actor: Actor, public_id: UUID) -> Any:
    """What the actor has just written, for the answer to that write alone: a record that was given
    to somebody else may have passed out of sight, and the write has succeeded all the same."""
    everywhere = replace(actor, scopes={"*": Scope.ALL})
    return visible_record(object_type, everywhere, public_id)


# --- keyset ---------------------------------------------------------------------------------------


def _cursor(place: Place) -> str:
    value, pk = place
    if isinstance(value, datetime | date):
        value = value.isoformat()
    elif isinstance(value, Decimal):
        value = str(value)
    raw = json.dumps([value, pk], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _place(field: Field, cursor: str) -> Place:
    """The place that a cursor stands for. Raises CursorInvalid."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        value, pk = json.loads(raw)
        if not isinstance(pk, int) or isinstance(pk, bool) or not 0 <= pk < 2**63:
            raise CursorInvalid(field="cursor")
        if isinstance(value, str) and "\0" in value.encode().decode():  # no lone surrogate either
            raise CursorInvalid(field="cursor")
        if field.type is FieldType.MOMENT and value is not None:
            value = _moment(value)
        elif field.type is FieldType.DATE and value is not None and field.custom is None:
            value = date.fromisoformat(value)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CursorInvalid(field="cursor") from error
    return value, pk


MOST_PARTS = 2


def _behind(
    object_type: ObjectType,
    rows: QuerySet[Any],
    field: Field,
    descending: bool,
    place: Place | None,
) -> list[QuerySet[Any]]:
    """The rows behind a place in their order, as parts that follow on another.

    What has no value stands last, in a part of its own: so an index serves the order of the others,
    one of a joined table too.
    """
    path = field.sort_path
    order = _order(object_type, rows, field, descending)
    if _is_never_empty(object_type, field):
        parts = [rows.filter(_beyond(path, descending, place)).order_by(order, "id")]
    elif place is not None and place[0] is None:
        parts = [rows.filter(Q(**{f"{path}__isnull": True}, id__gt=place[1])).order_by("id")]
    elif field.custom is not None:  # its value may be there and be none
        beyond = _beyond(path, descending, place) | Q(**{f"{path}__isnull": True})
        parts = [(rows.filter(beyond) if place else rows).order_by(order, "id")]
    else:
        filled = rows.filter(_beyond(path, descending, place), **{f"{path}__isnull": False})
        order = _by(rows, path).desc() if descending else _by(rows, path).asc()
        empty = rows.filter(**{f"{path}__isnull": True})
        parts = [filled.order_by(order, "id"), empty.order_by("id")]
    # Told last: a filter does not use the join of a value that is told already.
    return [part.annotate(sort_value=F(path)) for part in parts]


def _beyond(path: str, descending: bool, place: Place | None) -> Q:
    if place is None:
        return Q()
    value, pk = place
    beyond = "lt" if descending else "gt"
    # The first bound says nothing more, but it is one that an index begins at.
    further = Q(**{f"{path}__{beyond}": value}) | Q(**{path: value}, id__gt=pk)
    return Q(**{f"{path}__{beyond}e": value}) & further


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None or moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)  # PostgreSQL knows no zones beyond 16 hours


# --- filters --------------------------------------------------------------------------------------


def _compile(object_type: ObjectType, actor: Actor, node: Node) -> Q:
    if isinstance(node, Condition):
        return _compile_condition(object_type, actor, node)
    if isinstance(node, Related):
        return _compile_related(object_type, actor, node)
    parts = [_compile(object_type, actor, item) for item in node.items]
    whole = Q()
    if node.op == "and":
        for part in parts:
            whole &= part
        return whole
    for part in parts:
        whole |= part
    return ~whole if node.op == "not" and parts else whole


def _compile_condition(object_type: ObjectType, actor: Actor, condition: Condition) -> Q:
    field = object_type.field_for(actor, condition.field)
    if field is None:
        raise FilterInvalid()
    if field.custom is not None:
        return custom_condition(field.custom, actor, condition)
    path, value = field.path, condition.value
    if field.type is FieldType.TAGS:
        return _tagged(object_type, condition)
    if condition.operator in ("empty", "not_empty"):
        return _empty(field) if condition.operator == "empty" else ~_empty(field)
    if field.type is FieldType.USER:
        return _owned(field, actor, condition)
    if field.type in (FieldType.DATE, FieldType.MOMENT):
        return _dated(field, condition)
    lookup, is_negated = _LOOKUPS[condition.operator]
    if field.type is FieldType.MONEY and isinstance(value, int | Decimal):
        value = _minor(value)
    if lookup == "iexact" and not isinstance(value, str):
        lookup = "exact"
    compared = Q(**{f"{path}__{lookup}": value})
    return ~compared if is_negated else compared


def _compile_related(object_type: ObjectType, actor: Actor, node: Related) -> Q:
    relation = relations_of(object_type.kind)[node.relation]
    refuse_hidden(actor, *relation.tells)
    to = type_of(relation.to)
    actor.require(to.permissions.view)
    rows = records_matching(to, actor, ListQuery(filters=node.where)).order_by()
    if relation.through is not None:
        belongs = relation.through(rows)
        return belongs if node.is_any else ~belongs
    paths = filter(None, [relation.theirs, relation.or_theirs])
    found = Q()
    for path in paths:
        found |= Q(Exists(rows.filter(**{path: OuterRef(relation.own)})))
    return found if node.is_any else ~found


def _minor(amount: int | Decimal) -> int:
    """An amount as a filter names it, in minor units as columns have it: those of our currency."""
    return Money.from_major(Decimal(amount), base_currency()).minor


# The operators of plain values: the ORM's lookup, and whether its opposite is meant.
_LOOKUPS: Mapping[str, tuple[str, bool]] = {
    "contains": ("icontains", False),
    "starts_with": ("istartswith", False),
    "is": ("iexact", False),
    "is_not": ("iexact", True),
    "at_least": ("gte", False),
    "at_most": ("lte", False),
    "any_of": ("in", False),
    "none_of": ("in", True),
}


def _empty(field: Field) -> Q:
    empty = Q(**{f"{field.path}__isnull": True})
    if field.type in (
        FieldType.TEXT,
        FieldType.EMAIL,
        FieldType.PHONE,
        FieldType.CHOICE,
        FieldType.RECORD,
    ):
        empty |= Q(**{field.path: ""})
    return empty


def _tagged(object_type: ObjectType, condition: Condition) -> Q:
    links = TagLink.objects.filter(kind=object_type.kind, record_id=OuterRef("pk"))
    if condition.operator == "empty":
        return ~Q(Exists(links))
    if condition.operator == "not_empty":
        return Q(Exists(links))
    assert isinstance(condition.value, tuple)
    wanted = [rules.normalized_tag(name) for name in condition.value]
    has = Q(Exists(links.filter(tag__normalized__in=wanted)))
    return has if condition.operator == "any_of" else ~has


def _owned(field: Field, actor: Actor, condition: Condition) -> Q:
    """Users by public id, or by the words ``me``, ``my_team`` and ``nobody``."""
    relation = field.path.split("__")[0]
    assert isinstance(condition.value, tuple)
    named = Q()
    for word in condition.value:
        if word == "me":
            named |= Q(**{f"{relation}_id": actor.user_id})
        elif word == "my_team":
            named |= Q(**{f"{relation}_id__in": members_of_my_teams(actor)})
        elif word == "nobody":
            named |= Q(**{f"{relation}_id__isnull": True})
        else:
            try:
                named |= Q(**{f"{relation}__public_id": UUID(word)})
            except ValueError as error:
                raise FilterInvalid(field="filters") from error
    return named if condition.operator == "any_of" else ~named


def _dated(field: Field, condition: Condition) -> Q:
    # Days are days of the reader's zone: "before 3 May" ends where that day begins there.
    path, value = field.path, condition.value
    if condition.operator == "within":
        first, after = (
            _midnight(day, company_zone()) if field.type is FieldType.MOMENT else day
            for day in period_span(str(value))
        )
        return Q(**{f"{path}__gte": first, f"{path}__lt": after})
    if condition.operator == "next_days":
        assert isinstance(value, int)
        now: Any = timezone.now() if field.type is FieldType.MOMENT else company_today()
        return Q(**{f"{path}__gte": now, f"{path}__lte": now + timedelta(days=value)})
    if condition.operator in ("last_days", "older_than_days"):
        assert isinstance(value, int)
        since: Any = timezone.now() - timedelta(days=value)
        if field.type is FieldType.DATE:
            since = timezone.localdate() - timedelta(days=value)
        beyond = "gte" if condition.operator == "last_days" else "lt"
        return Q(**{f"{path}__{beyond}": since})
    assert isinstance(value, date)
    start: Any = value
    end: Any = value + timedelta(days=1) if value < date.max else value
    if field.type is FieldType.MOMENT:
        zone = timezone.get_current_timezone()
        start, end = (_midnight(day, zone) for day in (start, end))
    match condition.operator:
        case "on":
            return Q(**{f"{path}__gte": start, f"{path}__lt": end})
        case "before":
            return Q(**{f"{path}__lt": start})
        case _:
            return Q(**{f"{path}__gte": end})


def _midnight(day: date, zone: Any) -> datetime:
    try:
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(ZoneInfo("UTC"))
    except OverflowError:
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC"))


# --- tags, comments, views ------------------------------------------------------------------------


def tags_on(kind: str, record_ids: Sequence[int]) -> dict[int, list[str]]:
    """The tags of these records, by name; one query."""
    found: dict[int, list[str]] = {}
    for record_id, name in _tag_links(kind=kind, record_ids=list(record_ids)):
        found.setdefault(record_id, []).append(name)
    return found


@compiled
def _tag_links(*, kind: str, record_ids: Sequence[int]) -> QuerySet[TagLink, tuple[int, str]]:
    links = TagLink.objects.filter(kind=kind, record_id__one_of=record_ids)
    return links.order_by("tag__normalized").values_list("record_id", "tag__name")


@compiled
def tag_names(limit: int) -> QuerySet[Tag, str]:
    """Known tags for a suggestion list."""
    return Tag.objects.order_by("normalized").values_list("name", flat=True)[:limit]


def comments_on(object_type: ObjectType, record: Any) -> QuerySet[Comment]:
    """The comments on a record that the caller has already been allowed to see, newest first."""
    return (
        Comment.objects.filter(kind=object_type.kind, record_id=record.pk, deleted_at__isnull=True)
        .select_related("author")
        .order_by("-id")
    )


def views_for(actor: Actor, kind: str) -> QuerySet[SavedView]:
    """The saved views that an actor may open: own, of own teams, everyone's."""
    mine = Q(owner_id=actor.user_id) | Q(visibility=Visibility.EVERYONE)
    if actor.team_ids:
        mine |= Q(visibility=Visibility.TEAM, team_id__in=actor.team_ids)
    found = SavedView.objects.filter(mine, kind=kind, deleted_at__isnull=True)
    return _with_openings(actor, found).order_by("-is_pinned", "id")


_views_for = compiled(views_for)


def views_shown(actor: Actor, object_type: ObjectType) -> list[SavedView]:
    """The saved views that are there for an actor: none that asks by a field that is hidden from
    them, and of the others no column, foot or group by one. One query."""
    found = _views_for(actor, object_type.kind)
    if not actor.hidden:
        return found
    return [
        told_view(actor, object_type, one) for one in found if _is_there(actor, object_type, one)
    ]


def told_view(actor: Actor, object_type: ObjectType, view: SavedView) -> SavedView:
    """A view, not to be saved, without what it tells of fields that are not there for an actor."""
    hidden = object_type.names_hidden(actor)
    view.columns = [key for key in view.columns if key not in hidden]
    view.footers = {key: one for key, one in view.footers.items() if key not in hidden}
    if view.grouping.partition(":")[0] in hidden:
        view.grouping, view.layout = "", Layout.TABLE
    return view


def refuse_unseen_view(actor: Actor, object_type: ObjectType, view: SavedView) -> None:
    """Raise FieldHidden for a view that asks by a field that is not there for an actor."""
    object_type.refuse_hidden(actor, (view.sort.removeprefix("-"),))
    records_matching(object_type, actor, query_of(object_type, actor, view))


def _is_there(actor: Actor, object_type: ObjectType, view: SavedView) -> bool:
    try:
        refuse_unseen_view(actor, object_type, view)
    except FieldHidden:
        return False
    return True


class ViewTab(NamedTuple):
    """What a list shows of a view that it does not show."""

    public_id: UUID
    name: str
    icon: str
    is_pinned: bool
    opens_for_me: bool
    opens_for_everyone: bool


def tabs_for(actor: Actor, object_type: ObjectType) -> list[ViewTab]:
    """The views that stand above a list of an actor, in their order; one query."""
    if actor.hidden:
        told = attrgetter(*ViewTab._fields)
        return [ViewTab(*told(view)) for view in views_shown(actor, object_type)]
    return [ViewTab(*row) for row in _tabs_for(actor, object_type.kind)]


@compiled
def _tabs_for(actor: Actor, kind: str) -> QuerySet[Any, tuple[Any, ...]]:
    return views_for(actor, kind).values_list(*ViewTab._fields)


def opening_of(views: Sequence[ViewTab]) -> ViewTab | None:
    """The view with which a list opens: the one of who asks before that of everyone."""
    own = next((one for one in views if one.opens_for_me), None)
    return own or next((one for one in views if one.opens_for_everyone), None)


def saved_view(actor: Actor, kind: str, public_id: UUID) -> SavedView:
    """One saved view; Missing when the actor may not open it."""
    found = views_for(actor, kind).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def may_open(actor: Actor, view: SavedView) -> bool:
    """Whether a view is there for an actor; one query."""
    return views_for(actor, view.kind).filter(pk=view.pk).exists()


def written_view(actor: Actor, object_type: ObjectType, view: SavedView) -> SavedView:
    """What the actor has just written, not to be saved, for the answer to that write alone: a view
    that is not shared any more may have passed out of sight."""
    found = _with_openings(actor, SavedView.objects.filter(pk=view.pk)).get()
    return told_view(actor, object_type, found)


def _with_openings(actor: Actor, views: QuerySet[SavedView]) -> QuerySet[SavedView]:
    return views.annotate(
        opens_for_me=_opens(user_id=actor.user_id), opens_for_everyone=_opens(user__isnull=True)
    ).select_related("owner")


def _opens(**whom: Any) -> Exists:
    return Exists(OpeningView.objects.filter(view=OuterRef("pk"), **whom))


def query_of(object_type: ObjectType, actor: Actor, view: SavedView) -> ListQuery:
    """The list that a saved view describes; what no longer exists in it is dropped. Raises
    FieldHidden for one that filters or sorts by what is hidden from who opens it."""
    try:
        filters = rules.parse(view.filters, names_in(object_type))
    except rules.Unreadable:
        filters = rules.EVERYTHING
    object_type.refuse_hidden(actor, fields_of(filters))
    query = ListQuery(filters=filters, columns=tuple(view.columns))
    try:
        sort_of(object_type, actor, view.sort)
    except SortInvalid:
        return query
    return replace(query, sort=view.sort)


def search_everywhere(
    actor: Actor, text: str, *, types: Sequence[ObjectType], limit: int = 6
) -> list[tuple[ObjectType, list[Any]]]:
    """The first matches of each kind that the actor may see, in the order of the types."""
    found = []
    for object_type in types:
        if not actor.may(object_type.permissions.view):
            continue
        if hits := object_type.first_for(actor, text, limit):
            found.append((object_type, hits))
    return found


def neighbours(
    object_type: ObjectType, actor: Actor, query: ListQuery, record: Any
) -> tuple[Any | None, Any | None]:
    """The records before and after this one in a list's order; two keyset queries."""
    field, descending = sort_of(object_type, actor, query.sort)
    rows = records_matching(object_type, actor, query).annotate(sort_value=F(field.sort_path))
    here = rows.filter(pk=record.pk).first()
    if here is None:
        return None, None
    path = field.sort_path
    value = _by(rows, path)
    backwards = value.asc(nulls_first=True) if descending else value.desc(nulls_first=True)
    place = (here.sort_value, here.pk)
    matching = records_matching(object_type, actor, query)
    parts = _behind(object_type, matching, field, descending, place)
    following = next((found for part in parts if (found := part.first())), None)
    preceding = rows.filter(_before(field, descending, here)).order_by(backwards, "-id")
    return preceding.first(), following


def _before(field: Field, descending: bool, row: Any) -> Q:
    path, value = field.sort_path, row.sort_value
    if value is None:
        return Q(**{f"{path}__isnull": False}) | Q(**{f"{path}__isnull": True}, id__lt=row.pk)
    ahead = "gt" if descending else "lt"
    nearer = Q(**{f"{path}__{ahead}": value}) | Q(**{path: value}, id__lt=row.pk)
    return Q(**{f"{path}__{ahead}e": value}) & nearer


# --- files ----------------------------------------------------------------------------------------


@counted
def attachments_counted(*, kind: str, record: int) -> QuerySet[Attachment, Any]:
    """How many files lie on a record."""
    rows = Attachment.objects.filter(kind=kind, record_id=record, deleted_at__isnull=True)
    return rows.values("pk")


def attachments_of(object_type: ObjectType, record: Any) -> QuerySet[Attachment]:
    """The files on a record that the caller has already been allowed to see, newest first."""
    return (
        Attachment.objects.filter(
            kind=object_type.kind, record_id=record.pk, deleted_at__isnull=True
        )
        .select_related("file", "author")
        .order_by("-id")
    )


def attachment(
    object_type: ObjectType, actor: Actor, public_id: UUID, attachment_id: UUID
) -> Attachment:
    """One file of a record that the actor sees; Missing otherwise."""
    record = visible_record(object_type, actor, public_id)
    found = attachments_of(object_type, record).filter(public_id=attachment_id).first()
    if found is None:
        raise Missing()
    return found


def content_folder() -> Path:
    """Where contents lie, each under its hash: part of every backup."""
    return Path(settings.MEDIA_ROOT) / "contents"


def content_path(sha256: str) -> Path:
    """Where the content of this hash lies, if it is here."""
    return content_folder() / sha256[:2] / sha256


# --- imports --------------------------------------------------------------------------------------


def importers_for(actor: Actor) -> list[Importer]:
    """The kinds of file that the actor may import."""
    return [found for found in IMPORTERS if actor.may(found.permission)]


def importer_for(actor: Actor, kind: str) -> Importer:
    """The importer of a kind of file; ImportUnknown, or Refused without its permission."""
    found = IMPORTERS.get(kind)
    if found is None:
        known = ", ".join(one.kind for one in IMPORTERS)
        raise ImportUnknown(_("Kinds of file are: %(kinds)s.") % {"kinds": known}, field="kind")
    actor.require(found.permission)
    return found


def imports_visible_to(actor: Actor) -> QuerySet[ImportRun]:
    """Imports that the actor may see, newest first: own ones; all for who runs the installation."""
    runs = ImportRun.objects.select_related("user", "change_set").order_by("-id")
    if actor.may("kernel.operate") or actor.kind is ActorKind.JOB:
        return runs
    return runs.filter(user_id=actor.user_id or 0)


def import_by_public_id(actor: Actor, public_id: UUID) -> ImportRun:
    """One import; Missing when it is not there for this actor."""
    found = imports_visible_to(actor).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def exports_of(actor: Actor) -> QuerySet[ExportRun]:
    """One's own exports, the latest first; copies of somebody's data for who may make them."""
    rows = ExportRun.objects.filter(user_id=actor.user_id or 0).order_by("-id")
    return rows if actor.may("records.disclose") else rows.exclude(format=ARCHIVE)


def export_by_public_id(actor: Actor, public_id: UUID) -> ExportRun:
    """One's own export; Missing where it is another's, or not there. Raises Refused."""
    found = ExportRun.objects.filter(public_id=public_id, user_id=actor.user_id or 0).first()
    if found is None:
        raise Missing()
    if found.format == ARCHIVE:
        actor.require("records.disclose")
    return found


ARCHIVE = "zip"
"""The form of a copy of somebody's data."""

EXPORT_TYPES = {**TYPES, ARCHIVE: "application/zip"}


def file_of(run: ExportRun) -> Path:
    """Where the file of an export is; FileGone when it is not kept any more."""
    if not is_kept(run):
        raise FileGone(_("This file is kept for a week only. Export it again."))
    return _export_path(run)


def is_kept(run: ExportRun) -> bool:
    """Whether the file of an export is still there."""
    return _export_path(run).is_file()


def _export_path(run: ExportRun) -> Path:
    return Path(settings.MEDIA_ROOT) / "exports" / run.stored_as


def path_of(run: ImportRun) -> Path:
    """Where the uploaded file of an import is; FileGone when it is not kept any more."""
    path = Path(settings.MEDIA_ROOT) / "imports" / run.stored_as
    if not run.stored_as or not path.is_file():
        raise FileGone()
    return path


def results_path(run: ImportRun) -> Path:
    """Where the verdict on each row of an import is kept, packed, once it has run."""
    folder = Path(settings.MEDIA_ROOT) / "import-results"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{run.public_id}.csv.gz"


def results_of(run: ImportRun) -> Iterator[bytes]:
    """The verdict on each row as lines of CSV (row, verdict, id, note), a block at a time.

    Raises Missing where the import has not run or its file is not kept any more.
    """
    path = results_path(run)
    if not path.is_file():
        raise Missing()
    return _blocks(path)


def result_rows(run: ImportRun, *, after: int, limit: int) -> list[dict[str, Any]]:
    """The verdicts on the rows behind one, read from the start of the file. Raises Missing."""
    path = results_path(run)
    if not path.is_file():
        raise Missing()
    with gzip.open(path, "rt", newline="") as file:
        behind = dropwhile(lambda row: int(row["row"]) <= after, csv.DictReader(file))
        return [
            {**row, "row": int(row["row"]), "id": row["id"] or None}
            for row in islice(behind, limit)
        ]


def _blocks(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") as file:
        while block := file.read(1 << 16):
            yield block


def survey_of(run: ImportRun) -> Survey:
    """What the file of an import is; reads it once. Raises FileGone, FileUnreadable."""
    options = ImportOptions.model_validate(run.options)
    return surveyed(path_of(run), name=run.file_name, options=options)


def surveyed(path: Path, *, name: str, options: ImportOptions) -> Survey:
    """What a file is, read as its owner says. Raises FileUnreadable and its kinds."""
    return survey(path, name=name, encoding=options.encoding, delimiter=options.delimiter)


def mapping_for(
    importer: Importer,
    actor: Actor,
    header: Sequence[str],
    given: Mapping[str, str | None],
    *,
    sample: Sequence[Sequence[str]] = (),
) -> dict[str, str]:
    """The column for each field: as given, else guessed by name and by the first rows.

    Raises MappingInvalid, and FieldHidden for a field that the actor does not see.
    """
    there = importer.fields_for(actor)
    guessed = guessed_columns(there, header, sample)
    unseen = {one.key for one in importer.fields} - {one.key for one in there}
    if hidden := [key for key, column in given.items() if column and key in unseen]:
        raise FieldHidden(field=f"mapping.{hidden[0]}")
    errors = []
    for key, column in given.items():
        if importer.field(key) is None:
            text = _("There is no field of this name.")
            errors.append(FieldError(f"mapping.{key}", MappingInvalid.code, text))
        elif column and column not in header:
            text = _("The file has no column %(name)s.") % {"name": column}
            errors.append(FieldError(f"mapping.{key}", MappingInvalid.code, text))
    if errors:
        raise MappingInvalid(str(errors[0].message), errors=errors)
    named = {key: column for key, column in given.items() if column}
    kept = {
        key: column
        for key, column in guessed.items()
        if key not in given and column not in named.values()
    }
    return {**kept, **named}


def check_mapping(importer: Importer, mapping: Mapping[str, str]) -> None:
    """Raise ColumnMissing, with every field that is needed and has no column."""
    if not mapping:
        raise ColumnMissing(_("No column of this file is known. Say what its columns hold."))
    missing = [one for one in importer.fields if one.is_required and one.key not in mapping]
    if missing:
        names = ", ".join(str(one.label) for one in missing)
        raise ColumnMissing(
            _("The file has no column for: %(names)s. Name it in the mapping.") % {"names": names},
            errors=[
                FieldError(f"mapping.{one.key}", ColumnMissing.code, _("No column"))
                for one in missing
            ],
        )


def import_listing(
    actor: Actor, public_id: UUID, name: str
) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    """A table about what an import wrote: header and rows; Missing when there is none."""
    run = import_by_public_id(actor, public_id)
    listing = importer_for(actor, run.kind).listings.get(name)
    if listing is None or run.change_set_id is None:
        raise Missing()
    return listing(actor, run.change_set_id)
