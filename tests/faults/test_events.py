"""Events through the whole product while the edge is killed: what was acknowledged is there."""

import http.client
import json
import threading
import time
import uuid

import psycopg
import pytest

from tandem.project.home import Home
from tests.faults.tree import Tree, wait_until

pytestmark = pytest.mark.faults


def _send(tree: Tree, ended: threading.Event, acknowledged: list[str]) -> None:
    address = tree.url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=10)
    while not ended.is_set():
        ids = [str(uuid.uuid4()) for _one in range(5)]
        body = json.dumps({"events": [{"id": one, "name": "page"} for one in ids]})
        try:
            connection.request("POST", "/t/events", body)
            answer = connection.getresponse()
            told = json.loads(answer.read() or b"{}")
            if answer.status == 202 and told["accepted"] == len(ids):
                acknowledged += ids
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            connection = http.client.HTTPConnection(address, timeout=10)
            time.sleep(0.02)
    connection.close()


def _wait_for_more(acknowledged: list[str], count: int) -> None:
    before = len(acknowledged)
    wait_until(lambda: len(acknowledged) > before + count, 20)


@pytest.mark.parametrize("part", ["edge", "postgres"])
def test_nothing_acknowledged_is_lost_and_nothing_is_stored_twice(tree, part):
    ended, acknowledged = threading.Event(), list[str]()
    threads = [
        threading.Thread(target=_send, args=(tree, ended, acknowledged)) for _each in range(6)
    ]
    for thread in threads:
        thread.start()
    try:
        for _kill in range(2):
            _wait_for_more(acknowledged, 300)
            tree.kill(part)
        _wait_for_more(acknowledged, 100)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    with psycopg.connect(Home(path=tree.home).database_url) as connection:
        stored = [str(row[0]) for row in connection.execute("SELECT id FROM lake_event").fetchall()]
    assert set(acknowledged) - set(stored) == set()
    assert len(stored) == len(set(stored))
