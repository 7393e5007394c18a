"""kill -9 in the midst of imports: all of a file is written or nothing, it is ended without another
upload, the rows add up, and taken back it leaves every table as it was."""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tandem.project.home import Home
from tests.faults.tables import Rows, grown, lost, rows_of_all
from tests.faults.tree import Tree, copy_home, environment, tandem, wait_until, within

pytestmark = pytest.mark.faults

SETTINGS = {"DJANGO_SETTINGS_MODULE": "tandem.project.settings"}
KILLS = 10  # of each way to import
PEOPLE = 2_000
HEADER = (
    "Record ID,First Name,Last Name,Email,Phone,Job Title,Company,Company domain,Country,Tags,"
    "Lifecycle Stage,OPTIN_TIME,UNSUB_TIME"
)
# Of an import that was taken back stays what tells of it, and what it added lies there deleted.
TOLD = {
    "kernel_changeset",
    "kernel_delivery",
    "kernel_publishedfact",
    "kernel_recordchange",
    "timeline_entry",
    "consent_consentevent",
    "consent_consentevidence",
    "consent_wording",
    "people_lifecycleevent",
}
DELETED = {
    "people_company",
    "people_companydomain",
    "people_employment",
    "people_person",
    "people_personemail",
    "people_personphone",
    "consent_consentstate",
    "consent_suppression",
    "people_lifecyclestate",
    # Of the deleted: nobody is shown these.
    "records_duplicatekey",
    "records_duplicatepair",
}


UNDELETED = {
    "consent_consentstate",
    "people_lifecyclestate",
    "records_duplicatekey",
    "records_duplicatepair",
}


def line(at: int, *, word: str, title: str = "Potter", stage: str = "lead") -> str:
    """One row; some of them are of nobody, of one person twice, or of somebody who left."""
    mail = "no mail" if at % 97 == 0 else f"p{at}@{word}.example"
    left = "2025-02-03 10:00:00" if at % 31 == 0 else ""
    return (
        f"{word}{at},Ann{at},Bell,{mail},+44 1227 {at:06d},{title},Firm {at % 40},"
        f"firm{at % 40}-{word}.example,UK,{word};Fair,{stage},2024-01-31 08:00:00,{left}"
    )


def write(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join((HEADER, *rows)) + "\n")
    return path


@pytest.fixture(scope="module")
def files(ground: Path) -> tuple[Path, Path]:
    """What is here first, and the file that changes a part of it and adds the rest."""
    folder = ground / "imports"
    folder.mkdir()
    known = [line(at, word="known") for at in range(1, 301)]
    more = [line(at, word="known", title="Glazier", stage="engaged") for at in range(1, 201)]
    more += [line(at, word="new") for at in range(1, PEOPLE)] + [line(7, word="new")]
    return write(folder / "known.csv", known), write(folder / "more.csv", more)


@pytest.fixture(scope="module")
def crm(ground: Path, finished_home: Path, files: tuple[Path, Path]) -> Iterator[Tree]:
    """A product in which some of the people are already."""
    with Tree(copy_home(finished_home, ground / "imported"), environ=SETTINGS) as tree:
        done = tandem(tree.home, "import", "people", str(files[0]), "--timezone", "UTC", "--json")
        assert done.returncode == 0, done.stderr
        wait_until(lambda: quiet(tree), within(150))
        yield tree


@pytest.fixture
def database(crm: Tree) -> Iterator[psycopg.Connection]:
    with psycopg.connect(Home(path=crm.home).database_url, autocommit=True) as connection:
        yield connection


def quiet(tree: Tree) -> bool:
    """Whether no job waits but those of the clock, nobody is in the midst of an import, and all
    have been told: what a killed worker was telling is told again, up to half a minute later."""
    with psycopg.connect(Home(path=tree.home).database_url, autocommit=True) as connection:
        busy = connection.execute(
            "SELECT (SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            "    AND coalesce(scheduled_at, now()) <= now())"
            " + (SELECT count(*) FROM kernel_delivery WHERE state = 'due')"
            " + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
            "    AND (classid::bigint << 32) | objid::bigint"
            "     = hashtextextended('records.import:people', 0))"
        ).fetchone()
    return busy == (0,)


def state_of(database: psycopg.Connection) -> tuple[str, dict[str, Any]]:
    """State and report of the last import."""
    ((state, report),) = database.execute(
        "SELECT state, report FROM records_importrun ORDER BY id DESC LIMIT 1"
    ).fetchall()
    return state, report


def adds_up(report: dict[str, Any]) -> bool:
    """Whether every row of the file is told once."""
    verdicts = ("created", "updated", "skipped", "failed")
    return bool(report["rows"] == PEOPLE + 200 == sum(report[name] for name in verdicts))


def changed(before: Rows, after: Rows) -> tuple[dict[str, list[str]], set[str]]:
    """What is lost, row for row, and the tables in which something has come."""
    return lost(before, after), grown(before, after)


def deleted_alone(database: psycopg.Connection, since: dict[str, int]) -> dict[str, int]:
    """Living rows by table, where their number is another one than before."""
    return {table: count for table, count in living(database).items() if count != since[table]}


def living(database: psycopg.Connection) -> dict[str, int]:
    """How many rows of each table are not deleted, of those that an import leaves deleted ones."""
    return {
        table: database.execute(
            f"SELECT count(*) FROM {table} WHERE deleted_at IS NULL"
        ).fetchall()[0][0]
        for table in sorted(DELETED)
        if table not in UNDELETED
    }


@pytest.mark.parametrize("at", range(KILLS))
def test_a_killed_command_has_written_all_or_nothing_and_is_started_again(crm, files, database, at):
    chance = random.Random(at)
    words = ["import", "people", str(files[1]), "--timezone", "UTC", "--policy", "overwrite"]
    before, counts = rows_of_all(database), living(database)
    last = database.execute("SELECT max(id) FROM records_importrun").fetchone()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tandem", *words],
        env=environment(crm.home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    begun = "SELECT FROM records_importrun WHERE state = 'running' AND id > %s"
    wait_until(lambda: database.execute(begun, last).fetchone() is not None, within(60))
    time.sleep(chance.uniform(0, 2.5))
    process.kill()
    process.wait()
    wait_until(lambda: quiet(crm), within(150))
    state, report = state_of(database)
    assert state in ("running", "done")
    if state == "running":
        # That the file was looked at is noted before anything is read.
        assert changed(before, rows_of_all(database)) == ({}, {"kernel_changeset"})
        again = tandem(crm.home, *words, "--json")
        assert again.returncode == 0, again.stderr
        report = json.loads(again.stdout.splitlines()[-1])
    assert adds_up(report)
    taken_back = tandem(crm.home, "import", "revert", report["import_id"])
    assert taken_back.returncode == 0, taken_back.stderr
    wait_until(lambda: quiet(crm), within(150))
    gone, come = changed(before, rows_of_all(database))
    assert (gone, come - TOLD - DELETED) == ({}, set())
    assert deleted_alone(database, counts) == {}


@pytest.fixture(scope="module")
def token(crm: Tree) -> str:
    """The token of an administrator."""
    made = tandem(crm.home, "user", "add", "mara@thistle.example", "--role", "admin")
    assert made.returncode == 0, made.stderr
    made = tandem(crm.home, "token", "add", "--user", "mara@thistle.example")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip().splitlines()[-1]


def ask(tree: Tree, token: str, method: str, path: str, body: bytes = b"", kind: str = "") -> Any:
    """One request of the API."""
    connection = http.client.HTTPConnection(tree.url.removeprefix("http://"), timeout=60)
    try:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        connection.request(method, f"/api/v1{path}", body, headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    assert answer.status < 300, text
    return json.loads(text)


def upload(tree: Tree, token: str, path: Path) -> Any:
    """Start an import by the API."""
    mark = uuid.uuid4().hex
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in (("kind", "people"), ("policy", "overwrite"), ("time_zone", "UTC"))
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="more.csv"\r\n\r\n'
    body = b"".join([*parts, head.encode(), path.read_bytes(), f"\r\n--{mark}--\r\n".encode()])
    return ask(tree, token, "POST", "/imports", body, f"multipart/form-data; boundary={mark}")


@pytest.mark.parametrize("at", range(KILLS))
def test_a_killed_worker_is_followed_by_one_that_ends_its_import(crm, files, database, token, at):
    chance = random.Random(100 + at)
    wait_until(lambda: quiet(crm) and bool(crm.parts().get("worker")), within(150))
    before, counts = rows_of_all(database), living(database)
    run = upload(crm, token, files[1])
    begun = "SELECT FROM records_importrun WHERE public_id = %s AND state <> 'waiting'"
    wait_until(lambda: database.execute(begun, [run["id"]]).fetchone() is not None, within(60))
    time.sleep(chance.uniform(0, 2.5))
    for pid in crm.parts()["worker"]:
        os.kill(pid, signal.SIGKILL)
    # As if it were half a minute ago: the next worker looks for jobs of dead ones when it starts.
    database.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")

    def report() -> Any:
        return ask(crm, token, "GET", f"/imports/{run['id']}")

    wait_until(lambda: report()["state"] == "done", within(120))
    assert adds_up(report()["report"])
    progress = "SELECT state, count(*) FROM kernel_progressrecord WHERE public_id = %s GROUP BY 1"
    wait_until(
        lambda: database.execute(progress, [report()["progress"]]).fetchall() == [("done", 1)],
        within(150),
    )
    wait_until(lambda: quiet(crm), within(150))
    ask(crm, token, "POST", f"/imports/{run['id']}/reversion")
    wait_until(lambda: quiet(crm), within(150))
    gone, come = changed(before, rows_of_all(database))
    assert (gone, come - TOLD - DELETED) == ({}, set())
    assert deleted_alone(database, counts) == {}
