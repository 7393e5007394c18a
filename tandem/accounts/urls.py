"""The settings below ``settings/``, and signing in below ``accounts/``."""

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as keys
from django.urls import path, re_path

from tandem.accounts.views import company, own, roles, sign_in, teams, users
from tandem.kernel.doors import public_page, signed_in_page

app_name = "accounts"

urlpatterns = [
    path("", own.own_settings, name="own_settings"),
    path("tokens", own.tokens, name="tokens"),
    path("tokens/new", own.new_token, name="new_token"),
    path("tokens/<uuid:public_id>/revocation", own.token_revocation, name="token_revocation"),
    path("users", users.users, name="users"),
    path("users/new", users.new_user, name="new_user"),
    path("users/<uuid:public_id>", users.user, name="user"),
    path("users/<uuid:public_id>/password", users.password, name="user_password"),
    path("users/<uuid:public_id>/deactivation", users.deactivation, name="deactivation"),
    path("users/<uuid:public_id>/reactivation", users.reactivation, name="reactivation"),
    path(
        "users/<uuid:public_id>/second-factor-removal",
        users.second_factor_removal,
        name="second_factor_removal",
    ),
    path("roles", roles.roles, name="roles"),
    path("roles/<role:role>", roles.role, name="role"),
    path("roles/<role:role>/rights", roles.rights, name="role_rights"),
    path("roles/<role:role>/fields/<slug:kind>", roles.hidden_fields, name="hidden_fields"),
    path("teams", teams.teams, name="teams"),
    path("teams/new", teams.new_team, name="new_team"),
    path("teams/<uuid:public_id>", teams.team, name="team"),
    path("teams/<uuid:public_id>/members", teams.members, name="team_members"),
    path("teams/<uuid:public_id>/removal", teams.removal, name="team_removal"),
    path("company", company.company, name="company"),
    path("rates", company.currency_rates, name="rates"),
    path("rates/removal", company.rate_removal, name="rate_removal"),
    path("holidays", company.holidays, name="holidays"),
    path("holidays/calendar", company.holiday_calendar, name="holiday_calendar"),
    path("holidays/removal", company.holiday_removal, name="holiday_removal"),
]

_signs_in = public_page(reason="Signs in, step by step; rate-limited by allauth.")

# The pages of allauth that make sense here, under the names that it looks for. Sign-up and mail
# addresses are not among them.
sign_in_patterns = [
    path("login/", _signs_in(account.login), name="account_login"),
    path("logout/", _signs_in(account.logout), name="account_logout"),
    path("inactive/", _signs_in(account.account_inactive), name="account_inactive"),
    path("help/", sign_in.lost_access, name="account_reset_password"),
    path(
        "help/sent/",
        _signs_in(account.password_reset_done),
        name="account_reset_password_done",
    ),
    re_path(
        r"^help/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        _signs_in(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "help/changed/",
        _signs_in(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path(
        "reauthenticate/",
        signed_in_page(account.reauthenticate),
        name="account_reauthenticate",
    ),
    path(
        "password/change/",
        signed_in_page(account.password_change),
        name="account_change_password",
    ),
    path("password/set/", signed_in_page(account.password_set), name="account_set_password"),
    path("2fa/", signed_in_page(second_factor.index), name="mfa_index"),
    path("2fa/authenticate/", _signs_in(second_factor.authenticate), name="mfa_authenticate"),
    path(
        "2fa/reauthenticate/",
        signed_in_page(second_factor.reauthenticate),
        name="mfa_reauthenticate",
    ),
    path("2fa/totp/activate/", signed_in_page(app.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", signed_in_page(app.deactivate_totp), name="mfa_deactivate_totp"),
    path(
        "2fa/recovery-codes/",
        signed_in_page(codes.view_recovery_codes),
        name="mfa_view_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/generate/",
        signed_in_page(codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/",
        signed_in_page(codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("2fa/webauthn/", signed_in_page(keys.list_webauthn), name="mfa_list_webauthn"),
    path("2fa/webauthn/add/", signed_in_page(keys.add_webauthn), name="mfa_add_webauthn"),
    path("2fa/webauthn/login/", _signs_in(keys.login_webauthn), name="mfa_login_webauthn"),
    path(
        "2fa/webauthn/reauthenticate/",
        signed_in_page(keys.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path(
        "2fa/webauthn/keys/<int:pk>/remove/",
        signed_in_page(keys.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    path(
        "2fa/webauthn/keys/<int:pk>/edit/",
        signed_in_page(keys.edit_webauthn),
        name="mfa_edit_webauthn",
    ),
]
