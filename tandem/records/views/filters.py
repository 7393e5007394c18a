"""The dialog of one filter: a condition or a group of the tree, read from and back into the URL."""

from collections.abc import Sequence
from typing import Any, Literal, cast
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.http.request import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.accounts.queries import user_choices
from tandem.kernel.doors import ActorRequest
from tandem.records import queries, rules
from tandem.records.errors import FilterInvalid
from tandem.records.rules import Condition, FieldType, Group, Node, Related, Value, conditions
from tandem.records.slots import Field, ObjectType, relations_of
from tandem.records.slots import object_type as type_of
from tandem.records.views.doors import record_page
from tandem.records.views.lists import ListState, filter_fields
from tandem.records.views.words import (
    OPERATOR_LABELS,
    PERIOD_LABELS,
    PERSONS,
    Known,
    node_in_words,
)
from tandem.ui.responses import render, see_other

Joint = Literal["and", "or", "not"]


@require_GET
@record_page
def filter_dialog(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """Show the editor of one node, or, with ``_apply``, put the node into the list's address.

    Parameters: the list's own; ``at`` the place of the node (empty: a new one at the top);
    ``_join`` how its conditions hang together; per condition ``_field``, ``_is``, ``_value``.
    """
    params = {k: v for k, v in request.GET.dict().items() if not k.startswith("_") and k != "at"}
    state = ListState(object_type, request.actor, params)
    error = None
    if "_apply" in request.GET:
        try:
            return see_other(request, state.url_with(_put(state, request.GET)))
        except FilterInvalid as refused:
            error = refused
    node = _node_at(state.query.filters, _place(request.GET.get("at", "")))
    return render(
        request,
        "records/filter.html",
        {
            "type": object_type,
            "page_title": _("Filter"),
            "state": state,
            "params": params,
            "at": request.GET.get("at", ""),
            "join": request.GET.get("_join", node.op if isinstance(node, Group) else "and"),
            "joints": [
                ("and", _("all of these conditions")),
                ("or", _("at least one of these conditions")),
                ("not", _("none of these conditions")),
            ],
            "lines": _lines(state, node, request.GET),
            "options": _options(state),
            "filter_address": f"{request.path}?{urlencode(params)}",
            "is_group": isinstance(node, Group),
            "error": error,
        },
        fragment="dialog",
        status=FilterInvalid.status if error else 200,
    )


def _place(at: str) -> list[int]:
    """A node's place: ``2`` is the third at the top, ``2.1`` the second of the group there."""
    parts = at.split(".")
    return [int(part) for part in parts] if all(map(str.isdecimal, parts)) else []


def _node_at(tree: Group, place: Sequence[int]) -> Node | None:
    node: Node | None = tree if place else None
    for index in place:
        if not isinstance(node, Group) or index >= len(node.items):
            return None
        node = node.items[index]
    return node


def _lines(state: ListState, node: Node | None, given: QueryDict) -> list[dict[str, Any]]:
    """The conditions that the editor shows; what is nested deeper stays as it is, in words, with
    its place in the tree."""
    at = given.get("at", "")
    items = node.items if isinstance(node, Group) else () if node is None else (node,)
    if "_field" in given:
        lines = _typed_lines(state, given)
    else:
        lines = [
            _line(state, *part) for item in items if _is_shown(item) for part in _parts_of(item)
        ]
    fields = filter_fields(state)  # none where all are hidden
    if fields and ("_more" in given or not lines):
        lines.append(_line(state, fields[0].key))
    kept = [
        {"words": node_in_words(state, item), "at": f"{at}.{index}", "is_group": _is_group(item)}
        for index, item in enumerate(items)
        if not _is_shown(item)
    ]
    return [*lines, *kept]


def _is_group(node: Node) -> bool:
    return isinstance(node, Group)


def _is_shown(node: Node) -> bool:
    """Whether the editor has lines for it: conditions, and simple ones on related records."""
    if isinstance(node, Related):
        where = node.where
        is_plain = where.op == "and" and all(isinstance(one, Condition) for one in where.items)
        return is_plain and (node.is_any or where.is_empty)
    return isinstance(node, Condition)


def _parts_of(node: Node) -> list[tuple[str, str, Value]]:
    """The lines of a node: the field (``deals.stage`` of a related record), operator, value."""
    if isinstance(node, Condition):
        return [(node.field, node.operator, node.value)]
    assert isinstance(node, Related)
    if node.where.is_empty:
        return [(f"{node.relation}.", "any" if node.is_any else "none", None)]
    return [
        (f"{node.relation}.{one.field}", one.operator, one.value) for one in conditions(node.where)
    ]


def _typed_lines(state: ListState, given: QueryDict) -> list[dict[str, Any]]:
    """What stands in the editor already, while a line is added or its field or word is changed."""
    return [
        _line(state, key, given.get(f"_is_{at}", ""), tuple(given.getlist(f"_value_{at}")))
        for at, key in enumerate(given.getlist("_field"))
        if not given.get(f"_drop_{at}")
    ]


def _line(state: ListState, key: str, operator: str = "", value: Value = None) -> dict[str, Any]:
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


def _field(state: ListState, key: str) -> Field | None:
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


def _options(state: ListState) -> list[tuple[str, list[tuple[str, Any]]]]:
    """What a line can be about: the fields, then those of each kind of related record."""
    actor, kind = state.actor, state.object_type
    groups = [("", [(field.key, field.label) for field in filter_fields(state)])]
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


def _put(state: ListState, given: QueryDict) -> Group:
    tree, at = state.query.filters, given.get("at", "")
    place, inside = _place(at), _place(at.removesuffix(".+")) if at.endswith(".+") else []
    join = cast("Joint", given.get("_join", "and"))
    before = _node_at(tree, place)
    items = _as_trees(_conditions(state, given), is_and=join == "and")
    node = queries.read_filters(state.object_type, {"op": join, "items": [*items, *_kept(before)]})
    single = len(node.items) == 1 and node.op != "not"
    new: Node = node.items[0] if single else node
    if not node.items:
        return rules.removed(tree, place) if before is not None else tree
    if before is not None:
        return rules.replaced(tree, place, new)
    if isinstance(_node_at(tree, inside), Group):
        return rules.added(tree, inside, new)
    if node.op == "and" and not single:
        # Several new conditions that all must hold are just several chips.
        return Group(tree.op, (*tree.items, *node.items))
    return rules.added(tree, [], new)


def _as_trees(found: Sequence[tuple[str, str, Any]], *, is_and: bool) -> list[dict[str, Any]]:
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


def _conditions(state: ListState, given: QueryDict) -> list[tuple[str, str, Any]]:
    found: list[tuple[str, str, Any]] = []
    for at, key in enumerate(given.getlist("_field")):
        if given.get(f"_drop_{at}"):
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


def _kept(node: Node | None) -> list[dict[str, Any]]:
    if not isinstance(node, Group):
        return []
    return [rules.as_json(item) for item in node.items if not _is_shown(item)]
