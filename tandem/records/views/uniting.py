"""Several selected records that are one: which of them stays, whose values, and merging them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest
from tandem.kernel.errors import DomainError, Missing, Refused
from tandem.records import queries
from tandem.records.actions import merge_many
from tandem.records.errors import NotSoMany
from tandem.records.queries.merging import choosable_by, moving
from tandem.records.schemas import MOST_MERGED
from tandem.records.slots import ObjectType
from tandem.records.views.cells import cells_of
from tandem.records.views.doors import record_page
from tandem.records.views.lists import ListState
from tandem.records.views.many import selection_of, so_many
from tandem.records.views.merging import PREFIX, together, warnings, with_parts
from tandem.records.views.offers import may_merge
from tandem.ui import formats
from tandem.ui.responses import Toast, render, see_other


@dataclass(frozen=True, slots=True)
class One:
    """A record that may stay: ``rows`` is how many rows hang on it."""

    id: str
    name: str
    subtitle: str
    added: str
    rows: int
    stays: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A field about which the records differ: each value with a record that has it."""

    key: str
    label: str
    values: Sequence[tuple[str, str]]
    chosen: str


@require_http_methods(["GET", "POST"])
@record_page
def merge_chosen(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """The dialog that makes one record of from two to ten selected ones."""
    if object_type.merging is None:
        raise Missing()
    if not may_merge(object_type, request.actor):
        raise Refused()
    params = {key: one for key, one in request.GET.dict().items() if not key.startswith("_")}
    state = ListState(object_type, request.actor, params)
    try:
        records = _chosen(request, state)
    except DomainError as error:
        return _render(request, state, {"refused": str(error)})
    survivor = next(
        (one for one in records if str(one.public_id) == request.POST.get("survivor")), records[0]
    )
    others = [one for one in records if one is not survivor]
    refused = ""
    if request.method == "POST":
        try:
            merge_many(
                request.actor,
                object_type,
                survivor.public_id,
                [one.public_id for one in others],
                sources=_sources(request, object_type),
                reason=request.POST.get("reason", ""),
            )
        except DomainError as error:
            refused = str(error)
        else:
            words = _("%(records)s merged into %(name)s") % {
                "records": so_many(object_type, len(others)),
                "name": object_type.name_of(survivor),
            }
            to = reverse("records:record", args=[object_type, survivor.public_id])
            return see_other(request, to, toast=Toast(words, undo=last_change_set()))
    found: list[Any] = [warnings(request, object_type, survivor, one) for one in others]
    context = {
        "records": [_one(request, object_type, one, one is survivor) for one in records],
        "lines": _lines(request, object_type, records),
        "warnings": list(dict.fromkeys(str(one) for each in found for one in each)),
        "error": refused,
        "verb": _("Merge %(records)s") % {"records": so_many(object_type, len(records))},
    }
    return _render(request, state, context)


def _render(request: ActorRequest, state: ListState, context: dict[str, Any]) -> HttpResponseBase:
    has_refusal = bool(context.get("refused") or context.get("error"))
    shared = {
        "type": state.object_type,
        "page_title": _("Merge"),
        "address": request.get_full_path(),
        "back": state.url(),
    }
    status = 422 if has_refusal else 200
    return render(
        request, "records/merge_many.html", shared | context, fragment="dialog", status=status
    )


def _chosen(request: ActorRequest, state: ListState) -> list[Any]:
    """The selected records, the oldest first. Raises NotSoMany, NothingChosen."""
    object_type = state.object_type
    rows = queries.chosen(object_type, request.actor, selection_of(request, state))
    found = list(object_type.prepare(rows).order_by("pk")[: MOST_MERGED + 1])
    if not 2 <= len(found) <= MOST_MERGED:
        raise NotSoMany()
    return found


def _one(request: ActorRequest, object_type: ObjectType, record: Any, stays: bool) -> One:
    return One(
        id=str(record.public_id),
        name=object_type.name_of(record),
        subtitle=object_type.subtitle_for(request.actor, record),
        added=_added(request.actor, object_type, record),
        rows=sum(moving(request.actor, object_type, record.pk).values()),
        stays=stays,
    )


def _added(actor: Actor, object_type: ObjectType, record: Any) -> str:
    return "" if actor.hides(object_type.kind, "created_at") else formats.day(record.created_at)


def _lines(request: ActorRequest, object_type: ObjectType, records: Sequence[Any]) -> list[Line]:
    """The fields of which there is more than one value; those of one row of a part together."""
    fields = choosable_by(object_type, request.actor)
    cells = [
        {cell.key: cell for cell in cells_of(object_type, request.actor, one, fields)}
        for one in records
    ]
    lines = []
    for keys in together(object_type, fields):
        values: dict[str, str] = {}
        for record, own in zip(records, cells, strict=True):
            words = ", ".join(own[key].words for key in keys if own[key].is_filled)
            if words:
                values.setdefault(words, str(record.public_id))
        if len(values) > 1:
            label = ", ".join(str(cells[0][key].label) for key in keys)
            chosen = request.POST.get(f"{PREFIX}{keys[0]}", "")
            lines.append(Line(keys[0], label, [(pk, one) for one, pk in values.items()], chosen))
    return lines


def _sources(request: ActorRequest, object_type: ObjectType) -> dict[str, UUID]:
    """By field the record whose value was picked."""
    picked = {
        key.removeprefix(PREFIX): str(value)
        for key, value in request.POST.items()
        if key.startswith(PREFIX) and value
    }
    try:
        return {
            key: UUID(value)
            for key, value in with_parts(object_type, request.actor, picked).items()
        }
    except ValueError:
        raise Missing() from None
