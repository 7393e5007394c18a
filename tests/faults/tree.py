"""A whole `tandem up` for tests: started, asked, hurt and stopped from outside."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tandem.project import processes
from tandem.project.home import Home

REPOSITORY = Path(__file__).resolve().parents[2]

PROBE_TABLE = "CREATE TABLE IF NOT EXISTS probe (id bigint PRIMARY KEY)"


def environment(home: Path) -> dict[str, str]:
    """What a command finds: this checkout, its own home, no database of the test session."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TANDEM_", "DATABASE_URL", "DJANGO_", "PYTEST_", "COV_"))
    }
    return {
        **kept,
        "TANDEM_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "tests.faults.probe_settings",
        "PYTHONPATH": str(REPOSITORY),
    }


def tandem(
    home: Path, *arguments: str, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "tandem", *arguments],
        env={**environment(home), **(environ or {})},
        capture_output=True,
        text=True,
        timeout=within(120),
        check=False,
    )


@dataclass
class Tree:
    """One running `tandem up`."""

    home: Path
    options: dict[str, object] = field(default_factory=dict)
    python: str = sys.executable
    environ: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    url: str = ""
    ready_seconds: float = 0.0

    def __enter__(self) -> "Tree":
        begun = time.monotonic()
        self.log = self.home.with_suffix(".err").open("w")
        self.process = subprocess.Popen(
            [self.python, "-P", "-m", "tandem", "up", "--port", "0", *self.arguments],
            env={**environment(self.home), **self.environ},
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            **self.options,  # type: ignore[call-overload]
        )
        line = self.process.stdout.readline()
        if not line.startswith("ready "):
            self.__exit__()
            raise AssertionError(self.home.with_suffix(".err").read_text())
        self.url = line.split()[1]
        self.ready_seconds = time.monotonic() - begun
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(30)
        self.process.stdout.close()
        self.log.close()

    def parts(self) -> dict[str, set[int]]:
        """The processes of each part, as the doctor tells them."""
        told = json.loads(Home(path=self.home).parts_file.read_text())
        found: dict[str, set[int]] = {}
        for part in told["parts"]:
            if part["pid"]:
                found.setdefault(part["name"], set()).add(part["pid"])
        return found

    def pids(self) -> list[int]:
        """The processes of all parts."""
        return [pid for pids in self.parts().values() for pid in pids]

    def ask(self, method: str, path: str, *, seconds: float = 15.0) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=seconds)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def kill(self, name: str) -> float:
        """Kill every process of a part; the seconds until all serve again."""
        before = self.parts()[name]
        begun = time.monotonic()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: bool(self.parts().get(name, set()) - before) and self.is_healthy(), 30)
        return time.monotonic() - begun

    def kill_one(self, name: str) -> None:
        """Kill one process of a part."""
        os.kill(min(self.parts()[name]), signal.SIGKILL)

    def is_healthy(self) -> bool:
        """Whether /healthz says yes."""
        try:
            return self.ask("GET", "/healthz", seconds=5)[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def prepare_probe(self) -> None:
        """Make the table that the load writes to."""
        with psycopg.connect(Home(path=self.home).database_url) as connection:
            connection.execute(PROBE_TABLE)

    def stored(self) -> set[int]:
        """What the load wrote and the database has."""
        with psycopg.connect(Home(path=self.home).database_url) as connection:
            return {row[0] for row in connection.execute("SELECT id FROM probe").fetchall()}


class Load:
    """Writers that note what was acknowledged."""

    def __init__(self, tree: Tree, *, writers: int = 3) -> None:
        self.tree = tree
        self.acknowledged: list[tuple[int, float]] = []
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(number, writers))
            for number in range(writers)
        ]

    def __enter__(self) -> "Load":
        self.tree.prepare_probe()
        for thread in self._threads:
            thread.start()
        wait_until(lambda: len(self.acknowledged) > 5, 10)
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self) -> None:
        """Wait until a write that began now is acknowledged."""
        now = time.monotonic()
        wait_until(lambda: bool(self.acknowledged) and self.acknowledged[-1][1] > now, 15)

    def lost(self) -> set[int]:
        """What was acknowledged and is not there."""
        return {number for number, _ in self.acknowledged} - self.tree.stored()

    def _write(self, number: int, writers: int) -> None:
        while not self._ended.is_set():
            identity = time.time_ns() * writers + number
            begun = time.monotonic()
            try:
                status, _ = self.tree.ask("POST", f"/probe?id={identity}")
            except (OSError, http.client.HTTPException):
                status = 0
            if status == 201:
                self.acknowledged.append((identity, begun))
            time.sleep(0.01)


def within(seconds: float) -> float:
    """A promise for a machine of one's own, stretched by as much as others keep this one busy."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


def all_gone(pids: list[int], seconds: float) -> float:
    """Wait for processes to end; how long it took."""
    begun = time.monotonic()
    wait_until(lambda: not any(processes.alive(pid) for pid in pids), seconds)
    return time.monotonic() - begun


def copy_home(source: Path, target: Path) -> Path:
    """A home like another one that does not run, owners kept; it shares the other's programs."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
    return target


def share_programs(home: Path, folder: Path) -> None:
    """Move a home's PostgreSQL to a folder that copies of the home point to."""
    for programs in (home / "postgres").glob("postgresql-*"):
        programs.rename(folder / programs.name)
        programs.symlink_to(folder / programs.name)


def remove(path: Path) -> None:
    """Delete a folder."""
    shutil.rmtree(path, ignore_errors=True)
