"""The registry of permissions: every verb that an action, page or endpoint may ask for.

A room declares its permissions in its ``apps.py``; a name that nobody declared is refused
when the module that uses it is imported, so that a typing error never becomes an open door.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Permission:
    """One verb of one room, and the roles that hold it unless a company decides otherwise."""

    label: str | Promise
    roles: frozenset[str]


_registry: dict[str, Permission] = {}


def declare(room: str, permissions: Mapping[str, Permission]) -> None:
    """Add a room's permissions; each name starts with the room's own name."""
    for name, permission in permissions.items():
        if not name.startswith(f"{room}."):
            raise ImproperlyConfigured(f"Permission {name!r} must start with {room + '.'!r}.")
        if _registry.get(name, permission) != permission:
            raise ImproperlyConfigured(f"Permission {name!r} is declared twice.")
        _registry[name] = permission


def require_known(name: str, *, by: str) -> None:
    """Refuse a permission that no room declared; ``by`` says who asked."""
    if name not in _registry:
        raise ImproperlyConfigured(
            f"{by} asks for the permission {name!r}, which no room declares in its apps.py."
        )


def declared() -> Mapping[str, Permission]:
    """Every permission by name."""
    return dict(_registry)


def of_roles(roles: Iterable[str]) -> frozenset[str]:
    """The permissions that these roles hold together."""
    held = frozenset(roles)
    return frozenset(name for name, permission in _registry.items() if permission.roles & held)
