"""Migrations are a single line, telling, reversible, and mild to a running database."""

import pytest

from tests.house import migrations
from tests.house.sources import Source, product

HEAD = "from django.db import migrations\n"


def test_migrations_keep_the_rules():
    assert migrations.crooked(product()) == []
    assert (
        migrations.branches((m.app_label, m.name, m.dependencies) for m in migrations.ours()) == []
    )


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("0002_auto_20260101_1200", HEAD, ": the name says nothing"),
        ("0002_alter_person_name_and_more", HEAD, ": the name says nothing"),
        ("second", HEAD, ": the name says nothing"),
        ("0002_names", HEAD + "import tandem.people.rules\n", ":2 imports tandem.people.rules"),
        ("0002_names", HEAD + "x = migrations.RunPython(forward)\n", ":2 has no way back"),
        ("0002_names", HEAD + "x = migrations.RunSQL('SELECT 1')\n", ":2 has no way back"),
        ("0002_names", HEAD + "x = migrations.RunPython(there, back)\n", ""),
        ("0002_names", HEAD + "import tandem.kernel.ids\n", ""),
    ],
)
def test_a_crooked_migration_is_found(name, text, fault):
    path = f"people/migrations/{name}.py"
    expected = [f"tandem/{path}{fault}"] if fault else []
    assert migrations.crooked([Source(path, text)]) == expected


def test_a_branch_is_found():
    first = ("people", "0001_persons", [("kernel", "0001_ground")])
    second = ("people", "0002_names", [("people", "0001_persons")])
    other = ("people", "0002_titles", [("people", "0001_persons"), ("kernel", "0001_ground")])
    assert migrations.branches([first, second]) == []
    assert migrations.branches([first, second, other]) == [
        "people: 0002_names and 0002_titles both follow 0001_persons"
    ]


def test_sql_that_locks_a_table_for_long_is_found():
    harsh = "ALTER TABLE people_person ALTER COLUMN name SET NOT NULL;"
    assert "adding-not-nullable-field" in migrations.squawk(harsh)
    assert migrations.squawk("CREATE TABLE people_tag (id bigint PRIMARY KEY);") == ""
