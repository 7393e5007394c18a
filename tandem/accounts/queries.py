"""Who may do and see what; the company's settings. Every reader of records asks here."""

import datetime as dt
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from allauth.mfa.models import Authenticator
from django.db import connection
from django.db.models import Count, Model, Prefetch, Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.accounts.errors import NoRate
from tandem.accounts.models import (
    ApiToken,
    CompanySettings,
    CurrencyRate,
    HiddenField,
    Holiday,
    Membership,
    RoleScope,
    RoleVerb,
    Team,
    User,
    UserQuerySet,
)
from tandem.accounts.rules import (
    Role,
    RoleDecisions,
    mark_of,
    normal_address,
    secret_hash,
    token_parts,
    usual_week,
)
from tandem.kernel.actor import NOBODY, Actor, ActorKind, Scope, Source, job_actor
from tandem.kernel.compiled import compiled
from tandem.kernel.context import forget, remembered
from tandem.kernel.errors import Missing
from tandem.ui.shell import Identity, identity_slot

AnyModel = TypeVar("AnyModel", bound=Model)

# What the command line may do on the server's own shell.
COMMAND_PERMISSIONS = frozenset(
    {
        "accounts.view_users",
        "accounts.manage_users",
        "accounts.manage_teams",
        "accounts.manage_tokens",
        "accounts.manage_company",
    }
)


class Colleague(NamedTuple):
    """What lists show of a user."""

    name: str
    side: str

    @property
    def mark(self) -> str:
        """The side as marks and faces of the pages name it."""
        return mark_of(self.side)


# --- who acts ---------------------------------------------------------------------------------


def actor_for(user: User, source: Source = Source.UI) -> Actor:
    """The actor that a user is; one query for the teams and for what the company decided about
    the role. A deactivated user is nobody."""
    if not user.is_active or user.deleted_at is not None:
        return NOBODY
    with connection.cursor() as cursor:
        cursor.execute(_TEAMS_AND_ROLE, {"user": user.pk, "role": user.role})
        teams, verbs, scopes, hidden = cursor.fetchone()
    decided = RoleDecisions.read(verbs, scopes, hidden)
    return Actor(
        kind=ActorKind.USER,
        label=user.name or user.email,
        user_id=user.pk,
        permissions=decided.permissions(user.role),
        scopes=decided.scopes(user.role),
        hidden=decided.hidden,
        team_ids=frozenset(teams),
        source=source,
        side=user.side,
    )


_TEAMS_AND_ROLE = """
    SELECT ARRAY(
        SELECT m.team_id FROM accounts_membership m JOIN accounts_team t ON t.id = m.team_id
        WHERE m.user_id = %(user)s AND t.deleted_at IS NULL
    ), (
        SELECT json_object_agg(permission, is_held) FROM accounts_roleverb WHERE role = %(role)s
    ), (
        SELECT json_object_agg(kind, scope) FROM accounts_rolescope WHERE role = %(role)s
    ), (
        SELECT json_agg(json_build_array(kind, field)) FROM accounts_hiddenfield
        WHERE role = %(role)s
    )
"""


def actor_of_session(request: HttpRequest) -> Actor:
    """Who is signed in with this request; nobody costs no query."""
    user = request.user
    return actor_for(user) if isinstance(user, User) else NOBODY


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """A valid token and the actor that it lets act."""

    token: ApiToken
    actor: Actor


_NO_HASH = secret_hash("")


def holder_of_token(raw: str) -> TokenHolder | None:
    """The token and its actor; None when it is unknown, revoked, expired or its user inactive.

    Two queries; the secret is compared in constant time, whether or not the prefix is known.
    """
    parts = token_parts(raw)
    if parts is None:
        return None
    token = ApiToken.objects.select_related("user").filter(prefix=parts.prefix).first()
    expected = token.secret_hash if token is not None else _NO_HASH
    is_right = hmac.compare_digest(expected, secret_hash(parts.secret))
    if token is None or not is_right or token.revoked_at is not None:
        return None
    if token.expires_at is not None and token.expires_at <= timezone.now():
        return None
    actor = actor_for(token.user, Source.API)
    return TokenHolder(token, actor) if actor.is_known else None


def actor_for_token(raw: str) -> Actor | None:
    """The actor that an API token lets act; see holder_of_token."""
    holder = holder_of_token(raw)
    return holder.actor if holder is not None else None


def command_actor(permissions: Iterable[str] = COMMAND_PERMISSIONS) -> Actor:
    """Whoever has a shell on the server: sees every record, holds just these permissions."""
    return job_actor("command line", frozenset(permissions)).through(Source.COMMAND)


def role_decisions() -> dict[str, RoleDecisions]:
    """What the company decided about each role; three queries."""
    verbs: dict[str, dict[str, bool]] = {}
    for role, name, is_held in RoleVerb.objects.values_list("role", "permission", "is_held"):
        verbs.setdefault(role, {})[name] = is_held
    scopes: dict[str, dict[str, str]] = {}
    for role, kind, scope in RoleScope.objects.values_list("role", "kind", "scope"):
        scopes.setdefault(role, {})[kind] = scope
    hidden: dict[str, list[tuple[str, str]]] = {}
    for role, kind, key in HiddenField.objects.values_list("role", "kind", "field"):
        hidden.setdefault(role, []).append((kind, key))
    return {
        str(role): RoleDecisions.read(verbs.get(role), scopes.get(role), hidden.get(role))
        for role in Role
    }


# --- which records ----------------------------------------------------------------------------


def scoped(
    queryset: QuerySet[AnyModel], actor: Actor, *, kind: str, owner_field: str = "owner"
) -> QuerySet[AnyModel]:
    """The rows of one kind that the actor may see: the one policy of every reader.

    own: the actor owns it. team: the actor or a member of one of the actor's teams owns it, or
    nobody does. all: every row. ``owner_field`` is the foreign key to the user, maybe through
    others (``company__owner``). Adds conditions only, no query of its own.
    """
    scope = actor.scope_of(kind)
    if scope is Scope.ALL:
        return queryset
    if scope is Scope.NONE or actor.user_id is None:
        return queryset.none()
    mine = Q(**{owner_field: actor.user_id})
    if scope is Scope.OWN:
        return queryset.filter(mine)
    nobodys = Q(**{f"{owner_field}__isnull": True})
    if not actor.team_ids:
        return queryset.filter(mine | nobodys)
    colleagues = Q(**{f"{owner_field}__in": members_of_my_teams(actor)})
    return queryset.filter(mine | nobodys | colleagues)


def visible_users(actor: Actor) -> UserQuerySet:
    """The users whom the actor may see, by name; colleagues have no secrets here."""
    users = User.objects.get_queryset().by_name()
    return users if _sees_users(actor) else users.none()


def user_of(actor: Actor, public_id: UUID) -> User:
    """One user with the teams; Missing when there is none or the actor may see none."""
    found = with_teams(visible_users(actor)).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def user_by_address(address: str) -> User:
    """The user with this mail address; Missing with the address when there is none."""
    found = User.objects.filter(email=normal_address(address)).first()
    if found is None:
        raise Missing(_("There is no user %(address)s.") % {"address": normal_address(address)})
    return found


def with_teams(users: UserQuerySet) -> UserQuerySet:
    """The users with ``in_teams``: memberships of live teams, by name of the team; one query."""
    live = Membership.objects.filter(team__deleted_at__isnull=True).select_related("team")
    return users.prefetch_related(
        Prefetch("memberships", live.order_by(Lower("team__name")), to_attr="in_teams")
    )


def visible_teams(actor: Actor) -> QuerySet[Team]:
    """The teams by name, with ``members`` counted and ``memberships`` to hand; two queries."""
    if not _sees_users(actor):
        return Team.objects.none()
    there = Q(memberships__user__is_active=True, memberships__user__deleted_at__isnull=True)
    members = (
        Membership.objects.filter(user__deleted_at__isnull=True)
        .select_related("user")
        .order_by("-is_lead", Lower("user__name"))
    )
    return (
        Team.objects.filter(deleted_at__isnull=True)
        .annotate(members=Count("memberships", filter=there))
        .prefetch_related(Prefetch("memberships", members, to_attr="people"))
        .order_by(Lower("name"))
    )


def team_of(actor: Actor, public_id: UUID) -> Team:
    """One team with its people; Missing when there is none or the actor may see none."""
    found = visible_teams(actor).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def members_of_my_teams(actor: Actor) -> QuerySet[Membership, Any]:
    """The ids of the users in the actor's teams, for a subquery; nobody's without a team."""
    return Membership.objects.filter(team_id__in=actor.team_ids).values("user_id")


def user_choices() -> list[tuple[str, str]]:
    """Active users as (public id, name), by name: for owner fields and filters."""
    users = User.objects.get_queryset().active().by_name()
    return [(str(public_id), name) for public_id, name in users.values_list("public_id", "name")]


def user_names(public_ids: Iterable[str]) -> dict[str, str]:
    """Names by public id, of users who are here or were; ids that are none are left out."""
    wanted = [public_id for public_id in public_ids if _is_uuid(public_id)]
    if not wanted:
        return {}
    found = User.everyone.filter(public_id__in=wanted).values_list("public_id", "name")
    return {str(public_id): name for public_id, name in found}


def names_of_users(ids: Iterable[int]) -> dict[int, str]:
    """Names by key, of users who are here or were."""
    return dict(User.everyone.filter(pk__in=list(ids)).values_list("pk", "name"))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def tokens_of(user_id: int) -> QuerySet[ApiToken]:
    """A user's tokens that are not revoked, newest first."""
    return ApiToken.objects.filter(user_id=user_id, revoked_at__isnull=True).order_by("-id")


def has_second_factor(user: User) -> bool:
    """Whether signing in as this user asks for more than the password; one query."""
    return bool(Authenticator.objects.filter(user_id=user.pk).exists())


def _sees_users(actor: Actor) -> bool:
    return actor.may("accounts.view_users")


# --- the company ------------------------------------------------------------------------------

_SETTINGS = "accounts.company"


def forget_company() -> None:
    """Read the company's settings anew; called by the action that changes them."""
    forget(_SETTINGS)


def company_settings() -> CompanySettings:
    """The company's settings: EUR and UTC until someone changes them; one query a request."""
    return remembered(_SETTINGS, _read_company)


def _read_company() -> CompanySettings:
    found = next(iter(_company()), None)
    return found or CompanySettings(id=1, working_hours=usual_week())


@compiled
def _company() -> QuerySet[CompanySettings]:
    return CompanySettings.objects.filter(pk=1)


def base_currency() -> str:
    """The currency in which the company counts (ISO 4217)."""
    return company_settings().base_currency


def rate_on(currency: str, date: dt.date) -> Decimal:
    """Units of the base currency for one unit of ``currency`` on a day; one or two queries.

    The latest rate on or before the day; one for the base currency itself. Raises NoRate.
    """
    if currency == base_currency():
        return Decimal(1)
    found = (
        CurrencyRate.objects.filter(currency=currency, date__lte=date)
        .order_by("-date")
        .values_list("rate", flat=True)
        .first()
    )
    if found is None:
        raise NoRate(
            _(
                "There is no rate for %(currency)s on or before %(date)s."
                " An administrator adds it in the settings of the company."
            )
            % {"currency": currency, "date": date.isoformat()}
        )
    return found


def rates() -> QuerySet[CurrencyRate]:
    """Every rate, by currency, newest first."""
    return CurrencyRate.objects.order_by("currency", "-date")


def holidays_between(first: dt.date, last: dt.date) -> QuerySet[Holiday]:
    """The company's holidays in a span of days, both included, by date."""
    return Holiday.objects.filter(date__range=(first, last)).order_by("date")


def holidays_from(first: dt.date) -> QuerySet[Holiday]:
    """The company's holidays from a day on, by date."""
    return Holiday.objects.filter(date__gte=first).order_by("date")


def zone_of(user: User) -> ZoneInfo:
    """The time zone of a user: their own, else the company's; one query a request."""
    for name in (user.time_zone, company_settings().time_zone):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            continue  # none chosen, or a zone that a newer version of the database has dropped
    return ZoneInfo("UTC")


# --- the shell --------------------------------------------------------------------------------


def identity(request: HttpRequest) -> Identity:
    """Who is signed in and where, for the frame of every page; no query but the company's."""
    company = company_settings().name
    user = request.user
    if not isinstance(user, User):
        return Identity(company=company, sign_in_url=reverse("account_login"))
    return Identity(
        company=company,
        key=str(user.public_id),
        name=user.name or user.email,
        role=user.title or user.role_label,
        side=user.mark,
        single_keys=user.single_letter_keys,
        account_url=reverse("accounts:own_settings"),
        settings_url=reverse("accounts:own_settings"),
        sign_out_url=reverse("account_logout"),
    )


identity_slot.register("accounts", identity)
