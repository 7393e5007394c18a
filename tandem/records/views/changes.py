"""My changes: what somebody did, on which records, field by field; and taking it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from tandem.kernel.actions import final_actions, permission_of
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.kernel.models import ChangeSet
from tandem.kernel.permissions import declared
from tandem.kernel.undo import change_set_for
from tandem.records.queries.changes import (
    COUNTED,
    Touched,
    change_sets_for,
    changes_in,
    page_of,
    records_named,
    touched_by,
    undone_among,
)
from tandem.records.queries.history import Change, changed_records
from tandem.records.slots import OBJECT_TYPES, ObjectType
from tandem.ui import formats, navigation
from tandem.ui.navigation import NavItem, Section
from tandem.ui.responses import render

Records = Mapping[tuple[str, int], tuple[ObjectType, Any]]


@dataclass(frozen=True, slots=True)
class Named:
    """A record that can be opened, by name; without an address where it is deleted."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Line:
    """One change set in a list: ``counted`` says on how many records of which kinds."""

    change_set: ChangeSet
    what: str
    records: Sequence[Named]
    counted: str
    is_undone: bool
    may_undo: bool
    why_not: str


@dataclass
class Block:
    """One record in a change set, and what was done to it and to its parts."""

    title: str
    url: str
    changes: list[Change]


@require_GET
@page(permission="kernel.undo")
def changes(request: ActorRequest) -> HttpResponseBase:
    """One's own change sets, the latest first; with ``who=all`` those of everybody."""
    is_everyones = request.GET.get("who") == "all"
    rows = change_sets_for(request.actor, is_everyones=is_everyones)
    shown, last = page_of(rows, after=_uuid(request.GET.get("after", "")))
    path, scope = reverse("records:changes"), {"who": "all"} if is_everyones else {}
    context = {
        "page_title": _("My changes"),
        "lines": _lines(request.actor, shown),
        "is_everyones": is_everyones,
        "may_see_all": request.actor.may("kernel.undo_any"),
        "next_url": f"{path}?{urlencode({**scope, 'after': str(last)})}" if last else "",
        "first_url": f"{path}?{urlencode(scope)}" if request.GET.get("after") else "",
    }
    return render(request, "records/changes.html", context)


@require_GET
@page(permission="kernel.undo")
def change_set(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """One change set: every record and field that it changed, a page at a time."""
    actor = request.actor
    found = change_set_for(actor, public_id)
    rows, last = changes_in(found, after=_number(request.GET.get("after", "")))
    touched = touched_by([found]).get(found.pk, ())
    wanted: dict[str, set[int]] = {one.kind: set(one.ids) for one in touched}
    for row in rows:
        wanted.setdefault(row.root_kind, set()).add(row.root_id)
    records = records_named(actor, wanted)
    blocks, unseen = blocks_of(actor, rows, records)
    path = reverse("records:change-set", args=[public_id])
    context = {
        "page_title": _what(found),
        "line": _line(actor, found, touched, records, is_undone=bool(undone_among([found]))),
        "blocks": blocks,
        "unseen": unseen,
        "next_url": f"{path}?after={last}" if last else "",
        "first_url": path if request.GET.get("after") else "",
    }
    return render(request, "records/change_set.html", context)


def _lines(actor: Actor, shown: Sequence[ChangeSet]) -> list[Line]:
    touched, undone = touched_by(shown), undone_among(shown)
    wanted: dict[str, set[int]] = {}
    for parts in touched.values():
        for one in parts:
            wanted.setdefault(one.kind, set()).update(one.ids)
    records = records_named(actor, wanted)
    return [
        _line(actor, one, touched.get(one.pk, ()), records, is_undone=one.pk in undone)
        for one in shown
    ]


def _line(
    actor: Actor, one: ChangeSet, touched: Sequence[Touched], records: Records, *, is_undone: bool
) -> Line:
    known = [(part.kind, pk) for part in touched for pk in part.ids if (part.kind, pk) in records]
    why_not = _why_not(actor, one)
    return Line(
        change_set=one,
        what=_what(one),
        records=[_named(*records[key]) for key in known[:3]],
        counted=", ".join(_counted(part) for part in touched if part.kind in _kinds()),
        is_undone=is_undone,
        may_undo=bool(touched) and not is_undone and not why_not,
        why_not="" if is_undone else why_not,
    )


def _why_not(actor: Actor, one: ChangeSet) -> str:
    """Why a change set cannot be undone by this actor, whatever has happened since."""
    if one.action in final_actions():
        return _("This was for good: nothing takes it back.")
    permission = permission_of(one.action)
    if permission is None:
        return _("This cannot be undone any more: Tandem no longer knows how it was done.")
    if not actor.may(permission):
        return _("You may not do this any more, so you may not undo it either.")
    return ""


def _what(one: ChangeSet) -> str:
    """What was done, in the words of the right that it takes."""
    if one.undo_of_id is not None:
        return _("Undo")
    known = declared().get(permission_of(one.action) or "")
    return str(known.label) if known else one.action.rpartition(".")[2].replace("_", " ")


def _kinds() -> Mapping[str, ObjectType]:
    return {kind.kind: kind for kind in OBJECT_TYPES}


def _counted(part: Touched) -> str:
    """48 people; more than 1,000 people."""
    kind = _kinds()[part.kind]
    label = str(kind.label if part.count == 1 else kind.label_plural).lower()
    if not part.is_all:
        number = _("more than %(n)s") % {"n": formats.number(COUNTED)}
        return f"{number} {label}"
    return f"{formats.number(part.count)} {label}"


def _named(kind: ObjectType, record: Any) -> Named:
    is_there = getattr(record, "deleted_at", None) is None
    url = reverse("records:record", args=[kind, record.public_id]) if is_there else ""
    return Named(kind.name_of(record), url)


def blocks_of(actor: Actor, rows: Sequence[Any], records: Records) -> tuple[list[Block], str]:
    """The records of these rows in their order; and in words, how many rows are not shown."""
    found, unseen = changed_records(actor, rows, records)
    blocks = []
    for one in found:
        named = _named(one.kind, one.record)
        blocks.append(Block(named.name, named.url, one.changes))
    words = ngettext(
        "%(n)s change is of something that is not shown to you.",
        "%(n)s changes are of something that is not shown to you.",
        unseen,
    )
    return blocks, words % {"n": formats.number(unseen)} if unseen else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _uuid(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise Missing() from None


navigation.register(
    NavItem(
        key="changes",
        label=gettext_lazy("My changes"),
        icon="history",
        url_name="records:changes",
        section=Section.SETTINGS,
        order=88,
        permission="kernel.undo",
    ),
)
