"""The database of a test session: one embedded cluster without durability, thrown away after it."""

import atexit
import os
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tandem.project import postgres, processes
from tandem.project.home import Home

PREFIX = "tandem-test-"

INHERITED = ("TANDEM_TEST_CLUSTER_URL", "TANDEM_TEST_CLUSTER_HOME")
"""How the workers of pytest-xdist, which are born of the first process, find its server."""


@dataclass(frozen=True)
class SessionCluster:
    """The server of this session, and the home it belongs to."""

    url: str
    home: Path


def test_cluster() -> SessionCluster:
    """The session's database server, started on the first call in the first process.

    Sets DATABASE_URL and TANDEM_HOME; call it before Django's settings are read. It syncs nothing
    to disk unless TANDEM_TEST_DURABLE is set, as for measuring.
    """
    url, home = (os.environ.get(name) for name in INHERITED)
    cluster = SessionCluster(url, Path(home)) if url and home else _start()
    os.environ["DATABASE_URL"] = cluster.url
    os.environ["TANDEM_HOME"] = str(cluster.home)
    os.environ.update(zip(INHERITED, (cluster.url, str(cluster.home)), strict=True))
    return cluster


test_cluster.__test__ = False  # type: ignore[attr-defined]


def _start() -> SessionCluster:
    """Start a server that ends with this process; what it holds stays where a folder is named."""
    kept = os.environ.get("TANDEM_BENCH_HOME")
    folder = Path(kept or tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    folder.mkdir(exist_ok=True)
    # The server's own user must get through; what is inside is closed by itself.
    folder.chmod(0o711)
    if not kept:
        _remove_left_over(folder.parent)
    home = Home(path=folder / "home")
    home.prepare()
    cluster = postgres.Cluster(home, durable="TANDEM_TEST_DURABLE" in os.environ)
    process = cluster.start_and_wait(cluster.prepare())
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            postgres.stop(process, how=signal.SIGINT if kept else signal.SIGQUIT)
            if not kept:
                cluster.remove()
                shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return SessionCluster(cluster.url(), home.path)


def _remove_left_over(folder: Path) -> None:
    """Delete what sessions left that were killed."""
    for path in folder.glob(f"{PREFIX}*"):
        pid = path.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not processes.alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True)
