"""Comments and tags of a record, and the colleagues who can be mentioned."""

from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest
from tandem.records.actions import add_comment, add_tag, delete_comment, remove_tag
from tandem.records.queries import visible_record
from tandem.records.queries.mentions import offers
from tandem.records.schemas import NewComment, NewTag
from tandem.records.slots import ObjectType
from tandem.records.views.doors import record_page
from tandem.ui.forms import submit
from tandem.ui.responses import Toast, render, see_other

LONGEST_TYPED = 60


@require_POST
@record_page
def comment(request: ActorRequest, object_type: ObjectType, public_id: UUID) -> HttpResponseBase:
    data = submit(NewComment, request.POST).value
    add_comment(request.actor, object_type, public_id, data=data)
    return _back(request, object_type, public_id, _("Comment added"))


@require_GET
@record_page
def colleagues(request: ActorRequest, object_type: ObjectType, public_id: UUID) -> HttpResponseBase:
    record = visible_record(object_type, request.actor, public_id)
    typed = request.GET.get("q", "")[:LONGEST_TYPED]
    context = {"offers": offers(request.actor, object_type, record, typed)}
    return render(request, "records/colleagues.html", context)


@require_POST
@record_page
def uncomment(
    request: ActorRequest, object_type: ObjectType, public_id: UUID, comment_id: UUID
) -> HttpResponseBase:
    delete_comment(request.actor, object_type, public_id, comment_id=comment_id)
    return _back(request, object_type, public_id, _("Comment taken back"))


@require_POST
@record_page
def tag(request: ActorRequest, object_type: ObjectType, public_id: UUID) -> HttpResponseBase:
    data = submit(NewTag, request.POST).value
    add_tag(request.actor, object_type, public_id, data=data)
    return _back(request, object_type, public_id, _("Tag added"))


@require_POST
@record_page
def untag(request: ActorRequest, object_type: ObjectType, public_id: UUID) -> HttpResponseBase:
    remove_tag(request.actor, object_type, public_id, name=request.POST.get("name", ""))
    return _back(request, object_type, public_id, _("Tag removed"))


def _back(
    request: ActorRequest, object_type: ObjectType, public_id: UUID, message: str
) -> HttpResponseBase:
    to = reverse("records:record", args=[object_type, public_id])
    return see_other(request, to, toast=Toast(message, undo=last_change_set()))
