"""The reporting role sees by SQL what the holder of a token sees by page, and not one row more."""

from contextlib import contextmanager

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from tandem.accounts.actions import (
    add_team,
    add_token,
    deactivate_user,
    hide_fields,
    revoke_token,
    set_members,
    set_scopes,
    set_verbs,
)
from tandem.accounts.models import ApiToken, User
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role, permissions_of
from tandem.accounts.schemas import NewToken, TeamInput, TeamMembers
from tandem.kernel.actor import Scope
from tandem.people.actions import create_company, create_person, delete_person
from tandem.people.schemas import NewCompany, NewPerson
from tandem.project import reporting
from tandem.project.faults import OperatorError
from tandem.project.home import Home
from tandem.project.postgres import Cluster
from tandem.records.actions import add_field, create_record
from tandem.records.schemas import NewField
from tandem.records.slots import object_type
from tandem.revenue.actions import book_order
from tandem.revenue.schemas import NewOrder

HOME = Home.from_environment


@pytest.fixture
def roles():
    """The roles of the database, made outside of the test's transaction; they own nothing."""
    home = HOME()
    link = psycopg.connect(Cluster(home).superuser_url(), autocommit=True)
    with link:
        for role in (reporting.READER, reporting.REPORTING):
            if not link.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                link.execute(f"CREATE ROLE {role} NOLOGIN")
        user = connection.settings_dict["USER"]
        link.execute(f"GRANT {reporting.READER}, {reporting.REPORTING} TO {user} WITH SET TRUE")


@pytest.fixture
def scene(db, roles, system, admin, make_user):
    """A seller, a colleague and a stranger, each with a person, a company and an order."""
    users = {name: make_user("seller", name=name) for name in ("Me", "Mate", "Else")}
    team = add_team(admin, TeamInput(name="North", kind="sales"))
    mine = [users["Me"].public_id, users["Mate"].public_id]
    set_members(admin, team.public_id, TeamMembers(members=mine))
    add_field(system, data=NewField(kind="person", type="number", label="Rank"))
    for name, user in [*users.items(), ("Nobody", None)]:
        owner = {"owner": str(user.public_id)} if user else {}
        person = NewPerson(name=f"P {name}", email=f"{name}@x.example", country="GB", **owner)
        create_record(system, object_type("person"), data=person, fields={"x_rank": 7})
        create_company(system, data=NewCompany(name=f"C {name}", **owner))
        order = {"number": f"O {name}", "amount": "5", "currency": "GBP"}
        book_order(system, data=NewOrder(**order, company=f"C {name}"))
    gone, _new = create_person(system, data=NewPerson(name="P Gone"))
    delete_person(system, gone.public_id)
    connection.check_constraints()  # a table with checks that wait cannot be altered
    reporting.switch_on()
    return users


def token(user):
    return add_token(actor_for(user), NewToken(name="report")).raw


@contextmanager
def as_reporting(raw=""):
    """The connection as the reporting role, for who holds this token."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tandem.token', %s, true)", [raw])
        cursor.execute(f"SET LOCAL ROLE {reporting.REPORTING}")
        yield cursor
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT set_config('tandem.token', '', true)")


def seen(raw, view, column="name"):
    with as_reporting(raw) as cursor:
        cursor.execute(f"SELECT {column} FROM reporting.{view} ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


VIEWS = ("people", "companies", "orders")


@pytest.mark.parametrize("scope", Scope)
def test_the_views_show_what_the_lists_show(scene, admin, scope):
    for kind in ("person", "company", "order"):
        set_scopes(admin, Role.SELLER, scopes={kind: scope})
    actor, raw = actor_for(scene["Me"]), token(scene["Me"])
    for slug, kind in zip(VIEWS, ("person", "company", "order"), strict=True):
        described = object_type(kind)
        there = sorted(described.name_of(one) for one in described.visible_to(actor))
        assert seen(raw, slug) == there
        expected = {"all": 4, "team": 3, "own": 1, "none": 0}[scope]
        assert len(there) == expected


@pytest.mark.parametrize("role", Role)
def test_every_role_sees_all_kinds_as_by_page(scene, make_user, role):
    user = make_user(role)
    actor, raw = actor_for(user), token(user)
    for described in reporting.reported_kinds():
        rows = described.visible_to(actor).values_list("pk", flat=True)
        there = sorted(rows) if actor.may(described.permissions.view) else []
        assert seen(raw, described.slug.replace("-", "_"), "id") == there


@pytest.mark.parametrize("raw", ["", "tdm", "tdm_", "tdm__", "x", "tdm_%_x", "'; DROP TABLE a; --"])
def test_without_a_token_there_are_no_rows(scene, raw):
    assert [seen(raw, view) for view in VIEWS] == [[], [], []]


def test_a_token_that_ended_shows_nothing(scene, admin):
    raw, other = token(scene["Me"]), token(scene["Mate"])
    assert seen(raw, "people") == ["P Mate", "P Me", "P Nobody"]
    assert seen(f"{raw}x", "people") == []
    assert seen(raw[:-1], "people") == []
    made = ApiToken.objects.get(user=scene["Me"])
    revoke_token(actor_for(scene["Me"]), made.public_id)
    assert seen(raw, "people") == []
    deactivate_user(admin, scene["Mate"].public_id)
    assert seen(other, "people") == []


def test_a_right_that_is_taken_away_shows_nothing(scene, admin):
    raw = token(scene["Me"])
    set_verbs(admin, Role.SELLER, held=permissions_of("seller") - {"revenue.view"})
    assert seen(raw, "orders") == []
    assert len(seen(raw, "people")) == 3


def test_hidden_fields_are_empty_and_cannot_be_told_by_filters(scene, admin):
    raw = token(scene["Me"])
    assert seen(raw, "people", "country") == ["GB"] * 3
    assert seen(raw, "people", "fields ->> 'x_rank'") == ["7"] * 3
    hide_fields(admin, Role.SELLER, "person", fields=["country", "email", "x_rank"])
    assert seen(raw, "people", "country") == [None] * 3
    assert seen(raw, "people", "email") == [None] * 3
    assert seen(raw, "people", "fields::text") == ["{}"] * 3
    with as_reporting(raw) as cursor:
        cursor.execute("SELECT count(*) FROM reporting.people WHERE country = 'GB'")
        assert cursor.fetchone() == (0,)
    assert seen(token(scene["Mate"]), "companies", "name") == ["C Mate", "C Me", "C Nobody"]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM people_person",
        "SELECT * FROM people_personemail",
        "SELECT * FROM accounts_user",
        "SELECT * FROM accounts_apitoken",
        "SELECT * FROM django_session",
        "SELECT * FROM kernel_recordchange",
        "SELECT * FROM timeline_entry",
        "UPDATE reporting.people SET name = 'x'",
        "DELETE FROM reporting.people",
        "INSERT INTO reporting.people (name) VALUES ('x')",
        "CREATE TABLE reporting.mine (a int)",
        "DROP VIEW reporting.people",
        "ALTER TABLE people_person DISABLE ROW LEVEL SECURITY",
    ],
)
def test_everything_else_is_refused(scene, statement):
    raw = token(scene["Me"])
    with as_reporting(raw) as cursor, pytest.raises(DatabaseError), transaction.atomic():
        cursor.execute(statement)


def test_a_function_of_the_reader_sees_no_hidden_row(scene):
    raw = token(scene["Me"])
    with as_reporting(raw) as cursor:
        cursor.execute("EXPLAIN (COSTS off) SELECT * FROM reporting.people WHERE name LIKE 'P%'")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "InitPlan" in plan


def test_switching_on_twice_and_off_leaves_the_tables_as_they_were(scene):
    def locked():
        with connection.cursor() as cursor:
            cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity ORDER BY 1")
            return [row[0] for row in cursor.fetchall()]

    before = locked()
    assert "people_person" in before
    reporting.switch_on()
    assert locked() == before
    reporting.switch_off()
    assert locked() == []
    assert not reporting.is_on()
    reporting.switch_off()


def test_who_may_make_no_roles_is_told_what_to_run(db, roles, monkeypatch):
    monkeypatch.setattr(reporting, "REPORTING", "tandem_not_there")
    with pytest.raises(OperatorError, match="CREATE ROLE tandem_reader NOLOGIN"):
        reporting.make_roles(HOME())
    with pytest.raises(OperatorError, match=r"administrator|no reporting role"):
        reporting.set_password(HOME(), "correct horse battery")


def test_a_program_signs_in_and_reads(transactional_db, roles, admin, system):
    """The whole way: set up, a password, a connection of one's own, a token, rows."""
    create_person(system, data=NewPerson(name="Ann"))
    raw = token(User.objects.get(pk=admin.user_id))
    reporting.switch_on()
    try:
        with psycopg.connect(Cluster(HOME()).superuser_url(), autocommit=True) as link:
            link.execute("ALTER ROLE tandem_reporting LOGIN PASSWORD 'tin whistle 42'")
        there = connection.settings_dict
        with psycopg.connect(
            host=there["HOST"], port=there["PORT"], dbname=there["NAME"],
            user="tandem_reporting", password="tin whistle 42", autocommit=True,
        ) as program:  # fmt: skip
            assert program.execute("SELECT name FROM reporting.people").fetchall() == []
            program.execute("SELECT set_config('tandem.token', %s, false)", [raw])
            assert program.execute("SELECT name FROM reporting.people").fetchall() == [("Ann",)]
            for statement in ("SELECT * FROM people_person", "SET ROLE tandem_reader"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    program.execute(statement)
    finally:
        reporting.switch_off()
        with psycopg.connect(Cluster(HOME()).superuser_url(), autocommit=True) as link:
            link.execute("ALTER ROLE tandem_reporting NOLOGIN PASSWORD NULL")
