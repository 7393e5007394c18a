"""Many rows into PostgreSQL by COPY, as one text for thousands of them."""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import islice

from django.db import connection
from psycopg import sql

# What stands for NULL; a text that people wrote never is it.
NULL = "\x01"
ROWS_AT_ONCE = 20_000


def copy_in(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Append rows to a table; None is NULL. How many there were.

    Where rows are made on the way, nothing may be asked of the database for them.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL {})").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Literal(NULL)
    )
    count, left = 0, iter(rows)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        while some := list(islice(left, ROWS_AT_ONCE)):
            copy.write(_text_of(some))
            count += len(some)
    return count


def _text_of(rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([NULL if one is None else one for one in row] for row in rows)
    return buffer.getvalue()
