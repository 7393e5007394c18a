"""The files of a record by API: listed, sent, fetched, deleted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Router, Schema, Status
from ninja.files import UploadedFile

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.downloads import download
from tandem.records import queries
from tandem.records.actions import attach_files, delete_attachment, keep_content
from tandem.records.actions.accesses import note_access
from tandem.records.models import AccessDeed, Attachment
from tandem.records.slots import ObjectType


class AttachmentOut(Schema):
    """A file on a record; ``size`` in bytes, ``type`` is what the content is, whatever its name."""

    id: UUID
    name: str
    size: int
    type: str
    sha256: str
    author: UUID | None
    at: datetime


class AttachmentsOut(Schema):
    """The files of a record, newest first."""

    items: list[AttachmentOut]


def add_files(router: Router, object_type: ObjectType) -> None:
    """The operations on the files of one kind of record."""
    name = object_type.kind

    @router.get(
        "/{uuid:public_id}/files",
        response={200: AttachmentsOut, **REFUSALS},
        operation_id=f"{name}_files",
    )
    @asks_for(object_type.permissions.view)
    def list_files(request: HttpRequest, public_id: UUID) -> Any:
        """The files of a record."""
        record = queries.visible_record(object_type, actor_of(request), public_id)
        return {"items": [_out(one) for one in queries.attachments_of(object_type, record)]}

    @router.post(
        "/{uuid:public_id}/files",
        response={201: AttachmentsOut, **REFUSALS},
        operation_id=f"{name}_attach",
    )
    @asks_for("records.attach")
    def attach(request: HttpRequest, public_id: UUID, file: File[list[UploadedFile]]) -> Any:
        """Attach files (multipart, ``file`` once or several times), all or none."""
        actor = actor_of(request)
        queries.visible_record(object_type, actor, public_id)
        contents = [keep_content(str(one.name), one.chunks()) for one in file]
        made = attach_files(actor, object_type, public_id, contents=contents)
        ids = [one.pk for one in made]
        found = Attachment.objects.filter(pk__in=ids).select_related("file", "author")
        return Status(201, {"items": [_out(one) for one in found.order_by("-id")]})

    @router.get(
        "/{uuid:public_id}/files/{uuid:attachment_id}",
        response=REFUSALS,
        operation_id=f"{name}_file",
        openapi_extra={
            "responses": {
                200: {
                    "description": "The content.",
                    "content": {"application/octet-stream": {"schema": {"type": "string"}}},
                }
            }
        },
    )
    @asks_for(object_type.permissions.view)
    def get_file(request: HttpRequest, public_id: UUID, attachment_id: UUID) -> Any:
        """The content of a file."""
        actor = actor_of(request)
        found = queries.attachment(object_type, actor, public_id, attachment_id)
        path = queries.content_path(found.file.sha256)
        note_access(
            actor, AccessDeed.FILE, kind=found.kind, record_id=found.record_id, about=found.name
        )
        return download(path, name=found.name, media_type=found.file.media_type)

    @router.delete(
        "/{uuid:public_id}/files/{uuid:attachment_id}",
        response={204: None, **REFUSALS},
        operation_id=f"{name}_delete_file",
    )
    @asks_for("records.attach")
    def delete_file(request: HttpRequest, public_id: UUID, attachment_id: UUID) -> Any:
        """Delete a file: one's own, or any with the right to delete such records."""
        actor = actor_of(request)
        delete_attachment(actor, object_type, public_id, attachment_id=attachment_id)
        return Status(204, None)


def _out(found: Attachment) -> dict[str, Any]:
    return {
        "id": found.public_id,
        "name": found.name,
        "size": found.file.size,
        "type": found.file.media_type,
        "sha256": found.file.sha256,
        "author": found.author.public_id if found.author else None,
        "at": found.at,
    }
