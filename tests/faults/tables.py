"""Every table of a database, row for row: what is there now and was not, and the other way."""

from collections.abc import Collection, Mapping

import psycopg
from psycopg import sql

# Counters of a row that any writing raises, its undoing too.
BOOKKEEPING = ("row_version", "updated_at")
# How far jobs are, and who is signed in: no record of anybody.
RUNNING = (
    "accounts_apitoken",
    "django_session",
    "kernel_idempotencykey",
    "kernel_progressrecord",
    "procrastinate_events",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_workers",
    "records_importrun",
)

Rows = Mapping[str, Collection[str]]


def rows_of_all(connection: psycopg.Connection) -> Rows:
    """Each table's rows as texts, but for BOOKKEEPING; those of RUNNING are left out.

    Keys by which doubles are found are made anew whenever a record changes: without their ids.
    """
    named = connection.execute(
        "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
        " AND NOT c.relispartition GROUP BY 1 ORDER BY 1"
    ).fetchall()
    found = {}
    for table, columns in named:
        if table in RUNNING:
            continue
        shown = sql.SQL(", ").join(
            sql.Identifier(column)
            for column in columns
            if column not in BOOKKEEPING and (table, column) != ("records_duplicatekey", "id")
        )
        statement = sql.SQL("SELECT ROW({})::text FROM {}").format(shown, sql.Identifier(table))
        found[table] = frozenset(row[0] for row in connection.execute(statement).fetchall())
    return found


def lost(before: Rows, after: Rows) -> dict[str, list[str]]:
    """Rows that were there and are not any more as they were."""
    gone = {table: sorted(set(rows) - set(after[table]))[:3] for table, rows in before.items()}
    return {table: rows for table, rows in gone.items() if rows}


def grown(before: Rows, after: Rows) -> set[str]:
    """Tables that have rows that were not there."""
    return {table for table, rows in after.items() if set(rows) - set(before[table])}
