"""Roles and how far they see, as data; addresses and tokens in their one form."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

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

_SIDES: Mapping[Role, Side] = MappingProxyType(
    {Role.MARKETER: Side.MARKETING, Role.SELLER: Side.SALES}
)

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


def default_side(role: str) -> Side:
    """The side that a role works on unless the user's own record says otherwise."""
    return _SIDES.get(Role(role), Side.NONE)


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
