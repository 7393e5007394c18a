"""JSON log lines with request, change set and job ids, and no personal data."""

import logging
import re
import traceback
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from tandem.kernel.context import log_fields

# The last line of defence: an address that slipped into a message is not written out.
_ADDRESS = re.compile(r"[^\s\"'<>@=]+@[^\s\"'<>@,;]+\.[a-zA-Z]{2,}")


# What a job was given, as the queue writes it: records.run_bulk[7](text='…').
_GIVEN = re.compile(r"(\w+\[\d+\])\(.*\)", re.DOTALL)
_OF_LOGGING = frozenset(vars(logging.makeLogRecord({})))


class ContextFilter(logging.Filter):
    """Adds the ids of the unit of work, and takes off what is personal: mail addresses in the
    message, what a job was given, and whatever a library hangs on a line."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if record.name.startswith("procrastinate"):
            message = _GIVEN.sub(r"\1", message)
        record.msg = _ADDRESS.sub("[address]", message)
        record.args = ()
        for name in vars(record).keys() - _OF_LOGGING:
            delattr(record, name)
        for name, value in log_fields().items():
            setattr(record, name, value)
        return True


class Formatter(JsonFormatter):
    """One JSON object a line: at, level, logger, message, ids; of an error where and of what kind
    it was, never its words: those of a database hold the values of rows."""

    def formatException(  # noqa: N802
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        _kind, error, _place = ei
        found: list[str] = []
        while error is not None:
            found.append(_kind_of(error))
            found += traceback.format_tb(error.__traceback__)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(line.rstrip() for line in found)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        log_data["at"] = self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name


def _kind_of(error: BaseException) -> str:
    """The class of an error; of one of the database also its state and what rule was broken."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    told = getattr(error, "diag", None)
    parts = [getattr(told, name, None) for name in ("sqlstate", "constraint_name")]
    return " ".join([kind, *(str(part) for part in parts if part)])


def configuration(*, level: str = "INFO") -> dict[str, Any]:
    """The LOGGING setting: everything as JSON to standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": ContextFilter}},
        "formatters": {"json": {"()": Formatter, "fmt": "%(message)s"}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "filters": ["context"],
                "formatter": "json",
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "procrastinate": {"level": "WARNING"},
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "WARNING"},
        },
    }
