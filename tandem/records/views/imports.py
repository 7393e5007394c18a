"""Files on their way into the records: upload, columns, trial, start, report, taking back."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tandem.accounts.queries import company_settings
from tandem.accounts.schemas import currencies, time_zones
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Missing
from tandem.kernel.progress import describe, progress_of
from tandem.kernel.readings import READERS
from tandem.kernel.sheets import harmless, is_number
from tandem.kernel.tables import Survey, sample_of
from tandem.records import queries
from tandem.records.actions import change_import, revert_import, start_import, take_upload
from tandem.records.models import ImportRun, ImportState
from tandem.records.schemas import ImportOptions, ImportReading
from tandem.records.slots import Importer
from tandem.ui import formats, navigation
from tandem.ui.forms import Form
from tandem.ui.navigation import NavItem, Section
from tandem.ui.responses import Toast, render, see_other

SAMPLES = 2
SAMPLE_LENGTH = 40
OPEN = (ImportState.UPLOADED, ImportState.PREVIEWED, ImportState.FAILED)
BUSY = (ImportState.WAITING, ImportState.RUNNING)


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field of the target with the column that fills it, and how that column is read."""

    key: str
    label: Any
    is_required: bool
    column: str
    options: Sequence[tuple[str, str]]
    samples: Sequence[str]
    reading: str


@require_http_methods(["GET", "POST"])
@page(permission="records.import")
def imports(request: ActorRequest) -> HttpResponseBase:
    error = ""
    if request.method == "POST":
        try:
            upload = request.FILES.get("file")
            if upload is None:
                raise Missing(_("Choose a file."))
            run = take_upload(
                request.actor,
                kind=request.POST.get("kind", ""),
                name=str(upload.name),
                chunks=upload.chunks(),
                options=ImportOptions(),
            )
            return see_other(request, reverse("records:import", args=[run.public_id]))
        except DomainError as refused:
            error = str(refused)
    context = {
        "page_title": _("Import"),
        "kinds": [(one.kind, one.label) for one in queries.importers_for(request.actor)],
        "runs": queries.imports_visible_to(request.actor)[:20],
        "error": error,
    }
    return render(request, "records/imports.html", context, status=422 if error else 200)


@require_GET
@page(permission="records.import")
def import_detail(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    run = queries.import_by_public_id(request.actor, public_id)
    return _shown(request, run, Form(ImportReading, initial=_initial(run), choices=_choices()))


@require_POST
@page(permission="records.import")
def import_start(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Save how the file is read, and then, by the button: look again, try, or start."""
    run = queries.import_by_public_id(request.actor, public_id)
    form = Form(ImportReading, data=request.POST, choices=_choices())
    with form.refusals():
        mapping = {
            key.removeprefix("_column_"): value or None
            for key, value in request.POST.items()
            if key.startswith("_column_")
        }
        options = ImportOptions.model_validate({**form.value.model_dump(), "mapping": mapping})
        change_import(request.actor, run.public_id, options=options)
        if "_start" in request.POST or "_try" in request.POST:
            start_import(request.actor, run.public_id, is_trial="_try" in request.POST)
        return see_other(request, reverse("records:import", args=[run.public_id]))
    return _shown(request, run, form)


@require_POST
@page(permission="records.import")
def import_reversion(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    revert_import(request.actor, public_id)
    to = reverse("records:import", args=[public_id])
    return see_other(request, to, toast=Toast(_("The import is taken back")))


@require_GET
@page(permission="records.import")
def import_results(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """What became of each row, as a CSV file that is read from the disk while it is sent."""
    run = queries.import_by_public_id(request.actor, public_id)
    response = StreamingHttpResponse(
        queries.results_of(run), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="import-{run.public_id}.csv"'
    return response


@require_GET
@page(permission="records.import")
def import_listing(request: ActorRequest, public_id: UUID, name: str) -> HttpResponseBase:
    header, rows = queries.import_listing(request.actor, public_id, name)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    writer.writerows([harmless(value) for value in row] for row in rows)
    response = HttpResponse(buffer.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _shown(request: ActorRequest, run: ImportRun, form: Form[ImportReading]) -> HttpResponseBase:
    importer = queries.importer_for(request.actor, run.kind)
    context: dict[str, Any] = {
        "page_title": run.file_name,
        "run": run,
        "importer": importer,
        "form": form,
        "is_busy": run.state in BUSY,
        "figures": _figures(run),
        "samples": _samples(importer, run),
        "has_results": queries.results_path(run).is_file(),
        "job": _job(request, run) if run.state in BUSY else None,
        "listings": list(importer.listings) if run.state == ImportState.DONE else [],
        "may_revert": run.state == ImportState.DONE,
    }
    if run.state in OPEN:
        try:
            found = queries.survey_of(run)
            context |= {"survey": found, "fields": _fields(request.actor, importer, run, found)}
        except DomainError as refused:
            context["gone"] = str(refused)
    return render(request, "records/import.html", context, fragment="body", status=form.status)


def _job(request: HttpRequest, run: ImportRun) -> Mapping[str, Any] | None:
    if run.progress is None:
        return None
    actor = request.actor  # type: ignore[attr-defined]
    return describe(progress_of(actor, run.progress), now=timezone.now())


def _figures(run: ImportRun) -> list[tuple[str, Any]]:
    """The sums of a report, named in words; whole numbers and amounts as the reader writes them."""
    shown = []
    for key, value in sorted(run.report.get("figures", {}).items()):
        is_amount = isinstance(value, str) and is_number(value)
        words = key.replace("_", " ").capitalize()
        if is_amount:
            value = formats.number(Decimal(value), places=2)
        elif isinstance(value, int):
            value = formats.number(value)
        shown.append((words, value))
    return shown


def _samples(importer: Importer, run: ImportRun) -> list[dict[str, Any]]:
    """A few rows of each verdict, with the fields that they fill or change in words."""
    tones = {"created": "ok", "updated": "warn"}
    words = {"created": _("New"), "updated": _("Changed"), "skipped": _("Skipped")}
    shown = []
    for one in run.report.get("samples", ()):
        changes = []
        for key, old, new in one["changes"]:
            field = importer.field(key)
            changes.append((field.label if field else key, old, new))
        verdict = one["verdict"]
        shown.append(
            {**one, "changes": changes, "word": words[verdict], "tone": tones.get(verdict, "")}
        )
    return shown


def _initial(run: ImportRun) -> dict[str, Any]:
    settings = company_settings()
    given = {name: value for name, value in run.options.items() if value}
    return {"currency": settings.base_currency, "time_zone": settings.time_zone, **given}


def _choices() -> dict[str, list[tuple[object, Any]]]:
    return {
        "currency": [(code, code) for code in currencies()],
        "time_zone": [(zone, zone) for zone in time_zones()],
        "date_order": [
            ("dmy", _("day, month, year")),
            ("mdy", _("month, day, year")),
            ("ymd", _("year, month, day")),
        ],
        "match": [
            ("keys", _("Their id or mail address")),
            ("names", _("Else their name and company")),
        ],
        "policy": [
            ("fill", _("Fill what is empty")),
            ("overwrite", _("Overwrite what is there")),
            ("create", _("Leave them as they are")),
            ("update", _("Overwrite them, and add nobody")),
        ],
    }


def _fields(actor: Actor, importer: Importer, run: ImportRun, found: Survey) -> list[ShownField]:
    rows = sample_of(queries.path_of(run), found)
    options = [("", _("none")), *((name, name) for name in found.header if name)]
    shown = []
    for field in importer.fields_for(actor):
        column = run.mapping.get(field.key, "")
        texts = [row[found.header.index(column)] for row in rows] if column else []
        texts = [text for text in texts if text.strip()]
        shown.append(
            ShownField(
                field.key,
                field.label,
                field.is_required,
                column,
                options,
                [text[:SAMPLE_LENGTH] for text in dict.fromkeys(texts)][:SAMPLES],
                _reading_in_words(field.reading, texts, run),
            )
        )
    return shown


def _reading_in_words(reading: str, texts: Sequence[str], run: ImportRun) -> str:
    """How a column is read, by its first rows."""
    if not texts or reading not in READERS:
        return ""
    extra: dict[str, Any] = {}
    if reading == "moment":
        zone = run.options.get("time_zone") or company_settings().time_zone
        extra = {"zone": ZoneInfo(zone), "order": run.options.get("date_order")}
    found = READERS[reading](dict.fromkeys(texts), **extra)
    if found.faults:
        bad = next(iter(found.faults))
        return _("%(text)s cannot be read") % {"text": bad}
    words = {
        "dmy": _("day, month, year"),
        "mdy": _("month, day, year"),
        "ymd": _("year, month, day"),
        "1.5": _("decimals after a point"),
        "1,5": _("decimals after a comma"),
        "17850.0": _("without the .0"),
    }.get(found.style, "")
    return words if found.is_certain else _("%(style)s, assumed") % {"style": words}


navigation.register(
    NavItem(
        key="imports",
        label=gettext_lazy("Import"),
        icon="file-import",
        url_name="records:imports",
        section=Section.SETTINGS,
        order=60,
        permission="records.import",
    ),
)
