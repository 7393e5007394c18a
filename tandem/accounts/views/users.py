"""Users: the list, adding one, changing one."""

from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tandem.accounts import actions
from tandem.accounts.models import User
from tandem.accounts.queries import has_second_factor, user_of, visible_users, with_teams
from tandem.accounts.rules import Role
from tandem.accounts.schemas import NewPassword, NewUser, UserChange
from tandem.accounts.views import choices
from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.ui.forms import Form, submit
from tandem.ui.responses import Toast, render, see_other


@require_GET
@page(permission="accounts.view_users")
def users(request: ActorRequest) -> HttpResponseBase:
    people = with_teams(visible_users(request.actor)).order_by("-is_active", "name", "id")
    return render(
        request,
        "accounts/users.html",
        {"users": people, "may_manage": request.actor.may("accounts.manage_users")},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="accounts.manage_users")
def new_user(request: ActorRequest) -> HttpResponseBase:
    picks = choices.of_user(request.actor)
    if request.method == "POST":
        form = submit(NewUser, request.POST, choices=picks)
    else:
        form = Form(NewUser, initial={"role": Role.SELLER}, choices=picks)
    with form.refusals():
        if form.is_submitted:
            user = actions.add_user(request.actor, form.value)
            toast = Toast(_("%(name)s is added") % {"name": user.name}, undo=last_change_set())
            return see_other(request, reverse("accounts:users"), toast=toast)
    return render(request, "accounts/new_user.html", {"form": form}, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="accounts.manage_users")
def user(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = user_of(request.actor, public_id)
    picks = choices.of_user(request.actor)
    if request.method == "POST":
        form = submit(UserChange, request.POST, choices=picks)
    else:
        form = Form(UserChange, initial=_values(found), choices=picks)
    with form.refusals():
        if form.is_submitted:
            actions.change_user(request.actor, public_id, form.value)
            return _back(request, found, _("Saved"))
    return _page(request, found, form)


@require_POST
@page(permission="accounts.manage_users")
def password(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = user_of(request.actor, public_id)
    form = submit(NewPassword, request.POST)
    with form.refusals():
        if form.is_submitted:
            actions.set_password(request.actor, public_id, form.value)
            toast = Toast(_("%(name)s has a new password") % {"name": found})
            return see_other(request, _address(found), toast=toast)
    main = Form(UserChange, initial=_values(found), choices=choices.of_user(request.actor))
    return _page(request, found, main, password_form=form)


@require_POST
@page(permission="accounts.manage_users")
def deactivation(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = actions.deactivate_user(request.actor, public_id)
    return _back(request, found, _("%(name)s can no longer sign in") % {"name": found})


@require_POST
@page(permission="accounts.manage_users")
def reactivation(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = actions.reactivate_user(request.actor, public_id)
    return _back(request, found, _("%(name)s can sign in again") % {"name": found})


@require_POST
@page(permission="accounts.manage_users")
def second_factor_removal(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = actions.remove_second_factor(request.actor, public_id)
    text = _("%(name)s signs in by password alone now") % {"name": found}
    return see_other(request, _address(found), toast=Toast(text))


def _page(
    request: ActorRequest,
    found: User,
    form: Form[UserChange],
    *,
    password_form: Form[NewPassword] | None = None,
) -> HttpResponseBase:
    password_form = password_form or Form(NewPassword)
    context = {
        "user_shown": found,
        "form": form,
        "password_form": password_form,
        "has_second_factor": has_second_factor(found),
    }
    status = max(form.status, password_form.status)
    return render(request, "accounts/user.html", context, status=status)


def _back(request: ActorRequest, found: User, text: str) -> HttpResponseBase:
    return see_other(request, _address(found), toast=Toast(text, undo=last_change_set()))


def _address(found: User) -> str:
    return reverse("accounts:user", args=[found.public_id])


def _values(found: User) -> dict[str, object]:
    values: dict[str, object] = {
        name: getattr(found, name) for name in UserChange.model_fields if name != "teams"
    }
    memberships = getattr(found, "in_teams", [])
    return {**values, "teams": [one.team.public_id for one in memberships]}
