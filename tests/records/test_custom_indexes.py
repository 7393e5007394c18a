"""The index of a custom field: built beside running work, used by filters, gone when not wanted."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from psycopg import sql

from tandem.kernel.actor import Actor
from tandem.kernel.models import ProgressRecord, ProgressState
from tandem.records import queries
from tandem.records.actions import add_field, change_field
from tandem.records.actions.indexes import index_name, index_statements, make_index
from tandem.records.jobs import index_field
from tandem.records.models import FieldDef
from tandem.records.queries import ListQuery
from tandem.records.schemas import ChangeField, NewField
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 5_000
CHOICES = [{"label": "Gold"}, {"label": "Silver"}]


@pytest.fixture(autouse=True)
def no_index_is_left(db: None) -> Iterator[None]:
    """Tables are emptied after a test; what stands beside them is not."""
    yield
    with connection.cursor() as cursor:
        for name in indexes():
            cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        for name in figures():
            cursor.execute(sql.SQL("DROP STATISTICS {}").format(sql.Identifier(name)))


@pytest.fixture
def define(system: Actor) -> Callable[..., FieldDef]:
    def make(label: str, kind: str, **traits: Any) -> FieldDef:
        return add_field(
            system,
            data=NewField.model_validate(
                {"label": label, "type": kind, "kind": "person", "is_indexed": True} | traits
            ),
        )

    return make


@pytest.fixture
def crowd(db: None) -> None:
    """Many persons, each with one of a thousand values."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH opened AS (
                INSERT INTO kernel_changeset
                    (public_id, actor_kind, actor_label, source, action, reason)
                VALUES (gen_random_uuid(), 'job', 'crowd', 'import', 'test.fill', '')
                RETURNING id
            )
            INSERT INTO people_person (public_id, name, given_name, family_name, search_key,
                sort_key, country, locale, time_zone, created_in_id, x)
            SELECT gen_random_uuid(), 'P' || n, '', '', 'p' || n, 'p' || n, '', '', '', opened.id,
                jsonb_build_object('x_note', 'Harbour ' || n, 'x_size', n, 'x_since',
                    to_char(date '2000-01-01' + n, 'YYYY-MM-DD'), 'x_tier', 't' || n %% 1000,
                    'x_likes', jsonb_build_array('t' || n %% 1000, 'tea'))
            FROM opened, generate_series(1, %s) n
            """,
            [PEOPLE],
        )


def indexes() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(r"SELECT indexname FROM pg_indexes WHERE indexname LIKE 'x\_%'")
        return {row[0] for row in cursor.fetchall()}


def figures() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(r"SELECT stxname FROM pg_statistic_ext WHERE stxname LIKE 'x\_%'")
        return {row[0] for row in cursor.fetchall()}


def plan(actor: Actor, tree: dict[str, Any]) -> str:
    kind = object_type("person")
    query = ListQuery(filters=queries.read_filters(kind, tree))
    return str(queries.records_matching(kind, actor, query).order_by().explain())


@pytest.mark.parametrize(
    ("label", "kind", "part", "operator", "value"),
    [
        ("Note", "text", "text", "contains", "arbour 4321"),
        ("Note", "text", "text", "is", "harbour 4321"),
        ("Size", "number", "value", "is", 77),
        ("Size", "number", "value", "at_least", PEOPLE - 5),
        ("Since", "date", "value", "on", "2004-05-06"),
        ("Since", "date", "value", "before", "2000-01-05"),
        ("Tier", "choice", "value", "any_of", ["t7", "t8"]),
        ("Likes", "choices", "holds", "any_of", ["t7"]),
    ],
)
def test_filters_use_the_index(crowd, define, system, label, kind, part, operator, value):
    field = define(label, kind, choices=CHOICES if kind.startswith("choice") else [])
    make_index(system, field)
    field.refresh_from_db()
    assert (field.index_state, field.index_error) == ("ready", "")
    condition = {"field": field.key, "is": operator, "value": value}
    assert index_name(field, part) in plan(system, condition)


def test_the_order_of_a_list_uses_it(crowd, define, system):
    field = define("Size", "number")
    make_index(system, field)
    kind = object_type("person")
    rows = kind.visible_to(system).order_by(F("x__x_size").asc(nulls_last=True), "id")[:50]
    assert index_name(field, "value") in str(rows.explain())


def test_a_page_in_another_order_uses_it_too(crowd, define, system):
    field = define("Size", "number")
    make_index(system, field)
    kind = object_type("person")
    tree = {"field": "x_size", "is": "at_least", "value": PEOPLE - 20}
    rows = queries.records_matching(
        kind, system, ListQuery(filters=queries.read_filters(kind, tree))
    )
    page = kind.prepare(rows).order_by("sort_key", "id")[:51]
    assert index_name(field, "value") in str(page.explain())


def test_it_is_dropped_when_it_is_not_wanted_any_more(define, system):
    field = define("Note", "text")
    make_index(system, field)
    assert indexes() == set(index_statements(field))
    [told] = ProgressRecord.objects.filter(kind="records.index")
    assert told.state == ProgressState.DONE
    make_index(system, field)
    assert ProgressRecord.objects.filter(kind="records.index").count() == 1
    change_field(system, field.public_id, data=ChangeField(is_indexed=False))
    field.refresh_from_db()
    make_index(system, field)
    field.refresh_from_db()
    assert (indexes(), figures(), field.index_state) == (set(), set(), "none")


def test_a_build_that_fails_is_told_and_leaves_nothing(define, system, monkeypatch):
    field = define("Note", "text")
    broken = {
        **index_statements(field),
        index_name(field, "text"): sql.Composed([sql.SQL("SELECT 1/0")]),
    }
    monkeypatch.setattr("tandem.records.actions.indexes.index_statements", lambda _field: broken)
    make_index(system, field)
    field.refresh_from_db()
    assert (field.index_state, field.index_error) == ("failed", "division by zero")
    assert indexes() == set()


def test_the_job_does_what_the_field_says_by_now(define, make_user, system):
    field = define("Note", "text")
    index_field(field_id=field.pk, user_id=make_user("manager").pk)
    assert indexes() == set(index_statements(field))
    change_field(system, field.public_id, data=ChangeField(is_indexed=False))
    index_field(field_id=field.pk)
    assert indexes() == set()
