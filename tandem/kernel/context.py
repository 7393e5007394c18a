"""What is going on in this thread or task: for log lines, and what a request has read already."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TypeVar

Known = TypeVar("Known")

_NOTHING: Mapping[str, str] = MappingProxyType({})
_fields: ContextVar[Mapping[str, str]] = ContextVar("tandem_log_fields", default=_NOTHING)


def log_fields() -> Mapping[str, str]:
    """The ids that every log line of this unit of work carries; never personal data."""
    return _fields.get()


@contextmanager
def logging_as(**fields: str) -> Iterator[None]:
    """Add ids (request, change set, job) to every log line written inside."""
    token = _fields.set({**_fields.get(), **fields})
    try:
        yield
    finally:
        _fields.reset(token)


_memory: ContextVar[dict[str, Any] | None] = ContextVar("tandem_memory", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Read settings and definitions once inside; for one request, so that nothing gets stale."""
    token = _memory.set({})
    try:
        yield
    finally:
        _memory.reset(token)


def remembered(name: str, read: Callable[[], Known]) -> Known:
    """What was read under this name in this request, else what ``read`` finds now."""
    memory = _memory.get()
    if memory is None:
        return read()
    if name not in memory:
        memory[name] = read()
    known: Known = memory[name]
    return known


def forget(name: str) -> None:
    """Read this anew from now on; called by the action that changes it."""
    memory = _memory.get()
    if memory is not None:
        memory.pop(name, None)
