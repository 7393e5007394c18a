"""Roles and how far they see, as data; addresses and tokens in their one form."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from tandem.kernel.actor import Scope
from tandem.kernel.permissions import of_roles


class Role(StrEnum):
    """What a user is in the company; the rights hang on it."""

    ADMIN = "admin"
    MANAGER = "manager"
    MARKETER = "marketer"
    SELLER = "seller"
    VIEWER = "viewer"


class Side(StrEnum):
    """The half of the house a user works in: the colour of the face, the lane of the story."""

    MARKETING = "marketing"
    SALES = "sales"
    NONE = "none"


class Theme(StrEnum):
    """How the pages look."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class TeamKind(StrEnum):
    """What a team mostly does."""

    MARKETING = "marketing"
    SALES = "sales"
    OTHER = "other"


# How far each role sees, by kind of record; "*" stands for every kind that is not named.
SCOPES: Mapping[Role, Mapping[str, Scope]] = MappingProxyType(
    {
        Role.ADMIN: MappingProxyType({"*": Scope.ALL}),
        Role.MANAGER: MappingProxyType({"*": Scope.ALL}),
        Role.MARKETER: MappingProxyType({"*": Scope.ALL}),
        Role.SELLER: MappingProxyType({"*": Scope.TEAM}),
        Role.VIEWER: MappingProxyType({"*": Scope.ALL}),
    }
)

# Rights by which somebody could make themselves an administrator: no other role may have them.
ADMINS_OWN = frozenset({"accounts.manage_users", "accounts.manage_roles"})

_SIDES: Mapping[Role, Side] = MappingProxyType(
    {Role.MARKETER: Side.MARKETING, Role.SELLER: Side.SALES}
)

_MARKS: Mapping[str, str] = MappingProxyType({Side.MARKETING: "mkt", Side.SALES: "sales"})

TOKEN_MARK = "tdm"  # noqa: S105  (what every token begins with, no secret)
_PREFIX_BYTES = 5
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class TokenParts:
    """An API token taken apart: the prefix finds the row, the secret proves the holder."""

    prefix: str
    secret: str

    def __str__(self) -> str:
        return f"{TOKEN_MARK}_{self.prefix}_{self.secret}"


def scopes_of(role: str) -> Mapping[str, Scope]:
    """How far a role sees, by kind of record."""
    return SCOPES[Role(role)]


def permissions_of(role: str) -> frozenset[str]:
    """Every permission that the rooms give to this role."""
    return of_roles([role])


@dataclass(frozen=True, slots=True)
class RoleDecisions:
    """What a company decided otherwise about one role; nothing for who keeps to the defaults."""

    verbs: Mapping[str, bool] = field(default_factory=dict)
    reach: Mapping[str, Scope] = field(default_factory=dict)
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        verbs: Mapping[str, bool] | None,
        scopes: Mapping[str, str] | None,
        hidden: Iterable[tuple[str, str]] | None,
    ) -> Self:
        """The decisions from rows of the database; None stands for no row."""
        by_kind: dict[str, frozenset[str]] = {}
        for kind, key in hidden or ():
            by_kind[kind] = by_kind.get(kind, frozenset()) | {key}
        reach = {kind: Scope(scope) for kind, scope in (scopes or {}).items()}
        return cls(verbs or {}, reach, by_kind)

    def permissions(self, role: str) -> frozenset[str]:
        """The permissions that the role has now."""
        given = {name for name, is_held in self.verbs.items() if is_held}
        return (permissions_of(role) | given) - (self.verbs.keys() - given)

    def scopes(self, role: str) -> Mapping[str, Scope]:
        """How far the role sees now, by kind of record."""
        return {**scopes_of(role), **self.reach} if self.reach else scopes_of(role)


def default_side(role: str) -> Side:
    """The side that a role works on unless the user's own record says otherwise."""
    return _SIDES.get(Role(role), Side.NONE)


def mark_of(side: str) -> str:
    """A side as marks and faces of the pages name it: ``mkt``, ``sales`` or none."""
    return _MARKS.get(side, "")


def usual_week() -> list[list[tuple[str, str]]]:
    """Working hours of a new installation: Monday to Friday, 9 to 17:30; Monday is first."""
    return [[("09:00", "17:30")] for _day in range(5)] + [[], []]


def normal_address(address: str) -> str:
    """A mail address in the one form in which it is stored and looked up."""
    return address.strip().lower()


def new_token() -> TokenParts:
    """A fresh token with a secret of 256 random bits."""
    return TokenParts(
        prefix=secrets.token_hex(_PREFIX_BYTES), secret=secrets.token_urlsafe(_SECRET_BYTES)
    )


def token_parts(raw: str) -> TokenParts | None:
    """Take a token apart; None when it has not the form of one."""
    mark, _first, rest = raw.partition("_")
    prefix, _second, secret = rest.partition("_")
    if mark != TOKEN_MARK or not prefix or not secret:
        return None
    return TokenParts(prefix=prefix, secret=secret)


def secret_hash(secret: str) -> str:
    """SHA-256 of a token's secret, in hex. The secret is random, so no salt or stretching."""
    return hashlib.sha256(secret.encode()).hexdigest()
