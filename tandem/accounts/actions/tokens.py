"""What may be done with API tokens."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from tandem.accounts.actions.rows import acting_user
from tandem.accounts.models import ApiToken, User
from tandem.accounts.rules import new_token, secret_hash
from tandem.accounts.schemas import NewToken
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; ``raw`` is shown once and stored nowhere."""

    token: ApiToken
    raw: str


@action(permission="accounts.manage_tokens")
def add_token(actor: Actor, new: NewToken, *, user: User | None = None) -> IssuedToken:
    """Make an API token for the user who acts, or for another (who may manage users)."""
    if user is None:
        user = acting_user(actor)
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
