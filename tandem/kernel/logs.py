"""JSON log lines with request, change set and job ids, and no personal data."""

import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from tandem.kernel.context import log_fields

# The last line of defence: an address that slipped into a message is not written out.
_ADDRESS = re.compile(r"[^\s\"'<>@=]+@[^\s\"'<>@,;]+\.[a-zA-Z]{2,}")


class ContextFilter(logging.Filter):
    """Adds the ids of the unit of work and removes mail addresses from the message."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _ADDRESS.sub("[address]", record.getMessage())
        record.args = ()
        for name, value in log_fields().items():
            setattr(record, name, value)
        return True


class Formatter(JsonFormatter):
    """One JSON object a line: at, level, logger, message, ids."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        log_data["at"] = self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name


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
