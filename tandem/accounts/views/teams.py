"""Teams: the list, adding one, its name and its members."""

from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tandem.accounts import actions
from tandem.accounts.models import Membership, Team
from tandem.accounts.queries import team_of, visible_teams
from tandem.accounts.schemas import TeamInput, TeamMembers
from tandem.accounts.views import choices
from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.ui.forms import Form, submit
from tandem.ui.responses import Toast, render, see_other


@require_GET
@page(permission="accounts.view_users")
def teams(request: ActorRequest) -> HttpResponseBase:
    context = {
        "teams": visible_teams(request.actor),
        "may_manage": request.actor.may("accounts.manage_teams"),
    }
    return render(request, "accounts/teams.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="accounts.manage_teams")
def new_team(request: ActorRequest) -> HttpResponseBase:
    picks = choices.of_team()
    if request.method == "POST":
        form = submit(TeamInput, request.POST, choices=picks)
    else:
        form = Form(TeamInput, choices=picks)
    with form.refusals():
        if form.is_submitted:
            added = actions.add_team(request.actor, form.value)
            return _back(request, added, _("%(team)s is added") % {"team": added.name})
    return render(request, "accounts/new_team.html", {"form": form}, status=form.status)


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="accounts.manage_teams")
def team(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = team_of(request.actor, public_id)
    picks = choices.of_team()
    if request.method == "POST":
        form = submit(TeamInput, request.POST, choices=picks)
    else:
        form = Form(TeamInput, initial={"name": found.name, "kind": found.kind}, choices=picks)
    with form.refusals():
        if form.is_submitted:
            actions.change_team(request.actor, public_id, form.value)
            return _back(request, found, _("Saved"))
    return _page(request, found, form, _members_form(request, found))


@require_POST
@page(permission="accounts.manage_teams")
def members(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = team_of(request.actor, public_id)
    picks = choices.of_members(request.actor, found)
    form = submit(TeamMembers, request.POST, choices=picks)
    with form.refusals():
        if form.is_submitted:
            actions.set_members(request.actor, public_id, form.value)
            return _back(request, found, _("Saved"))
    name_form = Form(
        TeamInput, initial={"name": found.name, "kind": found.kind}, choices=choices.of_team()
    )
    return _page(request, found, name_form, form)


@require_POST
@page(permission="accounts.manage_teams")
def removal(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    removed = actions.remove_team(request.actor, public_id)
    text = _("%(team)s is removed") % {"team": removed.name}
    toast = Toast(text, undo=last_change_set())
    return see_other(request, reverse("accounts:teams"), toast=toast)


def _page(
    request: ActorRequest, found: Team, form: Form[TeamInput], member_form: Form[TeamMembers]
) -> HttpResponseBase:
    context = {"team": found, "form": form, "member_form": member_form}
    status = max(form.status, member_form.status)
    return render(request, "accounts/team.html", context, status=status)


def _members_form(request: ActorRequest, found: Team) -> Form[TeamMembers]:
    people: list[Membership] = getattr(found, "people", [])
    initial = {
        "members": [one.user.public_id for one in people],
        "leads": [one.user.public_id for one in people if one.is_lead],
    }
    return Form(TeamMembers, initial=initial, choices=choices.of_members(request.actor, found))


def _back(request: ActorRequest, found: Team, text: str) -> HttpResponseBase:
    to = reverse("accounts:team", args=[found.public_id])
    return see_other(request, to, toast=Toast(text, undo=last_change_set()))
