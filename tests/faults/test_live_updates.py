"""Streams of live updates through the whole product, while parts of it die."""

import http.client
import http.cookiejar
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tandem.project.home import Home
from tests.faults.tree import REPOSITORY, Tree, copy_home, environment, wait_until

pytestmark = pytest.mark.faults

PASSWORD = "harbour lights and tin whistles"
EMAIL = "ana@thistle.example"
PATIENCE_SECONDS = 60.0
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tandem.project.settings"}


class Stream:
    """One page that listens, read block by block."""

    def __init__(self, tree: Tree, cookie: str, *, last: str = "") -> None:
        address = tree.url.removeprefix("http://")
        self._connection = http.client.HTTPConnection(address, timeout=30)
        headers = {"Cookie": cookie} | ({"Last-Event-ID": last} if last else {})
        self._connection.request("GET", "/live?topics=deal,handoff", headers=headers)
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.last = last

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def next_event(self) -> tuple[str, str]:
        """Kind and data of the next event; beats are passed over, for as long as one may wait."""
        kind = ""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while line := self._answer.readline().decode():
            assert time.monotonic() < deadline, "nothing but beats"
            name, _, value = line.strip().partition(": ")
            if name == "id":
                self.last = value
            elif name == "event":
                kind = value
            elif name == "data":
                return kind, value
        raise AssertionError("the stream has ended")

    def hear_of_changes_in(self, tree: Tree) -> None:
        """Read on to a change while some are made: one made while nobody listened is not told."""
        with changing(tree):
            while (event := self.next_event()) == ("resync", "all"):
                pass
        assert event == ("changed", "handoff")


@pytest.fixture(scope="module")
def product(ground: Path, finished_home: Path) -> Iterator[Tree]:
    home = copy_home(finished_home, ground / "live")
    with Tree(home, environ=SETTINGS) as tree:
        added = subprocess.run(
            [
                sys.executable, "-P", "-m", "tandem", "user", "add", EMAIL, "--role", "seller",
                "--password-stdin",
            ],
            input=PASSWORD, text=True, cwd=REPOSITORY, env={**environment(home), **SETTINGS},
            check=False, capture_output=True,
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        yield tree


@pytest.fixture(scope="module")
def cookie(product: Tree) -> str:
    """The cookie of a browser that has signed in."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"{product.url}/accounts/login/"
    with opener.open(address) as page:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert token
    form = {"csrfmiddlewaretoken": token[1], "login": EMAIL, "password": PASSWORD}
    request = urllib.request.Request(
        address, data=urllib.parse.urlencode(form).encode(), headers={"Referer": address}
    )
    opener.open(request).close()
    return "; ".join(f"{one.name}={one.value}" for one in jar)


def change(tree: Tree, topic: str = "handoff") -> float:
    """Commit a change; when it was committed."""
    with psycopg.connect(Home(path=tree.home).database_url, autocommit=True) as connection:
        connection.execute("SELECT pg_notify('tandem_live', %s)", [topic])
    return time.monotonic()


def in_a_moment() -> str:
    """The id of an event that is still to come: whoever had it has missed nothing."""
    return str(int(time.time() * 1000) + 5000)


@contextmanager
def changing(tree: Tree) -> Iterator[None]:
    """A change every now and then, as soon as there is a database that takes one."""
    is_over = threading.Event()

    def go_on() -> None:
        while not is_over.wait(0.2):
            with suppress(psycopg.OperationalError):
                change(tree)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_a_signed_in_page_hears_of_a_change_well_within_a_second(product, cookie):
    with Stream(product, cookie, last="1000") as stream:
        assert stream.next_event() == ("resync", "all")
        stream.hear_of_changes_in(product)  # from here on the edge listens
        waits = []
        for _ in range(5):
            time.sleep(0.3)
            committed = change(product, "deal")
            while "deal" not in stream.next_event()[1]:
                pass
            waits.append(time.monotonic() - committed)
        assert max(waits) < 0.5


def test_a_stranger_hears_nothing(product):
    with Stream(product, "tandem_session=forged") as stream:
        assert stream.status == 401


def test_the_stream_outlives_the_database_and_then_says_fetch_all(product, cookie):
    with Stream(product, cookie, last=in_a_moment()) as stream:
        product.kill("postgres")
        with changing(product):
            assert stream.next_event() == ("resync", "all")
        stream.hear_of_changes_in(product)


def test_the_stream_does_not_need_the_pages(product, cookie):
    with Stream(product, cookie, last=in_a_moment()) as stream:
        product.kill("web")
        stream.hear_of_changes_in(product)


def test_who_comes_again_after_the_edge_died_fetches_all(product, cookie):
    with Stream(product, cookie, last=in_a_moment()) as stream:
        stream.hear_of_changes_in(product)
        product.kill_one("edge")
    change(product)
    wait_until(product.is_healthy, 20)
    with Stream(product, cookie, last=stream.last) as again:
        assert again.next_event() == ("resync", "all")
