"""kill -9 of what an import runs on: of the pages, of PostgreSQL, of the whole product.

Whatever is killed, and whenever: the import ends by itself, each row of the file has one verdict,
what it says was made is there once, and taking it back leaves the people as they were.
"""

import http.client
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tandem.project.home import Home
from tests.faults.tree import Tree, all_gone, copy_home, tandem, wait_until, within

# The product starts, an import runs twice, and a job whose worker died is missed after a minute.
pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

# All pages, and not only that of the other tests of faults.
WHOLE = {"DJANGO_SETTINGS_MODULE": "tandem.project.settings"}
PEOPLE = 12_000
HERE_ALREADY = 400
AS_THEY_WERE = """
    SELECT count(*), md5(string_agg(concat_ws('|', p.public_id, p.name, p.country, p.x,
        (SELECT string_agg(concat_ws('/', e.address, e.is_primary), ',' ORDER BY e.address)
           FROM people_personemail e WHERE e.person_id = p.id AND e.deleted_at IS NULL),
        (SELECT string_agg(concat_ws('/', j.title, j.company_id), ',' ORDER BY j.id)
           FROM people_employment j WHERE j.person_id = p.id AND j.deleted_at IS NULL)
      ), E'\\n' ORDER BY p.id))
    FROM people_person p WHERE p.deleted_at IS NULL
"""


def rows_of(numbers: range, *, title: str = "") -> str:
    lines = ["Name,Email,Title,Country"]
    for number in numbers:
        mail = f"p{number}@mill.example" if number % 97 else "no address"
        lines.append(f"Person {number},{mail},{title or 'Buyer'},GB")
    return "\n".join(lines) + "\n"


class Company:
    """The product with a user, asked by API and looked at in the database."""

    def __init__(self, tree: Tree, token: str) -> None:
        self.tree, self.token = tree, token

    def upload(self, name: str, text: str) -> str:
        """Start an import that overwrites; its id."""
        mark = uuid4().hex
        parts = {"kind": "people", "policy": "overwrite"}
        body = "".join(
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in parts.items()
        )
        body += (
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: text/csv\r\n\r\n{text}\r\n--{mark}--\r\n"
        )
        kind = f"multipart/form-data; boundary={mark}"
        status, told = self.ask("POST", "/imports", body.encode(), kind)
        assert status == 202, told
        return str(told["id"])

    def ask(
        self, method: str, path: str, body: bytes = b"", kind: str = "application/json"
    ) -> tuple[int, Any]:
        address = self.tree.url.removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=within(60))
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        try:
            connection.request(method, f"/api/v1{path}", body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def look(self, statement: str, *values: Any) -> Any:
        """The first row that a statement finds; None while there is no database."""
        try:
            with psycopg.connect(Home(path=self.tree.home).database_url) as connection:
                return connection.execute(statement, values).fetchone()
        except psycopg.OperationalError:
            return None

    def state(self, run: str) -> str:
        found = self.look("SELECT state FROM records_importrun WHERE public_id = %s", run)
        return found[0] if found else ""

    def is_running(self, run: str) -> bool:
        assert self.state(run) not in ("failed", "done"), "the import was too quick to be hurt"
        return self.state(run) == "running"

    def wait_for(self, run: str) -> dict[str, Any]:
        """The report of an import that has ended; it may be taken up by itself before."""
        wait_until(lambda: self.state(run) in ("done", "failed"), within(150))
        assert self.state(run) == "done", self.look(
            "SELECT error FROM records_importrun WHERE public_id = %s", run
        )
        found = self.look("SELECT report FROM records_importrun WHERE public_id = %s", run)
        return dict(found[0])


@pytest.fixture(scope="module")
def company_home(ground: Path, finished_home: Path) -> Path:
    """A home with an administrator, who has a token, and people who are here already."""
    home = copy_home(finished_home, ground / "deaths")
    made = tandem(home, "user", "add", "ann@mill.example", "--role", "admin")
    assert made.returncode == 0, made.stderr
    (home / "first.csv").write_text(rows_of(range(1, HERE_ALREADY + 1), title="Clerk"))
    done = tandem(home, "import", "people", str(home / "first.csv"))
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def company(company_home: Path) -> Iterator[Company]:
    token = tandem(company_home, "token", "add", "--user", "ann@mill.example")
    with Tree(company_home, environ=WHOLE) as tree:
        yield Company(tree, token.stdout.split()[-1])


def check(company: Company, run: str, before: tuple[int, str]) -> None:
    """What an import says of its rows is so, and taking it back leaves people as they were."""
    report = company.wait_for(run)
    assert report["rows"] == PEOPLE
    assert report["rows"] == sum(
        report[verdict] for verdict in ("created", "updated", "skipped", "failed")
    )
    assert (report["created"] > 10_000, report["updated"] > 390) == (True, True)
    now = company.look(AS_THEY_WERE)
    assert now[0] == before[0] + report["created"]
    assert now[1] != before[1]
    addresses = "SELECT count(*), count(DISTINCT normalized) FROM people_personemail"
    every, different = company.look(f"{addresses} WHERE deleted_at IS NULL")
    assert every == different
    rows = [
        "SELECT count(*) FROM kernel_progressrecord WHERE kind = 'import' AND state = 'running'",
        "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'records.run_import'"
        " AND status = 'doing'",
    ]
    wait_until(lambda: [company.look(one) for one in rows] == [(0,), (0,)], within(10))
    status, told = company.ask("POST", f"/imports/{run}/reversion")
    assert status == 200, told
    assert company.look(AS_THEY_WERE) == before


@pytest.mark.parametrize(("part", "seed"), [("web", 1), ("postgres", 2)])
def test_an_import_outlives_the_death_of_a_part(company, part, seed):
    before = company.look(AS_THEY_WERE)
    run = company.upload(f"{part}{seed}.csv", rows_of(range(1, PEOPLE + 1)))
    wait_until(lambda: company.is_running(run), within(30))
    time.sleep(random.Random(seed).uniform(0.05, 0.6))
    assert company.state(run) == "running"
    company.tree.kill(part)
    check(company, run, before)


def test_an_import_outlives_the_death_of_the_whole_product(company_home, company):
    before = company.look(AS_THEY_WERE)
    run = company.upload("all.csv", rows_of(range(1, PEOPLE + 1)))
    wait_until(lambda: company.is_running(run), within(30))
    pids = company.tree.pids()
    company.tree.process.kill()
    company.tree.process.wait()
    all_gone(pids, within(10))
    with Tree(company_home, environ=WHOLE) as again:
        check(Company(again, company.token), run, before)
