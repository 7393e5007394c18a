"""The history triggers do their work in one pass, whatever number of rows a statement touches."""

import pytest
from django.db import connection

from tandem.kernel.history import trackings

pytestmark = pytest.mark.django_db


@pytest.fixture
def explain():
    """The plan of what a table's update trigger runs, where loops are all that is left."""

    def run(table: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
                " WHERE t.tgrelid = %s::regclass AND t.tgname LIKE 'pgtrigger_history_update%%'",
                [table],
            )
            (body,) = cursor.fetchone()
            statement = body[body.index("INSERT INTO") :].partition(";")[0]
            for name in ("old_rows", "new_rows"):
                cursor.execute(f"CREATE TEMP TABLE {name} (LIKE {table}) ON COMMIT DROP")
            cursor.execute("SET LOCAL enable_hashjoin = off")
            cursor.execute("SET LOCAL enable_mergejoin = off")
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            cursor.execute("DROP TABLE old_rows, new_rows")
        return plan

    return run


@pytest.mark.parametrize("label", sorted(trackings()))
def test_no_plan_goes_through_all_new_rows_for_each_old_one(explain, label):
    plan = explain(trackings()[label].model._meta.db_table)
    assert "Full Join" in plan
    assert "Nested Loop" not in plan
