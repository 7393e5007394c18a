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
from tandem.kernel.damage import FileUnreadable
from tandem.kernel.delimited import DelimiterName, name_of_delimiter
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Missing
from tandem.kernel.progress import describe, progress_of
from tandem.kernel.readings import READERS
from tandem.kernel.sheets import harmless, is_number
from tandem.kernel.tables import Encoding, Survey, sample_of
from tandem.records import queries
from tandem.records.actions import change_import, revert_import, start_import, take_upload
from tandem.records.errors import MappingInvalid
from tandem.records.models import ImportRun, ImportState
from tandem.records.queries.columns import remembered, type_of, with_own_fields
from tandem.records.rules.custom import PREFIX
from tandem.records.schemas import FieldKind, ImportOptions, ImportReading
from tandem.records.slots import OBJECT_TYPES, Importer, ImportField, Text
from tandem.ui import formats, navigation
from tandem.ui.forms import Field, Form
from tandem.ui.navigation import NavItem, Section
from tandem.ui.responses import Toast, is_fragment, render, see_other

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
ENCODINGS_IN_WORDS: dict[Encoding, Text] = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": gettext_lazy("Western (Windows)"),
    "cp1250": gettext_lazy("Central European (Windows)"),
    "cp1251": gettext_lazy("Cyrillic (Windows)"),
    "koi8-r": gettext_lazy("Cyrillic (KOI8-R)"),
    "cp1253": gettext_lazy("Greek (Windows)"),
    "cp1254": gettext_lazy("Turkish (Windows)"),
    "cp1255": gettext_lazy("Hebrew (Windows)"),
    "cp1256": gettext_lazy("Arabic (Windows)"),
    "cp1257": gettext_lazy("Baltic (Windows)"),
    "cp932": gettext_lazy("Japanese (Shift JIS)"),
    "gb18030": gettext_lazy("Chinese (GB 18030)"),
    "big5": gettext_lazy("Chinese (Big5)"),
    "cp949": gettext_lazy("Korean (Windows)"),
    "mac-roman": gettext_lazy("Western (old Macintosh)"),
    "cp850": gettext_lazy("Western (DOS)"),
}
DELIMITERS_IN_WORDS: dict[DelimiterName, Text] = {
    "comma": gettext_lazy("Comma"),
    "semicolon": gettext_lazy("Semicolon"),
    "tab": gettext_lazy("Tab"),
    "pipe": gettext_lazy("Vertical line"),
    "caret": gettext_lazy("Caret"),
    "tilde": gettext_lazy("Tilde"),
    "unit_separator": gettext_lazy("Unit separator (ASCII 31)"),
    "start_of_heading": gettext_lazy("Start of heading (ASCII 1)"),
    "colon": gettext_lazy("Colon"),
    "space": gettext_lazy("Space"),
}


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


@dataclass(frozen=True, slots=True)
class ShownFound:
    """What was found out about a file, in words, and the field in which it is said otherwise."""

    field: Field
    label: str
    words: Text


@require_http_methods(["GET", "POST"])
@page(permission="records.import")
def imports(request: ActorRequest) -> HttpResponseBase:
    error, is_unread = "", False
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
                options=_as_said(request),
                does_remember=True,
            )
            return see_other(request, reverse("records:import", args=[run.public_id]))
        except DomainError as refused:
            error, is_unread = str(refused), isinstance(refused, FileUnreadable)
    context = {
        "page_title": _("Import"),
        "kinds": [(one.kind, one.label) for one in queries.importers_for(request.actor)],
        "runs": queries.imports_visible_to(request.actor)[:20],
        "error": error,
        "kind": request.POST.get("kind", ""),
        "encodings": list(ENCODINGS_IN_WORDS.items()) if is_unread else [],
    }
    return render(request, "records/imports.html", context, status=422 if error else 200)


@require_GET
@page(permission="records.import")
def import_detail(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    run = queries.import_by_public_id(request.actor, public_id)
    return _shown(request, run, _form_of(run))


@require_POST
@page(permission="records.import")
def import_start(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Save how the file is read, and then, by the button: look again, try, or start.

    Where it has other columns when it is read so, it is looked at first.
    """
    run = queries.import_by_public_id(request.actor, public_id)
    form = Form(ImportReading, data=request.POST, choices=_choices())
    with form.refusals():
        importer = with_own_fields(queries.importer_for(request.actor, run.kind), ImportOptions())
        mapping, new = _asked(request, queries.survey_of(run).header, importer)
        options = ImportOptions.model_validate({**form.value.model_dump(), "mapping": mapping})
        changed = change_import(request.actor, run.public_id, options=options, new_fields=new)
        is_as_shown = changed.signature == run.signature
        if is_as_shown and ("_start" in request.POST or "_try" in request.POST):
            start_import(request.actor, run.public_id, is_trial="_try" in request.POST)
        elif is_fragment(request):
            return _shown(request, changed, _form_of(changed))
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


def _form_of(run: ImportRun) -> Form[ImportReading]:
    return Form(ImportReading, initial=_initial(run), choices=_choices())


def _as_said(request: HttpRequest) -> ImportOptions:
    """The encoding that somebody chose for a file whose own could not be found out."""
    chosen = request.POST.get("encoding", "")
    known = next((one for one in ENCODINGS_IN_WORDS if one == chosen), None)
    return ImportOptions(encoding=known)


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
        "assumed": _assumed(run, importer),
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
                "found": _found(form, found),
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


def _found(form: Form[ImportReading], survey: Survey) -> list[ShownFound]:
    """How the file is written, where a file of its kind can be written otherwise."""
    shown = []
    if survey.kind != "xlsx":
        codec = survey.encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
        words = {str(key): label for key, label in ENCODINGS_IN_WORDS.items()}
        shown.append(ShownFound(form["encoding"], _("Encoding"), words.get(codec, codec)))
    if survey.kind == "csv":
        sign = name_of_delimiter(survey.delimiter)
        words = {str(key): label for key, label in DELIMITERS_IN_WORDS.items()}
        shown.append(ShownFound(form["delimiter"], _("Sign between cells"), words.get(sign, sign)))
    return shown


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
        "encoding": list(ENCODINGS_IN_WORDS.items()),
        "delimiter": list(DELIMITERS_IN_WORDS.items()),
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


_STYLES = {
    "dmy": gettext_lazy("day, month, year"),
    "mdy": gettext_lazy("month, day, year"),
    "ymd": gettext_lazy("year, month, day"),
    "1.5": gettext_lazy("decimals after a point"),
    "1,5": gettext_lazy("decimals after a comma"),
    "17850.0": gettext_lazy("without the .0"),
}
_ASSUMED = {
    "currency": gettext_lazy("Currency"),
    "time_zone": gettext_lazy("Time zone"),
    "encoding": gettext_lazy("Encoding"),
    "date_order": gettext_lazy("Days"),
}


def _assumed(run: ImportRun, importer: Importer) -> list[tuple[str, str]]:
    """What the file did not say and was taken for granted, in words."""
    labels = {**_ASSUMED, **{field.key: field.label for field in importer.fields}}
    found = run.report.get("assumed", {})
    return [(str(labels.get(key, key)), str(_STYLES.get(one, one))) for key, one in found.items()]


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
    words = str(_STYLES.get(found.style, ""))
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
