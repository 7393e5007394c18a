"""Slots: a lower room says what it can take, upper rooms register what they give."""

from collections.abc import Iterator
from typing import Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured

Part = TypeVar("Part")


class Slot(Generic[Part]):
    """A registry of parts of one protocol, in the order of their registration.

    ``protocol`` is a class or a ``runtime_checkable`` Protocol; the type is checked at the door.
    """

    def __init__(self, name: str, protocol: type[Part]) -> None:
        self.name = name
        self._protocol = protocol
        self._parts: dict[str, Part] = {}

    def register(self, key: str, part: Part) -> None:
        """Add a part under a key of its own; a second part under the same key is refused."""
        if not isinstance(part, self._protocol):
            raise ImproperlyConfigured(
                f"Slot {self.name!r} takes {self._protocol.__name__}, not {part!r}."
            )
        if key in self._parts and self._parts[key] != part:
            raise ImproperlyConfigured(f"Slot {self.name!r} already has a part {key!r}.")
        self._parts[key] = part

    def get(self, key: str) -> Part | None:
        return self._parts.get(key)

    def items(self) -> Iterator[tuple[str, Part]]:
        yield from self._parts.items()

    def __iter__(self) -> Iterator[Part]:
        yield from self._parts.values()

    def __len__(self) -> int:
        return len(self._parts)
