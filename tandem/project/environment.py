"""Values from the environment: typed, and refused with one sentence where they make no sense."""

import os
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off", ""})


def flag(name: str, *, default: bool) -> bool:
    """A yes or no."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def number(name: str, *, default: int) -> int:
    """A whole number of at least 1."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.isascii() and value.isdigit() and int(value) >= 1:
        return int(value)
    raise ImproperlyConfigured(f"{name} must be a whole number from 1 on, not {value!r}.")


def words(name: str, *, default: Sequence[str]) -> list[str]:
    """A list of words, separated by commas."""
    value = os.environ.get(name)
    if value is None:
        return list(default)
    return [word.strip() for word in value.split(",") if word.strip()]
