import json
import os
import subprocess
import sys
import urllib.request
from contextlib import ExitStack
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.faults.tree import Tree, environment, tandem, wait_until

pytestmark = pytest.mark.faults


@pytest.fixture
def server():
    """An empty database on a server that is not ours to run."""
    url = os.environ["DATABASE_URL"]
    maintenance = urlunsplit(urlsplit(url)._replace(path="/postgres"))
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute("CREATE DATABASE faults_external")
        yield urlunsplit(urlsplit(url)._replace(path="/faults_external"))
        connection.execute("DROP DATABASE faults_external WITH (FORCE)")


def test_a_server_of_ones_own_is_used_instead_and_can_be_backed_up(ground, server):
    home = ground / "external"
    with Tree(home, environ={"DATABASE_URL": server}) as tree:
        parts = tree.parts()
        assert tree.is_healthy()
        result = tandem(
            home, "backup", str(ground / "external.tar"), environ={"DATABASE_URL": server}
        )

    assert set(parts) == {"web", "edge", "worker"}
    assert not (home / "postgres").exists()
    assert result.returncode == 0, result.stderr


def test_the_parts_serve_one_by_one(ground, server):
    environ = {**environment(ground / "alone"), "DATABASE_URL": server}
    assert tandem(ground / "alone", "migrate", environ=environ).returncode == 0
    with ExitStack() as stack:

        def start(*arguments, **more):
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "tandem", *arguments],
                env={**environ, **more},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            if process.stdout is not None:
                stack.callback(process.stdout.close)
            stack.callback(process.wait, 15)
            stack.callback(process.terminate)
            return process

        start("worker")
        pages = start("web", "--port", "0").stdout.readline().split()[1]
        url = start("edge", "--port", "0", TANDEM_WEB_URL=pages).stdout.readline().split()[1]

        def serves():
            try:
                with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
                    return answer.status == 200
            except OSError:
                return False

        wait_until(serves, 15)


def test_two_commands_at_once_share_one_database(home):
    commands = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", "tandem", "doctor", "--json"],
            env=environment(home),
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]

    answers = [command.communicate(timeout=60)[0] for command in commands]

    assert [json.loads(answer)["ok"] for answer in answers] == [True, True, True]
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()
