"""Somebody is planted in a home, and erased from it: by a process of the product in that home."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import django
import psycopg

from tandem.project import postgres
from tandem.project.home import Home
from tests.faults.tree import environment, within

MAIL, NAME = "zqxmail@zqxhost.example", "Zqxgiven Zqxfamily"
FILE_TEXT = b"zqxcontent of a letter"
CANARY = "zqx"
"""Every word that is planted begins so, and no other text does."""


def in_home(home: Path, verb: str) -> None:
    """Run ``main`` there, whether or not the product runs."""
    with postgres.database(Home(path=home)):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tests.faults.erasing", verb],
            env=environment(home),
            capture_output=True,
            text=True,
            timeout=within(120),
            check=False,
        )
    assert done.returncode == 0, done.stderr


def left_of_them(home: Path) -> list[str]:
    """Where a planted word stands: tables of the database, and files of the home but for those of
    the database itself."""
    with postgres.database(Home(path=home)) as url, psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = current_schema()::regnamespace ORDER BY relname"
        ).fetchall()
        found = [
            name
            for (name,) in tables
            if connection.execute(
                f"SELECT FROM {name} t WHERE t::text ILIKE %s LIMIT 1", [f"%{CANARY}%"]
            ).fetchall()
        ]
    return found + files_with_them(home)


def files_with_them(home: Path) -> list[str]:
    """The files below a home, without those of the database, in which a planted word stands."""
    return [
        str(path.relative_to(home))
        for folder in sorted(home.iterdir())
        if folder.name not in ("postgres", "tools")
        for path in ([folder] if folder.is_file() else sorted(folder.rglob("*")))
        if path.is_file() and CANARY.encode() in path.read_bytes().lower()
    ]


def main(verb: str) -> None:
    """``plant``: somebody with a file and a visit in the lake, and a double. ``erase``: both,
    merged before. ``erase-each``: whoever has a planted name."""
    django.setup()
    from tandem.kernel.actor import job_actor  # noqa: PLC0415
    from tandem.kernel.permissions import declared  # noqa: PLC0415
    from tandem.kernel.refs import RecordRef  # noqa: PLC0415
    from tandem.lake.actions import flush, link_subject  # noqa: PLC0415
    from tandem.people.actions import create_person  # noqa: PLC0415
    from tandem.people.models import Person  # noqa: PLC0415
    from tandem.people.schemas import NewPerson  # noqa: PLC0415
    from tandem.records import actions  # noqa: PLC0415
    from tandem.records.models import ErasureBasis  # noqa: PLC0415
    from tandem.records.slots import object_type  # noqa: PLC0415
    from tests.lake.scene import event, store  # noqa: PLC0415

    actor, kind = job_actor("scene", frozenset(declared())), object_type("person")
    if verb == "plant":
        person, _new = create_person(actor, data=NewPerson(name=NAME, email=MAIL))
        content = actions.keep_content("zqxletter.txt", [FILE_TEXT])
        actions.attach_files(actor, kind, person.public_id, contents=[content])
        create_person(actor, data=NewPerson(name="Zqxdouble Zqxtwin", email="zqx2@zqx.example"))
        now = datetime.now(UTC)
        link_subject(
            actor, "zqxbrowser", to=RecordRef("person", person.pk), since=now, proof="zqxproof"
        )
        store(event(visitor="zqxbrowser", at=now), event(visitor="other", at=now))
        flush(actor)
        return
    people = list(Person.objects.filter(name__istartswith=CANARY).order_by("pk"))
    if verb == "erase":
        one, other = people
        actions.merge(actor, kind, one.public_id, other.public_id)
        people = [one]
    for person in people:
        asked = actions.ask_erasure(
            actor, kind, person.public_id, typed=person.name, basis=ErasureBasis.REQUEST
        )
        actions.settle(actions.erase(actor, asked))


if __name__ == "__main__":
    main(sys.argv[1])
