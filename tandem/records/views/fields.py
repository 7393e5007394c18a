"""The settings of fields: those that the company added to each kind of record."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tandem.accounts.queries import base_currency
from tandem.accounts.schemas import currencies
from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.kernel.models import ProgressRecord
from tandem.records import actions
from tandem.records.models import CustomType, FieldDef, IndexState
from tandem.records.queries.custom import definition_by_public_id, definitions_for
from tandem.records.rules import FieldType
from tandem.records.schemas import ChangeField, NewField, OptionIn
from tandem.records.slots import OBJECT_TYPES, ObjectType
from tandem.ui import navigation
from tandem.ui.forms import Form
from tandem.ui.navigation import NavItem, Section
from tandem.ui.responses import Toast, render, see_other

EMPTY_ROWS = 3
TRAITS = ("label", "help", "is_required", "is_personal", "is_indexed", "version")


@require_GET
@page(permission="records.fields")
def fields(request: ActorRequest) -> HttpResponseBase:
    """The fields of one kind (``kind``), those in use in their order, then those retired."""
    kinds = _kinds(request)
    kind = next((one for one in kinds if one.kind == request.GET.get("kind")), kinds[0])
    rows = list(definitions_for(request.actor, kind.kind))
    building = [one.progress for one in rows if one.index_state == IndexState.BUILDING]
    shares = {
        one.public_id: one.done / one.total
        for one in ProgressRecord.objects.filter(public_id__in=[p for p in building if p])
        if one.total
    }
    context = {
        "kinds": kinds,
        "kind": kind,
        "rows": [(one, shares.get(one.progress)) for one in rows if one.retired_at is None],
        "retired": [one for one in rows if one.retired_at is not None],
        "is_busy": bool(building),
    }
    return render(request, "records/fields.html", context, fragment="body")


@require_http_methods(["GET", "POST"])
@page(permission="records.fields")
def new_field(request: ActorRequest) -> HttpResponseBase:
    kinds = _kinds(request)
    kind = next((one for one in kinds if one.kind == request.GET.get("kind")), kinds[0])
    form = Form(
        NewField,
        data=_posted(request),
        initial={"kind": kind.kind, "type": "text", "currency": base_currency()},
        choices={
            "kind": [(one.kind, one.label_plural) for one in kinds],
            "type": list(CustomType.choices),
            "currency": [(code, code) for code in currencies()],
        },
        only=("kind", "type", "currency", *TRAITS),
    )
    options = _options(request.POST)
    with form.refusals():
        if form.is_submitted:
            given = {"choices": options} if form.value.type in _CHOOSING else {}
            made = actions.add_field(request.actor, data=form.value.model_copy(update=given))
            return _back(request, made, _("%(field)s added") % {"field": made.label})
    context = {"form": form, "options": _option_rows(options, EMPTY_ROWS), "kind": kind}
    return render(request, "records/new_field.html", context, status=form.status)


@require_http_methods(["GET", "POST"])
@page(permission="records.fields")
def field(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = definition_by_public_id(request.actor, public_id)
    form = Form(
        ChangeField,
        data=_posted(request),
        initial={name: getattr(found, name, None) for name in TRAITS}
        | {"version": found.row_version},
        only=TRAITS,
    )
    is_choosing = found.type in _CHOOSING
    options = _options(request.POST) if form.is_submitted else _kept(found)
    with form.refusals():
        if form.is_submitted:
            given = {"choices": options} if is_choosing else {}
            data = form.value.model_copy(update=given)
            actions.change_field(request.actor, public_id, data=data)
            return _back(request, found, _("%(field)s saved") % {"field": found.label})
    context = {
        "field": found,
        "kind": OBJECT_TYPES.get(found.kind),
        "form": form,
        "is_choosing": is_choosing,
        "options": _option_rows(options, EMPTY_ROWS) if is_choosing else [],
        "page_title": found.label,
    }
    return render(request, "records/field_settings.html", context, status=form.status)


@require_POST
@page(permission="records.fields")
def place(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Put a field at another place: ``position`` counts from 1."""
    form = Form(ChangeField, data=request.POST, only=("position",))
    found = actions.change_field(request.actor, public_id, data=form.value)
    return _back(request, found, _("Order saved"))


@require_POST
@page(permission="records.fields")
def retirement(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = actions.retire_field(request.actor, public_id)
    return _back(request, found, _("%(field)s retired; its values stay") % {"field": found.label})


@require_POST
@page(permission="records.fields")
def restoration(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = actions.restore_field(request.actor, public_id)
    return _back(request, found, _("%(field)s is back") % {"field": found.label})


_CHOOSING = frozenset({str(FieldType.CHOICE), str(FieldType.CHOICES)})
_TONES = ("", "mkt", "sales", "handoff", "ok", "warn", "bad")


def _kinds(request: ActorRequest) -> list[ObjectType]:
    found = [one for one in OBJECT_TYPES if one.is_customisable]
    seen = [one for one in found if request.actor.may(one.permissions.view)]
    if not seen:
        raise Missing()
    return seen


def _posted(request: ActorRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _options(posted: QueryDict) -> list[OptionIn]:
    """The choices of the editor: a row with an empty label is none; one ticked is retired."""
    values, labels = posted.getlist("_value"), posted.getlist("_label")
    tones, retired = posted.getlist("_tone"), set(posted.getlist("_retired"))
    found = []
    for value, label, tone in zip(values, labels, tones, strict=False):
        if label.strip():
            found.append(
                OptionIn(
                    value=value or None,
                    label=label.strip()[:80],
                    tone=tone if tone in _TONES else "",
                    is_retired=bool(value) and value in retired,
                )
            )
    return found


def _kept(field: FieldDef) -> list[OptionIn]:
    return [OptionIn.model_validate(one) for one in field.choices]


def _option_rows(options: Sequence[OptionIn], empty: int) -> list[dict[str, Any]]:
    rows = [one.model_dump() for one in options]
    return rows + [{"value": "", "label": "", "tone": "", "is_retired": False}] * empty


def _back(request: ActorRequest, found: FieldDef, text: str) -> HttpResponseBase:
    to = f"{reverse('records:fields')}?kind={found.kind}"
    return see_other(request, to, toast=Toast(text, undo=last_change_set()))


navigation.register(
    NavItem(
        key="fields",
        label=gettext_lazy("Fields"),
        icon="forms",
        url_name="records:fields",
        section=Section.SETTINGS,
        order=62,
        permission="records.fields",
    ),
)
