"""The dialog of one filter: a condition or a group of the tree, read from and back into the URL."""

from collections.abc import Sequence
from typing import Any, Literal, cast
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.http.request import QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.kernel.doors import ActorRequest
from tandem.records import queries, rules
from tandem.records.errors import FilterInvalid
from tandem.records.queries.lines import (
    as_trees,
    conditions_in,
    fields_offered,
    line_of,
    options_of,
    parts_of,
)
from tandem.records.queries.phrases import node_in_words
from tandem.records.rules import Condition, Group, Node, Related
from tandem.records.slots import ObjectType
from tandem.records.views.doors import record_page
from tandem.records.views.lists import ListState
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
            "options": options_of(state),
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
            line_of(state, *part) for item in items if _is_shown(item) for part in parts_of(item)
        ]
    fields = fields_offered(state)  # none where all are hidden
    if fields and ("_more" in given or not lines):
        lines.append(line_of(state, fields[0].key))
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


def _typed_lines(state: ListState, given: QueryDict) -> list[dict[str, Any]]:
    """What stands in the editor already, while a line is added or its field or word is changed."""
    return [
        line_of(state, key, given.get(f"_is_{at}", ""), tuple(given.getlist(f"_value_{at}")))
        for at, key in enumerate(given.getlist("_field"))
        if not given.get(f"_drop_{at}")
    ]


def _put(state: ListState, given: QueryDict) -> Group:
    tree, at = state.query.filters, given.get("at", "")
    place, inside = _place(at), _place(at.removesuffix(".+")) if at.endswith(".+") else []
    join = cast("Joint", given.get("_join", "and"))
    before = _node_at(tree, place)
    items = as_trees(conditions_in(state, given), is_and=join == "and")
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


def _kept(node: Node | None) -> list[dict[str, Any]]:
    if not isinstance(node, Group):
        return []
    return [rules.as_json(item) for item in node.items if not _is_shown(item)]
