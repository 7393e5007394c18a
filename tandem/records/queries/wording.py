"""Values of columns in the words of people: for history, which keeps what stands in the table."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import (
    AutoField,
    BooleanField,
    DateField,
    DateTimeField,
    Field,
    ForeignKey,
    Model,
)
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from tandem.accounts.models import User
from tandem.accounts.queries import base_currency, names_of_users
from tandem.kernel.actor import Actor
from tandem.kernel.history import tracking_of
from tandem.kernel.models import Operation, RecordChange
from tandem.kernel.money import Money
from tandem.records.queries.changes import records_named
from tandem.records.slots import OBJECT_TYPES
from tandem.ui import formats

MINOR = "_minor"


@dataclass(frozen=True)
class Words:
    """What the values of some changed rows mean; ``names`` are those of what they point to."""

    names: Mapping[tuple[type[Model], int], str]

    def of(self, model: str, column: str, value: Any, *, currency: str = "") -> str:
        """A value of a column (``people.person``, ``owner_id``); empty where there is none."""
        if value is None or value == "":
            return ""
        field = _field(model, column)
        if isinstance(field, ForeignKey):
            return self.names.get((field.related_model, value), str(value))
        if isinstance(field, BooleanField) or isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(field, DateField):
            return _moment(value, with_time=isinstance(field, DateTimeField))
        if column.endswith(MINOR) and isinstance(value, int):
            return formats.money(Money(value, currency or base_currency()))
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        labels = dict(field.flatchoices) if field is not None and field.choices else {}
        return str(labels.get(value, value))


def words_for(actor: Actor, changes: Iterable[tuple[RecordChange, Mapping[str, Any]]]) -> Words:
    """What is needed to say these changes in words: one query a kind of what they point to.

    Of a record that the actor does not see it is said that it is not shown.
    """
    pointed: dict[type[Model], set[int]] = {}
    for row, fields in changes:
        if row.operation == Operation.DELETE:
            continue
        for column, sides in fields.items():
            field = _field(row.model, column)
            if isinstance(field, ForeignKey):
                ids = {one for one in sides if isinstance(one, int)}
                pointed.setdefault(field.related_model, set()).update(ids)
    return Words(
        {
            (model, pk): name
            for model, ids in pointed.items()
            for pk, name in _names(actor, model, ids).items()
        }
    )


def _names(actor: Actor, model: type[Model], ids: Collection[int]) -> dict[int, str]:
    if issubclass(model, User):
        return names_of_users(ids)
    kind = next((one for one in OBJECT_TYPES if one.model is model), None)
    if kind is not None:
        seen = records_named(actor, {kind.kind: ids})
        unseen = dict.fromkeys(ids, _("not shown to you"))
        return unseen | {pk: kind.name_of(record) for (_kind, pk), (kind, record) in seen.items()}
    try:
        model._meta.get_field("name")
    except FieldDoesNotExist:
        return {}
    rows = model._default_manager.filter(pk__in=ids)
    return {pk: str(name) for pk, name in rows.values_list("pk", "name")}


def _field(model: str, column: str) -> "Field[Any, Any] | None":
    try:
        field = tracking_of(model).model._meta.get_field(column)
    except (FieldDoesNotExist, KeyError):  # a column or table of an earlier version
        return None
    return field if isinstance(field, Field) and not isinstance(field, AutoField) else None


def _moment(value: Any, *, with_time: bool) -> str:
    text = str(value)
    moment = parse_datetime(text) if with_time else None
    if moment is not None:
        return formats.day_and_time(moment)
    found: date | None = parse_date(text)
    return formats.day(found) if found is not None else text
