"""Tables of the people who work here and of the company they work for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import pgtrigger
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tandem.accounts.rules import Role, Side, TeamKind, Theme, mark_of, normal_address
from tandem.kernel.actor import Scope
from tandem.kernel.history import tracked
from tandem.kernel.models import PublicIdField, Record, Tracked

Label = str | Promise

ROLE_LABELS: Mapping[Role, Label] = {
    Role.ADMIN: _("Administrator"),
    Role.MANAGER: _("Manager"),
    Role.MARKETER: _("Marketer"),
    Role.SELLER: _("Seller"),
    Role.VIEWER: _("Viewer"),
}
SCOPE_LABELS: Mapping[Scope, Label] = {
    Scope.NONE: _("none"),
    Scope.OWN: _("their own"),
    Scope.TEAM: _("their team's"),
    Scope.ALL: _("all"),
}
SIDE_LABELS: Mapping[Side, Label] = {
    Side.MARKETING: _("Marketing"),
    Side.SALES: _("Sales"),
    Side.NONE: _("Neither"),
}
THEME_LABELS: Mapping[Theme, Label] = {
    Theme.SYSTEM: _("As the system"),
    Theme.LIGHT: _("Light"),
    Theme.DARK: _("Dark"),
}
TEAM_KIND_LABELS: Mapping[TeamKind, Label] = {
    TeamKind.MARKETING: _("Marketing"),
    TeamKind.SALES: _("Sales"),
    TeamKind.OTHER: _("Other"),
}


def _choices(labels: Mapping[Any, Label]) -> list[tuple[str, Label]]:
    return [(str(value), label) for value, label in labels.items()]


class UserQuerySet(models.QuerySet["User"]):
    """Chains over users."""

    def active(self) -> "UserQuerySet":
        """Users who may sign in."""
        return self.filter(is_active=True)

    def by_name(self) -> "UserQuerySet":
        return self.order_by(Lower("name"), "id")


if TYPE_CHECKING:
    _UserManager = BaseUserManager["User"]
else:
    _UserManager = BaseUserManager.from_queryset(UserQuerySet)


class LiveUserManager(_UserManager):
    """Users who are there; one whose adding was undone neither signs in nor is listed."""

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db).filter(deleted_at__isnull=True)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get_queryset().get(email=normal_address(username or ""))

    if TYPE_CHECKING:

        def active(self) -> UserQuerySet: ...

        def by_name(self) -> UserQuerySet: ...


# No role may be taken from the last one who can give roles: not by an action, not by an undo.
_KEEP_AN_ADMIN = """
    IF TG_OP = 'UPDATE' AND NEW.role = 'admin' AND NEW.is_active AND NEW.deleted_at IS NULL THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('accounts.last_admin'));
    IF NOT EXISTS (
        SELECT FROM accounts_user WHERE role = 'admin' AND is_active AND deleted_at IS NULL
    ) THEN
        RAISE EXCEPTION 'There would be no active administrator left.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'user_last_admin';
    END IF;
    RETURN NULL;
"""


@tracked(root=("user", "id"), exclude=("password", "last_seen_at"))
class User(AbstractBaseUser, Record):
    """Someone who works with this installation. Password and last seen keep no history."""

    last_login = None

    email = models.EmailField(_("mail address"), unique=True)
    name = models.CharField(max_length=120)
    title = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=10, choices=_choices(ROLE_LABELS))
    side = models.CharField(max_length=10, choices=_choices(SIDE_LABELS))
    is_active = models.BooleanField(default=True)
    # Empty: the installation's language, the company's time zone.
    locale = models.CharField(max_length=20, blank=True)
    time_zone = models.CharField(max_length=60, blank=True)
    theme = models.CharField(
        max_length=6, choices=_choices(THEME_LABELS), default=Theme.SYSTEM.value
    )
    single_letter_keys = models.BooleanField(default=True)
    last_seen_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[LiveUserManager] = LiveUserManager()
    everyone: ClassVar[models.Manager["User"]] = models.Manager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("email"), name="user_email_any_case"),
            models.CheckConstraint(
                condition=models.Q(role__in=[str(role) for role in Role]), name="user_role_known"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="keep_an_admin",
                when=pgtrigger.After,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(
                    old__role="admin", old__is_active=True, old__deleted_at__isnull=True
                ),
                func=_KEEP_AN_ADMIN,
            )
        ]

    @property
    def mark(self) -> str:
        """The side as marks and faces of the pages name it."""
        return mark_of(self.side)

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name

    @property
    def role_label(self) -> Label:
        """The role in words."""
        return ROLE_LABELS[Role(self.role)]


@tracked(root=("team", "id"))
class Team(Record):
    """People who share what they own. Teams are flat."""

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=_choices(TEAM_KIND_LABELS))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("name"),
                condition=models.Q(deleted_at__isnull=True),
                name="team_name_any_case",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked(root=("team", "team"))
class Membership(Tracked):
    """A user in a team, perhaps as its lead."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    is_lead = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "team"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"


class RoleRule(Tracked):
    """What a company decided otherwise about one role."""

    role = models.CharField(max_length=10, choices=_choices(ROLE_LABELS))

    class Meta:
        abstract = True


def _not_of_admins(name: str) -> models.CheckConstraint:
    # Administrators see and may do everything: nobody can lock the last of them out.
    return models.CheckConstraint(condition=~models.Q(role=str(Role.ADMIN)), name=name)


@tracked(root=("role_verb", "id"))
class RoleVerb(RoleRule):
    """A right that a role has otherwise, or has otherwise not."""

    permission = models.CharField(max_length=80)
    is_held = models.BooleanField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["role", "permission"], name="roleverb_once"),
            _not_of_admins("roleverb_not_of_admins"),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.permission}"


@tracked(root=("role_scope", "id"))
class RoleScope(RoleRule):
    """How far a role sees among the records of a kind, where that is not the usual."""

    kind = models.CharField(max_length=30)
    scope = models.CharField(max_length=4, choices=_choices(SCOPE_LABELS))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["role", "kind"], name="rolescope_once"),
            _not_of_admins("rolescope_not_of_admins"),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.kind}"


@tracked(root=("hidden_field", "id"))
class HiddenField(RoleRule):
    """A field of a kind of record that is not there for a role."""

    kind = models.CharField(max_length=30)
    field = models.CharField(max_length=60)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["role", "kind", "field"], name="hiddenfield_once"),
            _not_of_admins("hiddenfield_not_of_admins"),
        ]

    def __str__(self) -> str:
        return f"{self.role}: {self.kind}.{self.field}"


class ApiToken(models.Model):
    """A key for a program that acts as its user. Of the secret only the hash is here.

    Without history on purpose: no undo may bring a revoked token back to life.
    """

    public_id = PublicIdField()
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True)
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


@tracked(root=("company_settings", "id"))
class CompanySettings(Tracked):
    """What holds for the whole company. There is no row until someone changes a default."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=120, blank=True)
    base_currency = models.CharField(max_length=3, default="EUR")
    time_zone = models.CharField(max_length=60, default="UTC")
    fiscal_year_start_month = models.PositiveSmallIntegerField(default=1)
    # Monday is 0, as datetime.weekday() has it.
    week_start = models.PositiveSmallIntegerField(default=0)
    default_country = models.CharField(max_length=2, blank=True)
    # Seven days from Monday, each a list of ["09:00", "17:30"] in the company's zone.
    working_hours = models.JSONField()
    # How long it is kept who saw what.
    access_log_days = models.PositiveSmallIntegerField(default=365, db_default=365)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="company_single"),
            models.CheckConstraint(
                condition=models.Q(fiscal_year_start_month__range=(1, 12)),
                name="company_fiscal_month",
            ),
            models.CheckConstraint(
                condition=models.Q(week_start__range=(0, 6)), name="company_week_start"
            ),
            models.CheckConstraint(
                condition=models.Q(access_log_days__range=(1, 3650)),
                name="company_access_log_days",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked(root=("holiday", "id"))
class Holiday(Tracked):
    """A day on which the company does not work."""

    date = models.DateField(unique=True)
    name = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


@tracked(root=("currency_rate", "id"))
class CurrencyRate(Tracked):
    """From this day on, one unit of ``currency`` is ``rate`` units of the base currency."""

    date = models.DateField()
    currency = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=20, decimal_places=10)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["currency", "date"], name="currency_rate_once"),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="currency_rate_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.date}: {self.rate}"
