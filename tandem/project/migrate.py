"""Schema migrations: one runner at a time, never in the way of those who read and write."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from psycopg.errors import DeadlockDetected, LockNotAvailable

from tandem.project import reporting
from tandem.project.faults import OperatorError
from tandem.project.home import Home
from tandem.project.postgres import Cluster
from tandem.project.schema import SCHEMA_LOCK, note_current

log = logging.getLogger(__name__)

LOCK_TIMEOUT_MS = 2000
"""A migration that waits longer for a table would make everybody wait behind it."""

ATTEMPTS = 12


def apply_migrations(home: Home, *, wait_seconds: float = 300.0) -> list[str]:
    """Apply what is pending and return its names.

    Waits for another runner or a backup; a table that is busy is tried again later. Raises
    OperatorError where it stays busy.
    """
    with schema_lock(wait_seconds=wait_seconds):
        pending = pending_migrations()
        if pending:
            _apply()
    if home.embeds_postgres:
        note_current(Cluster(home))
    return pending


def pending_migrations() -> list[str]:
    """Names of the migrations that the database lacks, in their order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


@contextmanager
def schema_lock(*, wait_seconds: float) -> Iterator[None]:
    """Hold the advisory lock of the schema on Django's connection for the block."""
    deadline = time.monotonic() + wait_seconds
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [SCHEMA_LOCK])
            if cursor.fetchone()[0]:
                break
            if time.monotonic() > deadline:
                raise OperatorError("A migration or a backup is running; try again after it.")
            time.sleep(0.2)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [SCHEMA_LOCK])


def _apply() -> None:
    """Run Django's migrations, each in its own transaction, again where a table was busy."""
    has_reports = reporting.is_on()
    if has_reports:  # their views hold columns fast, and are made anew after it
        reporting.switch_off()
    for attempt in range(1, ATTEMPTS + 1):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{LOCK_TIMEOUT_MS}ms"])
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
                raise
            log.warning("a migration waits for a busy table, attempt %s", attempt)
            time.sleep(min(10.0, 0.5 * attempt))
        else:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
            if has_reports:
                reporting.switch_on()
            return
    raise OperatorError(
        f"A table stayed busy through {ATTEMPTS} attempts to migrate; nothing half-done was left. "
        "Try again when fewer people work."
    )
