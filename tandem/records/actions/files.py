"""Files on records: their content kept once, under its hash; attached, deleted, swept.

Content goes to disk before the transaction and is named by its hash, so that a crash leaves at
most a file that no row knows; the sweep takes those away.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import puremagic
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.downloads import ContentGone
from tandem.kernel.errors import Missing
from tandem.kernel.ids import new_public_id
from tandem.records import queries
from tandem.records.errors import FileEmpty, FileTooLarge, NoFile, TooManyFiles
from tandem.records.models import Attachment, StoredFile
from tandem.records.rules import file_name
from tandem.records.slots import ObjectType, tell_story

MAX_FILE_BYTES = 25 * 1024 * 1024
MAX_FILES = 200
"""On one record."""

CONTENT_LOCK = 0x66696C65
"""The first half of the advisory locks of contents; the second is of the hash."""

UNKNOWN_TYPE = "application/octet-stream"
HEAD_BYTES = 64 * 1024
SWEPT_AFTER_SECONDS = 86_400
"""An upload has long ended by then: a file without a row is nobody's."""


@dataclass(frozen=True, slots=True)
class Content:
    """What was uploaded: on disk under its hash, not yet on any record."""

    name: str
    sha256: str
    size: int
    media_type: str


def keep_content(name: str, chunks: Iterable[bytes]) -> Content:
    """Put an upload on disk under its hash. Raises FileEmpty, FileTooLarge."""
    shown = file_name(name)
    folder = queries.content_folder() / "incoming"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / new_public_id().hex
    try:
        sha256, size = _write(path, chunks, shown)
        media_type = _media_type(path, shown)
        target = queries.content_path(sha256)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with transaction.atomic():
            hold_contents([sha256], is_shared=True)
            path.rename(target)
            _sync(target.parent)
    finally:
        path.unlink(missing_ok=True)
    return Content(shown, sha256, size, media_type)


@action(permission="records.attach")
def attach_files(
    actor: Actor, object_type: ObjectType, public_id: UUID, *, contents: Sequence[Content]
) -> list[Attachment]:
    """Put files on a record that the actor sees, all or none.

    Raises Missing, NoFile, TooManyFiles, ContentGone.
    """
    record = queries.visible_record(object_type, actor, public_id)
    if not contents:
        raise NoFile(field="file")
    there = queries.attachments_of(object_type, record).count()
    if there + len(contents) > MAX_FILES:
        text = _("A record holds %(most)s files at most.") % {"most": MAX_FILES}
        raise TooManyFiles(text, field="file")
    # Until the end, so that nothing takes away what is about to be used.
    hold_contents([one.sha256 for one in contents], is_shared=True)
    StoredFile.objects.bulk_create(
        [
            StoredFile(sha256=one.sha256, size=one.size, media_type=one.media_type)
            for one in contents
        ],
        ignore_conflicts=True,
    )
    stored = StoredFile.objects.in_bulk([one.sha256 for one in contents], field_name="sha256")
    if not all(queries.content_path(one.sha256).is_file() for one in contents):
        raise ContentGone(field="file")
    made = Attachment.objects.bulk_create(
        [
            Attachment(
                kind=object_type.kind,
                record_id=record.pk,
                file=stored[one.sha256],
                name=one.name,
                author_id=actor.user_id,
            )
            for one in contents
        ]
    )
    _tell(actor, object_type, record, "records.attached", [one.name for one in contents])
    return made


@action(permission="records.attach")
def delete_attachment(
    actor: Actor, object_type: ObjectType, public_id: UUID, *, attachment_id: UUID
) -> None:
    """Take a file off a record: one's own, or any with the right to delete such records."""
    record = queries.visible_record(object_type, actor, public_id)
    found = queries.attachments_of(object_type, record).filter(public_id=attachment_id).first()
    if found is None:
        raise Missing()
    if found.author_id != actor.user_id:
        actor.require(object_type.permissions.delete)
    Attachment.objects.filter(pk=found.pk).update(deleted_at=timezone.now())
    _tell(actor, object_type, record, "records.detached", [found.name])


def sweep_contents(*, older_than_seconds: float = SWEPT_AFTER_SECONDS) -> int:
    """Remove content that no attachment knows, nor a deleted one; how many files there were."""
    limit = time.time() - older_than_seconds
    return sum(
        _sweep(path, limit) for path in queries.content_folder().rglob("*") if path.is_file()
    )


def _sweep(path: Path, limit: float) -> bool:
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_mtime >= limit:
            return False
    with transaction.atomic():
        hold_contents([path.name])
        unused_contents().filter(sha256=path.name).delete()
        return remove_content(path, sent_before=limit)


def unused_contents() -> QuerySet[StoredFile]:
    """Contents that no attachment knows, nor a deleted one."""
    return StoredFile.objects.filter(~Exists(Attachment.objects.filter(file=OuterRef("pk"))))


def remove_content(path: Path, *, sent_before: float) -> bool:
    """Remove a content that is held and has no row, unless somebody has sent it anew since that
    moment (seconds); whether it was removed."""
    with contextlib.suppress(FileNotFoundError):
        is_known = StoredFile.objects.filter(sha256=path.name).exists()
        if not is_known and path.stat().st_mtime < sent_before:
            path.unlink()
            return True
    return False


def hold_contents(hashes: Iterable[str], *, is_shared: bool = False) -> None:
    """Until the transaction ends nobody sweeps these contents (shared), or uses them (else)."""
    kind = "xact_lock_shared" if is_shared else "xact_lock"
    with connection.cursor() as cursor:
        for one in sorted(set(hashes)):  # always in the same order: nobody waits in a circle
            cursor.execute(f"SELECT pg_advisory_{kind}(%s, hashtext(%s))", [CONTENT_LOCK, one])


def _write(path: Path, chunks: Iterable[bytes], name: str) -> tuple[str, int]:
    """Write and sync an upload; its hash and size."""
    digest, size = hashlib.sha256(), 0
    with path.open("xb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_FILE_BYTES:
                text = _("%(name)s is larger than %(most)s MB.")
                values = {"name": name, "most": MAX_FILE_BYTES // 2**20}
                raise FileTooLarge(text % values, field="file")
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if size == 0:
        raise FileEmpty(_("%(name)s is empty.") % {"name": name}, field="file")
    return digest.hexdigest(), size


def _media_type(path: Path, name: str) -> str:
    """What the content is, in spite of what the name says; text where it is readable as such."""
    with contextlib.suppress(puremagic.PureError, ValueError, OSError):
        found = puremagic.from_file(path, mime=True)
        if found:
            return str(found)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    with contextlib.suppress(UnicodeDecodeError):
        # The last letter may be cut in two at the end of the head.
        head.decode() if len(head) < HEAD_BYTES else head[:-4].decode(errors="strict")
        if b"\0" not in head:
            return "text/csv" if name.casefold().endswith(".csv") else "text/plain"
    return UNKNOWN_TYPE


def _sync(folder: Path) -> None:
    """Make a new name in a folder last."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _tell(
    actor: Actor, object_type: ObjectType, record: object, kind: str, names: Sequence[str]
) -> None:
    tell_story(actor, [object_type.ref(record)], kind=kind, payload={"names": list(names)})
