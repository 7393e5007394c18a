"""Saving, changing and deleting views of a list."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest
from tandem.records import queries, rules
from tandem.records.actions import change_view, delete_view, save_view
from tandem.records.models import Density, SavedView
from tandem.records.schemas import ChangeView, NewView, Opening, OpensFor, ViewIcon, ViewName
from tandem.records.slots import ObjectType
from tandem.records.views.doors import record_page
from tandem.records.views.lists import ListState
from tandem.ui.forms import Form
from tandem.ui.responses import Toast, render, see_other

_ICONS: Mapping[ViewIcon, str | Promise] = {
    ViewIcon.NONE: gettext_lazy("No picture"),
    ViewIcon.STAR: gettext_lazy("Star"),
    ViewIcon.FLAG: gettext_lazy("Flag"),
    ViewIcon.HEART: gettext_lazy("Heart"),
    ViewIcon.BOLT: gettext_lazy("Lightning"),
    ViewIcon.TARGET: gettext_lazy("Target"),
    ViewIcon.CLOCK: gettext_lazy("Clock"),
    ViewIcon.CALENDAR: gettext_lazy("Calendar"),
    ViewIcon.PHONE: gettext_lazy("Telephone"),
    ViewIcon.MAIL: gettext_lazy("Letter"),
    ViewIcon.MAP_PIN: gettext_lazy("Place"),
    ViewIcon.USERS: gettext_lazy("People"),
    ViewIcon.BUILDING: gettext_lazy("House"),
    ViewIcon.BRIEFCASE: gettext_lazy("Briefcase"),
    ViewIcon.TROPHY: gettext_lazy("Cup"),
    ViewIcon.GIFT: gettext_lazy("Gift"),
    ViewIcon.TAG: gettext_lazy("Label"),
    ViewIcon.CHART: gettext_lazy("Curve"),
    ViewIcon.EYE: gettext_lazy("Eye"),
    ViewIcon.ALERT: gettext_lazy("Warning"),
}


@require_http_methods(["GET", "POST"])
@record_page
def new_view(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """The dialog that names a view, and saving it; the list stands in the query string."""
    state = ListState(object_type, request.actor, request.GET.dict())
    data = request.POST if request.method == "POST" else None
    form = Form(ViewName, choices=_choices(request), data=data)
    with form.refusals():
        if form.is_submitted:
            new = NewView(**form.value.model_dump(), **_list_of(state))
            view = save_view(request.actor, object_type, data=new)
            return see_other(request, _url(object_type, view), toast=_toast(_("View saved")))
    context = {
        "type": object_type,
        "form": form,
        "page_title": _("Save as view"),
        "lead": _("The filters, the order and the columns as they stand now."),
    }
    return render(request, "records/view.html", context, fragment="dialog", status=form.status)


@require_http_methods(["GET", "POST"])
@record_page
def view_settings(
    request: ActorRequest, object_type: ObjectType, public_id: UUID
) -> HttpResponseBase:
    """The dialog that changes what is said of a view; of others' views only whom they open for."""
    view = queries.saved_view(request.actor, object_type.kind, public_id)
    queries.refuse_unseen_view(request.actor, object_type, view)
    is_own = view.owner_id == request.actor.user_id or request.actor.may("records.share_views")
    form: Form[Any] = Form(
        ViewName if is_own else Opening,
        choices=_choices(request),
        data=request.POST if request.method == "POST" else None,
        initial=_said_of(view, request.actor),
    )
    with form.refusals():
        if form.is_submitted:
            data = ChangeView.model_validate(form.value.model_dump())
            view = change_view(request.actor, object_type, public_id, data=data)
            to = _url(object_type, view)
            if not queries.may_open(request.actor, view):
                to = reverse("records:list", args=[object_type])
            return see_other(request, to, toast=_toast(_("View saved")))
    context = {"type": object_type, "form": form, "page_title": view.name, "lead": "", "view": view}
    return render(request, "records/view.html", context, fragment="dialog", status=form.status)


@require_POST
@record_page
def update_view(
    request: ActorRequest, object_type: ObjectType, public_id: UUID
) -> HttpResponseBase:
    """Keep the list as it stands now in the view it came from."""
    state = ListState(object_type, request.actor, request.GET.dict())
    data = ChangeView.model_validate(_list_of(state))
    view = change_view(request.actor, object_type, public_id, data=data)
    return see_other(request, _url(object_type, view), toast=_toast(_("View saved")))


@require_POST
@record_page
def remove_view(
    request: ActorRequest, object_type: ObjectType, public_id: UUID
) -> HttpResponseBase:
    delete_view(request.actor, object_type, public_id)
    to = reverse("records:list", args=[object_type])
    return see_other(request, to, toast=_toast(_("View deleted")))


def _list_of(state: ListState) -> dict[str, Any]:
    return {
        "filters": rules.as_json(state.query.filters),
        "sort": state.query.sort,
        "columns": list(state.query.columns),
        "widths": dict(state.widths),
        "density": Density.COMPACT if state.is_compact else Density.COMFORTABLE,
        "footers": dict(state.footers),
        "group": str(state.grouping or ""),
        "layout": "board" if state.board else "",
    }


def _said_of(view: Any, actor: Actor) -> dict[str, object]:
    opens_for = OpensFor.ME if view.opens_for_me else OpensFor.NOBODY
    if view.opens_for_everyone and actor.may("records.share_views"):
        opens_for = OpensFor.EVERYONE
    return {
        "name": view.name,
        "icon": view.icon,
        "visibility": view.visibility,
        "is_pinned": view.is_pinned,
        "opens_for": opens_for,
    }


def _choices(request: ActorRequest) -> dict[str, Sequence[tuple[object, str | Promise]]]:
    sees: list[tuple[object, str | Promise]] = [("private", _("Only me"))]
    opens: list[tuple[object, str | Promise]] = [
        (OpensFor.NOBODY, _("No")),
        (OpensFor.ME, _("For me")),
    ]
    if request.actor.may("records.share_views"):
        sees += [("team", _("My team")), ("everyone", _("Everyone"))]
        opens.append((OpensFor.EVERYONE, _("For everyone who chose none")))
    return {"visibility": sees, "opens_for": opens, "icon": list(_ICONS.items())}


def _url(object_type: ObjectType, view: SavedView) -> str:
    return f"{reverse('records:list', args=[object_type])}?view={view.public_id}"


def _toast(message: str) -> Toast:
    return Toast(message, undo=last_change_set())
