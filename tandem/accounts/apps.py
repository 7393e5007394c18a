from django.utils.translation import gettext_lazy as _

from tandem.kernel.permissions import Permission
from tandem.kernel.rooms import Room
from tandem.ui import navigation
from tandem.ui.navigation import NavItem, Section

EVERYONE = frozenset({"admin", "manager", "marketer", "seller", "viewer"})

NAVIGATION = (
    NavItem(
        "own_settings",
        _("You"),
        "user-circle",
        "accounts:own_settings",
        section=Section.SETTINGS,
        order=10,
    ),
    NavItem(
        "security",
        _("Signing in"),
        "shield-lock",
        "mfa_index",
        section=Section.SETTINGS,
        order=20,
    ),
    NavItem(
        "tokens",
        _("API tokens"),
        "key",
        "accounts:tokens",
        section=Section.SETTINGS,
        order=30,
        permission="accounts.manage_tokens",
    ),
    NavItem(
        "users",
        _("Users"),
        "users",
        "accounts:users",
        section=Section.SETTINGS,
        order=40,
        permission="accounts.view_users",
    ),
    NavItem(
        "roles",
        _("Roles"),
        "lock",
        "accounts:roles",
        section=Section.SETTINGS,
        order=45,
        permission="accounts.manage_roles",
    ),
    NavItem(
        "teams",
        _("Teams"),
        "users-group",
        "accounts:teams",
        section=Section.SETTINGS,
        order=50,
        permission="accounts.view_users",
    ),
    NavItem(
        "company",
        _("Company"),
        "building",
        "accounts:company",
        section=Section.SETTINGS,
        order=60,
        permission="accounts.manage_company",
    ),
    NavItem(
        "rates",
        _("Currency rates"),
        "coins",
        "accounts:rates",
        section=Section.SETTINGS,
        order=70,
        permission="accounts.manage_company",
    ),
    NavItem(
        "holidays",
        _("Holidays"),
        "calendar",
        "accounts:holidays",
        section=Section.SETTINGS,
        order=80,
        permission="accounts.manage_company",
    ),
)


class AccountsConfig(Room):
    name = "tandem.accounts"
    label = "accounts"
    verbose_name = _("Accounts")
    permissions = {
        "accounts.own_settings": Permission(_("Change one's own settings"), EVERYONE),
        "accounts.manage_tokens": Permission(_("Make and revoke one's own tokens"), EVERYONE),
        "accounts.view_users": Permission(_("See users and teams"), EVERYONE),
        "accounts.manage_users": Permission(_("Add and change users"), frozenset({"admin"})),
        "accounts.manage_roles": Permission(
            _("Decide what roles see and may do"), frozenset({"admin"})
        ),
        "accounts.manage_teams": Permission(
            _("Add and change teams"), frozenset({"admin", "manager"})
        ),
        "accounts.manage_company": Permission(
            _("Change the company's settings"), frozenset({"admin"})
        ),
    }
    loads = ("queries",)

    def ready(self) -> None:
        super().ready()
        navigation.register(*NAVIGATION)
