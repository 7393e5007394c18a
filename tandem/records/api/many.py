"""API of many records at once: one operation of every kind, at once or by a worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from django.http import FileResponse, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Query, Router, Schema, Status
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.errors import FieldError, Invalid
from tandem.kernel.models import ProgressRecord
from tandem.records import queries, rules
from tandem.records.actions.accesses import note_access
from tandem.records.actions.many import AT_ONCE, BulkReport, Deed, ask_for, query_from
from tandem.records.errors import RecordChanged, ValueUnfit
from tandem.records.models import AccessDeed, ExportRun
from tandem.records.queries import Selection
from tandem.records.rules.custom import PREFIX
from tandem.records.schemas import BulkVerb, CustomValues, ExportAs, NewTag, Values
from tandem.records.slots import ObjectType

Plain = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
Filter = dict[str, Any]


class _BulkIn(BaseModel):
    """What to do with which records: ``ids``, or every one that ``filter`` and ``q`` let through.

    An empty filter tree is every record. ``expected`` is how many are meant: another number is
    refused.
    """

    model_config = ConfigDict(extra="forbid")

    verb: BulkVerb
    ids: Annotated[list[UUID], Field(min_length=1, max_length=AT_ONCE)] | None = None
    filter: Filter | None = None
    q: Annotated[Plain, Field(max_length=rules.MAX_TEXT)] = ""
    fields: Annotated[Values, Field(min_length=1)] | None = None
    tag: NewTag | None = None
    export: ExportAs | None = None
    expected: Annotated[int, Field(ge=0, le=2**53, strict=True)] | None = None


class BulkOut(Schema):
    """What came of it: ``skipped`` counts, by reason, what was asked for and left alone.

    While a worker does it, ``state`` is running and ``progress`` the address that tells how far it
    is; its result is the rest of this answer.
    """

    state: Literal["done", "running"]
    matched: int
    changed: int | None
    unchanged: int | None
    skipped: dict[str, int]
    change_set: UUID | None
    export: UUID | None
    progress: str | None


class ExportsIn(Schema):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(queries.PAGE_SIZE, ge=1, le=queries.MAX_PAGE_SIZE)
    cursor: Annotated[str, Field(max_length=18, pattern=r"^[0-9]*$")] = ""


class ExportOut(Schema):
    """An export: ``count`` records of a kind; ``file`` is its address, null when it is not kept any
    more. One that a worker still writes stands under its progress."""

    id: UUID
    kind: str
    format: str
    count: int
    at: datetime
    file: str | None


class ExportsOut(Schema):
    """A page of one's own exports, the latest first."""

    items: list[ExportOut]
    next: str | None


exports_router = Router(tags=["Exports"])


@exports_router.get("", response={200: ExportsOut, **REFUSALS}, operation_id="export_list")
@asks_for("records.export")
def list_exports(request: HttpRequest, params: Query[ExportsIn]) -> Any:
    """What the caller exported, and copies of somebody's data that they had made."""
    rows = queries.exports_of(actor_of(request))
    if params.cursor:
        rows = rows.filter(pk__lt=int(params.cursor))
    found = list(rows[: params.limit + 1])
    shown = found[: params.limit]
    return {
        "items": [_export(one) for one in shown],
        "next": str(shown[-1].pk) if len(found) > len(shown) else None,
    }


@exports_router.get(
    "/{uuid:public_id}/status",
    response={200: ExportOut, **REFUSALS},
    operation_id="export_status",
)
@asks_for("records.export")
def get_export_status(request: HttpRequest, public_id: UUID) -> Any:
    """What one's own export holds, and whether its file is still kept."""
    return _export(queries.export_by_public_id(actor_of(request), public_id))


@exports_router.get(
    "/{uuid:public_id}",
    response=REFUSALS,
    operation_id="export_get",
    openapi_extra={
        "responses": {
            200: {
                "description": "The file, as it was asked for.",
                "content": {
                    kind: {"schema": {"type": "string", "format": "binary"}}
                    for kind in queries.EXPORT_TYPES.values()
                },
            }
        }
    },
)
@asks_for("records.export")
def get_export(request: HttpRequest, public_id: UUID) -> Any:
    """The file of one's own export, kept for a week."""
    actor = actor_of(request)
    run = queries.export_by_public_id(actor, public_id)
    path = queries.file_of(run)
    note_access(actor, AccessDeed.FETCHED, kind=run.kind, about=run.format, count=run.count)
    return FileResponse(path.open("rb"), content_type=queries.EXPORT_TYPES[run.format])


def add_many(router: Router, object_type: ObjectType) -> None:
    """The operation on many records of a kind."""
    changes: Any = object_type.change_schema | None
    name = f"{object_type.kind.capitalize()}Bulk"
    body = create_model(name, __base__=_BulkIn, changes=(changes, None))

    def change_many(request: HttpRequest, data: Any) -> Any:
        """Tag, change, delete or export many records at once; above 500 a worker does it."""
        actor = actor_of(request)
        selection = _selection(object_type, data)
        deed = _deed(data)
        with in_fields():
            done = ask_for(actor, object_type, selection, deed, expected=data.expected)
        if isinstance(done, ProgressRecord):
            return Status(202, _running(done))
        return Status(200, _done(done))

    change_many.__annotations__["data"] = body
    router.post(
        "/bulk",
        response={200: BulkOut, 202: BulkOut, **REFUSALS},
        operation_id=f"{object_type.kind}_bulk",
    )(asks_for(object_type.permissions.view)(change_many))


@contextmanager
def in_fields() -> Iterator[None]:
    """Name a refused custom field by its place in the body."""
    try:
        yield
    except (ValueUnfit, RecordChanged) as error:
        errors = [
            replace(one, field=f"fields.{one.field}") if one.field.startswith(PREFIX) else one
            for one in error.errors
        ]
        raise type(error)(error.text, errors=errors) from error


def _export(run: ExportRun) -> dict[str, Any]:
    return {
        "id": run.public_id,
        "kind": run.kind,
        "format": run.format,
        "count": run.count,
        "at": run.created_at,
        "file": reverse("api:get_export", args=[run.public_id]) if queries.is_kept(run) else None,
    }


def _selection(object_type: ObjectType, data: Any) -> Selection:
    if (data.ids is None) == (data.filter is None):
        text = _("Name either ids or a filter.")
        raise Invalid(errors=[FieldError("ids", "invalid", text)])
    if data.ids is not None:
        if data.q:
            raise Invalid(_("Words go with a filter."), field="q")
        return Selection(ids=tuple(dict.fromkeys(data.ids)))
    return Selection(every=query_from(object_type, data.filter, data.q.strip()))


_TAKES = {
    BulkVerb.CHANGE: "changes",
    BulkVerb.TAG: "tag",
    BulkVerb.UNTAG: "tag",
    BulkVerb.EXPORT: "export",
}


def _deed(data: Any) -> Deed:
    """The deed with just the value that its verb takes; custom fields are changed on their own."""
    takes = _TAKES.get(data.verb)
    if takes == "changes" and data.changes is None and data.fields is not None:
        takes = "fields"
    for name in ("changes", "fields", "tag", "export"):
        if (name == takes) == (getattr(data, name) is None):
            text = _("This is needed.") if name == takes else _("This does not go with the verb.")
            raise Invalid(errors=[FieldError(name, "invalid", text)])
    if takes == "fields":
        return Deed(data.verb, CustomValues(fields=data.fields))
    return Deed(data.verb, getattr(data, takes) if takes else None)


def _done(report: BulkReport) -> dict[str, Any]:
    return {"state": "done", "progress": None, **report.as_json()}


def _running(record: ProgressRecord) -> dict[str, Any]:
    return {
        "state": "running",
        "matched": cast(int, record.total),
        "changed": None,
        "unchanged": None,
        "skipped": {},
        "change_set": None,
        "export": None,
        "progress": reverse("api:get_progress", args=[record.public_id]),
    }
