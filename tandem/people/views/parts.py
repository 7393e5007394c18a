"""What belongs to a person or company, added, changed and taken away on its page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST
from pydantic import BaseModel

from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.people import actions, queries
from tandem.people.models import REACH_LABELS, TIE_LABELS
from tandem.people.schemas import (
    ChangeDomain,
    ChangeEmployment,
    ChangeReach,
    ChangeRelationship,
    NewDomain,
    NewEmail,
    NewEmployment,
    NewPhone,
    NewRelationship,
)
from tandem.ui.forms import Form
from tandem.ui.responses import Toast, done, render, trigger


@dataclass(frozen=True)
class Part:
    """One kind of thing that belongs to a record: its label, what is asked, the three deeds.

    ``of`` reads them: of the actor and the public id of the record.
    """

    slug: str
    label: str | Promise
    new: type[BaseModel]
    change: type[BaseModel]
    of: Callable[..., Any]
    add: Callable[..., Any]
    alter: Callable[..., Any]
    remove: Callable[..., None]


PARTS: Mapping[str, Part] = {
    "emails": Part(
        "people",
        gettext_lazy("Mail address"),
        NewEmail,
        ChangeReach,
        queries.emails_of,
        actions.add_email,
        actions.change_email,
        actions.remove_email,
    ),
    "phones": Part(
        "people",
        gettext_lazy("Phone number"),
        NewPhone,
        ChangeReach,
        queries.phones_of,
        actions.add_phone,
        actions.change_phone_number,
        actions.remove_phone,
    ),
    "employments": Part(
        "people",
        gettext_lazy("Job"),
        NewEmployment,
        ChangeEmployment,
        queries.jobs_of,
        actions.add_employment,
        actions.change_employment,
        actions.remove_employment,
    ),
    "relationships": Part(
        "people",
        gettext_lazy("Relationship"),
        NewRelationship,
        ChangeRelationship,
        queries.ties_of,
        actions.add_relationship,
        actions.change_relationship,
        actions.remove_relationship,
    ),
    "domains": Part(
        "companies",
        gettext_lazy("Domain"),
        NewDomain,
        ChangeDomain,
        queries.domains_of,
        actions.add_domain,
        actions.change_domain_of,
        actions.remove_domain,
    ),
}

# Fields of the forms, with their words.
_LABELS: Mapping[str, str | Promise] = {
    "address": gettext_lazy("Mail address"),
    "number": gettext_lazy("Phone number"),
    "domain": gettext_lazy("Domain"),
    "is_primary": gettext_lazy("Make it the main one"),
    "company": gettext_lazy("Company"),
    "title": gettext_lazy("Title"),
    "function": gettext_lazy("Function"),
    "seniority": gettext_lazy("Seniority"),
    "started_on": gettext_lazy("From"),
    "ended_on": gettext_lazy("Until"),
    "ends_current": gettext_lazy("The job until now has ended"),
    "type": gettext_lazy("This person"),
    "person": gettext_lazy("Name or mail address"),
    "note": gettext_lazy("Note"),
    "status": gettext_lazy("It"),
}
_OPTIONAL = ("title", "function", "seniority", "started_on", "ended_on", "company", "note")


def form_of(key: str, *, data: Any = None, initial: Any = None, changes: bool = False) -> Form[Any]:
    """The form of a part: of a new one, or of one that is changed."""
    part = PARTS[key]
    schema = part.change if changes else part.new
    return Form(
        schema, data=data, initial=initial, choices=_choices(), only=_names(key, changes=changes)
    )


def _names(key: str, *, changes: bool) -> list[str]:
    schema = PARTS[key].change if changes else PARTS[key].new
    return [name for name in schema.model_fields if not (changes and name == "is_primary")]


def _controls(key: str, form: Form[Any], *, changes: bool) -> list[tuple[Any, Any, bool]]:
    """The fields of such a form: control, label, whether it may be left empty."""
    names = _names(key, changes=changes)
    return [(form[name], _LABELS[name], name in _OPTIONAL) for name in names]


def _choices() -> dict[str, list[tuple[object, str | Promise]]]:
    named: Mapping[str, Mapping[Any, str | Promise]] = {
        "type": TIE_LABELS,
        "status": REACH_LABELS,
    }
    return {key: [(str(one), label) for one, label in of.items()] for key, of in named.items()}


@require_http_methods(["GET", "POST"])
@page(permission="people.edit")
def add_part(request: ActorRequest, public_id: UUID, key: str) -> HttpResponseBase:
    _refuse_unseen(request, public_id, key)
    form = form_of(key, data=request.POST if request.method == "POST" else None)
    with form.refusals():
        if form.is_submitted:
            PARTS[key].add(request.actor, public_id, data=form.value)
            return _saved(public_id, key, request)
    controls = _controls(key, form, changes=False)
    return _asked(request, public_id, key, form, controls)


@require_http_methods(["GET", "POST"])
@page(permission="people.edit")
def change_part(request: ActorRequest, public_id: UUID, key: str, number: int) -> HttpResponseBase:
    found = PARTS[key].of(request.actor, public_id).filter(pk=number).first()
    if found is None:
        raise Missing()
    data = request.POST if request.method == "POST" else None
    form = form_of(key, data=data, initial=_initial(key, found), changes=True)
    with form.refusals():
        if form.is_submitted:
            PARTS[key].alter(request.actor, public_id, number, data=form.value)
            return _saved(public_id, key, request)
    return _asked(request, public_id, key, form, _controls(key, form, changes=True))


@require_POST
@page(permission="people.edit")
def make_main(request: ActorRequest, public_id: UUID, key: str, number: int) -> HttpResponseBase:
    data = PARTS[key].change(is_primary=True)
    PARTS[key].alter(request.actor, public_id, number, data=data)
    return _saved(public_id, key, request)


@require_POST
@page(permission="people.edit")
def remove_part(request: ActorRequest, public_id: UUID, key: str, number: int) -> HttpResponseBase:
    PARTS[key].remove(request.actor, public_id, number)
    return _saved(public_id, key, request)


def _refuse_unseen(request: ActorRequest, public_id: UUID, key: str) -> None:
    """Raise Missing where the record is not there for who asks."""
    is_person = PARTS[key].slug == "people"
    read = queries.person_by_public_id if is_person else queries.company_by_public_id
    read(request.actor, public_id)


def _initial(key: str, found: Any) -> dict[str, Any]:
    """What the form of a part shows at first."""
    shown = {name: getattr(found, name) for name in _names(key, changes=True) if name != "company"}
    if "company" in _names(key, changes=True):
        shown["company"] = found.company.name if found.company else ""
    return shown


def _saved(public_id: UUID, key: str, request: ActorRequest) -> HttpResponseBase:
    toast = Toast(_("%(what)s saved") % {"what": PARTS[key].label}, undo=last_change_set())
    response = done(request, toast=toast, to=_page(key, public_id))
    trigger(response, "record-changed")
    return response


def _page(key: str, public_id: UUID) -> str:
    return reverse("records:record", args=[PARTS[key].slug, public_id])


def _asked(
    request: ActorRequest,
    public_id: UUID,
    key: str,
    form: Form[Any],
    controls: list[tuple[Any, Any, bool]],
) -> HttpResponseBase:
    context = {
        "form": form,
        "controls": controls,
        "url": request.path,
        "back_url": _page(key, public_id),
        "page_title": PARTS[key].label,
    }
    return render(request, "people/part.html", context, fragment="form", status=form.status)
