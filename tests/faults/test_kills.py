import os
import signal
import time

import psycopg
import pytest

from tandem.project.home import Home
from tests.faults.tree import Load, Tree, all_gone, tandem, wait_until, within

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("part", ["postgres", "web", "edge", "worker"])
def test_a_killed_part_serves_again_in_five_seconds_and_nothing_acknowledged_is_lost(tree, part):
    with Load(tree) as load:
        seconds = tree.kill(part)
        load.wait_for_more()
    assert load.lost() == set()
    assert seconds < within(5)


def test_the_worker_works_again_after_the_database_was_away(tree):
    tree.kill("postgres")

    heard = "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > %s"
    with psycopg.connect(Home(path=tree.home).database_url, autocommit=True) as connection:
        ((now,),) = connection.execute("SELECT clock_timestamp()").fetchall()
        wait_until(lambda: connection.execute(heard, [now]).fetchall() > [(0,)], 10)


def test_callers_wait_in_the_public_socket_while_the_edge_is_away(tree):
    tree.kill_one("edge")

    assert tree.ask("GET", "/healthz")[0] == 200


def test_readers_see_no_error_when_a_process_of_the_pages_is_killed(tree):
    wait_until(lambda: len(tree.parts()["web"]) == 2, 30)
    tree.kill_one("web")

    assert [tree.ask("GET", "/probe-nothing")[0] for _ in range(20)] == [404] * 20


def test_killing_the_supervisor_ends_every_part_and_the_next_start_serves(home):
    with Tree(home) as tree, Load(tree) as load:
        pids = tree.pids()
        tree.process.kill()
        tree.process.wait()
        gone_seconds = all_gone(pids, 10)
    with Tree(home) as again:
        assert load.tree.home == again.home
        assert {number for number, _ in load.acknowledged} - again.stored() == set()
        assert again.ready_seconds < within(5)
    assert gone_seconds < within(3)


def test_a_second_up_on_the_same_home_says_so_and_stops(tree):
    second = tandem(tree.home, "up", "--port", "0")

    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr == (
        f"tandem: Tandem is already running for {tree.home} (pid {tree.process.pid}, {tree.url}).\n"
    )
    assert tree.is_healthy()


def test_a_busy_port_is_one_sentence(tree, tmp_path):
    port = tree.url.rpartition(":")[2]

    result = tandem(tmp_path / "home", "up", "--port", port)

    assert (result.returncode, result.stderr) == (
        1,
        f"tandem: Port {port} of 127.0.0.1 is in use by another program; "
        "name another with --port.\n",
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_in_order(home, number):
    with Tree(home) as tree:
        pids = tree.pids()
        tree.process.send_signal(number)
        assert tree.process.wait(15) == 0
    assert all_gone(pids, 5) < within(1)
    assert "database system is shut down" in (home / "logs" / "postgres.log").read_text()


def test_a_recycled_process_id_in_the_lock_file_does_not_stop_the_start(home):
    data = home / "postgres" / "data"
    # A process that lives and is no database: what a power cut and a restart leave behind.
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1700000000\n5432\n")

    with Tree(home) as tree:
        assert tree.is_healthy()


def test_the_doctor_names_the_running_parts(tree):
    wait_until(tree.is_healthy, 10)
    time.sleep(0.2)

    assert '"name": "edge"' in tandem(tree.home, "doctor", "--json").stdout
