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
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Missing
from tandem.kernel.progress import describe, progress_of
from tandem.kernel.readings import READERS
from tandem.kernel.sheets import harmless, is_number
from tandem.kernel.tables import Survey, sample_of
from tandem.records import queries
from tandem.records.actions import change_import, revert_import, start_import, take_upload
from tandem.records.errors import MappingInvalid
from tandem.records.models import ImportRun, ImportState
from tandem.records.queries.columns import remembered, type_of, with_own_fields
from tandem.records.rules.custom import PREFIX
from tandem.records.schemas import FieldKind, ImportOptions, ImportReading
from tandem.records.slots import OBJECT_TYPES, Importer, ImportField, Text
from tandem.ui import formats, navigation
from tandem.ui.forms import Form
from tandem.ui.navigation import NavItem, Section
from tandem.ui.responses import Toast, render, see_other

SAMPLES = 2
SAMPLE_LENGTH = 40
OPEN = (ImportState.UPLOADED, ImportState.PREVIEWED, ImportState.FAILED)
BUSY = (ImportState.WAITING, ImportState.RUNNING)


# What a new own field for a column can be; the key goes into the choice of its target.
NEW_FIELDS: dict[FieldKind, Text] = {
    "text": gettext_lazy("New field: text"),
    "number": gettext_lazy("New field: number"),
    "date": gettext_lazy("New field: day"),
    "link": gettext_lazy("New field: link"),
    "boolean": gettext_lazy("New field: yes or no"),
}
NEW = "+"  # before the type of a new field


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column of the file, what it fills, and how its texts are read."""

    place: int
    name: str
    samples: Sequence[str]
    target: str
    reading: str
    is_doubtful: bool
    suggested: str  # the target that would be a field of its own


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
                does_remember=True,
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
        importer = with_own_fields(queries.importer_for(request.actor, run.kind), ImportOptions())
        mapping, new = _asked(request, queries.survey_of(run).header, importer)
        options = ImportOptions.model_validate({**form.value.model_dump(), "mapping": mapping})
        change_import(request.actor, run.public_id, options=options, new_fields=new)
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
    importer = with_own_fields(
        queries.importer_for(request.actor, run.kind), ImportOptions.model_validate(run.options)
    )
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
            columns = _columns(importer, run, found)
            context |= {
                "survey": found,
                "columns": columns,
                "targets": _targets(request, importer),
                "used": sum(1 for one in columns if one.target),
                "missing": [
                    one.label
                    for one in importer.fields
                    if one.is_required and one.key not in run.mapping
                ],
                "before": _before(request, importer, run, found),
            }
        except DomainError as refused:
            context["gone"] = str(refused)
    return render(request, "records/import.html", context, fragment="body", status=form.status)


def _before(
    request: ActorRequest, importer: Importer, run: ImportRun, found: Survey
) -> ImportRun | None:
    """The import by which this one is read: the last with the same columns."""
    if run.state != ImportState.UPLOADED:
        return None
    before = remembered(importer, found.header, user_id=request.actor.user_id)
    return before if before is not None and before.mapping == run.mapping else None


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
    words = {
        "created": _("New"),
        "updated": _("Changed"),
        "skipped": _("Skipped"),
        "merged": _("Joined"),
    }
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


def _columns(importer: Importer, run: ImportRun, found: Survey) -> list[ShownColumn]:
    rows = sample_of(queries.path_of(run), found)
    targets = {column: key for key, column in run.mapping.items()}
    shown = []
    for place, name in enumerate(found.header):
        texts = [text for row in rows if (text := row[place].strip())]
        target = targets.get(name, "")
        reading, is_certain = _reading_in_words(importer.field(target), texts, run)
        shown.append(
            ShownColumn(
                place,
                name,
                [text[:SAMPLE_LENGTH] for text in dict.fromkeys(texts)][:SAMPLES],
                target,
                reading,
                not is_certain,
                f"{NEW}{type_of(texts)}",
            )
        )
    return shown


def _targets(request: ActorRequest, importer: Importer) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """What a column may fill, in groups: fields of the kind, own ones, own ones to be added."""
    there = importer.fields_for(request.actor)
    known = [(one.key, one.label) for one in there if not one.key.startswith(PREFIX)]
    own = [(one.key, one.label) for one in there if one.key.startswith(PREFIX)]
    groups = [(_("Fields"), known), (_("Own fields"), own)]
    found = OBJECT_TYPES.get(importer.record_kind)
    if found is not None and found.is_customisable and request.actor.may("records.fields"):
        new = [(f"{NEW}{kind}", label) for kind, label in NEW_FIELDS.items()]
        groups.append((_("New field, called as the column is"), new))
    return [(label, options) for label, options in groups if options]


def _asked(
    request: HttpRequest, header: Sequence[str], importer: Importer
) -> tuple[dict[str, str | None], dict[str, FieldKind]]:
    """The column for each field, and the columns that get a field of their own.

    Raises MappingInvalid where two columns are to fill one field.
    """
    mapping: dict[str, str | None] = dict.fromkeys(one.key for one in importer.fields)
    new: dict[str, FieldKind] = {}
    for place, name in enumerate(header):
        target = request.POST.get(f"_column_{place}", "")
        kind = next((one for one in NEW_FIELDS if target == f"{NEW}{one}"), None)
        if kind is not None:
            new[name] = kind
        elif target:
            if (other := mapping.get(target)) is not None:
                field = importer.field(target)
                raise MappingInvalid(
                    _("%(one)s and %(other)s both fill %(field)s. Choose one of them.")
                    % {"one": other, "other": name, "field": field.label if field else target}
                )
            mapping[target] = name
    return mapping, new


def _reading_in_words(
    field: ImportField | None, texts: Sequence[str], run: ImportRun
) -> tuple[str, bool]:
    """How a column is read, by its first rows, and whether it could not be read otherwise."""
    if field is None or not texts or not field.is_read:
        return "", True
    extra: dict[str, Any] = {}
    if field.reading == "moment":
        zone = run.options.get("time_zone") or company_settings().time_zone
        extra = {"zone": ZoneInfo(zone), "order": run.options.get("date_order")}
    distinct = dict.fromkeys(texts)
    found = field.read(distinct) if field.read else READERS[field.reading](distinct, **extra)
    if found.faults:
        bad = next(iter(found.faults))
        return _("%(text)s cannot be read") % {"text": bad[:SAMPLE_LENGTH]}, False
    words = {
        "dmy": _("day, month, year"),
        "mdy": _("month, day, year"),
        "ymd": _("year, month, day"),
        "1.5": _("decimals after a point"),
        "1,5": _("decimals after a comma"),
        "17850.0": _("without the .0"),
    }.get(found.style, "")
    return words if found.is_certain else _("%(style)s, assumed") % {
        "style": words
    }, found.is_certain


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
