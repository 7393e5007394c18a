"""What is going on in this thread or task: for log lines and for nobody's decisions."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

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
