"""The database of a test session: one embedded cluster without durability, thrown away after it.

All migrations cost more than most tests. So the first session of a day, and the first after a
change of migrations, keeps a migrated cluster beside the virtual environment; each session, and
each worker of pytest-xdist, begins with a copy.
"""

import atexit
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from tandem.project import postgres, processes, schema
from tandem.project.home import Home

PREFIX = "tandem-test-"

KEPT = Path(__file__).resolve().parent.parent / ".venv" / "test-clusters"
DATABASE = "test_tandem"
"""What Django calls the database of the tests; a worker's own is this with its name behind it."""

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
    _name(cluster)
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        _copy_database(cluster, f"{DATABASE}_{worker}")
    return cluster


test_cluster.__test__ = False  # type: ignore[attr-defined]


def _name(cluster: SessionCluster) -> None:
    os.environ["DATABASE_URL"] = cluster.url
    os.environ["TANDEM_HOME"] = str(cluster.home)
    os.environ.update(zip(INHERITED, (cluster.url, str(cluster.home)), strict=True))


def _start() -> SessionCluster:
    """Start a server that ends with this process; what it holds stays where a folder is named."""
    bench = os.environ.get("TANDEM_BENCH_HOME")
    folder = Path(bench or tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    folder.mkdir(exist_ok=True)
    # The server's own user must get through; what is inside is closed by itself.
    folder.chmod(0o711)
    if not bench:
        _remove_left_over(folder.parent)
        _copy(_migrated(), folder / "home")
    cluster, process = _serve(folder)
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            postgres.stop(process, how=signal.SIGINT if bench else signal.SIGQUIT)
            if not bench:
                cluster.remove()
                shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return SessionCluster(cluster.url(), cluster.home.path)


def _serve(folder: Path) -> tuple[postgres.Cluster, subprocess.Popen[bytes]]:
    """Start the server of the home in a folder, which is made where it is not there."""
    home = Home(path=folder / "home")
    home.prepare()
    cluster = postgres.Cluster(home, durable="TANDEM_TEST_DURABLE" in os.environ)
    return cluster, cluster.start_and_wait(cluster.prepare())


def _migrated() -> Path:
    """The kept home whose cluster has today's migrations; it is made where there is none."""
    KEPT.mkdir(parents=True, exist_ok=True)
    kept = KEPT / _fingerprint()
    with _alone():
        if not kept.exists():
            for other in KEPT.glob("*-*"):
                shutil.rmtree(other, ignore_errors=True)
            draft = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
            draft.chmod(0o711)
            cluster, process = _serve(draft)
            try:
                _name(SessionCluster(cluster.url(), cluster.home.path))
                subprocess.run([sys.executable, "-c", _MIGRATE], cwd=KEPT.parent.parent, check=True)
            finally:
                postgres.stop(process)
            _copy(cluster.home.path, KEPT / "draft-0")
            (KEPT / "draft-0").rename(kept)
            cluster.remove()
            shutil.rmtree(draft, ignore_errors=True)
    return kept


_MIGRATE = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "tandem.project.settings"
import django
django.setup()
from django.test.utils import setup_databases
setup_databases(verbosity=0, interactive=False, keepdb=True, serialized_aliases=())
"""


def _fingerprint() -> str:
    """What a migrated cluster depends on, and the day: the lake has parts of the days around it."""
    digest = hashlib.sha256(schema.fingerprint().encode())
    for path in sorted(schema.PACKAGE.glob("**/migrations/*.py")):
        digest.update(path.read_bytes())
    return f"{datetime.now(UTC):%Y%m%d}-{digest.hexdigest()[:20]}"


@contextmanager
def _alone() -> Iterator[None]:
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy(home: Path, to: Path) -> None:
    """Copy a home with the owners of its files: the server may run as another user."""
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-a", str(home), str(to)], check=True)


def _copy_database(cluster: SessionCluster, name: str) -> None:
    """Give a worker its own copy of the migrated database."""
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        known = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = ANY(%s)", [[name, DATABASE]]
        ).fetchall()
        if known == [(DATABASE,)]:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(DATABASE)
                )
            )


def _remove_left_over(folder: Path) -> None:
    """Delete what sessions left that were killed."""
    for path in folder.glob(f"{PREFIX}*"):
        pid = path.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not processes.alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True)
