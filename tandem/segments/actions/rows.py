"""Rows of segments: found and locked, checked, written, told."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.live import changed
from tandem.kernel.refs import RecordRef
from tandem.records.slots import tell_story
from tandem.segments.errors import VersionConflict
from tandem.segments.models import Segment


def locked(rows: QuerySet[Segment], public_id: UUID) -> Segment:
    """The row of this id, locked until the action ends. Raises Missing."""
    found = rows.filter(public_id=public_id).select_for_update(of=("self",)).first()
    if found is None:
        raise Missing()
    return found


def check_version(segment: Segment, *versions: int | None) -> None:
    """Raise VersionConflict where the first version that is given is not the record's."""
    given = next((version for version in versions if version is not None), None)
    if given is not None and given != segment.row_version:
        raise VersionConflict()


def write(segment: Segment, **columns: Any) -> None:
    """Write columns of a segment, and that it changed: time and version."""
    Segment.objects.filter(pk=segment.pk).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )
    for name, value in columns.items():
        setattr(segment, name, value)
    segment.row_version += 1


def tell(actor: Actor, segment: Segment, *, kind: str, payload: Mapping[str, Any]) -> None:
    """Put a change into the segment's story, and tell open pages."""
    tell_story(actor, [RecordRef("segment", segment.pk)], kind=kind, payload=payload)
    changed("segment", f"segment:{segment.public_id}")
