"""The files of a record: the tab that lists them, adding, opening and deleting one."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest
from tandem.kernel.downloads import PICTURES
from tandem.kernel.downloads import download as serve
from tandem.records import queries
from tandem.records.actions import attach_files, delete_attachment, keep_content
from tandem.records.actions.accesses import note_access
from tandem.records.actions.files import MAX_FILE_BYTES
from tandem.records.models import AccessDeed
from tandem.records.slots import RECORD_TABS, ObjectType
from tandem.records.views.doors import record_page
from tandem.ui.responses import Toast, see_other


class FilesTab:
    """What lies on a record: offers, contracts, pictures."""

    key = "files"
    label = gettext_lazy("Files")
    order = 40
    tells: tuple[str, ...] = ()

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return True

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return queries.attachments_counted(kind=object_type.kind, record=record.pk) or None

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        may_delete = actor.may(object_type.permissions.delete)
        may_attach = actor.may("records.attach")
        files = [
            {
                "file": one,
                "is_picture": one.file.media_type in PICTURES,
                "may_delete": may_attach and (may_delete or one.author_id == actor.user_id),
            }
            for one in queries.attachments_of(object_type, record)
        ]
        context = {
            "type": object_type,
            "record": record,
            "files": files,
            "may_attach": may_attach,
            "most": MAX_FILE_BYTES // 2**20,
        }
        return SafeString(render_to_string("records/files.html", context, request=request))


@require_POST
@record_page
def attach(request: ActorRequest, object_type: ObjectType, public_id: UUID) -> HttpResponseBase:
    request.actor.require("records.attach")
    queries.visible_record(object_type, request.actor, public_id)  # before anything is kept
    uploads = request.FILES.getlist("file")
    contents = [keep_content(str(one.name), one.chunks()) for one in uploads]
    made = attach_files(request.actor, object_type, public_id, contents=contents)
    words = ngettext("%(count)s file added", "%(count)s files added", len(made))
    return _back(request, object_type, public_id, words % {"count": len(made)})


@require_GET
@record_page
def download(
    request: ActorRequest, object_type: ObjectType, public_id: UUID, attachment_id: UUID
) -> HttpResponseBase:
    found = queries.attachment(object_type, request.actor, public_id, attachment_id)
    path = queries.content_path(found.file.sha256)
    note_access(
        request.actor, AccessDeed.FILE, kind=found.kind, record_id=found.record_id, about=found.name
    )
    return serve(path, name=found.name, media_type=found.file.media_type)


@require_POST
@record_page
def remove(
    request: ActorRequest, object_type: ObjectType, public_id: UUID, attachment_id: UUID
) -> HttpResponseBase:
    delete_attachment(request.actor, object_type, public_id, attachment_id=attachment_id)
    return _back(request, object_type, public_id, _("File deleted"))


def _back(
    request: ActorRequest, object_type: ObjectType, public_id: UUID, message: str
) -> HttpResponseBase:
    to = reverse("records:record", args=[object_type, public_id])
    return see_other(request, f"{to}?tab=files", toast=Toast(message, undo=last_change_set()))


RECORD_TABS.register("files", FilesTab())
