"""What may be done with users, teams, tokens and the company's settings."""

from tandem.accounts.actions.company import (
    change_company_settings,
    fill_holidays,
    remove_holiday,
    remove_rate,
    set_holidays,
    set_rates,
)
from tandem.accounts.actions.marks import mark_seen, mark_token_used
from tandem.accounts.actions.roles import hide_fields, set_scopes, set_verbs
from tandem.accounts.actions.teams import add_team, change_team, remove_team, set_members
from tandem.accounts.actions.tokens import IssuedToken, add_token, revoke_token
from tandem.accounts.actions.users import (
    add_user,
    change_own_password,
    change_own_settings,
    change_user,
    deactivate_user,
    reactivate_user,
    remove_second_factor,
    set_password,
)

__all__ = [
    "IssuedToken",
    "add_team",
    "add_token",
    "add_user",
    "change_company_settings",
    "change_own_password",
    "change_own_settings",
    "change_team",
    "change_user",
    "deactivate_user",
    "fill_holidays",
    "hide_fields",
    "mark_seen",
    "mark_token_used",
    "reactivate_user",
    "remove_holiday",
    "remove_rate",
    "remove_second_factor",
    "remove_team",
    "revoke_token",
    "set_holidays",
    "set_members",
    "set_password",
    "set_rates",
    "set_scopes",
    "set_verbs",
]
