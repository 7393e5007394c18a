"""The definition on the page of a segment: the tree with counts, who is in it, why; the draft."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Missing
from tandem.people.models import Person
from tandem.records.slots import RECORD_TABS, ObjectType
from tandem.segments import actions, queries
from tandem.segments.errors import PlaceUnknown
from tandem.segments.models import Segment
from tandem.segments.queries.conditions import is_of_events, person_type
from tandem.segments.queries.definitions import Words
from tandem.segments.queries.reasons import reasons as reasons_of
from tandem.segments.rules import Place, Step, Tree, is_group, leaves, place_of
from tandem.ui.responses import Toast, render, see_other

Text = str | Promise
SAMPLE = 6
FOUND = 6
DRAWN = 60
GROUPS: Mapping[str, Text] = {
    "all": gettext_lazy("All of"),
    "any": gettext_lazy("Any of"),
    "none": gettext_lazy("None of"),
}
HINTS: Mapping[str, Text] = {
    "all": gettext_lazy("these must hold"),
    "any": gettext_lazy("one is enough"),
    "none": gettext_lazy("takes people out"),
}


KINDS: Mapping[str, Text] = {
    "person": gettext_lazy("What people are"),
    "event": gettext_lazy("What people did"),
    "consent": gettext_lazy("What they agreed to"),
    "segment": gettext_lazy("In another segment"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A node as the page draws it; ``count`` is None where it has not been counted."""

    place: str
    kind: str
    words: str
    icon: str
    count: int | None
    children: Sequence["Shown"] = ()
    label: Text = ""
    hint: Text = ""
    fault: str = ""
    is_first: bool = True
    is_last: bool = True

    @property
    def is_group(self) -> bool:
        return bool(self.label)


class WhoTab:
    """Who is in a segment: the first tab of its page, across the whole of it."""

    key = "who"
    label: Text = gettext_lazy("Who is in it")
    order = 0
    is_wide = True
    tells: tuple[str, ...] = ()

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "segment"

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return None

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        context = shown_of(request, record)
        return SafeString(render_to_string("segments/who.html", context, request=request))


RECORD_TABS.register("segments.who", WhoTab())


@require_POST
@page(permission="segments.edit")
def edit(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """One edit of the draft: ``remove``, ``up``, ``down`` a node at a place, ``group`` to put a
    group there, ``joint`` to join one otherwise; ``discard``, ``count``."""
    place, verb = place_of(request.POST.get("at", "")), request.POST.get("do", "")
    edits = {
        "remove": lambda: actions.remove_node(request.actor, public_id, _known(place)),
        "up": lambda: actions.move_node(request.actor, public_id, _known(place), by=-1),
        "down": lambda: actions.move_node(request.actor, public_id, _known(place), by=1),
        "group": lambda: actions.add_node(
            request.actor, public_id, _known(place), node=_group(request)
        ),
        "joint": lambda: actions.join_nodes(
            request.actor, public_id, _known(place), kind=request.POST.get("kind", "all")
        ),
        "start": lambda: actions.start_draft(request.actor, public_id),
        "discard": lambda: actions.discard_draft(request.actor, public_id),
        "count": lambda: actions.count_again(request.actor, public_id),
    }
    segment = queries.segment_by_public_id(request.actor, public_id)
    if verb not in edits:
        raise PlaceUnknown()
    try:
        edits[verb]()
    except Missing:
        raise
    except DomainError as refused:
        return see_other(request, url_of(segment), toast=Toast(str(refused), tone="bad"))
    return see_other(request, url_of(segment))


@require_POST
@page(permission="segments.edit")
def publication(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    segment = queries.segment_by_public_id(request.actor, public_id)
    try:
        published = actions.publish_draft(request.actor, public_id)
    except Missing:
        raise
    except DomainError as refused:
        return see_other(request, url_of(segment), toast=Toast(told(refused), tone="bad"))
    said = _("Version %(n)d is published") % {"n": published.definition_version}
    return see_other(request, url_of(segment), toast=Toast(said, undo=last_change_set()))


@require_POST
@page(permission="segments.edit")
def definition(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Take a definition that was written as JSON for the draft."""
    segment = queries.segment_by_public_id(request.actor, public_id)
    text, error = request.POST.get("who", ""), ""
    try:
        actions.write_draft(request.actor, public_id, who=json.loads(text))
    except Missing:
        raise
    except (ValueError, RecursionError):
        error = _("This is no JSON. Look for a comma or a bracket that is missing.")
    except DomainError as refused:
        error = told(refused)
    if not error:
        return see_other(request, url_of(segment), toast=Toast(_("The draft is as written")))
    context = {**shown_of(request, segment), "typed": text, "error": error}
    context["page_title"] = segment.name
    return render(request, "segments/page.html", context, status=422)


@require_POST
@page(permission="segments.create")
def snapshot(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Keep who is in a segment now as a segment of its own."""
    segment = queries.segment_by_public_id(request.actor, public_id)
    name = _("%(name)s, snapshot") % {"name": segment.name}
    try:
        made = actions.take_snapshot(request.actor, public_id, name=name[:200])
    except Missing:
        raise
    except DomainError as refused:
        return see_other(request, url_of(segment), toast=Toast(str(refused), tone="bad"))
    said = _("The snapshot is taken")
    return see_other(request, url_of(made), toast=Toast(said, undo=last_change_set()))


@require_GET
@page(permission="segments.view")
def reasons(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Why somebody is in a segment or not: ``person`` by public id, or ``find`` a text."""
    segment = queries.segment_by_public_id(request.actor, public_id)
    context = {**_reasons(request, segment), "segment": segment, "page_title": segment.name}
    return render(request, "segments/reasons.html", context, fragment="reasons")


def url_of(segment: Segment) -> str:
    """Where a segment's page is."""
    return reverse("records:record", args=["segments", segment.public_id])


def told(refused: DomainError) -> str:
    """A refusal with the first place that it names."""
    for one in refused.errors[:1]:
        return f"{one.field}: {one.message}" if one.field else str(one.message)
    return str(refused)


def _known(place: Place | None) -> Place:
    if place is None:
        raise PlaceUnknown()
    return place


def _group(request: HttpRequest) -> Tree:
    return {"kind": request.POST.get("kind", "all"), "of": []}


# --- what the page shows --------------------------------------------------------------------------


def shown_of(request: HttpRequest, segment: Segment) -> dict[str, Any]:
    """Everything that the tab shows of a segment, as the reader may see it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    tree = segment.shown
    is_draft = segment.draft is not None
    may_edit = actor.may("segments.edit") and not segment.is_snapshot
    holding = queries.Holding([tree])
    seen = queries.seen_by(actor)
    words = Words(actor, tree)
    now = queries.persons_in(segment)
    then = holding.of(tree) if is_draft else now
    step = Step.between(now, then)
    history = queries.sizes_of(actor, segment, DRAWN)
    people = list(_named(queries.people_among(actor, then))[: SAMPLE + 1])
    return {
        "segment": segment,
        "topics": f"segment:{segment.public_id}",
        "may_edit": may_edit,
        "is_draft": is_draft,
        "next_version": segment.definition_version + 1,
        "root": _shown(tree, "", holding, words, seen),
        "sentence": words.whole(tree),
        "groups": GROUPS.items(),
        "kinds": KINDS.items(),
        "json": json.dumps(tree, indent=2, ensure_ascii=False),
        "count": len(seen(then)),
        "before": len(seen(now)),
        "joins": len(seen(step.joined)),
        "leaves": len(seen(step.left)),
        "is_counted": all(holding.is_asked(leaf) for leaf in leaves(tree)),
        "history": history,
        "sizes": [size for _at, size in history],
        "sample": people[:SAMPLE],
        "people_url": _people_url(segment),
        "has_more": len(people) > SAMPLE,
        "used_by": queries.made_of(actor, segment),
        **_reasons(request, segment),
    }


def _shown(
    node: Tree,
    place: str,
    holding: queries.Holding,
    words: Words,
    seen: queries.Seen,
    *,
    at: tuple[int, int] = (0, 1),
) -> Shown:
    is_counted = all(holding.is_asked(leaf) for leaf in leaves(node))
    count = len(seen(holding.of(node))) if is_counted else None
    is_first, is_last = at[0] == 0, at[0] == at[1] - 1
    if not is_group(node):
        icon = {"segment": "chart-pie", "consent": "shield-check"}.get(node["kind"], "user")
        icon = "click" if is_of_events(node) else icon
        said = words.leaf(node)
        return Shown(
            place,
            node["kind"],
            said,
            icon,
            count,
            fault=holding.fault_of(node),
            is_first=is_first,
            is_last=is_last,
        )
    of = node["of"]
    children = [
        _shown(child, f"{place}.{number}".lstrip("."), holding, words, seen, at=(number, len(of)))
        for number, child in enumerate(of)
    ]
    if node["kind"] == "none" and place and count is not None:
        count = len(seen(holding.everyone)) - count
    label, hint = GROUPS[node["kind"]], HINTS[node["kind"]]
    return Shown(place, node["kind"], "", "", count, children, label, hint, "", is_first, is_last)


def _people_url(segment: Segment) -> str:
    """The list of the people who are in a segment, where they can be changed, tagged, exported."""
    named = {"field": "name", "is": "is", "value": segment.name}
    where = {"op": "and", "items": [named]}
    tree = {"op": "and", "items": [{"related": "segments", "is": "any", "where": where}]}
    return f"{reverse('records:list', args=['people'])}?{urlencode({'filter': json.dumps(tree)})}"


def _named(rows: Any) -> Any:
    return person_type().prepare(rows).order_by("sort_key", "pk")


def _reasons(request: HttpRequest, segment: Segment) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    text = request.GET.get("find", "").strip()[:200]
    found = person_type().first_for(actor, text, FOUND) if text else []
    person = _person(actor, request.GET.get("person", ""))
    lines = reasons_of(actor, segment, person, segment.shown) if person else []
    return {
        "find": text,
        "found": found,
        "person": person,
        "is_in": person is not None and person.pk in queries.persons_in(segment),
        "reasons": lines,
    }


def _person(actor: Actor, public_id: str) -> Person | None:
    try:
        wanted = UUID(public_id)
    except ValueError:
        return None
    rows: Any = person_type().prepare(person_type().visible_to(actor))
    found: Person | None = rows.filter(public_id=wanted).first()
    return found
