"""API of imports: upload a file, see how far it is and what came of it, take it back."""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import ConfigDict, Field, ValidationError

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.errors import FieldError, Invalid
from tandem.records import queries
from tandem.records.actions import revert_import, start_import, take_upload
from tandem.records.models import ImportRun
from tandem.records.schemas import ImportOptions

router = Router(tags=["Imports"])
MAX_LISTED = 50
MAX_ROW = 10**12


class FileReadingOut(Schema):
    """What a file was found to be; without ``delimiter`` and ``encoding`` where it has none, and
    without ``sheet`` where it is no workbook."""

    format: str
    encoding: str
    delimiter: str
    sheet: str


class ImportOut(Schema):
    """An import; ``report`` is empty until it has run, ``progress`` names its long job. ``reading``
    is null of old imports, of which it was not kept."""

    id: UUID
    kind: str
    file: str
    sha256: str
    state: str
    reading: FileReadingOut | None
    mapping: dict[str, str]
    report: dict[str, Any]
    error: str
    progress: UUID | None
    created_at: datetime


class ImportsOut(Schema):
    """The last imports, newest first."""

    items: list[ImportOut]


class RowsIn(Schema):
    """Which rows: those after a row of the file."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[int, Field(ge=0, le=MAX_ROW)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class RowOut(Schema):
    """One row: its number below the header, what became of it, the record, why."""

    row: int
    verdict: str
    id: UUID | None
    note: str


class RowsOut(Schema):
    """Rows of a file in their order; none behind the last."""

    items: list[RowOut]


class RevertedOut(Schema):
    """What was taken back, by kind; ``kept`` is what somebody changed since."""

    import_id: UUID
    reverted: dict[str, int]


@router.get("", response={200: ImportsOut, **REFUSALS}, operation_id="import_list")
@asks_for("records.import")
def list_imports(request: HttpRequest) -> Any:
    """The last 50 imports that the caller may see."""
    found = queries.imports_visible_to(actor_of(request))[:MAX_LISTED]
    return {"items": [_out(run) for run in found]}


@router.post("", response={202: ImportOut, **REFUSALS}, operation_id="import_create")
@asks_for("records.import")
def create_import(
    request: HttpRequest,
    file: File[UploadedFile],
    kind: Form[str],
    currency: Form[str] = "",
    time_zone: Form[str] = "",
    date_order: Form[str] = "",
    encoding: Form[str] = "",
    delimiter: Form[str] = "",
    source: Form[str] = "",
    match: Form[str] = "",
    policy: Form[str] = "",
    mapping: Form[str] = "",
    dry_run: Form[bool] = False,
) -> Any:
    """Upload a file (multipart) and start its import; ``mapping`` is JSON: field to column."""
    actor = actor_of(request)
    _refuse_strangers(request)
    given = {
        "currency": currency,
        "time_zone": time_zone,
        "date_order": date_order,
        "encoding": encoding,
        "delimiter": delimiter,
        "source": source,
        "match": match,
        "policy": policy,
        "mapping": _mapping(mapping),
    }
    try:
        options = ImportOptions.model_validate({key: one for key, one in given.items() if one})
    except ValidationError as refused:
        raise Invalid(
            errors=[
                FieldError(".".join(map(str, one["loc"])), one["type"], one["msg"])
                for one in refused.errors(include_url=False)
            ]
        ) from refused
    run = take_upload(actor, kind=kind, name=str(file.name), chunks=file.chunks(), options=options)
    return Status(202, _out(start_import(actor, run.public_id, is_trial=dry_run)))


@router.get("/{uuid:public_id}", response={200: ImportOut, **REFUSALS}, operation_id="import_get")
@asks_for("records.import")
def get_import(request: HttpRequest, public_id: UUID) -> Any:
    """One import."""
    return _out(queries.import_by_public_id(actor_of(request), public_id))


@router.get(
    "/{uuid:public_id}/rows",
    response={200: RowsOut, **REFUSALS},
    operation_id="import_rows",
)
@asks_for("records.import")
def get_rows(request: HttpRequest, public_id: UUID, query: Query[RowsIn]) -> Any:
    """What became of each row of a file: created, updated, skipped or failed, and why."""
    run = queries.import_by_public_id(actor_of(request), public_id)
    return {"items": queries.result_rows(run, after=query.after, limit=query.limit)}


@router.post(
    "/{uuid:public_id}/reversion",
    response={200: RevertedOut, **REFUSALS},
    operation_id="import_revert",
)
@asks_for("records.import")
def take_import_back(request: HttpRequest, public_id: UUID) -> Any:
    """Take an import back; what people changed since stays."""
    counts = revert_import(actor_of(request), public_id)
    return {"import_id": public_id, "reverted": dict(counts)}


_KNOWN = frozenset(
    "kind currency time_zone date_order encoding delimiter source match policy mapping dry_run"
    " file".split()
)


def _refuse_strangers(request: HttpRequest) -> None:
    strange = sorted({*request.POST, *request.FILES} - _KNOWN)
    if strange:
        text = _("There is no such field here.")
        raise Invalid(errors=[FieldError(name, "unknown_field", text) for name in strange])


def _mapping(text: str) -> Any:
    if not text:
        return {}
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("The mapping is no JSON."), field="mapping") from error


def _out(run: ImportRun) -> dict[str, Any]:
    return {
        "id": run.public_id,
        "kind": run.kind,
        "file": run.file_name,
        "sha256": run.sha256,
        "state": run.state,
        "reading": run.reading or None,
        "mapping": run.mapping,
        "report": run.report if "rows" in run.report else {},
        "error": run.error,
        "progress": run.progress,
        "created_at": run.created_at,
    }
