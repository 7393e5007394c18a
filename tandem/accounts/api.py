"""Users by API, and the token that every call of the API carries."""

from typing import Annotated, Any
from uuid import UUID

from django.core.cache import caches
from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.security import HttpBearer
from pydantic import BaseModel, ConfigDict, Field

from tandem.accounts.actions import hide_fields, mark_token_used, set_scopes, set_verbs
from tandem.accounts.models import ApiToken, User
from tandem.accounts.queries import (
    company_settings,
    holder_of_token,
    role_decisions,
    visible_users,
)
from tandem.accounts.rules import Role
from tandem.accounts.slots import guarded_kinds
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.errors import Missing, TooMany

REQUESTS_PER_MINUTE = 600
MINUTE_IN_SECONDS = 60

router = Router(tags=["Users"])


class TokenAuth(HttpBearer):
    """``Authorization: Bearer tdm_…``: the request acts as the token's user, through the API.

    Asked once a request. Raises TooMany beyond 600 requests a minute; each process counts alone.
    """

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        known: Actor | None = getattr(request, "token_actor", None)
        if known is not None:
            return known
        holder = holder_of_token(token)
        if holder is None:
            return None
        _count(holder.token)
        mark_token_used(holder.token)
        request.token_actor = request.actor = holder.actor  # type: ignore[attr-defined]
        return holder.actor


def _count(token: ApiToken) -> None:
    counters = caches["process"]
    key = f"token:{token.pk}"
    if counters.add(key, 1, MINUTE_IN_SECONDS):
        return
    try:
        count = counters.incr(key)
    except ValueError:
        return  # its minute has just ended
    if count > REQUESTS_PER_MINUTE:
        raise TooMany()


class UserOut(Schema):
    """A user; ``id`` is the public id."""

    id: UUID
    name: str
    email: str
    role: str
    title: str
    side: str
    is_active: bool


class UserPage(Schema):
    """Users by name, and the cursor of the next page where there is one."""

    items: list[UserOut]
    next: str | None


class MeOut(UserOut):
    """The token's user, with the rights and the company that the token works in."""

    permissions: list[str]
    scopes: dict[str, str]
    company: str
    base_currency: str
    time_zone: str


class PageIn(Schema):
    """A page of ``limit`` users after the one that ``cursor`` names."""

    limit: int = Field(50, ge=1, le=200)
    cursor: UUID | None = None


@router.get("/users", response={200: UserPage, **REFUSALS}, operation_id="users_list")
@asks_for("accounts.view_users")
def list_users(request: HttpRequest, params: Query[PageIn]) -> UserPage:
    """The users, oldest first; two queries at most."""
    actor = actor_of(request)
    users = visible_users(actor).order_by("public_id")
    if params.cursor is not None:
        users = users.filter(public_id__gt=params.cursor)
    found = list(users[: params.limit + 1])
    page = [_user(user) for user in found[: params.limit]]
    return UserPage(items=page, next=str(page[-1].id) if len(found) > params.limit else None)


@router.get("/me", response={200: MeOut, **REFUSALS}, operation_id="me")
@asks_for("accounts.own_settings")
def me(request: HttpRequest) -> MeOut:
    """Who the token acts as, and what it may do."""
    actor = actor_of(request)
    user = User.objects.filter(pk=actor.user_id or 0).first()
    if user is None:
        raise Missing()
    company = company_settings()
    return MeOut(
        **_user(user).model_dump(),
        permissions=sorted(actor.permissions),
        scopes={kind: str(scope) for kind, scope in actor.scopes.items()},
        company=company.name,
        base_currency=company.base_currency,
        time_zone=company.time_zone,
    )


def _user(user: User) -> UserOut:
    return UserOut(
        id=user.public_id,
        name=user.name,
        email=user.email,
        role=user.role,
        title=user.title,
        side=user.side,
        is_active=user.is_active,
    )


# --- roles ----------------------------------------------------------------------------------------

Right = Annotated[str, Field(max_length=80, pattern=r"^[a-z_.]+$")]
Kind = Annotated[str, Field(max_length=30, pattern=r"^[a-z_]+$")]
Key = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9_]+$")]


class _RoleIn(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RightsIn(_RoleIn):
    """The rights that a role has from now on, and no others."""

    held: Annotated[list[Right], Field(max_length=500)]


class ScopesIn(_RoleIn):
    """How far a role sees among records of these kinds; others stay as they are."""

    scopes: dict[Kind, Scope]


class HiddenFieldsIn(_RoleIn):
    """The fields of a kind of record that are hidden from a role, and no others of it."""

    fields: Annotated[list[Key], Field(max_length=500)]


class RoleOut(Schema):
    """What a role may do, how far it sees by kind of record, and what is hidden from it.

    ``is_fixed`` is the administrator's, who may do and see everything.
    """

    role: Role
    is_fixed: bool
    rights: list[str]
    scopes: dict[str, Scope]
    hidden: dict[str, list[str]]


class RolesOut(Schema):
    """Every role."""

    items: list[RoleOut]


@router.get("/roles", response={200: RolesOut, **REFUSALS}, operation_id="roles_list")
@asks_for("accounts.manage_roles")
def list_roles(request: HttpRequest) -> Any:
    """What the company decided about its roles."""
    return {"items": [_role(role) for role in Role]}


@router.put("/roles/{role}/rights", response={200: RoleOut, **REFUSALS}, operation_id="role_rights")
@asks_for("accounts.manage_roles")
def put_rights(request: HttpRequest, role: Role, data: RightsIn) -> Any:
    """Give a role these rights and no others."""
    set_verbs(actor_of(request), role, held=data.held)
    return _role(role)


@router.put("/roles/{role}/scopes", response={200: RoleOut, **REFUSALS}, operation_id="role_scopes")
@asks_for("accounts.manage_roles")
def put_scopes(request: HttpRequest, role: Role, data: ScopesIn) -> Any:
    """Say how far a role sees: none, own, team or all records of a kind."""
    set_scopes(actor_of(request), role, scopes=data.scopes)
    return _role(role)


@router.put(
    "/roles/{role}/hidden-fields/{kind}",
    response={200: RoleOut, **REFUSALS},
    operation_id="role_hidden_fields",
)
@asks_for("accounts.manage_roles")
def put_hidden_fields(request: HttpRequest, role: Role, kind: str, data: HiddenFieldsIn) -> Any:
    """Hide these fields of a kind of record from a role, and no others of it."""
    hide_fields(actor_of(request), role, kind, fields=data.fields)
    return _role(role)


def _role(role: Role) -> dict[str, Any]:
    decided = role_decisions()[role]
    scopes = decided.scopes(role)
    return {
        "role": role,
        "is_fixed": role is Role.ADMIN,
        "rights": sorted(decided.permissions(role)),
        "scopes": {
            one.kind: scopes.get(one.kind, scopes["*"]) for one in guarded_kinds() if one.is_scoped
        },
        "hidden": {kind: sorted(keys) for kind, keys in decided.hidden.items()},
    }
