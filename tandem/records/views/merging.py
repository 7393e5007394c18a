"""Two records that are one: side by side, what moves, merging them, and taking that back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest
from tandem.kernel.errors import DomainError, Missing
from tandem.records import queries
from tandem.records.actions import merge, unmerge
from tandem.records.actions.accesses import note_seen
from tandem.records.models import MergeEvent, PairState
from tandem.records.queries.duplicates import neighbours_of, pair_of
from tandem.records.queries.merging import ABSORBED, SURVIVOR, choosable_by, moved_by, moving
from tandem.records.slots import MERGE_WARNINGS, MERGED_TABLES, Field, MergedTable, ObjectType
from tandem.records.views.cells import Cell, cells_of
from tandem.records.views.doors import record_page
from tandem.records.views.duplicates import reasons_of, shown_pairs
from tandem.ui.responses import Toast, render, see_other

FOUND = 10
PREFIX = "choice."

for label, name in {
    "records.taglink": gettext_lazy("Tags"),
    "records.comment": gettext_lazy("Notes"),
    "records.attachment": gettext_lazy("Files"),
    "records.externalid": gettext_lazy("Numbers in other systems"),
}.items():
    MERGED_TABLES.register(label, MergedTable(name))


@dataclass(frozen=True)
class Choice:
    """One line of the preview: what both say, and which side's word stays.

    The fields of one row of a part (title and company of a job) are chosen together.
    """

    key: str
    label: str
    survivor: Sequence[Cell]
    absorbed: Sequence[Cell]
    side: str

    @property
    def is_told(self) -> bool:
        """Whether either of them says anything."""
        return any(map(_says, [*self.survivor, *self.absorbed]))

    @property
    def is_open(self) -> bool:
        """Whether there are two words to choose from."""
        own, other = ([cell.value for cell in side] for side in (self.survivor, self.absorbed))
        return any(map(_says, self.survivor)) and any(map(_says, self.absorbed)) and own != other


def _says(cell: Cell) -> bool:
    return cell.is_filled


@require_http_methods(["GET", "POST"])
@record_page
def merge_page(request: ActorRequest, object_type: ObjectType, public_id: UUID) -> HttpResponseBase:
    """The preview of a merge into this record; without another one, the search for it."""
    _require(request, object_type)
    survivor = queries.visible_record(object_type, request.actor, public_id)
    sent = request.POST if request.method == "POST" else request.GET
    if not sent.get("with"):
        return _search(request, object_type, survivor)
    absorbed = _other(request, object_type, sent["with"])
    for one in (survivor, absorbed):
        note_seen(request.actor, object_type, one.pk)
    chosen = {
        key.removeprefix(PREFIX): str(value)
        for key, value in request.POST.items()
        if key.startswith(PREFIX)
    }
    error = ""
    if request.method == "POST":
        choices = with_parts(object_type, request.actor, chosen)
        try:
            merge(
                request.actor,
                object_type,
                survivor.public_id,
                absorbed.public_id,
                choices=choices,
                reason=request.POST.get("reason", ""),
            )
        except DomainError as refused:
            error = str(refused)
        else:
            words = _("%(other)s merged into %(name)s") % {
                "other": object_type.name_of(absorbed),
                "name": object_type.name_of(survivor),
            }
            url = _url(object_type, survivor)
            return see_other(request, url, toast=Toast(words, undo=last_change_set()))
    is_same = survivor.pk == absorbed.pk
    context = {
        "type": object_type,
        "page_title": _("Merge"),
        "survivor": survivor,
        "absorbed": absorbed,
        "survivor_name": object_type.name_of(survivor),
        "absorbed_name": object_type.name_of(absorbed),
        "survivor_url": _url(object_type, survivor),
        "absorbed_url": _url(object_type, absorbed),
        "choices": _choices(request, object_type, survivor, absorbed, chosen),
        "rows": [] if is_same else labelled(moving(request.actor, object_type, absorbed.pk)),
        "warnings": [] if is_same else warnings(request, object_type, survivor, absorbed),
        "error": error or (_("A record cannot be merged with itself.") if is_same else ""),
        "is_same": is_same,
        **_in_queue(request, object_type, survivor, absorbed),
    }
    return render(request, "records/merge.html", context, status=422 if error else 200)


@require_http_methods(["GET", "POST"])
@record_page
def merge_event(
    request: ActorRequest, object_type: ObjectType, public_id: UUID, event_id: UUID
) -> HttpResponseBase:
    """One merge that was done, and taking it back."""
    _require(request, object_type)
    record = queries.visible_record(object_type, request.actor, public_id)
    event = MergeEvent.objects.filter(
        kind=object_type.kind, survivor_id=record.pk, public_id=event_id
    ).first()
    if event is None:
        raise Missing()
    error = ""
    if request.method == "POST":
        try:
            done = unmerge(request.actor, object_type, public_id, event=event_id)
        except DomainError as refused:
            error = str(refused)
        else:
            toast = Toast(_taken_apart(sum(done.stays.values())), undo=last_change_set())
            return see_other(request, _url(object_type, record), toast=toast)
    absorbed = object_type.model._base_manager.get(pk=event.absorbed_id)
    context = {
        "type": object_type,
        "page_title": _("Merge"),
        "event": event,
        "survivor": record.public_id,
        "name": object_type.name_of(record),
        "absorbed_name": object_type.name_of(absorbed),
        "url": _url(object_type, record),
        "rows": labelled(moved_by(event)),
        "error": error,
    }
    return render(request, "records/merge_event.html", context, status=409 if error else 200)


def _in_queue(
    request: ActorRequest, object_type: ObjectType, survivor: Any, absorbed: Any
) -> dict[str, Any]:
    """Why the two are asked about, and the pairs before and after them in the queue."""
    pair = pair_of(request.actor, object_type, survivor.pk, absorbed.pk)
    if pair is None or pair.state != PairState.OPEN:
        return {}
    around = neighbours_of(request.actor, object_type, pair)
    shown = {
        one.pair.pk: one.merge_url
        for one in shown_pairs(request, object_type, [one for one in around if one is not None])
    }
    previous, following = (shown.get(one.pk, "") if one is not None else "" for one in around)
    return {
        "reasons": reasons_of(pair),
        "answer_url": reverse("records:pair-apart", args=[object_type, pair.public_id]),
        "queue_url": f"{reverse('records:duplicates')}?kind={object_type.slug}",
        "previous_url": previous,
        "next_url": following,
    }


def labelled(rows: Mapping[str, int]) -> list[tuple[Any, int]]:
    """Counts of rows by the names that people have for their tables."""
    found = []
    for label, count in rows.items():
        table = MERGED_TABLES.get(label)
        found.append((table.label if table is not None else label, count))
    return found


def warnings(
    request: ActorRequest, object_type: ObjectType, survivor: Any, absorbed: Any
) -> list[Any]:
    """What somebody should know before these two become one."""
    found: list[Any] = []
    owners = {getattr(one, "owner_id", None) for one in (survivor, absorbed)} - {None}
    if len(owners) > 1 and not request.actor.hides(object_type.kind, "owner"):
        found.append(_("Both have an owner. Choose who stays."))
    found += [
        warn(request.actor, object_type.kind, survivor.pk, absorbed.pk) for warn in MERGE_WARNINGS
    ]
    return [one for one in found if one]


def _require(request: ActorRequest, object_type: ObjectType) -> None:
    request.actor.require("records.merge")
    request.actor.require(object_type.permissions.edit)
    if object_type.merging is None:
        raise Missing()


def _other(request: ActorRequest, object_type: ObjectType, text: str) -> Any:
    try:
        return queries.visible_record(object_type, request.actor, UUID(text))
    except ValueError:
        raise Missing() from None


def _search(request: ActorRequest, object_type: ObjectType, record: Any) -> HttpResponseBase:
    text = request.GET.get("q", "").strip()[:200]
    rows = object_type.visible_to(request.actor).exclude(pk=record.pk)
    found = object_type.search_for(request.actor, rows, text) if text else rows.none()
    context = {
        "type": object_type,
        "page_title": _("Merge"),
        "name": object_type.name_of(record),
        "record": record,
        "url": _url(object_type, record),
        "text": text,
        "found": [
            (one.public_id, object_type.name_of(one), object_type.subtitle_for(request.actor, one))
            for one in object_type.prepare(found)[:FOUND]
        ],
    }
    return render(request, "records/merge_search.html", context)


def _choices(
    request: ActorRequest,
    object_type: ObjectType,
    survivor: Any,
    absorbed: Any,
    chosen: Mapping[str, str],
) -> list[Choice]:
    fields = choosable_by(object_type, request.actor)
    own = {c.key: c for c in cells_of(object_type, request.actor, survivor, fields)}
    other = {c.key: c for c in cells_of(object_type, request.actor, absorbed, fields)}
    found = []
    for keys in together(object_type, fields):
        mine, theirs = [own[key] for key in keys], [other[key] for key in keys]
        usual = ABSORBED if not any(map(_says, mine)) and any(map(_says, theirs)) else SURVIVOR
        found.append(
            Choice(
                key=keys[0],
                label=", ".join(str(own[key].label) for key in keys),
                survivor=mine,
                absorbed=theirs,
                side=chosen.get(keys[0], usual),
            )
        )
    return found


def together(object_type: ObjectType, fields: Sequence[Field]) -> list[list[str]]:
    """The keys of the fields, those that stand in one row of a part together."""
    parts = object_type.merging.parts if object_type.merging is not None else {}
    found: dict[Any, list[str]] = {}
    for field in fields:
        found.setdefault(parts.get(field.key, field.key), []).append(field.key)
    return list(found.values())


def with_parts(object_type: ObjectType, actor: Actor, chosen: Mapping[str, str]) -> dict[str, str]:
    """What was chosen for the first field of a part goes for all that stand in its row."""
    fields = choosable_by(object_type, actor)
    groups = {keys[0]: keys for keys in together(object_type, fields)}
    return {key: side for first, side in chosen.items() for key in groups.get(first, [first])}


def _taken_apart(stays: int) -> str:
    if not stays:
        return _("Two records again")
    return ngettext(
        "Two records again. %(count)s row was changed since and stays here.",
        "Two records again. %(count)s rows were changed since and stay here.",
        stays,
    ) % {"count": stays}


def _url(object_type: ObjectType, record: Any) -> str:
    return reverse("records:record", args=[object_type, record.public_id])
