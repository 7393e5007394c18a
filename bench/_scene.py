"""A scratch database with the demo's kind of people, for the workloads that measure requests."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tandem.project.settings")

from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster import test_cluster

os.environ["TANDEM_TEST_DURABLE"] = "1"
test_cluster()

import django  # noqa: E402  (its settings look for the cluster)

django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import setup_databases, teardown_databases  # noqa: E402
from pydantic import SecretStr  # noqa: E402

from tandem.accounts.actions import add_user  # noqa: E402
from tandem.accounts.models import User  # noqa: E402
from tandem.accounts.queries import actor_for, command_actor  # noqa: E402
from tandem.accounts.rules import Role  # noqa: E402
from tandem.accounts.schemas import NewUser  # noqa: E402
from tandem.kernel.actor import Actor  # noqa: E402
from tandem.people.actions import change_person, create_person  # noqa: E402
from tandem.people.models import Person  # noqa: E402
from tandem.people.schemas import ChangePerson, NewPerson  # noqa: E402

PASSWORD = "benches in the park"


@contextmanager
def scratch_database() -> Iterator[User]:
    """An empty, durable database with one administrator; thrown away at the end."""
    made = setup_databases(verbosity=0, interactive=False)
    try:
        yield add_user(
            command_actor(),
            NewUser(
                email="bench@thistle.example",
                name="Bench",
                role=Role.ADMIN,
                password=SecretStr(PASSWORD),
            ),
        )
    finally:
        teardown_databases(made, verbosity=0)


def actor_of(user: User) -> Actor:
    """Who the user is when acting."""
    return actor_for(user)


def add_person(actor: Actor, number: int) -> Person:
    """One person with address, title and one of fifty companies, through the action."""
    person, _is_new = create_person(
        actor,
        data=NewPerson(
            name=f"Person{number} Example",
            email=f"person{number}@customers.example",
            title="Buyer",
            company=f"Company {number % 50}",
            country="GB",
        ),
    )
    return person


def retitle(actor: Actor, person: Person, title: str) -> None:
    """Change one field through the action."""
    change_person(actor, person.public_id, data=ChangePerson(title=title))


def add_people_by_sql(count: int) -> None:
    """Many persons at once with address, company and a line of story, for measuring reads."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO kernel_changeset
                (public_id, actor_kind, actor_label, source, action, reason)
            VALUES (gen_random_uuid(), 'job', 'bench', 'import', 'bench.fill', '')
            RETURNING set_config('tandem.change_set', id::text, false)
            """
        )
        cursor.execute(_PEOPLE, {"count": count})
        for statement in _PARTS:
            cursor.execute(statement)
        cursor.execute("SELECT set_config('tandem.change_set', '', false)")
        cursor.execute("ANALYZE")


_PEOPLE = """
    INSERT INTO people_person (public_id, name, given_name, family_name, search_key, sort_key,
                               country, locale, time_zone, x)
    SELECT gen_random_uuid(), 'Given' || n || ' Family' || n %% 9973, 'Given' || n,
           'Family' || n %% 9973, ' given' || n || ' family' || n %% 9973,
           'given' || n || ' family' || n %% 9973, 'GB', '', '', '{}'
    FROM generate_series(1, %(count)s) n
"""
_PARTS = (
    """
    INSERT INTO people_personemail (person_id, address, normalized, is_primary, status, source)
    SELECT id, 'p' || id || '@customers.example', 'p' || id || '@customers.example', true, 'ok', ''
    FROM people_person
    """,
    """
    INSERT INTO timeline_entry (subject_kind, subject_id, at, event_id, kind, side, actor_kind,
        actor_label, payload, visibility, source, is_automatic, dedupe_key)
    SELECT 'person', id, now(), gen_random_uuid(), 'people.created', 'system', 'job', 'bench',
           '{}', 'all', 'import', true, '' FROM people_person
    """,
)
