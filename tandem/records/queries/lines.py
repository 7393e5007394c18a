"""Conditions as the lines of a dialog: what they can be about, how they read, what was typed.

Whoever lets people put a filter together draws these lines and reads them back here: the list, and
the segments.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tandem.accounts.queries import user_choices
from tandem.kernel.actor import Actor
from tandem.records import queries, rules
from tandem.records.errors import FilterInvalid
from tandem.records.queries.phrases import OPERATOR_LABELS, PERIOD_LABELS, PERSONS, Known
from tandem.records.rules import Condition, FieldType, Node, Related, Value, conditions
from tandem.records.slots import Field, ObjectType, relations_of
from tandem.records.slots import object_type as type_of


class Editing(Known, Protocol):
    """Who puts a filter together, and of which kind of record."""

    @property
    def object_type(self) -> ObjectType: ...

    @property
    def actor(self) -> Actor: ...


class Given(Protocol):
    """What was typed: ``_field`` of each line, by place ``_is_0``, ``_value_0``, ``_drop_0``."""

    def get(self, key: str, default: str, /) -> Any: ...

    def getlist(self, key: str, /) -> list[str]: ...


def fields_offered(state: Editing) -> list[Field]:
    """The fields of its own kind that a line can be about."""
    known = queries.filterable(state.object_type)
    return [one for one in state.object_type.fields_for(state.actor) if one.key in known]


def parts_of(node: Node) -> list[tuple[str, str, Value]]:
    """The lines of a node: the field (``deals.stage`` of a related record), operator, value."""
    if isinstance(node, Condition):
        return [(node.field, node.operator, node.value)]
    assert isinstance(node, Related)
    if node.where.is_empty:
        return [(f"{node.relation}.", "any" if node.is_any else "none", None)]
    return [
        (f"{node.relation}.{one.field}", one.operator, one.value) for one in conditions(node.where)
    ]


def line_of(state: Editing, key: str, operator: str = "", value: Value = None) -> dict[str, Any]:
    """One line as it is drawn: the comparisons of its field, the value, what can be picked."""
    field = _field(state, key)
    operators = rules.OPERATORS[field.type] if field else ANY_OR_NONE
    current = next((one for one in operators if one.key == operator), operators[0])
    values = [str(one) for one in value] if isinstance(value, tuple) else []
    single = "" if value is None else str(value)
    choices = choices_for(field) if field else []
    return {
        "key": key,
        "operators": [(o.key, _operator_label(field, o.key), o.takes) for o in operators],
        "operator": current.key,
        "takes": current.takes,
        "values": values,
        "value": (values[0] if values else "") if isinstance(value, tuple) else single,
        "choices": list(PERIOD_LABELS.items()) if current.takes == "period" else choices,
    }


# What a line says of related records as such: that there are any.
ANY_OR_NONE = (rules.Operator("any", "nothing"), rules.Operator("none", "nothing"))


def _operator_label(field: Field | None, operator: str) -> str | Promise:
    if field is not None:
        return OPERATOR_LABELS[operator]
    return _("there are any") if operator == "any" else _("there are none")


def _field(state: Editing, key: str) -> Field | None:
    """The field that a line names; None for related records as such. Raises FilterInvalid."""
    name, dot, inner = key.partition(".")
    object_type: ObjectType = state.object_type
    reader: Known = state
    if dot:
        found = state.related(name)
        if found is None:
            raise FilterInvalid(field="_field")
        relation, reader = found
        object_type = type_of(relation.to)
        if not inner:
            return None
    field = reader.field(inner or name)
    if field is None or field.key not in queries.filterable(object_type):
        raise FilterInvalid(field="_field")
    return field


def options_of(state: Editing) -> list[tuple[str, list[tuple[str, Any]]]]:
    """What a line can be about: the fields, then those of each kind of related record."""
    actor, kind = state.actor, state.object_type
    groups = [("", [(field.key, field.label) for field in fields_offered(state)])]
    for key, relation in relations_of(kind.kind).items():
        to = type_of(relation.to)
        if not actor.may(to.permissions.view) or actor.hides_any(*relation.tells):
            continue
        known = queries.filterable(to)
        inner = [
            (f"{key}.{one.key}", one.label) for one in to.fields_for(actor) if one.key in known
        ]
        there = [(f"{key}.", _("%(records)s: any") % {"records": relation.label})]
        groups.append((str(relation.label), [*there, *inner]))
    return groups


def choices_for(field: Field) -> list[tuple[str, Any]]:
    """What can be picked for a field: its choices, the users, the known tags."""
    if field.type is FieldType.USER:
        return [*PERSONS.items(), *user_choices()]
    if field.type is FieldType.TAGS:
        return [(name, name) for name in queries.tag_names(200)]
    if field.choices is not None:
        return [(choice.value, choice.label) for choice in field.choices()]
    return []


def as_trees(found: Sequence[tuple[str, str, Any]], *, is_and: bool) -> list[dict[str, Any]]:
    """Lines as nodes: what must hold together of related records must hold of one of them."""
    trees: list[dict[str, Any]] = []
    together: dict[str, dict[str, Any]] = {}
    for key, operator, value in found:
        name, dot, inner = key.partition(".")
        if not dot:
            trees.append({"field": key, "is": operator, "value": value})
            continue
        if not inner:
            trees.append({"related": name, "is": operator})
            continue
        condition = {"field": inner, "is": operator, "value": value}
        if is_and and name in together:
            together[name]["where"]["items"].append(condition)
            continue
        together[name] = {
            "related": name,
            "is": "any",
            "where": {"op": "and", "items": [condition]},
        }
        trees.append(together[name])
    return trees


def conditions_in(state: Editing, given: Given) -> list[tuple[str, str, Any]]:
    """The lines that were typed and are whole: field, operator, value. Raises FilterInvalid."""
    found: list[tuple[str, str, Any]] = []
    for at, key in enumerate(given.getlist("_field")):
        if given.get(f"_drop_{at}", ""):
            continue
        operator = given.get(f"_is_{at}", "")
        field = _field(state, key)
        operators = rules.OPERATORS[field.type] if field else ANY_OR_NONE
        takes = next((one.takes for one in operators if one.key == operator), "")
        values = [value for value in given.getlist(f"_value_{at}") if value != ""]
        if takes == "choices" and values:
            found.append((key, operator, values))
        elif takes == "nothing":
            found.append((key, operator, None))
        elif values:
            found.append((key, operator, values[0]))
    return found
