"""The dialog of one filter: a condition or a group of the tree, read from and back into the URL."""

from collections.abc import Sequence
from typing import Any, Literal, cast

from django.http import HttpResponseBase
from django.http.request import QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.accounts.queries import user_choices
from tandem.kernel.doors import ActorRequest
from tandem.records import queries, rules
from tandem.records.errors import FilterInvalid
from tandem.records.rules import Condition, FieldType, Group, Node, Value
from tandem.records.slots import Field, ObjectType
from tandem.records.views.doors import record_page
from tandem.records.views.lists import ListState, filter_fields
from tandem.records.views.words import OPERATOR_LABELS, PERSONS, node_in_words
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
    node = _node_at(state.query.filters, request.GET.get("at", ""))
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
            "fields": filter_fields(state),
            "error": error,
        },
        fragment="dialog",
        status=FilterInvalid.status if error else 200,
    )


def _node_at(tree: Group, at: str) -> Node | None:
    if not at.isdigit() or int(at) >= len(tree.items):
        return None
    return tree.items[int(at)]


def _lines(state: ListState, node: Node | None, given: QueryDict) -> list[dict[str, Any]]:
    """The conditions that the editor shows; a nested group below them stays as it is, in words."""
    items: Sequence[Node] = ()
    if node is not None:
        items = node.items if isinstance(node, Group) else (node,)
    if "_field" in given:
        lines = _typed_lines(state, given)
    else:
        lines = [
            _line(state, item.field, item.operator, item.value)
            for item in items
            if isinstance(item, Condition)
        ]
    if "_more" in given or not lines:
        lines.append(_line(state, filter_fields(state)[0].key))
    kept = [item for item in items if isinstance(item, Group)]
    return [*lines, *({"words": node_in_words(state, item)} for item in kept)]


def _typed_lines(state: ListState, given: QueryDict) -> list[dict[str, Any]]:
    """What stands in the editor already, while a line is added or its field or word is changed."""
    return [
        _line(state, key, given.get(f"_is_{at}", ""), tuple(given.getlist(f"_value_{at}")))
        for at, key in enumerate(given.getlist("_field"))
        if not given.get(f"_drop_{at}")
    ]


def _line(state: ListState, key: str, operator: str = "", value: Value = None) -> dict[str, Any]:
    field = state.field(key)
    if field is None or key not in queries.filterable(state.object_type):
        raise FilterInvalid(field="_field")
    operators = rules.OPERATORS[field.type]
    current = next((one for one in operators if one.key == operator), operators[0])
    values = [str(one) for one in value] if isinstance(value, tuple) else []
    single = "" if value is None else str(value)
    return {
        "field": field,
        "operators": [(o.key, OPERATOR_LABELS[o.key], o.takes) for o in operators],
        "operator": current.key,
        "takes": current.takes,
        "values": values,
        "value": (values[0] if values else "") if isinstance(value, tuple) else single,
        "choices": choices_for(field),
    }


def choices_for(field: Field) -> list[tuple[str, Any]]:
    """What can be picked for a field: its choices, the users, the known tags."""
    if field.type is FieldType.USER:
        return [*PERSONS.items(), *user_choices()]
    if field.type is FieldType.TAGS:
        return [(name, name) for name in queries.tag_names(limit=200)]
    if field.choices is not None:
        return [(choice.value, choice.label) for choice in field.choices()]
    return []


def _put(state: ListState, given: QueryDict) -> Group:
    tree = state.query.filters
    at = given.get("at", "")
    items = [
        {"field": key, "is": operator, "value": value}
        for key, operator, value in _conditions(state, given)
    ]
    join = cast("Joint", given.get("_join", "and"))
    kept = _kept_groups(_node_at(tree, at))
    node = queries.read_filters(state.object_type, {"op": join, "items": [*items, *kept]})
    single = len(node.items) == 1 and node.op != "not"
    new: Node = node.items[0] if single else node
    if not node.items:
        return rules.removed(tree, [int(at)]) if at.isdigit() else tree
    if _node_at(tree, at) is not None:
        return rules.replaced(tree, [int(at)], new)
    if node.op == "and" and not single:
        # Several new conditions that all must hold are just several chips.
        return Group(tree.op, (*tree.items, *node.items))
    return rules.added(tree, [], new)


def _conditions(state: ListState, given: QueryDict) -> list[tuple[str, str, Any]]:
    found: list[tuple[str, str, Any]] = []
    for at, key in enumerate(given.getlist("_field")):
        if given.get(f"_drop_{at}"):
            continue
        operator = given.get(f"_is_{at}", "")
        field = state.field(key)
        takes = ""
        if field is not None:
            takes = next((o.takes for o in rules.OPERATORS[field.type] if o.key == operator), "")
        values = [value for value in given.getlist(f"_value_{at}") if value != ""]
        if takes == "choices" and values:
            found.append((key, operator, values))
        elif takes == "nothing":
            found.append((key, operator, None))
        elif values:
            found.append((key, operator, values[0]))
    return found


def _kept_groups(node: Node | None) -> list[dict[str, Any]]:
    if not isinstance(node, Group):
        return []
    return [rules.as_json(item) for item in node.items if isinstance(item, Group)]
