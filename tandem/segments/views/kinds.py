"""Segments as a kind of record, and their entry in the navigation."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.kernel.actor import Actor
from tandem.people.schemas import RefOut
from tandem.records.slots import (
    OBJECT_TYPES,
    RECORD_VERBS,
    Field,
    FieldType,
    ObjectType,
    Permissions,
    RecordVerb,
    Relation,
    Way,
    relate,
)
from tandem.segments import actions, queries
from tandem.segments.models import Segment
from tandem.segments.schemas import ChangeSegment, NewSegment, SegmentOut
from tandem.ui import navigation
from tandem.ui.navigation import NavItem, Section

_T = FieldType


def _subtitle(segment: Segment) -> str:
    if segment.is_snapshot:
        return _("Snapshot")
    if not segment.definition_version:
        return _("Draft, not published yet")
    return _("Version %(n)d") % {"n": segment.definition_version}


def segment_output(segment: Segment) -> dict[str, Any]:
    """A segment as the API answers it."""
    return SegmentOut(
        id=segment.public_id,
        name=segment.name,
        note=segment.note or None,
        who=segment.who or None,
        definition_version=segment.definition_version,
        is_snapshot=segment.is_snapshot,
        owner=RefOut.of(segment.owner),
        created_at=segment.created_at,
        updated_at=segment.updated_at,
        version=segment.row_version,
    ).model_dump()


SEGMENT = ObjectType(
    kind="segment",
    slug="segments",
    model=Segment,
    label=gettext_lazy("Segment"),
    label_plural=gettext_lazy("Segments"),
    icon="chart-pie",
    shortcut="s",
    permissions=Permissions(
        view="segments.view",
        create="segments.create",
        edit="segments.edit",
        delete="segments.delete",
    ),
    fields=(
        Field(
            "name",
            gettext_lazy("Name"),
            _T.TEXT,
            sort="sort_key",
            is_editable=True,
            width="w-name",
        ),
        Field(
            "size",
            gettext_lazy("People"),
            _T.NUMBER,
            load=queries.sizes_for,
            is_filterable=False,
            width="w-num",
        ),
        Field("note", gettext_lazy("Note"), _T.TEXT, is_editable=True),
        Field(
            "owner",
            gettext_lazy("Owner"),
            _T.USER,
            sort="owner__name",
            is_editable=True,
            width="w-name",
        ),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
        Field("created_at", gettext_lazy("Added"), _T.MOMENT, width="w-when"),
        Field("updated_at", gettext_lazy("Changed"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("name", "size", "owner", "note", "updated_at"),
    default_sort="name",
    visible_to=queries.visible_to,
    prepare=queries.prepare,
    search=queries.search,
    name_of=lambda segment: segment.name,
    subtitle_of=_subtitle,
    searched_fields=("note",),
    input_schema=NewSegment,
    change_schema=ChangeSegment,
    output_schema=SegmentOut,
    output=segment_output,
    create=actions.create_segment,
    update=actions.change_segment,
    delete=actions.delete_segment,
    new_fields=("name", "note"),
    is_square=True,
)

OBJECT_TYPES.register(SEGMENT.kind, SEGMENT)


relate(
    Relation(
        kind="person",
        key="segments",
        label=gettext_lazy("Segments"),
        to="segment",
        own="pk",
        theirs="pk",
        through=queries.is_in_one_of,
    )
)


def _verbs(actor: Actor, object_type: ObjectType, record: Any) -> Sequence[RecordVerb]:
    if object_type.kind != SEGMENT.kind or not actor.may("segments.create"):
        return ()
    if record.is_snapshot or not record.definition_version:
        return ()
    url = reverse("segments:snapshot", args=[record.public_id])
    return (RecordVerb(_("Take a snapshot"), url, "photo", way=Way.POST),)


RECORD_VERBS.register("segments", _verbs)

navigation.register(
    NavItem(
        key="segments",
        label=gettext_lazy("Segments"),
        icon="chart-pie",
        url_name="records:list",
        args=("segments",),
        section=Section.MARKETING,
        order=20,
        permission="segments.view",
    ),
)
