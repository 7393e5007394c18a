"""What may be done with users, and by users with themselves."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from tandem.accounts.actions.rows import acting_user, write
from tandem.accounts.errors import LastAdmin, UnknownMember, UserExists, WeakPassword
from tandem.accounts.models import Membership, Team, User
from tandem.accounts.rules import Role, default_side
from tandem.accounts.schemas import NewPassword, NewUser, OwnSettings, UserChange
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import FieldError, Missing


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
                user = write(known, **values, is_active=True, deleted_at=None)
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
            user = write(user, **values)
    except IntegrityError as taken:
        raise UserExists(field="email") from taken
    _put_into_teams(user, change.teams)
    return user


@action(permission="accounts.manage_users")
def deactivate_user(actor: Actor, public_id: UUID) -> User:
    """End a user's access: sign-ins, open sessions and tokens. Raises Missing, LastAdmin."""
    _keep_an_admin(public_id)
    return write(_user(public_id), is_active=False)


@action(permission="accounts.manage_users")
def reactivate_user(actor: Actor, public_id: UUID) -> User:
    """Give a user access again. Raises Missing."""
    return write(_user(public_id), is_active=True)


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
    return _write_password(acting_user(actor), new.password.get_secret_value())


@action(permission="accounts.own_settings")
def change_own_settings(actor: Actor, change: OwnSettings) -> User:
    """Change name, language, zone, theme and keys of the user who acts."""
    return write(acting_user(actor), **change.model_dump(mode="json"))


def _require_strong(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise WeakPassword(
            " ".join(weak.messages),
            errors=[FieldError("password", "weak_password", text) for text in weak.messages],
        ) from weak


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


def _keep_an_admin(public_id: UUID, *, field: str = "") -> None:
    # A trigger of the table keeps the same truth against whatever else may write there; its lock
    # is taken first, so that two administrators who put each other out come one after the other.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('accounts.last_admin'))")
    admins = User.objects.active().filter(role=Role.ADMIN)
    if set(admins.values_list("public_id", flat=True)) == {public_id}:
        raise LastAdmin(field=field)


def _user(public_id: UUID) -> User:
    found = User.objects.select_for_update().filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def _write_password(user: User, password: str) -> User:
    _require_strong(password, user)
    return write(user, password=make_password(password))
