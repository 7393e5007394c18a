"""Erasing a record for good: what goes and what stays, typed to confirm; its certificate."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError
from tandem.kernel.models import ProgressRecord
from tandem.kernel.progress import describe
from tandem.records import queries
from tandem.records.actions import ask_erasure, refuse_erasure, withdraw_refusal
from tandem.records.models import Erasure, ErasureBasis, ErasureState
from tandem.records.queries.erasing import (
    erasable,
    erasure_by_public_id,
    erasures_visible_to,
    label_of_table,
    lines_of,
    open_erasure,
    reach_of,
)
from tandem.records.rules.erasing import is_sealed
from tandem.records.slots import ERASABLE, ERASED_TABLES, OBJECT_TYPES, ErasedTable, ObjectType
from tandem.records.views.doors import record_page
from tandem.ui import navigation
from tandem.ui.navigation import NavItem, Section
from tandem.ui.responses import Toast, render, see_other

SHOWN = 200
NO_ID = UUID(int=0)
TONES = {
    ErasureState.DONE: "ok",
    ErasureState.FAILED: "bad",
    ErasureState.REFUSED: "warn",
}

for _label, _table in {
    "records.duplicatekey": ErasedTable(gettext_lazy("Keys to find duplicates by")),
    "records.duplicatepair": ErasedTable(gettext_lazy("Questions about duplicates")),
    "records.mergeevent": ErasedTable(gettext_lazy("Merges")),
    "records.mergedrow": ErasedTable(gettext_lazy("Rows as they were before a merge")),
    "records.access": ErasedTable(gettext_lazy("Who saw the record, and its files")),
    "records.importrun": ErasedTable(
        gettext_lazy("Imports"), samples={"report": ("samples", "warnings")}
    ),
    "records.storedfile": ErasedTable(gettext_lazy("Contents of files")),
    "records.erasure": ErasedTable(
        gettext_lazy("Refusals to erase"),
        clears={"refusal": "-"},
        keeps=frozenset(
            "kind state basis subjects keys certificate seal files actor_label".split()
        ),
        because=gettext_lazy("That it was asked for before, and by whom it was answered."),
    ),
    "kernel.recordchange": ErasedTable(gettext_lazy("Entries of the history")),
}.items():
    ERASED_TABLES.register(_label, _table)


@require_http_methods(["GET", "POST"])
@record_page
def erasure_page(
    request: ActorRequest, object_type: ObjectType, public_id: UUID
) -> HttpResponseBase:
    """What erasing a record would do, and asking for it."""
    request.actor.require("records.erase")
    request.actor.require(object_type.permissions.delete)
    erasable(object_type)
    record = queries.visible_record(object_type, request.actor, public_id)
    error = ""
    if request.method == "POST":
        try:
            made = ask_erasure(
                request.actor,
                object_type,
                public_id,
                typed=request.POST.get("typed", ""),
                basis=_basis(request.POST.get("basis", "")),
            )
        except DomainError as refused:
            error = str(refused)
        else:
            return see_other(request, reverse("records:erasure", args=[made.public_id]))
    gone, staying = lines_of(reach_of(object_type, record.pk))
    context = {
        "type": object_type,
        "page_title": _("Erase for good"),
        "record": record,
        "name": object_type.name_of(record),
        "url": reverse("records:record", args=[object_type, record.public_id]),
        "gone": gone,
        "staying": staying,
        "standing": open_erasure(object_type.kind, record.pk),
        "bases": ErasureBasis.choices,
        "error": error,
    }
    return render(request, "records/erase.html", context, status=422 if error else 200)


@require_POST
@record_page
def erasure_refusal(
    request: ActorRequest, object_type: ObjectType, public_id: UUID
) -> HttpResponseBase:
    refuse_erasure(request.actor, object_type, public_id, reason=request.POST.get("reason", ""))
    url = reverse("records:record", args=[object_type, public_id])
    return see_other(request, url, toast=Toast(_("Written down: not to be erased")))


@require_POST
@page(permission="records.erase")
def refusal_withdrawal(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    withdraw_refusal(request.actor, public_id)
    url = reverse("records:erasures")
    return see_other(request, url, toast=Toast(_("Nothing stands against erasing any more")))


@require_GET
@page(permission="records.erase")
def erasures(request: ActorRequest) -> HttpResponseBase:
    """Who was erased, in numbers; nobody's name is in it."""
    context = {
        "page_title": _("Erasures"),
        "rows": [_row(one) for one in erasures_visible_to(request.actor)[:SHOWN]],
    }
    return render(request, "records/erasures.html", context)


@require_GET
@page(permission="records.erase")
def erasure(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """How far an erasure is, then its certificate."""
    found = erasure_by_public_id(request.actor, public_id)
    job = ProgressRecord.objects.filter(public_id=found.progress or NO_ID).first()
    told = found.certificate
    context = {
        "page_title": _("Erasure"),
        "one": _row(found),
        "is_busy": found.state == ErasureState.WAITING,
        "job": describe(job, now=timezone.now()) if job is not None else None,
        "deleted": _labelled(told.get("deleted", {})),
        "kept": _labelled(told.get("kept", {})),
        "replaced": _labelled(told.get("replaced", {})),
        "is_whole": bool(told) and is_sealed(told, found.seal, settings.SECRET_KEY),
    }
    return render(request, "records/erasure.html", context, fragment="body")


@require_GET
@page(permission="records.erase")
def certificate(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """The certificate as a file, with its seal."""
    found = erasure_by_public_id(request.actor, public_id)
    text = json.dumps({"certificate": found.certificate, "seal": found.seal}, indent=2)
    return HttpResponse(
        text,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="erasure-{found.public_id}.json"'},
    )


def may_erase(actor: Actor, kind: ObjectType) -> bool:
    """Whether the actor is offered to erase records of this kind."""
    return (
        kind.kind in dict(ERASABLE.items())
        and actor.may("records.erase")
        and actor.may(kind.permissions.delete)
    )


def _basis(text: str) -> ErasureBasis:
    return ErasureBasis(text) if text in ErasureBasis.values else ErasureBasis.REQUEST


def _row(found: Erasure) -> dict[str, Any]:
    kind = OBJECT_TYPES.get(found.kind)
    return {
        "erasure": found,
        "kind": kind.label if kind is not None else found.kind,
        "state": ErasureState(found.state).label,
        "tone": TONES.get(ErasureState(found.state), ""),
        "basis": ErasureBasis(found.basis).label if found.basis else "",
    }


def _labelled(counts: Mapping[str, int]) -> list[tuple[Any, Any, int]]:
    """Counts by the names that people have for tables, and why where rows stay."""
    return [(*label_of_table(label), count) for label, count in counts.items()]


navigation.register(
    NavItem(
        key="erasures",
        label=gettext_lazy("Erasures"),
        icon="shield-check",
        url_name="records:erasures",
        section=Section.SETTINGS,
        order=75,
        permission="records.erase",
    ),
)
