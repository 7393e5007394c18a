import os
import subprocess
import sys
import time

import pytest

from tandem.project import processes


def test_a_lock_is_held_by_one_and_freed_at_the_end(tmp_path):
    path = tmp_path / "lock"

    with processes.held(path), pytest.raises(BlockingIOError), processes.held(path):
        pass
    with processes.held(path):
        pass


def test_a_process_is_told_from_another_one_by_its_start():
    begun = processes.started_at(os.getpid())

    assert begun is not None
    assert 0 <= time.time() - begun < 24 * 3600
    assert processes.started_at(2**22 + 1) is None


def test_a_zombie_is_not_alive():
    child = subprocess.Popen([sys.executable, "-S", "-c", ""])
    try:
        deadline = time.monotonic() + 5
        while processes.state(child.pid) != "Z" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (processes.state(child.pid), processes.alive(child.pid)) == ("Z", False)
    finally:
        child.wait()


def test_a_log_is_emptied_in_place_and_its_writer_goes_on(tmp_path):
    path = tmp_path / "web.log"
    writer = processes.open_log(path)
    try:
        os.write(writer, b"old" * 10)
        rotated = processes.rotate_log(path, limit_bytes=20)
        os.write(writer, b"new")
    finally:
        os.close(writer)

    assert rotated
    assert path.read_bytes() == b"new"
    assert (tmp_path / "web.log.1").read_bytes() == b"old" * 10
    assert not processes.rotate_log(path, limit_bytes=20)


def test_old_logs_are_kept_up_to_a_number(tmp_path):
    path = tmp_path / "web.log"
    for number in range(5):
        path.write_bytes(b"%d" % number * 30)
        processes.rotate_log(path, limit_bytes=20, keep=2)

    assert {one.name: one.read_bytes()[:1] for one in tmp_path.iterdir()} == {
        "web.log": b"",
        "web.log.1": b"4",
        "web.log.2": b"3",
    }
