"""Many records at once: the dialog that says what will change, doing it, how far it is."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import FileResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Missing
from tandem.kernel.models import ProgressRecord
from tandem.kernel.progress import describe, progress_of
from tandem.records import queries
from tandem.records.actions.accesses import note_access
from tandem.records.actions.many import (
    BulkReport,
    Deed,
    Forecast,
    ask_for,
    forecast,
    permission_for,
)
from tandem.records.models import AccessDeed
from tandem.records.queries import Selection
from tandem.records.schemas import BulkVerb, CustomValues, ExportAs, NewTag
from tandem.records.slots import OBJECT_TYPES, Field, ObjectType
from tandem.records.views.doors import record_page
from tandem.records.views.forms import as_json, change_schema, form_choices, parted
from tandem.records.views.lists import ListState
from tandem.ui import formats
from tandem.ui.forms import Form
from tandem.ui.responses import Toast, is_fragment, own_page, render, see_other

# What the bar offers, by the name in the address; "owner" is the field of that name.
OFFERED = ("owner", "tag", "change", "export", "delete")
# In the address of a verb on one record: who is done stays where they are.
HERE = "_here"


_VERBS = {"delete": BulkVerb.DELETE, "export": BulkVerb.EXPORT}


@require_http_methods(["GET", "POST"])
@record_page
def many(request: ActorRequest, object_type: ObjectType, offer: str) -> HttpResponseBase:
    """The dialog of a verb on what is selected, in words and numbers, and doing it.

    The selection stands in the address: ``_ids``, or ``_all`` for everything that the list of the
    other parameters shows.
    """
    if offer not in OFFERED:
        raise Missing()
    params = {key: one for key, one in request.GET.dict().items() if not key.startswith("_")}
    state = ListState(object_type, request.actor, params)
    dialog = _Dialog(request, object_type, state, offer)
    if request.method == "POST" and "_look" not in request.POST:
        with dialog.form.refusals():
            done = ask_for(
                request.actor,
                object_type,
                dialog.selection,
                dialog.deed,
                expected=_number(request.POST.get("_count", "")),
            )
            if isinstance(done, ProgressRecord):
                to = reverse("records:many-progress", args=[object_type, done.public_id])
                return see_other(request, f"{to}?{urlencode({'back': state.url()})}")
            toast = _told(object_type, done, dialog.verb)
            return see_other(request, _after(dialog), toast=toast)
    return dialog.render()


@require_GET
@record_page
def many_progress(
    request: ActorRequest, object_type: ObjectType, public_id: UUID
) -> HttpResponseBase:
    """How far a verb on many records is, and what came of it."""
    record = progress_of(request.actor, public_id)
    back = reverse("records:list", args=[object_type])
    asked = request.GET.get("back", "")
    job = describe(record, now=timezone.now())
    context = {
        "type": object_type,
        "page_title": job["label"],
        "job": job,
        "is_busy": job["state"] in ("running", "interrupted"),
        "result": job["result"] if job["state"] == "done" else None,
        "words": _in_words(object_type, job["result"]) if job["state"] == "done" else "",
        "url": request.get_full_path(),
        "back": asked if asked.startswith(f"{back}?") else back,
    }
    return render(request, "records/many_progress.html", context, fragment="body")


@require_GET
@page(permission="records.export")
def export_file(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """An exported file, for who exported it."""
    run = queries.export_by_public_id(request.actor, public_id)
    path = queries.file_of(run)
    note_access(request.actor, AccessDeed.FETCHED, kind=run.kind, about=run.format, count=run.count)
    found = OBJECT_TYPES.get(run.kind)
    slug = found.slug if found else run.kind
    name = f"{slug}-{run.created_at:%Y-%m-%d}.{run.format}"
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=name,
        content_type=queries.EXPORT_TYPES[run.format],
    )


def _after(dialog: "_Dialog") -> str:
    """The list; for one record the page on which it was asked, while it is still in sight."""
    request, ids = dialog.request, dialog.selection.ids
    is_here = HERE in request.GET and is_fragment(request) and len(ids) == 1
    if is_here and queries.is_visible(dialog.object_type, request.actor, ids[0]):
        return own_page(request)
    return dialog.state.url()


class _Dialog:
    """What is selected, what is to be done with it, and the page that asks."""

    def __init__(
        self, request: ActorRequest, object_type: ObjectType, state: ListState, offer: str
    ) -> None:
        self.request, self.object_type, self.state, self.offer = request, object_type, state, offer
        self.selection = selection_of(request, state)
        self.verb = self._verb()
        request.actor.require(permission_for(object_type, self.verb))
        self.fields = self._fields()
        asked = request.GET.get("_field", "")
        self.field = next((one for one in self.fields if one.key == asked), None)
        if self.field is None and len(self.fields) == 1:
            self.field = self.fields[0]
        self.form = self._form()

    @property
    def deed(self) -> Deed:
        if self.verb is BulkVerb.DELETE:
            return Deed(self.verb)
        if self.verb is BulkVerb.EXPORT:
            columns = queries.columns_of(
                self.object_type, self.request.actor, self.state.query.columns
            )
            keys = {"columns": [field.key for field in columns]}
            return Deed(self.verb, self.form.value.model_copy(update=keys))
        if self.field is not None and self.field.custom is not None:
            schema = self.object_type.change_schema
            _own, fields = parted(self.object_type, self.form.value, schema)
            return Deed(self.verb, CustomValues(fields=as_json(fields)))
        return Deed(self.verb, self.form.value)

    def render(self) -> HttpResponseBase:
        refused = ""
        try:
            foreseen = self._forecast()
        except DomainError as error:
            refused, foreseen = str(error), Forecast(0, 0)
        context = {
            "type": self.object_type,
            "page_title": self._title(foreseen.matched),
            "offer": self.offer,
            "form": self.form,
            "fields": self.fields,
            "field": self.field,
            "control": self.form[self.field.key] if self.field else None,
            "tag": self.form["name"] if self.verb in (BulkVerb.TAG, BulkVerb.UNTAG) else None,
            "file": self.form["format"] if self.verb is BulkVerb.EXPORT else None,
            "tag_names": queries.tag_names(100) if self.offer == "tag" else [],
            "foreseen": foreseen,
            "says": _foreseen(self.object_type, foreseen, self.verb, is_sure=self._is_typed()),
            "refused": refused,
            "address": self.request.get_full_path(),
            "field_links": [(one, self._address_with(one)) for one in self.fields],
            "verb": self._button(foreseen.matched),
            "back": self.state.url(),
        }
        if "_look" in self.request.POST:
            return render(self.request, "records/many.html", context, fragment="says")
        status = 422 if refused else self.form.status
        return render(self.request, "records/many.html", context, fragment="dialog", status=status)

    def _verb(self) -> BulkVerb:
        if self.offer == "tag":
            is_removal = "_untag" in self.request.POST or "_untag" in self.request.GET
            return BulkVerb.UNTAG if is_removal else BulkVerb.TAG
        return _VERBS.get(self.offer, BulkVerb.CHANGE)

    def _fields(self) -> list[Field]:
        bulk = self.object_type.bulk
        if bulk is None or self.verb is not BulkVerb.CHANGE:
            return []
        keys = (
            ["owner"] if self.offer == "owner" else [key for key in bulk.fields if key != "owner"]
        )
        there = {field.key: field for field in self.state.fields}
        own = [] if self.offer == "owner" else [one for one in there.values() if one.custom]
        return [*(there[key] for key in keys if key in there), *own]

    def _form(self) -> Form[Any]:
        data = self.request.POST if self.request.method == "POST" else None
        if self.verb in (BulkVerb.TAG, BulkVerb.UNTAG):
            return Form(NewTag, data=data)
        if self.verb is BulkVerb.EXPORT:
            formats_known = [("csv", _("CSV, for any program")), ("xlsx", _("Excel (XLSX)"))]
            return Form(ExportAs, data=data, choices={"format": formats_known}, only=("format",))
        only = (self.field.key,) if self.field else ("version",)
        choices = form_choices(self.object_type, self.request.actor)
        schema = self.object_type.change_schema
        if self.field is not None:
            schema = change_schema(self.object_type, self.field)
        return Form(schema, data=data, choices=choices, only=only)

    def _is_typed(self) -> bool:
        """Whether the value is there already, so that the number of changes is the true one."""
        return self.verb is BulkVerb.DELETE or (self.form.is_submitted and self.form.is_valid)

    def _forecast(self) -> Forecast:
        deed = self.deed if self._is_typed() else None
        return forecast(self.request.actor, self.object_type, self.selection, deed)

    def _address_with(self, field: Field) -> str:
        kept = self.request.GET.copy()
        kept["_field"] = field.key
        return f"{self.request.path}?{kept.urlencode()}"

    def _button(self, count: int) -> str:
        kinds = so_many(self.object_type, count)
        match self.offer:
            case "owner":
                return _("Assign %(records)s") % {"records": kinds}
            case "tag":
                return _("Tag %(records)s") % {"records": kinds}
            case "delete":
                return _("Delete %(records)s") % {"records": kinds}
            case "export":
                return _("Export %(records)s") % {"records": kinds}
            case _:
                return _("Set it for %(records)s") % {"records": kinds}

    def _title(self, count: int) -> str:
        kinds = so_many(self.object_type, count)
        match self.offer:
            case "owner":
                return _("Assign %(records)s") % {"records": kinds}
            case "tag":
                return _("Tag %(records)s") % {"records": kinds}
            case "delete":
                return _("Delete %(records)s?") % {"records": kinds}
            case "export":
                return _("Export %(records)s") % {"records": kinds}
            case _:
                return _("Set a field of %(records)s") % {"records": kinds}


def selection_of(request: ActorRequest, state: ListState) -> Selection:
    if request.GET.get("_all"):
        return Selection(every=state.query)
    ids = []
    for text in request.GET.getlist("_ids"):
        try:
            ids.append(UUID(text))
        except ValueError:
            raise Missing() from None
    return Selection(ids=tuple(dict.fromkeys(ids)))


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


def so_many(object_type: ObjectType, count: int) -> str:
    """48 people."""
    label = object_type.label if count == 1 else object_type.label_plural
    return f"{formats.number(count)} {str(label).lower()}"


def _foreseen(object_type: ObjectType, found: Forecast, verb: BulkVerb, *, is_sure: bool) -> str:
    """What will change, as a sentence; before the value is known, of how many records."""
    kinds = so_many(object_type, found.matched)
    if verb is BulkVerb.DELETE:
        return _("%(records)s will be deleted. Undo brings them back.") % {"records": kinds}
    if verb is BulkVerb.EXPORT:
        words = _("%(records)s, with the columns of this list. It is noted who exports what.")
        return words % {"records": kinds}
    if not is_sure:
        return _("%(records)s are selected.") % {"records": kinds}
    if not found.unchanged:
        return _("%(records)s will change.") % {"records": kinds}
    return _("%(changing)s of %(records)s will change, %(rest)s stay as they are.") % {
        "changing": formats.number(found.changing),
        "records": kinds,
        "rest": formats.number(found.unchanged),
    }


def _told(object_type: ObjectType, done: BulkReport, verb: BulkVerb) -> Toast:
    words = _in_words(object_type, done.as_json() | {"verb": verb})
    if done.export is not None:
        to = reverse("records:export", args=[done.export])
        return Toast(words, link=to, link_label=_("Download"))
    return Toast(words, tone="ok" if done.changed else "warn", undo=done.change_set)


_DONE = {
    BulkVerb.DELETE: gettext_lazy("%(records)s deleted"),
    BulkVerb.TAG: gettext_lazy("%(records)s tagged"),
    BulkVerb.UNTAG: gettext_lazy("Tag taken off %(records)s"),
}


def _in_words(object_type: ObjectType, result: Mapping[str, Any]) -> str:
    """48 people changed, 12 were so already, 1 is not there for you."""
    if result.get("export"):
        return _("%(records)s exported") % {"records": so_many(object_type, result["matched"])}
    said = _DONE.get(result.get("verb", ""), gettext_lazy("%(records)s changed"))
    parts = [str(said) % {"records": so_many(object_type, result["changed"])}]
    if result["unchanged"]:
        already = ngettext("%(n)s was so already", "%(n)s were so already", result["unchanged"])
        parts.append(already % {"n": formats.number(result["unchanged"])})
    skipped = sum(result["skipped"].values())
    if skipped:
        gone = ngettext("%(n)s is not there for you", "%(n)s are not there for you", skipped)
        parts.append(gone % {"n": formats.number(skipped)})
    return ", ".join(parts)
