"""What may be done with users, teams, tokens and the company's settings."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

import holidays
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tandem.accounts.errors import (
    LastAdmin,
    NoHolidaysKnown,
    RateForBase,
    RatesDependOnBase,
    TeamExists,
    UnknownMember,
    UserExists,
    WeakPassword,
)
from tandem.accounts.models import (
    ApiToken,
    CompanySettings,
    CurrencyRate,
    Holiday,
    Membership,
    Team,
    User,
)
from tandem.accounts.queries import base_currency, forget_company
from tandem.accounts.rules import Role, default_side, new_token, secret_hash
from tandem.accounts.schemas import (
    CompanyInput,
    HolidayCalendar,
    HolidayInput,
    NewPassword,
    NewToken,
    NewUser,
    OwnSettings,
    RateInput,
    TeamInput,
    TeamMembers,
    UserChange,
)
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import FieldError, Missing
from tandem.kernel.models import Record

AnyRecord = TypeVar("AnyRecord", bound=Record)

# Marks that are no business: written at most once in this time.
MARK_EVERY = timedelta(minutes=1)


# --- users ------------------------------------------------------------------------------------


@action(permission="accounts.manage_users")
def add_user(actor: Actor, new: NewUser) -> User:
    """Add a user. Raises UserExists, WeakPassword, UnknownMember (of the teams).

    One whose adding was undone comes back with what is given now.
    """
    known = User.everyone.select_for_update().filter(email=new.email).first()
    if known is not None and known.deleted_at is None:
        raise UserExists(field="email")
    values: dict[str, Any] = {
        "email": new.email,
        "name": new.name or new.email.partition("@")[0],
        "title": new.title,
        "role": new.role.value,
        "side": (new.side or default_side(new.role)).value,
    }
    password = new.password.get_secret_value() if new.password is not None else None
    if password is not None:
        _require_strong(password, User(**values))
    values["password"] = make_password(password)
    try:
        with transaction.atomic():
            if known is not None:
                user = _write(known, **values, is_active=True, deleted_at=None)
            else:
                user = User.objects.create(**values)
    except IntegrityError as taken:
        raise UserExists(field="email") from taken
    _put_into_teams(user, new.teams)
    return user


@action(permission="accounts.manage_users")
def change_user(actor: Actor, public_id: UUID, change: UserChange) -> User:
    """Change a user's name, address, role, side and teams.

    Raises Missing, UserExists, UnknownMember, and LastAdmin when it takes the role from the last
    active administrator.
    """
    if change.role is not Role.ADMIN:
        _keep_an_admin(public_id, field="role")
    user = _user(public_id)
    values = change.model_dump(mode="json", exclude={"teams"})
    try:
        with transaction.atomic():
            user = _write(user, **values)
    except IntegrityError as taken:
        raise UserExists(field="email") from taken
    _put_into_teams(user, change.teams)
    return user


@action(permission="accounts.manage_users")
def deactivate_user(actor: Actor, public_id: UUID) -> User:
    """End a user's access: sign-ins, open sessions and tokens. Raises Missing, LastAdmin."""
    _keep_an_admin(public_id)
    return _write(_user(public_id), is_active=False)


@action(permission="accounts.manage_users")
def reactivate_user(actor: Actor, public_id: UUID) -> User:
    """Give a user access again. Raises Missing."""
    return _write(_user(public_id), is_active=True)


@action(permission="accounts.manage_users")
def set_password(actor: Actor, public_id: UUID, new: NewPassword) -> User:
    """Set another user's password; their open sessions end. Raises Missing, WeakPassword."""
    user = _user(public_id)
    return _write_password(user, new.password.get_secret_value())


@action(permission="accounts.manage_users")
def remove_second_factor(actor: Actor, public_id: UUID) -> User:
    """Take all second factors from a user who has lost them. Raises Missing."""
    user = _user(public_id)
    Authenticator.objects.filter(user_id=user.pk).delete()
    return user


@action(permission="accounts.own_settings")
def change_own_password(actor: Actor, new: NewPassword) -> User:
    """Set the password of the user who acts. Raises WeakPassword."""
    return _write_password(_self(actor), new.password.get_secret_value())


@action(permission="accounts.own_settings")
def change_own_settings(actor: Actor, change: OwnSettings) -> User:
    """Change name, language, zone, theme and keys of the user who acts."""
    return _write(_self(actor), **change.model_dump(mode="json"))


def mark_seen(user: User) -> None:
    """Remember that a user is here, at most once a minute. A mark, no change of a record."""
    now = timezone.now()
    if user.last_seen_at is not None and now - user.last_seen_at < MARK_EVERY:
        return
    User.everyone.filter(
        Q(last_seen_at__isnull=True) | Q(last_seen_at__lte=now - MARK_EVERY), pk=user.pk
    ).update(last_seen_at=now)


# --- teams ------------------------------------------------------------------------------------


@action(permission="accounts.manage_teams")
def add_team(actor: Actor, new: TeamInput) -> Team:
    """Add a team. Raises TeamExists."""
    try:
        with transaction.atomic():
            return Team.objects.create(**new.model_dump(mode="json"))
    except IntegrityError as taken:
        raise TeamExists(field="name") from taken


@action(permission="accounts.manage_teams")
def change_team(actor: Actor, public_id: UUID, change: TeamInput) -> Team:
    """Rename a team or change its kind. Raises Missing, TeamExists."""
    try:
        with transaction.atomic():
            return _write(_team(public_id), **change.model_dump(mode="json"))
    except IntegrityError as taken:
        raise TeamExists(field="name") from taken


@action(permission="accounts.manage_teams")
def remove_team(actor: Actor, public_id: UUID) -> Team:
    """Remove a team; its members share nothing by it any more. Raises Missing."""
    return _write(_team(public_id), deleted_at=timezone.now())


@action(permission="accounts.manage_teams")
def set_members(actor: Actor, public_id: UUID, chosen: TeamMembers) -> Team:
    """Make these users, and no others, the members of a team. Raises Missing, UnknownMember."""
    team = _team(public_id)
    users = _users(chosen.members)
    leads = {user.pk for user in users if user.public_id in set(chosen.leads)}
    wanted = {user.pk: user.pk in leads for user in users}
    kept = {member.user_id: member for member in Membership.objects.filter(team=team)}
    Membership.objects.filter(team=team).exclude(user_id__in=wanted).delete()
    Membership.objects.bulk_create(
        Membership(team=team, user_id=user_id, is_lead=is_lead)
        for user_id, is_lead in wanted.items()
        if user_id not in kept
    )
    for is_lead in (True, False):
        Membership.objects.filter(
            team=team, user_id__in=[pk for pk, leads in wanted.items() if leads is is_lead]
        ).exclude(is_lead=is_lead).update(is_lead=is_lead)
    return team


# --- tokens -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; ``raw`` is shown once and stored nowhere."""

    token: ApiToken
    raw: str


@action(permission="accounts.manage_tokens")
def add_token(actor: Actor, new: NewToken, *, user: User | None = None) -> IssuedToken:
    """Make an API token for the user who acts, or for another (who may manage users)."""
    if user is None:
        user = _self(actor)
    elif user.pk != actor.user_id:
        actor.require("accounts.manage_users")
    parts = new_token()
    until = timezone.now() + timedelta(days=new.valid_days) if new.valid_days else None
    token = ApiToken.objects.create(
        user=user,
        name=new.name,
        prefix=parts.prefix,
        secret_hash=secret_hash(parts.secret),
        expires_at=until,
    )
    return IssuedToken(token=token, raw=str(parts))


@action(permission="accounts.manage_tokens")
def revoke_token(actor: Actor, public_id: UUID) -> ApiToken:
    """End a token for good: an own one, or any (who may manage users). Raises Missing."""
    token = ApiToken.objects.select_for_update().filter(public_id=public_id).first()
    if token is None or not (token.user_id == actor.user_id or actor.may("accounts.manage_users")):
        raise Missing()
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
    return token


def mark_token_used(token: ApiToken) -> None:
    """Remember that a token is in use, at most once a minute. A mark, no change of a record."""
    now = timezone.now()
    if token.last_used_at is not None and now - token.last_used_at < MARK_EVERY:
        return
    ApiToken.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - MARK_EVERY), pk=token.pk
    ).update(last_used_at=now)


# --- the company ------------------------------------------------------------------------------


@action(permission="accounts.manage_company")
def change_company_settings(actor: Actor, change: CompanyInput) -> CompanySettings:
    """Change the company's settings.

    Raises RatesDependOnBase when the base currency changes while rates are stored.
    """
    values = change.model_dump(exclude={"working_hours"})
    values["working_hours"] = change.working_hours.as_week()
    forget_company()
    if change.base_currency != base_currency() and CurrencyRate.objects.exists():
        raise RatesDependOnBase(field="base_currency")
    settings, _is_new = CompanySettings.objects.update_or_create(pk=1, defaults=values)
    forget_company()
    return settings


@action(permission="accounts.manage_company")
def set_rates(actor: Actor, rates: Collection[RateInput]) -> None:
    """Store rates; one for the same currency and day is replaced. Raises RateForBase."""
    base = base_currency()
    if any(rate.currency == base for rate in rates):
        raise RateForBase(field="currency")
    CurrencyRate.objects.bulk_create(
        (CurrencyRate(**rate) for rate in _last_of_each(rates, "currency", "date")),
        update_conflicts=True,
        unique_fields=["currency", "date"],
        update_fields=["rate"],
    )


@action(permission="accounts.manage_company")
def remove_rate(actor: Actor, *, currency: str, date: date) -> None:
    """Remove one rate. Raises Missing."""
    removed, _per_model = CurrencyRate.objects.filter(currency=currency, date=date).delete()
    if not removed:
        raise Missing()


@action(permission="accounts.manage_company")
def set_holidays(actor: Actor, days: Collection[HolidayInput]) -> None:
    """Store holidays; one on the same day is renamed."""
    Holiday.objects.bulk_create(
        (Holiday(**day) for day in _last_of_each(days, "date")),
        update_conflicts=True,
        unique_fields=["date"],
        update_fields=["name"],
    )


@action(permission="accounts.manage_company")
def fill_holidays(actor: Actor, calendar: HolidayCalendar) -> int:
    """Add a country's public holidays of a year; how many days. Raises NoHolidaysKnown.

    Days that are there already keep their names.
    """
    try:
        known = holidays.country_holidays(calendar.country, years=calendar.year)
    except NotImplementedError as unknown:
        raise NoHolidaysKnown(field="country") from unknown
    language = (get_language() or "en").split("-")[0]
    offered = [one for one in known.supported_languages if one.split("_")[0] == language]
    if offered:
        known = holidays.country_holidays(
            calendar.country, years=calendar.year, language=offered[0]
        )
    Holiday.objects.bulk_create(
        (Holiday(date=day, name=name[:120]) for day, name in sorted(known.items())),
        ignore_conflicts=True,
    )
    return len(known)


@action(permission="accounts.manage_company")
def remove_holiday(actor: Actor, *, date: date) -> None:
    """Remove one holiday. Raises Missing."""
    removed, _per_model = Holiday.objects.filter(date=date).delete()
    if not removed:
        raise Missing()


# --- rows -------------------------------------------------------------------------------------


def _user(public_id: UUID) -> User:
    found = User.objects.select_for_update().filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def _self(actor: Actor) -> User:
    found = User.objects.select_for_update().filter(pk=actor.user_id or 0).first()
    if found is None:
        raise Missing()
    return found


def _team(public_id: UUID) -> Team:
    found = (
        Team.objects.select_for_update()
        .filter(public_id=public_id, deleted_at__isnull=True)
        .first()
    )
    if found is None:
        raise Missing()
    return found


def _users(public_ids: Iterable[UUID]) -> list[User]:
    wanted = set(public_ids)
    found = list(User.objects.filter(public_id__in=wanted))
    if len(found) < len(wanted):
        raise UnknownMember(field="members")
    return found


def _keep_an_admin(public_id: UUID, *, field: str = "") -> None:
    # A trigger of the table keeps the same truth against whatever else may write there; its lock
    # is taken first, so that two administrators who put each other out come one after the other.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('accounts.last_admin'))")
    admins = User.objects.active().filter(role=Role.ADMIN)
    if set(admins.values_list("public_id", flat=True)) == {public_id}:
        raise LastAdmin(field=field)


def _put_into_teams(user: User, public_ids: Iterable[UUID]) -> None:
    wanted = set(public_ids)
    teams = list(Team.objects.filter(public_id__in=wanted, deleted_at__isnull=True))
    if len(teams) < len(wanted):
        raise UnknownMember(_("One of these teams is not here any more."), field="teams")
    memberships = Membership.objects.filter(user=user, team__deleted_at__isnull=True)
    memberships.exclude(team__in=teams).delete()
    kept = set(memberships.values_list("team_id", flat=True))
    Membership.objects.bulk_create(
        Membership(user=user, team=team) for team in teams if team.pk not in kept
    )


def _require_strong(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise WeakPassword(
            " ".join(weak.messages),
            errors=[FieldError("password", "weak_password", text) for text in weak.messages],
        ) from weak


def _write_password(user: User, password: str) -> User:
    _require_strong(password, user)
    return _write(user, password=make_password(password))


def _write(record: AnyRecord, **values: Any) -> AnyRecord:
    """Write what differs, nothing else; the record carries its new values."""
    changed = {name: value for name, value in values.items() if getattr(record, name) != value}
    if changed:
        type(record)._base_manager.filter(pk=record.pk).update(
            **changed, updated_at=Now(), row_version=F("row_version") + 1
        )
        record.refresh_from_db()
    return record


def _last_of_each(rows: Iterable[RateInput | HolidayInput], *key: str) -> list[dict[str, Any]]:
    by_key = {tuple(getattr(row, name) for name in key): row.model_dump() for row in rows}
    return list(by_key.values())
