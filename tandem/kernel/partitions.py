"""Parts of tables that are cut by time, made before what goes into them comes."""

from datetime import date

from django.db import IntegrityError, connection, transaction
from psycopg import sql


def make_part(table: str, part: str, *, first: date, until: date) -> bool:
    """Make the part of a table for the days (UTC) from the first until another one, which is not in
    it; whether it is new. Where rows of these days stand in the default part it is not made."""
    statement = sql.SQL(
        "CREATE TABLE {part} PARTITION OF {table} FOR VALUES FROM ({first}) TO ({until})"
    ).format(
        part=sql.Identifier(part),
        table=sql.Identifier(table),
        first=sql.Literal(f"{first.isoformat()} 00:00:00+00"),
        until=sql.Literal(f"{until.isoformat()} 00:00:00+00"),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [part])
        if cursor.fetchone()[0]:
            return False
        # A part that waits for a busy table would make every writer wait behind it.
        cursor.execute("SET LOCAL lock_timeout = '3s'")
        try:
            with transaction.atomic():
                cursor.execute(statement)
        except IntegrityError:
            return False
    return True
