"""All that is stored about somebody, for themselves: found by what erasing and merging know.

Every table that erasing them would come to is told, row by row and column by column, so that a new
one cannot be forgotten; besides, their history. Colleagues and other people are not named.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeAlias

from django.apps import apps
from django.db.models import (
    BinaryField,
    Field,
    ForeignKey,
    GeneratedField,
    Model,
    Q,
    QuerySet,
)
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from tandem.accounts.models import User
from tandem.kernel.history import trackings
from tandem.kernel.models import ChangeSet, RecordChange
from tandem.kernel.refs import pointers_to
from tandem.records.models import Attachment, Customisable
from tandem.records.queries.erasing import Reach, kinds_of, label_of_table, reach_of, table_of
from tandem.records.slots import (
    ERASED_TABLES,
    ObjectType,
    Privacy,
    Text,
    Traces,
    custom_fields_of,
)
from tandem.records.slots import object_type as type_of

_Model = type[Model]
_Field: TypeAlias = "Field[Any, Any]"
_PART = 1_000

# How a row is kept, not what it says.
_SILENT = frozenset({"row_version", "search_key", "sort_key"})
# What only programs read.
_TECHNICAL = frozenset(
    "public_id event_id normalized dedupe_key visibility digest previous link chain position"
    " send_key thread_key".split()
)
# Who of the colleagues did it: their data, and not needed to understand one's own.
_OF_COLLEAGUES = frozenset({"actor_label", "actor_user_id", "user_id"})


@dataclass(frozen=True, slots=True)
class Told:
    """One value of a row: ``value`` as a program reads it, ``shown`` as people do."""

    key: str
    label: Text
    value: Any
    shown: Any


@dataclass(frozen=True, slots=True)
class ToldTable:
    """The rows of one table that are about somebody."""

    name: str
    label: Text
    rows: list[list[Told]]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What is stored about a record: ``tables`` are read one by one as they are asked for."""

    reach: Reach
    files: Sequence[Attachment]
    tables: Iterator[ToldTable]


def disclosure_of(object_type: ObjectType, record_id: int, traces: Traces) -> Disclosure:
    """What is stored about a record and those that were merged into it, deleted rows too."""
    reach = reach_of(object_type, record_id)
    attached = Attachment.objects.filter(kind=reach.kind, record_id__in=reach.ids)
    files = list(attached.select_related("file").order_by("pk"))
    return Disclosure(reach, files, _tables(reach, traces))


def rows_told(reach: Reach) -> dict[_Model, frozenset[int]]:
    """Every table with rows of theirs: the record's own first, then by the order of the rooms."""
    found: dict[_Model, set[int]] = {model: set(pks) for model, pks in reach.gone.items()}
    for model, rows in reach.staying.items():
        found.setdefault(model, set()).update(rows)
    own, order = type_of(reach.kind).model, {one: at for at, one in enumerate(apps.get_models())}
    models = sorted(found, key=lambda model: (model is not own, order[model]))
    return {model: frozenset(found[model]) for model in models}


def columns_told(model: _Model) -> list[_Field]:
    """The columns that are told: all but salts, bookkeeping, and who of the colleagues did it."""
    return [
        field
        for field in model._meta.concrete_fields
        if field.name not in _SILENT | _OF_COLLEAGUES
        and not isinstance(field, BinaryField | GeneratedField)
        and field.related_model is not ChangeSet
    ]


def history_of(reach: Reach) -> QuerySet[RecordChange]:
    """Every change of these rows that history has."""
    wanted = Q()
    for model, pks in rows_told(reach).items():
        if model._meta.label_lower in trackings():
            wanted |= Q(model=model._meta.label_lower, object_id__in=pks)
        for one in kinds_of(model):
            wanted |= Q(root_kind=one.kind, root_id__in=pks)
    return RecordChange.objects.filter(wanted).select_related("change_set").order_by("pk")


def _tables(reach: Reach, traces: Traces) -> Iterator[ToldTable]:
    for model, pks in rows_told(reach).items():
        rows = model._base_manager.filter(pk__in=pks)
        yield _table(model._meta.label_lower, rows, reach)
    for name, table in ERASED_TABLES.items():
        for rows in table.told(traces) if table.told is not None else ():
            if rows.exists():
                yield _table(name, rows, reach)
    changes = [_change(one) for one in history_of(reach).iterator(chunk_size=_PART)]
    if changes:
        label = RecordChange._meta.label_lower
        yield ToldTable(label, label_of_table(label)[0], changes)


def _table(name: str, rows: QuerySet[Any], reach: Reach) -> ToldTable:
    model = rows.model
    told = _Columns(model, reach, table_of(model).tells)
    joined = rows.select_related(*told.joins) if told.joins else rows
    lines = [told.of(row) for row in joined.order_by("pk").iterator(chunk_size=_PART)]
    return ToldTable(name, table_of(model).label, lines)


def _change(one: RecordChange) -> list[Told]:
    label = label_of_table(one.model)[0]
    return [
        Told("at", _("When"), one.change_set.at, one.change_set.at),
        Told("source", _("By way of"), one.change_set.source, one.change_set.source),
        Told("table", _("What"), one.model, label),
        Told("row", _("Number"), one.object_id, ""),
        Told("operation", _("Done"), one.operation, one.operation),
        Told("fields", _("Values"), one.fields, one.fields),
    ]


class _Columns:
    """How the rows of one table are told."""

    def __init__(self, model: _Model, reach: Reach, tells: Sequence[str]) -> None:
        self._model, self._own = model, rows_told(reach)
        self._tells = tells
        self._unshown = _TECHNICAL | {
            name
            for one in pointers_to(type_of(reach.kind).model)
            if one.model is model
            for name in (one.column, one.kind_column)
        }
        self._fields = [(field, _label(model, field)) for field in columns_told(model)]
        pointing = [one.name for one, _said in self._fields if self._is_told_by_name(one)]
        self.joins = sorted({*pointing, *(path.partition("__")[0] for path in tells)})

    def of(self, row: Any) -> list[Told]:
        found: list[Told] = []
        for field, label in self._fields:
            value = field.value_from_object(row)
            if value in (None, "", [], {}):
                continue
            found += self._told(row, field, label, value)
        for path in self._tells:
            value = attrgetter(path.replace("__", "."))(row)
            found.append(Told(path, _words(path.rpartition("__")[2]), value, value))
        return found

    def _told(self, row: Any, field: _Field, label: Text, value: Any) -> list[Told]:
        if field.related_model is User:
            return [Told(field.name, label, "colleague", _("a colleague"))]
        if isinstance(field, ForeignKey):
            return [self._pointed(row, field, label, value)]
        if field.name == "x" and issubclass(self._model, Customisable):
            return _custom(self._model, value)
        if field.primary_key or field.name in self._unshown:
            return [Told(field.name, label, value, "")]
        if field.choices:
            said: Callable[[], str] = getattr(row, f"get_{field.name}_display")
            return [Told(field.name, label, value, said())]
        return [Told(field.name, label, value, value)]

    def _pointed(self, row: Any, field: Any, label: Text, value: Any) -> Told:
        target = field.related_model
        if not self._is_told_by_name(field) or value in self._own.get(target, ()):
            return Told(field.attname, label, value, "")
        other = getattr(row, field.name)
        is_person = any(one.privacy is Privacy.PERSONAL for one in kinds_of(target))
        name = _("another person") if is_person else str(other)
        public_id = None if is_person else getattr(other, "public_id", None)
        return Told(field.name, label, {"id": public_id, "name": name}, name)

    def _is_told_by_name(self, field: _Field) -> bool:
        """Whether it points to what has a name of its own, and is not a part of theirs."""
        if not isinstance(field, ForeignKey) or field.related_model is User:
            return False
        target: Any = field.related_model
        return target not in self._own or bool(kinds_of(target))


def _custom(model: _Model, values: Mapping[str, Any]) -> list[Told]:
    labels = {
        field.key: field.label for one in kinds_of(model) for field in custom_fields_of(one.kind)
    }
    return [Told(f"x.{key}", labels.get(key, key), one, one) for key, one in values.items()]


def _label(model: _Model, field: _Field) -> Text:
    for kind in kinds_of(model):
        for one in kind.fields:
            if one.path == field.name:
                return one.label
    return _words(str(field.verbose_name))


def name_of_table(label: str) -> Text:
    """What people call a table, or nearly so where nobody said it."""
    name = label_of_table(label)[0]
    plurals = {one._meta.label_lower: one._meta.verbose_name_plural for one in apps.get_models()}
    return _words(str(plurals.get(label, label))) if name == label else name


@cache
def _words(text: str) -> str:
    return str(capfirst(text.replace("_", " ")))
