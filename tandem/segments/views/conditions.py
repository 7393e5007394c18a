"""The dialog of one condition: what people are, what they did, or another segment."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.http.request import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from tandem.capture.queries import EVENT_LABELS
from tandem.consent.models import CHANNEL_LABELS, PURPOSE_LABELS, STATE_LABELS
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Missing
from tandem.records.queries.lines import (
    as_trees,
    conditions_in,
    fields_offered,
    line_of,
    options_of,
    parts_of,
)
from tandem.records.queries.phrases import Reader
from tandem.records.rules import Condition, Related
from tandem.segments import actions, queries
from tandem.segments.errors import DefinitionInvalid, PlaceUnknown
from tandem.segments.models import Segment
from tandem.segments.queries.conditions import filters_of, is_of_events, person_type
from tandem.segments.queries.definitions import BOUND_LABELS, EVENT_FIELDS, TEST_LABELS
from tandem.segments.rules import Tree, is_group, node_at, place_of
from tandem.segments.views.kinds import SEGMENT
from tandem.segments.views.tree import KINDS, told, url_of
from tandem.ui.responses import render, see_other

Text = str | Promise
MOST_STEPS = 4
MOST_WHERE = 2
DOINGS: Mapping[str, Text] = {
    "did": gettext_lazy("did"),
    "did_not": gettext_lazy("never did"),
    "in_order": gettext_lazy("did one after the other"),
}
_TESTS = ("contains", "is", "is_page", "starts_with", "is_not", "is_there")


@require_http_methods(["GET", "POST"])
@page(permission="segments.edit")
def condition(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Show the editor of the condition at ``at``, or of a new one of ``kind`` in the group there;
    posted, put it into the draft."""
    segment = queries.segment_by_public_id(request.actor, public_id)
    given = request.POST if request.method == "POST" else request.GET
    place = place_of(given.get("at", ""))
    node = None if place is None else node_at(segment.shown, place)
    if place is None or node is None or segment.is_snapshot:
        raise PlaceUnknown()
    is_new = is_group(node)
    kind = given.get("kind", "person") if is_new else _kind_of(node)
    error = ""
    if request.method == "POST":
        try:
            put = actions.add_node if is_new else actions.put_node
            put(request.actor, public_id, place, node=_typed(request, kind, given))
            return see_other(request, url_of(segment))
        except Missing:
            raise
        except DomainError as refused:
            error = told(refused)
    context = {
        "page_title": KINDS.get(kind, KINDS["person"]),
        "segment": segment,
        "here": reverse("segments:condition", args=[public_id]),
        "at": given.get("at", ""),
        "kind": kind,
        "is_new": is_new,
        "error": error,
        **_shown(request, segment, kind, None if is_new else node, given),
    }
    status = 422 if error else 200
    return render(request, "segments/condition.html", context, fragment="dialog", status=status)


def _kind_of(node: Tree) -> str:
    return "event" if is_of_events(node) else str(node["kind"])


def _typed(request: ActorRequest, kind: str, given: QueryDict) -> Tree:
    """What was typed as a node."""
    if kind == "segment":
        return {"kind": "segment", "id": given.get("segment", "")}
    if kind == "consent":
        names = ("channel", "purpose", "state", "topic")
        return {"kind": kind, **{name: value for name in names if (value := given.get(name, ""))}}
    if kind == "event":
        return _typed_event(given)
    found = conditions_in(_reader(request), given)
    if not found:
        raise DefinitionInvalid(_("Say what they are: a line without a value asks for nothing."))
    op = "or" if given.get("_join") == "or" else "and"
    trees = as_trees(found, is_and=op == "and")
    where = trees[0] if len(trees) == 1 else {"op": op, "items": trees}
    return {"kind": "person", "where": where}


def _reader(request: HttpRequest) -> Reader:
    return Reader(person_type(), request.actor)  # type: ignore[attr-defined]


# --- what people are ------------------------------------------------------------------------------


def _shown(
    request: ActorRequest, segment: Segment, kind: str, node: Tree | None, given: QueryDict
) -> dict[str, Any]:
    if kind == "segment":
        return {
            "segments": [
                (str(one.public_id), one.name)
                for one in queries.published(request.actor)
                if one.pk != segment.pk
            ],
            "chosen": given.get("segment", node["id"] if node else ""),
        }
    if kind == "consent":
        said = node or {"channel": "email", "purpose": "marketing", "state": "granted"}
        return {
            "channels": CHANNEL_LABELS.items(),
            "purposes": PURPOSE_LABELS.items(),
            "states": STATE_LABELS.items(),
            "said": {**said, **{name: given[name] for name in said if name in given}},
        }
    return _event(node, given) if kind == "event" else _person(request, node, given)


def _person(request: ActorRequest, node: Tree | None, given: QueryDict) -> dict[str, Any]:
    reader = _reader(request)
    join = given.get("_join", "and")
    if "_field" in given:
        lines = [
            line_of(reader, key, given.get(f"_is_{at}", ""), tuple(given.getlist(f"_value_{at}")))
            for at, key in enumerate(given.getlist("_field"))
            if not given.get(f"_drop_{at}")
        ]
    elif node is not None:
        group = filters_of(node)
        if len(group.items) == 1 and not isinstance(group.items[0], Condition | Related):
            group = group.items[0]
        join = group.op
        lines = [line_of(reader, *part) for item in group.items for part in parts_of(item)]
    else:
        lines = []
    offered = fields_offered(reader)
    if offered and ("_more" in given or not lines):
        lines.append(line_of(reader, offered[0].key))
    label = str(SEGMENT.label_plural)  # another segment is a condition of its own
    options = [group for group in options_of(reader) if group[0] != label]
    return {"lines": lines, "options": options, "join": join}


# --- what people did ------------------------------------------------------------------------------


def _event(node: Tree | None, given: QueryDict) -> dict[str, Any]:
    typed = given if "doing" in given else None
    leaf = node or {"kind": "did", "event": {"name": "page"}, "window": {"last": {"days": 30}}}
    steps = [_step(leaf, typed, number) for number in range(MOST_STEPS)]
    times = leaf.get("times") or {"at_least": 1}
    bound, number = next(iter(times.items()))
    last = leaf.get("window", {}).get("last", {})
    return {
        "doings": DOINGS.items(),
        "doing": typed.get("doing", "") if typed else leaf["kind"],
        "is_plain": node is None or _is_plain(node),
        "steps": steps,
        "names": EVENT_LABELS.items(),
        "fields": EVENT_FIELDS.items(),
        "tests": [(test, TEST_LABELS[test]) for test in _TESTS],
        "bounds": BOUND_LABELS.items(),
        "bound": typed.get("bound", "") if typed else bound,
        "times": typed.get("times", "") if typed else number,
        "days": typed.get("days", "") if typed else last.get("days", ""),
        "within": typed.get("within", "") if typed else leaf.get("within", {}).get("days", ""),
    }


def _step(leaf: Tree, typed: QueryDict | None, number: int) -> dict[str, Any]:
    if typed is not None:
        where = [
            {name: typed.get(f"{name}_{number}_{at}", "") for name in ("field", "test", "value")}
            for at in range(MOST_WHERE)
        ]
        return {"number": number, "name": typed.get(f"name_{number}", ""), "where": where}
    doings = leaf["steps"] if leaf["kind"] == "in_order" else [leaf["event"]]
    doing = doings[number] if number < len(doings) else {}
    where = [*doing.get("where", []), *({} for _at in range(MOST_WHERE))][:MOST_WHERE]
    return {"number": number, "name": doing.get("name", ""), "where": where}


def _is_plain(leaf: Tree) -> bool:
    """Whether the dialog can show a condition whole; what it cannot is edited as JSON."""
    window = leaf.get("window", {})
    doings = leaf.get("steps") or [leaf.get("event", {})]
    return (
        leaf["kind"] in DOINGS
        and set(window) <= {"last"}
        and set(window.get("last", {})) <= {"days"}
        and set(leaf.get("within", {})) <= {"days"}
        and len(leaf.get("times", {})) <= 1
        and len(doings) <= MOST_STEPS
        and all(_is_plain_doing(one) for one in doings)
    )


def _is_plain_doing(doing: Mapping[str, Any]) -> bool:
    where: Sequence[Mapping[str, Any]] = doing.get("where", [])
    return len(where) <= MOST_WHERE and all(
        one.get("test", "is") in _TESTS and isinstance(one.get("value", ""), str) for one in where
    )


def _typed_event(given: QueryDict) -> Tree:
    kind = given.get("doing", "did")
    doings = [_doing(given, number) for number in range(MOST_STEPS)]
    leaf: Tree = {"kind": kind}
    if kind == "in_order":
        leaf["steps"] = [one for one in doings if one]
        if within := given.get("within", "").strip():
            leaf["within"] = {"days": _number(within)}
    else:
        leaf["event"] = doings[0]
    if kind == "did":
        leaf["times"] = {given.get("bound", "at_least"): _number(given.get("times") or "1")}
    if days := given.get("days", "").strip():
        leaf["window"] = {"last": {"days": _number(days)}}
    return leaf


def _doing(given: QueryDict, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if name := given.get(f"name_{number}", "").strip():
        found["name"] = name
    where = []
    for at in range(MOST_WHERE):
        field, test, value = (
            given.get(f"{name}_{number}_{at}", "").strip() for name in ("field", "test", "value")
        )
        if test == "is_there" or value:
            one: dict[str, Any] = {"field": field, "test": test}
            where.append(one if test == "is_there" else {**one, "value": value})
    return {**found, "where": where} if where else found


def _number(text: str) -> int | str:
    """A whole number; anything else as it is, for the schema to refuse in its words."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
