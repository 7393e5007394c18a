"""A copy of all that is stored about somebody, for themselves: asked for, made, fetched."""

from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest
from tandem.kernel.progress import describe, progress_of
from tandem.records import queries
from tandem.records.actions import ask_disclosure
from tandem.records.queries.disclosing import rows_told
from tandem.records.queries.erasing import erasable, reach_of, table_of
from tandem.records.slots import ERASABLE, ERASED_TABLES, ErasedTable, ObjectType
from tandem.records.views.doors import record_page
from tandem.ui.responses import render, see_other

ERASED_TABLES.register("records.attachment", ErasedTable(gettext_lazy("Files")))


@require_http_methods(["GET", "POST"])
@record_page
def disclosure_page(
    request: ActorRequest, object_type: ObjectType, public_id: UUID
) -> HttpResponseBase:
    """What a copy of somebody's data would hold, and asking for it."""
    for permission in ("records.disclose", "records.export"):
        request.actor.require(permission)
    erasable(object_type)
    if request.method == "POST":
        made = ask_disclosure(request.actor, object_type, public_id)
        to = reverse("records:disclosure", args=[object_type, public_id, made.public_id])
        return see_other(request, to)
    record = queries.visible_record(object_type, request.actor, public_id)
    told = rows_told(reach_of(object_type, record.pk))
    context = {
        "type": object_type,
        "page_title": _("Export everything about this person"),
        "record": record,
        "name": object_type.name_of(record),
        "url": reverse("records:record", args=[object_type, record.public_id]),
        "lines": [(table_of(model).label, len(pks)) for model, pks in told.items()],
    }
    return render(request, "records/disclose.html", context)


@require_GET
@record_page
def disclosure(
    request: ActorRequest, object_type: ObjectType, public_id: UUID, progress_id: UUID
) -> HttpResponseBase:
    """How far the copy is, then where it can be fetched."""
    request.actor.require("records.disclose")
    record = queries.visible_record(object_type, request.actor, public_id)
    job = describe(progress_of(request.actor, progress_id), now=timezone.now())
    context = {
        "page_title": job["label"],
        "name": object_type.name_of(record),
        "back": reverse("records:record", args=[object_type, record.public_id]),
        "job": job,
        "is_busy": job["state"] in ("running", "interrupted"),
        "export": (job["result"] or {}).get("export") if job["state"] == "done" else None,
        "url": request.path,
    }
    return render(request, "records/disclosing.html", context, fragment="body")


def may_disclose(actor: Actor, kind: ObjectType) -> bool:
    """Whether the actor is offered to give people of this kind a copy of their data."""
    return (
        kind.kind in dict(ERASABLE.items())
        and actor.may("records.disclose")
        and actor.may("records.export")
    )
