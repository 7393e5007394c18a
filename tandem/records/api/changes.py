"""API of what was done: one's own change sets, what each changed, and the history of a record."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.undo import change_set_for
from tandem.records import queries
from tandem.records.queries.changes import (
    CHANGES_A_PAGE,
    change_sets_for,
    changes_in,
    page_of,
    records_named,
    touched_by,
    undone_among,
)
from tandem.records.queries.history import Change, changed_records, deeds_of
from tandem.records.slots import ObjectType

router = Router(tags=["Changes and jobs"])

Place = Annotated[str, Field(max_length=18, pattern=r"^[0-9]*$")]


class ChangeSetsIn(Schema):
    """Whose: one's own, or with ``everyones`` those of all, for who may undo any of them."""

    model_config = ConfigDict(extra="forbid")

    everyones: bool = False
    cursor: UUID | None = None


class TouchedOut(Schema):
    """How many records of a kind; ``more`` where they are not counted to the end."""

    kind: str
    count: int
    more: bool


class DeedOut(Schema):
    """Who did what, through which door, when, to how many records of which kinds."""

    id: UUID
    at: datetime
    actor: str
    source: str
    action: str
    reason: str
    is_undo: bool
    undone: bool
    touched: list[TouchedOut]


class DeedsOut(Schema):
    """A page of change sets, the latest first."""

    items: list[DeedOut]
    next: UUID | None


class PlaceIn(Schema):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    cursor: Place = ""


class ChangedOut(Schema):
    """A field with what it was and became, in words; ``label`` is what pages call it."""

    field: str
    label: str
    old: str
    new: str


class ChangedRecordOut(Schema):
    """A record, and the fields of it and of its parts that were changed."""

    kind: str
    id: UUID
    name: str
    changes: list[ChangedOut]


class ChangedRecordsOut(Schema):
    """A page of what a change set changed, by record; ``unseen`` counts the rows of this page that
    are not shown to the caller."""

    items: list[ChangedRecordOut]
    unseen: int
    next: str | None


class HistoryIn(Schema):
    """Which page: ``limit`` counts changed rows, of which a change set may have several."""

    limit: int = Field(CHANGES_A_PAGE, ge=1, le=queries.MAX_PAGE_SIZE)
    cursor: Place = ""


class HistoryDeedOut(Schema):
    """A change set in the history of a record. ``can_undo`` says that the caller may take it back,
    ``is_wide`` that other records go back with it."""

    id: UUID
    at: datetime
    actor: str
    source: str
    reason: str
    is_undo: bool
    undone: bool
    can_undo: bool
    is_wide: bool
    changes: list[ChangedOut]


class HistoryOut(Schema):
    """A page of the history of a record, the latest first."""

    items: list[HistoryDeedOut]
    next: str | None


@router.get("", response={200: DeedsOut, **REFUSALS}, operation_id="change_set_list")
@asks_for("kernel.undo")
def list_change_sets(request: HttpRequest, params: Query[ChangeSetsIn]) -> Any:
    """What the caller did, 50 change sets a page; each can be taken back under its id."""
    rows = change_sets_for(actor_of(request), is_everyones=params.everyones)
    shown, last = page_of(rows, after=params.cursor)
    touched, undone = touched_by(shown), undone_among(shown)
    return {
        "items": [
            {
                "id": one.public_id,
                "at": one.at,
                "actor": one.actor_label,
                "source": one.source,
                "action": one.action,
                "reason": one.reason,
                "is_undo": one.undo_of_id is not None,
                "undone": one.pk in undone,
                "touched": [
                    {"kind": part.kind, "count": part.count, "more": not part.is_all}
                    for part in touched.get(one.pk, ())
                ],
            }
            for one in shown
        ],
        "next": last,
    }


@router.get(
    "/{uuid:public_id}/changes",
    response={200: ChangedRecordsOut, **REFUSALS},
    operation_id="change_set_changes",
)
@asks_for("kernel.undo")
def list_changes(request: HttpRequest, public_id: UUID, params: Query[PlaceIn]) -> Any:
    """What a change set of one's own changed, record by record and field by field."""
    actor = actor_of(request)
    rows, last = changes_in(change_set_for(actor, public_id), after=int(params.cursor or 0))
    wanted: dict[str, set[int]] = {}
    for row in rows:
        wanted.setdefault(row.root_kind, set()).add(row.root_id)
    found, unseen = changed_records(actor, rows, records_named(actor, wanted))
    return {
        "items": [
            {
                "kind": one.kind.kind,
                "id": one.record.public_id,
                "name": one.kind.name_of(one.record),
                "changes": _changed(one.changes),
            }
            for one in found
        ],
        "unseen": unseen,
        "next": str(last) if last else None,
    }


def add_history(kinds: Router, object_type: ObjectType) -> None:
    """The operation that tells the history of one record of a kind."""

    @kinds.get(
        "/{uuid:public_id}/history",
        response={200: HistoryOut, **REFUSALS},
        operation_id=f"{object_type.kind}_history",
    )
    @asks_for(object_type.permissions.view)
    def history(request: HttpRequest, public_id: UUID, params: Query[HistoryIn]) -> Any:
        """Every change of a record and its parts: who, when, from what to what."""
        actor = actor_of(request)
        record = queries.visible_record(object_type, actor, public_id)
        before = int(params.cursor) if params.cursor else None
        deeds, last = deeds_of(actor, object_type, record, before=before, limit=params.limit)
        return {
            "items": [
                {
                    "id": deed.public_id,
                    "at": deed.at,
                    "actor": deed.who,
                    "source": deed.source,
                    "reason": deed.reason,
                    "is_undo": deed.is_undo,
                    "undone": deed.is_undone,
                    "can_undo": deed.may_undo,
                    "is_wide": deed.is_wide,
                    "changes": _changed(deed.changes),
                }
                for deed in deeds
            ],
            "next": str(last) if last else None,
        }


def _changed(changes: list[Change]) -> list[dict[str, str]]:
    return [
        {"field": one.key, "label": one.field, "old": one.old, "new": one.new} for one in changes
    ]
