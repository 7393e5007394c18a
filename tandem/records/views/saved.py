"""Saving, changing and deleting views of a list."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest
from tandem.records import rules
from tandem.records.actions import change_view, delete_view, save_view
from tandem.records.models import Density, SavedView
from tandem.records.schemas import ChangeView, NewView, ViewName
from tandem.records.slots import ObjectType
from tandem.records.views.doors import record_page
from tandem.records.views.lists import ListState
from tandem.ui.forms import Form
from tandem.ui.responses import Toast, render, see_other


@require_http_methods(["GET", "POST"])
@record_page
def new_view(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """The dialog that names a view, and saving it; the list stands in the query string."""
    state = ListState(object_type, request.actor, request.GET.dict())
    data = request.POST if request.method == "POST" else None
    form = Form(ViewName, choices=_sharing(request), data=data)
    with form.refusals():
        if form.is_submitted:
            new = NewView(**form.value.model_dump(), **_list_of(state))
            view = save_view(request.actor, object_type, data=new)
            return see_other(request, _url(object_type, view), toast=_toast(_("View saved")))
    context = {"type": object_type, "state": state, "form": form, "page_title": _("Save view")}
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


def _sharing(request: ActorRequest) -> dict[str, list[tuple[object, str]]]:
    choices: list[tuple[object, str]] = [("private", _("Only me"))]
    if request.actor.may("records.share_views"):
        choices += [("team", _("My team")), ("everyone", _("Everyone"))]
    return {"visibility": choices}


def _url(object_type: ObjectType, view: SavedView) -> str:
    return f"{reverse('records:list', args=[object_type])}?view={view.public_id}"


def _toast(message: str) -> Toast:
    return Toast(message, undo=last_change_set())
