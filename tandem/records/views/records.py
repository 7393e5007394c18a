"""One record: its page, its side panel, making it, editing a field, deleting it."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlparse
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.urls import Resolver404, resolve, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest
from tandem.kernel.errors import Conflict, DomainError, FieldError, Missing
from tandem.kernel.money import Money
from tandem.records import queries
from tandem.records.actions import change_record, create_record
from tandem.records.actions.accesses import note_seen
from tandem.records.models import field_definitions
from tandem.records.slots import (
    RECORD_HEADS,
    RECORD_PANELS,
    RECORD_TABS,
    TAGS,
    Field,
    FieldType,
    ObjectType,
    RecordPanel,
    RecordTab,
    shown_of,
)
from tandem.records.views.cells import Cell, cell_of, cells_of
from tandem.records.views.doors import record_page
from tandem.records.views.duplicates import APART, likely_shown
from tandem.records.views.forms import (
    as_input,
    change_schema,
    form_choices,
    new_names,
    new_schema,
    parted,
)
from tandem.records.views.lists import ListState
from tandem.records.views.offers import may_tag
from tandem.records.views.verbs import assigning_of, buttons_of, menu_of
from tandem.ui.forms import Form
from tandem.ui.responses import Toast, own_page, render, see_other, trigger


@require_GET
@record_page
def record_detail(
    request: ActorRequest, object_type: ObjectType, public_id: UUID
) -> HttpResponseBase:
    record = queries.visible_record(object_type, request.actor, public_id)
    note_seen(request.actor, object_type, record.pk)
    tabs = _tabs(object_type, request)
    tab = next((tab for tab in tabs if tab.key == request.GET.get("tab")), tabs[0])
    context = {
        **_identity(object_type, request.actor, record),
        **_neighbours(request, object_type, record),
        **_left(request, object_type, record),
        "tags": _tags(object_type, request.actor, record),
        "tabs": [(one, one.count(request.actor, object_type, record), one is tab) for one in tabs],
        "tab_content": tab.render(request, object_type, record),
        "is_wide": getattr(tab, "is_wide", False),
        "here": request.get_full_path(),
        "panels": _panels(request, object_type, record, in_peek=False),
        "heads": _heads(request, object_type, record),
        "may_edit": request.actor.may(object_type.permissions.edit),
        "menu": menu_of(object_type, request.actor, record),
        "buttons": buttons_of(object_type, request.actor, record),
        "assigning": assigning_of(object_type, request.actor, record),
        "may_comment": request.actor.may("records.comment"),
        "has_note": tab.key == "timeline",
        "may_tag": may_tag(object_type, request.actor),
        "tag_names": queries.tag_names(100),
    }
    return render(request, "records/record.html", context)


@require_GET
@record_page
def record_peek(
    request: ActorRequest, object_type: ObjectType, public_id: UUID
) -> HttpResponseBase:
    record = queries.visible_record(object_type, request.actor, public_id)
    note_seen(request.actor, object_type, record.pk)
    context = {
        **_identity(object_type, request.actor, record),
        "fields": cells_of(
            object_type, request.actor, record, _own_fields(object_type, request.actor)
        ),
        "tags": _tags(object_type, request.actor, record),
        "panels": _panels(request, object_type, record, in_peek=True),
    }
    return render(request, "records/peek.html", context, fragment="peek")


@require_http_methods(["GET", "POST"])
@record_page
def new_record(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    request.actor.require(object_type.permissions.create)
    data = request.POST if request.method == "POST" else None
    form = Form(
        new_schema(object_type, request.actor),
        data=data,
        choices=form_choices(object_type, request.actor),
        only=new_names(object_type, request.actor),
    )
    with form.refusals():
        if form.is_submitted:
            plain, fields = parted(object_type, form.value, object_type.input_schema)
            record, is_new = create_record(request.actor, object_type, data=plain, fields=fields)
            toast = _made(object_type, record, is_new)
            if is_new:
                toast = _with_double(request, object_type, record, toast)
            if not queries.is_visible(object_type, request.actor, record.public_id):
                return _gone_from_sight(request, object_type, toast)
            return see_other(request, _url(object_type, record), toast=toast)
    context = {
        "type": object_type,
        "page_title": _("New %(kind)s") % {"kind": str(object_type.label).lower()},
        "form": form,
        "inputs": _inputs(object_type, request.actor, form),
    }
    return render(request, "records/new.html", context, fragment="dialog", status=form.status)


@require_http_methods(["GET", "POST"])
@record_page
def edit_field(
    request: ActorRequest, object_type: ObjectType, public_id: UUID, key: str
) -> HttpResponseBase:
    """The editing form of one field, and saving it; answers fragments for a cell or a property."""
    request.actor.require(object_type.permissions.edit)
    record = queries.visible_record(object_type, request.actor, public_id)
    field = object_type.field_for(request.actor, key)
    if field is None or not field.is_editable:
        raise Missing()
    data = request.POST if request.method == "POST" else None
    form = Form(
        change_schema(object_type, field),
        data=data,
        initial={key: _as_input(record, field)},
        choices=form_choices(object_type, request.actor),
        only=(key, "version"),
    )
    with form.refusals():
        if form.is_submitted:
            plain, fields = parted(object_type, form.value, object_type.change_schema)
            try:
                change_record(request.actor, object_type, public_id, data=plain, fields=fields)
            except Conflict as conflict:
                if not _is_about_others(conflict, key):
                    raise _told(conflict, key, _cell(request, object_type, record, field)) from None
                kept = plain.model_copy(update={"version": record.row_version})
                change_record(request.actor, object_type, public_id, data=kept, fields=fields)
            return _saved_field(request, object_type, public_id, field)
    context = {
        "type": object_type,
        "record": record,
        "page_title": field.label,
        "field": field,
        "control": form[key],
        "form": form,
        "save_url": request.path,
        "back_url": _url(object_type, record),
    }
    return render(request, "records/field.html", context, fragment="editor", status=form.status)


@require_POST
@record_page
def delete_record(
    request: ActorRequest, object_type: ObjectType, public_id: UUID
) -> HttpResponseBase:
    record = queries.visible_record(object_type, request.actor, public_id)
    name = object_type.name_of(record)
    object_type.delete(request.actor, public_id)
    toast = Toast(_("%(name)s deleted") % {"name": name}, undo=last_change_set())
    return see_other(request, _list_before(request, object_type), toast=toast)


def _list_before(request: ActorRequest, object_type: ObjectType) -> str:
    """The list as the reader had it before them, where they stood on it."""
    before = own_page(request)
    plain = _list_url(object_type)
    return before if urlparse(before).path == plain else plain


def _saved_field(
    request: ActorRequest, object_type: ObjectType, public_id: UUID, field: Field
) -> HttpResponseBase:
    toast = Toast(_("%(field)s saved") % {"field": field.label}, undo=last_change_set())
    if not queries.is_visible(object_type, request.actor, public_id):
        return _gone_from_sight(request, object_type, toast)
    record = queries.visible_record(object_type, request.actor, public_id)
    cell = _cell(request, object_type, record, field)
    if not request.htmx:  # type: ignore[attr-defined]
        return see_other(request, _url(object_type, record), toast=toast)
    response = render(
        request, "records/field.html", {"cell": cell, "type": object_type}, fragment="saved"
    )
    trigger(response, "toast", toast.as_dict())
    return response


def _gone_from_sight(
    request: ActorRequest, object_type: ObjectType, done: Toast
) -> HttpResponseBase:
    """After a write that gave the record to somebody whose records the actor does not see."""
    words = _("%(done)s. You do not see this record any more.") % {"done": done.message}
    to = reverse("records:list", args=[object_type])
    return see_other(request, to, toast=Toast(words, undo=done.undo))


def _cell(request: ActorRequest, object_type: ObjectType, record: Any, field: Field) -> Cell:
    loaded = queries.load_values(object_type, request.actor, [record], [field])
    return cell_of(record, field, loaded, edit_base=_url(object_type, record))


def _is_about_others(conflict: Conflict, key: str) -> bool:
    """Whether somebody changed the record meanwhile, but not this field of it."""
    names = {error.field for error in conflict.errors if error.code == "changed_since"}
    return bool(names) and key not in names


def _told(conflict: Conflict, key: str, now: Cell) -> Conflict:
    """The conflict with what the field says now, and the reader keeps what they typed."""
    if not any(error.field == key for error in conflict.errors):
        return conflict
    words = _("Meanwhile someone changed this to “%(value)s”.") % {"value": now.words}
    return type(conflict)(errors=[FieldError(key, "changed_since", words)])


def _identity(object_type: ObjectType, actor: Actor, record: Any) -> dict[str, Any]:
    return {
        "type": object_type,
        "record": record,
        "name": object_type.name_of(record),
        "subtitle": object_type.subtitle_for(actor, record),
        "url": _url(object_type, record),
        "page_title": object_type.name_of(record),
    }


def _url(object_type: ObjectType, record: Any) -> str:
    return reverse("records:record", args=[object_type, record.public_id])


def _own_fields(object_type: ObjectType, actor: Actor) -> list[Field]:
    """What a record page lists at the left: its own values, but for the name above."""
    return [f for f in object_type.fields_for(actor) if f.key != "name" and f.is_column]


def _tags(object_type: ObjectType, actor: Actor, record: Any) -> list[str]:
    if actor.hides(object_type.kind, TAGS):
        return []
    return queries.tags_on(object_type.kind, [record.pk]).get(record.pk, [])


def _left(request: ActorRequest, object_type: ObjectType, record: Any) -> dict[str, Any]:
    """The left of a record page: panels that stand for a field, the other fields under their
    headings, and those that are empty in one place."""
    actor = request.actor
    panels = {
        key: panel
        for panel in shown_of(RECORD_PANELS, object_type, actor)
        if (key := _stands_for(panel))
    }
    fields = [one for one in _own_fields(object_type, actor) if one.key not in panels]
    cells = cells_of(object_type, actor, record, fields)
    groups: dict[str, list[Cell]] = {}
    for field, cell in zip(fields, cells, strict=True):
        groups.setdefault(_heading(field), [])
        if cell.is_filled:
            groups[_heading(field)].append(cell)
    return {
        "left_panels": [panel.render(request, object_type, record) for panel in panels.values()],
        "groups": [(heading, shown) for heading, shown in groups.items() if shown],
        "empty_fields": [cell for cell in cells if not cell.is_filled and cell.edit_url],
    }


def _stands_for(panel: RecordPanel) -> str:
    return getattr(panel, "stands_for", "")


def _heading(field: Field) -> str:
    if field.custom is not None:
        return _("Own fields")
    if field.key in ("created_at", "updated_at"):
        return _("Record")
    return str(field.group or _("About"))


def _inputs(
    object_type: ObjectType, actor: Actor, form: Form[Any]
) -> list[tuple[Any, Any, str, bool]]:
    """The fields of the form for a new record: control, label, help, whether it may be empty."""
    found = []
    asked = new_names(object_type, actor)
    there = {one.key: one for one in object_type.fields_for(actor) if one.key in asked}
    for key, info in object_type.input_schema.model_fields.items():
        field = there.get(key)
        if field is not None and field.type is not FieldType.TAGS:
            found.append((form[key], field.label, "", not info.is_required()))
    added = field_definitions(object_type.kind) if object_type.is_customisable else ()
    found += [
        (form[one.key], one.label, one.help, not one.is_required)
        for one in added
        if one.key in there
    ]
    return found


def _as_input(record: Any, field: Field) -> Any:
    value = queries.value_of(record, field)
    if field.custom is not None:
        return as_input(value)
    if field.type is FieldType.USER and value is not None:
        return str(value.public_id)
    if field.type is FieldType.MONEY and isinstance(value, int):
        return Money(value, record.currency).major
    return value if not hasattr(value, "pk") else str(value)


def _made(object_type: ObjectType, record: Any, is_new: bool) -> Toast:
    name = object_type.name_of(record)
    if is_new:
        return Toast(_("%(name)s added") % {"name": name}, undo=last_change_set())
    return Toast(_("%(name)s was here already") % {"name": name}, tone="warn")


def _with_double(
    request: ActorRequest, object_type: ObjectType, record: Any, toast: Toast
) -> Toast:
    """Whoever did not see it while typing is told of a record that looks the same."""
    apart = request.POST.getlist(APART)
    likely = likely_shown(request, object_type, request.POST.dict(), but=record.pk, apart=apart)
    if not likely:
        return toast
    name, _subtitle, url, _id = likely[0]
    words = _("%(done)s. %(name)s looks like the same.") % {"done": toast.message, "name": name}
    return Toast(words, tone=toast.tone, undo=toast.undo, link=url, link_label=_("Open"))


def _tabs(object_type: ObjectType, request: ActorRequest) -> Sequence[RecordTab]:
    return shown_of(RECORD_TABS, object_type, request.actor)


def _heads(request: ActorRequest, object_type: ObjectType, record: Any) -> list[SafeString]:
    heads = shown_of(RECORD_HEADS, object_type, request.actor)
    return [head.render(request, object_type, record) for head in heads]


def _panels(
    request: HttpRequest,
    object_type: ObjectType,
    record: Any,
    *,
    in_peek: bool,
) -> list[SafeString]:
    actor = request.actor  # type: ignore[attr-defined]
    return [
        panel.render(request, object_type, record)
        for panel in shown_of(RECORD_PANELS, object_type, actor)
        if (panel.in_peek or not in_peek) and not _stands_for(panel)
    ]


def _neighbours(request: ActorRequest, object_type: ObjectType, record: Any) -> dict[str, Any]:
    """The records before and after this one in the list that the reader came from (``from``)."""
    origin = request.GET.get("from", "")
    plain = {"crumb": object_type.label_plural, "crumb_url": _list_url(object_type)}
    parsed = urlparse(origin)
    if parsed.netloc or parsed.path != plain["crumb_url"]:
        return plain
    try:
        resolve(parsed.path)
        params = QueryDict(parsed.query).dict() if parse_qsl(parsed.query) else {}
        state = ListState(object_type, request.actor, params)
        found = queries.neighbours(object_type, request.actor, state.query, record)
    except (Resolver404, DomainError):
        return plain
    crumb = state.view.name if state.view else object_type.label_plural
    suffix = f"?{request.GET.urlencode()}"
    return {
        "crumb": crumb,
        "crumb_url": origin,
        "previous_url": _url(object_type, found[0]) + suffix if found[0] else "",
        "next_url": _url(object_type, found[1]) + suffix if found[1] else "",
    }


def _list_url(object_type: ObjectType) -> str:
    return reverse("records:list", args=[object_type])
