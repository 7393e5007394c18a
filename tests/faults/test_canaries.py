"""A person comes in through the doors of the running product, good requests and bad; no log holds a
word of them, and after their erasure nothing in the home does."""

import http.client
import json
import re
import subprocess
import sys
import uuid
from urllib.parse import quote, urlencode

import psycopg
import pytest

from tandem.project.home import Home
from tests.faults.erasing import CANARY, MAIL, NAME, files_with_them, in_home, left_of_them
from tests.faults.tree import Tree, environment, tandem, wait_until, within

pytestmark = pytest.mark.faults

SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "tandem.project.settings",
    "TANDEM_SMTP_URL": "smtp://127.0.0.1:9",  # nobody is there: every mail is an error
}
BOSS = "boss@thistle.example"
FIELDS = "name | Name * | text\nemail | Mail * | email\nmessage | Message | long 2000"


class Door:
    """Requests to the product, as a program and as a stranger."""

    def __init__(self, tree: Tree, token: str) -> None:
        self.tree, self.token = tree, token

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(
            self.tree.url.removeprefix("http://"), timeout=within(30)
        )
        try:
            connection.request(method, path, body.encode(), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def api(self, method: str, path: str, data: object = None) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return self.ask(method, f"/api/v1{path}", json.dumps(data) if data else "", **headers)

    def send(self, path: str, **answers: str) -> tuple[int, str]:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(answers), **kind)


def come_in(door: Door) -> None:
    """By API, form, event and file name; and by all that is refused, not found, or no sense."""
    status, body = door.api("POST", "/people", {"name": NAME, "email": MAIL, "phone": "zqxno"})
    assert status == 422
    status, body = door.api("POST", "/people", {"name": NAME, "email": MAIL, "title": "Zqxjob"})
    assert status == 201, body
    person = json.loads(body)["id"]
    door.api("POST", f"/people/{person}/comments", {"text": "zqxcomment"})
    assert door.api("GET", f"/people?q={quote(NAME)}")[0] == 200
    assert door.api("GET", f"/people?sort={quote(MAIL)}")[0] == 422
    door.api("POST", "/people", {"name": NAME, "email": "zqx no mail", "zqxfield": MAIL})
    door.ask("POST", "/api/v1/people", f"{{ {MAIL}", Authorization=f"Bearer {door.token}")
    door.ask("GET", f"/people?q={quote(NAME)}", Cookie=f"sessionid={CANARY}", Referer=f"/{MAIL}")
    door.ask("GET", f"/zqxnowhere/{quote(MAIL)}?mail={quote(MAIL)}", **{"User-Agent": NAME})
    door.send("/people/new", name=NAME, email=MAIL)  # no CSRF token
    door.send("/accounts/login/", login=MAIL, password="zqxpassword")
    door.ask("GET", "/api/v1/people", Authorization=f"Bearer {CANARY}{MAIL}")
    event = {"id": str(uuid.uuid4()), "name": "page", "url": f"https://a.example/?mail={MAIL}"}
    assert door.ask("POST", "/t/events", json.dumps({"events": [event]}))[0] == 202
    door.ask("POST", "/t/events", f'{{"events": [{{"id": "{MAIL}", "name": 7}}], "{NAME}"')
    form = {"name": "Trade", "slug": "trade", "fields": FIELDS, "status": "published"}
    assert door.api("POST", "/forms", form)[0] == 201
    status, page = door.ask("GET", f"/f/trade?email={quote(MAIL)}&utm_source=zqxsource")
    token = re.search(r'name="_token" value="([^"]+)"', page)
    assert token is not None
    answers = {"_token": token[1], "_visitor": "", "_website": "", "message": "zqxmessage"}
    door.send("/f/trade", **answers, name=NAME, email="zqx no mail")
    door.send("/f/trade", **answers, name=NAME, email=MAIL)
    door.send("/f/zqxform", **answers, name=NAME, email=MAIL)


def imported(home, folder):
    path = folder / f"{NAME}.csv"
    path.write_text(f"Name,Email,Job Title\n{NAME},{MAIL},Zqximported\n{NAME},{MAIL} zqx,Clerk\n")
    report = tandem(home, "import", "people", str(path), "--json", environ=SETTINGS)
    assert json.loads(report.stdout.splitlines()[-1])["rows"] == 2, report.stderr
    missing = tandem(home, "import", "people", str(folder / f"{MAIL}.csv"), environ=SETTINGS)
    assert missing.returncode == 1


def jobs_left(home):
    with psycopg.connect(Home(path=home).database_url) as connection:
        ((count,),) = connection.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            " AND coalesce(scheduled_at, now()) <= now() AND attempts = 0"
        ).fetchall()
    return count


def test_no_log_holds_them_and_after_the_erasure_nothing_does(home, tmp_path):
    with Tree(home, environ=SETTINGS) as tree:
        added = subprocess.run(
            [sys.executable, "-P", "-m", "tandem", "user", "add", BOSS, "--role", "admin",
             "--password-stdin"],
            env={**environment(home), **SETTINGS}, input="tin whistle and harbour lights\n",
            capture_output=True, text=True, timeout=within(120), check=False,
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        made = tandem(home, "token", "add", "--user", BOSS, environ=SETTINGS)
        come_in(Door(tree, made.stdout.strip().splitlines()[-1]))
        imported(home, tmp_path)
        wait_until(lambda: jobs_left(home) == 0, within(90))
        assert [one for one in files_with_them(home) if one.startswith(("logs/", "run/"))] == []
    assert CANARY not in home.with_suffix(".err").read_text().lower()
    assert "people_person" in left_of_them(home)

    in_home(home, "erase-each")

    assert left_of_them(home) == []
