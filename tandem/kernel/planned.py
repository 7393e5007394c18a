"""Statements that PostgreSQL plans once for a connection instead of each time they are asked."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor

Row = TypeVar("Row")

MOST_KEPT = 40
"""Statements that a connection keeps prepared; a plan takes some 200 kB, of the story up to 500."""


def planned(rows: Iterable[Row]) -> list[Row]:
    """The rows of a query set, read by a prepared statement.

    For reads that are asked again and again with the same text and are dearer to plan than to run:
    of the story, which is cut by months, or of many joined tables. Not for filters that users put
    together: the database must be able to tell the type of every parameter from the text alone.
    """
    with _prepared():
        return list(rows)


@contextmanager
def _prepared() -> Iterator[None]:
    connection.ensure_connection()
    # Of psycopg; Django has no way to ask it for a single statement.
    driver: Any = connection.connection
    before = driver.cursor_factory, driver.prepare_threshold
    driver.cursor_factory, driver.prepare_threshold = ServerBindingCursor, 0
    driver.prepared_max = MOST_KEPT
    try:
        yield
    finally:
        driver.cursor_factory, driver.prepare_threshold = before
