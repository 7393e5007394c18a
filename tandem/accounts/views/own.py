"""What users settle for themselves."""

from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tandem.accounts.actions import (
    IssuedToken,
    add_token,
    change_own_settings,
    revoke_token,
)
from tandem.accounts.models import User
from tandem.accounts.queries import company_settings, tokens_of
from tandem.accounts.schemas import NewToken, OwnSettings
from tandem.accounts.views import choices
from tandem.accounts.views.sign_in import set_theme
from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Unauthenticated
from tandem.ui.forms import Form, submit
from tandem.ui.responses import Toast, render, see_other


@require_http_methods(["GET", "HEAD", "POST"])
@page(permission="accounts.own_settings")
def own_settings(request: ActorRequest) -> HttpResponseBase:
    user = _user(request)
    picks = choices.of_own_settings()
    if request.method != "POST":
        form = Form(OwnSettings, initial=_settings_of(user), choices=picks)
    else:
        form = submit(OwnSettings, request.POST, choices=picks)
    with form.refusals():
        if form.is_submitted:
            changed = change_own_settings(request.actor, form.value)
            toast = Toast(_("Saved"), undo=last_change_set())
            response = see_other(request, reverse("accounts:own_settings"), toast=toast)
            set_theme(response, changed.theme)
            return response
    context = {"form": form, "company_zone": company_settings().time_zone}
    return render(request, "accounts/own.html", context, status=form.status)


@require_GET
@page(permission="accounts.manage_tokens")
def tokens(request: ActorRequest) -> HttpResponseBase:
    return _tokens(request, Form(NewToken))


@require_POST
@page(permission="accounts.manage_tokens")
def new_token(request: ActorRequest) -> HttpResponseBase:
    form = submit(NewToken, request.POST)
    with form.refusals():
        if form.is_submitted:
            issued = add_token(request.actor, form.value)
            return _tokens(request, Form(NewToken), issued=issued)
    return _tokens(request, form)


@require_POST
@page(permission="accounts.manage_tokens")
def token_revocation(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    token = revoke_token(request.actor, public_id)
    toast = Toast(_("%(token)s is revoked") % {"token": token.name})
    return see_other(request, reverse("accounts:tokens"), toast=toast)


def _tokens(
    request: ActorRequest, form: Form[NewToken], *, issued: IssuedToken | None = None
) -> HttpResponseBase:
    context = {"form": form, "issued": issued, "tokens": tokens_of(_user(request).pk)}
    return render(request, "accounts/tokens.html", context, status=form.status)


def _user(request: ActorRequest) -> User:
    if not isinstance(request.user, User):
        raise Unauthenticated()
    return request.user


def _settings_of(user: User) -> dict[str, object]:
    return {name: getattr(user, name) for name in OwnSettings.model_fields}
