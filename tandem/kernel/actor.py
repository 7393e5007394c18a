"""Who acts: a signed-in user, an API token's user, a job with named rights, or nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from tandem.kernel.errors import Refused, Unauthenticated


class Scope(StrEnum):
    """How far an actor sees among the records of one kind."""

    NONE = "none"
    OWN = "own"
    TEAM = "team"
    ALL = "all"


class Source(StrEnum):
    """The door through which a change came."""

    UI = "ui"
    API = "api"
    IMPORT = "import"
    AUTOMATION = "automation"
    COMMAND = "command"


class ActorKind(StrEnum):
    USER = "user"
    JOB = "job"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Actor:
    """The first argument of every action and of every query that reads records.

    ``scopes`` maps a kind of record to how far the actor sees; ``"*"`` is the default. ``hidden``
    maps one to its fields that are not there for the actor. ``side`` is the half of the house that
    the actor works in (``marketing``, ``sales`` or neither).
    """

    kind: ActorKind
    label: str
    user_id: int | None = None
    permissions: frozenset[str] = frozenset()
    scopes: Mapping[str, Scope] = field(default_factory=lambda: MappingProxyType({}))
    hidden: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    team_ids: frozenset[int] = frozenset()
    source: Source = Source.UI
    side: str = ""

    @property
    def is_known(self) -> bool:
        return self.kind is not ActorKind.NOBODY

    def may(self, permission: str) -> bool:
        """Whether the actor holds this permission."""
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise Unauthenticated or Refused unless the actor holds this permission."""
        if self.may(permission):
            return
        raise Refused() if self.is_known else Unauthenticated()

    def scope_of(self, kind: str) -> Scope:
        """How far the actor sees among the records of this kind."""
        return self.scopes.get(kind, self.scopes.get("*", Scope.NONE))

    def hidden_of(self, kind: str) -> frozenset[str]:
        """The keys of the fields of this kind that are not there for the actor."""
        return self.hidden.get(kind, frozenset())

    def hides(self, kind: str, field: str) -> bool:
        """Whether a field of this kind is not there for the actor."""
        return field in self.hidden_of(kind)

    def hides_any(self, *names: str) -> bool:
        """Whether any of these fields is not there for the actor: ``deal.amount``; ``person.*`` is
        any of a person."""
        places = (name.split(".", 1) for name in names) if self.hidden else ()
        return any(
            bool(self.hidden_of(kind)) if key == "*" else self.hides(kind, key)
            for kind, key in places
        )

    def through(self, source: Source) -> Self:
        """The same actor, coming through another door."""
        return replace(self, source=source)


NOBODY = Actor(kind=ActorKind.NOBODY, label="nobody")


def job_actor(name: str, permissions: frozenset[str]) -> Actor:
    """A job under its own name: it holds just these permissions and sees every record."""
    return Actor(
        kind=ActorKind.JOB,
        label=name,
        permissions=permissions,
        scopes=MappingProxyType({"*": Scope.ALL}),
        source=Source.AUTOMATION,
    )
