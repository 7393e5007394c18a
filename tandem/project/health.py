"""Whether the parts serve, and what waits in the database: asked through the pages' process."""

import json
import threading
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections

HEARD_OF = "last_heartbeat > now() - interval '30 s'"
"""A worker that has not been heard of for longer is not working, on whatever machine."""

GAUGES = {
    "tandem_jobs": (
        "Jobs of the queue by state.",
        "SELECT 'state=\"' || status || '\"', count(*) FROM procrastinate_jobs GROUP BY status",
    ),
    "tandem_outbox": (
        "Facts on their way to a subscriber, by state.",
        "SELECT 'state=\"' || state || '\"', count(*) FROM kernel_delivery "
        "WHERE state <> 'done' GROUP BY state",
    ),
    "tandem_workers": (
        "Workers heard of in the last half minute.",
        f"SELECT '', count(*) FROM procrastinate_workers WHERE {HEARD_OF}",  # noqa: S608
    ),
}


@dataclass(frozen=True)
class Health:
    """Which parts do not serve."""

    failing: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether every part serves."""
        return not self.failing

    def as_json(self) -> bytes:
        """What /healthz shows: no versions, no addresses."""
        status = "ok" if self.is_good else "unavailable"
        return json.dumps({"status": status, "failing": list(self.failing)}).encode()


class Watch:
    """A connection of its own: what asks for health must not wait behind what is ill."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run one query, on a new connection where the old one is gone. Raises psycopg.Error."""
        with self._lock:
            if self._connection is not None:
                try:
                    return self._connection.execute(query).fetchall()
                except psycopg.OperationalError:
                    self._connection.close()
            self._connection = None
            parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
            for name in ("cursor_factory", "context", "prepare_threshold"):
                parameters.pop(name, None)
            self._connection = psycopg.connect(
                **{
                    **parameters,
                    "autocommit": True,
                    "connect_timeout": 2,
                    "options": "-c statement_timeout=3000",
                }
            )
            return self._connection.execute(query).fetchall()


_watch = Watch()


def health() -> Health:
    """Ask the database, and by it the worker; that this runs says the pages serve. One query."""
    try:
        ((works,),) = _watch.rows(
            f"SELECT EXISTS (SELECT FROM procrastinate_workers WHERE {HEARD_OF})"  # noqa: S608
        )
    except psycopg.Error:
        return Health(("postgres",))
    return Health(() if works else ("worker",))


def gauges() -> bytes:
    """What waits in the database, in Prometheus' text form. Three queries. Raises psycopg.Error."""
    lines = []
    for name, (words, query) in GAUGES.items():
        lines += [f"# HELP {name} {words}", f"# TYPE {name} gauge"]
        for labels, count in _watch.rows(query):
            lines.append(f"{name}{{{labels}}} {count}" if labels else f"{name} {count}")
    return ("\n".join(lines) + "\n").encode()
