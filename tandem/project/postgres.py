"""The embedded PostgreSQL: its binaries, its cluster, its life under a parent of ours.

Only the binaries are taken from elsewhere. The server is a direct child of whoever starts it, is
reached over one private socket, and is taken for alive when it answers, never because a process
id exists. Nothing here imports Django or psycopg.
"""

import grp
import os
import pwd
import shutil
import signal
import socket
import stat
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tandem.project import processes
from tandem.project.binaries import Binaries, find_binaries
from tandem.project.faults import OperatorError
from tandem.project.home import (
    Home,
    check_owner,
    embedded_url,
    made_once,
    make_dir,
    quoted,
    socket_dir,
    sync_dir,
    write_whole,
)

OUTSIDE = Path("/var/lib/tandem-clusters")
"""Where root's clusters live whose home their own user cannot reach."""

SYSTEM_USERS = ("postgres", "tandem", "nobody")
"""Who runs the server where Tandem itself runs as root."""

START_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The user of the server's files and process; uid -1 means: the same as ours."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether processes must change user first."""
        return self.uid >= 0


class Cluster:
    """One data folder with its server."""

    def __init__(self, home: Home, *, durable: bool = True) -> None:
        self.home = home
        self.durable = durable

    @property
    def root(self) -> Path:
        """The folder of data, binaries and socket, its link followed."""
        return self.home.postgres_dir.resolve()

    @property
    def data_dir(self) -> Path:
        """PGDATA."""
        return self.root / "data"

    @property
    def log_file(self) -> Path:
        """The server's log: no statements and no values of rows."""
        return self.home.log_dir / "postgres.log"

    @property
    def stamp_file(self) -> Path:
        """Which set of migrations the data has: gone with the data."""
        return self.home.postgres_dir / "schema-stamp"

    @property
    def socket(self) -> Path:
        """Where the server listens."""
        return socket_dir(self.home) / ".s.PGSQL.5432"

    @property
    def exists(self) -> bool:
        """Whether the data folder has been made."""
        return (self.data_dir / "PG_VERSION").exists()

    def url(self, database: str = "tandem") -> str:
        """Address of a database for the application's role."""
        return embedded_url(self.home, database=database)

    def superuser_url(self, database: str = "postgres") -> str:
        """Address of a database for the cluster's superuser: only to make and measure things."""
        password = made_once(self.home.path / "superuser-password")
        return f"postgresql://postgres:{password}@{quoted(socket_dir(self.home))}/{database}"

    def owner(self) -> Owner:
        """Who the server runs as. Raises OperatorError where nobody can."""
        if os.geteuid() != 0:
            return Owner(uid=-1, gid=-1)
        if self.data_dir.exists():
            status = self.data_dir.stat()
            return Owner(uid=status.st_uid, gid=status.st_gid)
        for name in SYSTEM_USERS:
            with suppress(KeyError):
                entry = pwd.getpwnam(name)
                return Owner(uid=entry.pw_uid, gid=entry.pw_gid)
        raise OperatorError(
            "PostgreSQL does not run as root and none of the users "
            f"{', '.join(SYSTEM_USERS)} exists; make one, or name a server in DATABASE_URL."
        )

    def prepare(self) -> Binaries:
        """Make binaries, data and socket folder ready where they are not.

        The caller holds the cluster's lock. Cost: nothing to do in the usual case, else unpacking
        and initdb (seconds). Raises OperatorError.
        """
        owner = self.owner()
        self.make_place()
        binaries = find_binaries(self.root, wanted_major=self._data_major())
        if not self.exists:
            self._initialise(binaries, owner)
        self._make_socket_dir(owner)
        return binaries

    def start(self, binaries: Binaries, *, output: int | None = None) -> subprocess.Popen[bytes]:
        """Start the server as our child, without waiting for it to answer."""
        self._clear_leftovers()
        owner = self.owner()
        settings = self._settings()
        command = [binaries.program("postgres"), "-D", str(self.data_dir)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = processes.open_log(self.log_file) if output is None else output
        try:
            return subprocess.Popen(
                processes.shim_command(
                    command, uid=owner.uid, gid=owner.gid, directory=self.data_dir
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=server_environment(),
                start_new_session=True,
            )
        finally:
            if output is None:
                os.close(log)

    def answers(self) -> bool:
        """Whether the server takes connections now: it is asked, not its process id."""
        return ping(self.socket) == b"R"

    def speaks(self) -> bool:
        """Whether the server says anything at all: also while it recovers or is full."""
        return ping(self.socket) != b""

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """A server for the block, stopped after it. The caller holds the cluster's lock."""
        binaries = self.prepare()
        process = self.start_and_wait(binaries)
        try:
            yield process
        finally:
            stop(process)

    def start_and_wait(self, binaries: Binaries) -> subprocess.Popen[bytes]:
        """Start the server and wait until it answers.

        A server that was killed leaves backends which hold its memory for a second or two: an
        early exit is tried again until START_SECONDS are over.
        """
        deadline = time.monotonic() + START_SECONDS
        process = self.start(binaries)
        while not self.answers():
            if process.poll() is not None:
                if time.monotonic() > deadline:
                    raise OperatorError(
                        "PostgreSQL does not start; the end of its log: "
                        + processes.last_lines(self.log_file, 3)
                    )
                time.sleep(0.1)
                process = self.start(binaries)
            # A server that recovers from a crash is not hurried: it is there and will answer.
            time.sleep(0.01)
        return process

    def remove(self) -> None:
        """Delete the cluster with all its data: for tests and throw-away homes."""
        root = self.root
        shutil.rmtree(socket_dir(self.home), ignore_errors=True)
        shutil.rmtree(root, ignore_errors=True)
        if self.home.postgres_dir.is_symlink():
            self.home.postgres_dir.unlink()

    def _data_major(self) -> int | None:
        """The major version that made the data, None where there is none yet."""
        with suppress(FileNotFoundError):
            return int((self.data_dir / "PG_VERSION").read_text())
        return None

    def make_place(self) -> None:
        """Make the cluster's folder: in the home, or outside where its user cannot reach that.

        From then on the address of the database stands. Raises OperatorError.
        """
        owner = self.owner()
        place = self.home.postgres_dir
        if place.is_symlink() and not place.exists():
            raise OperatorError(
                f"{place} points to {os.readlink(place)}, which is gone; restore a backup into "
                "a new home."
            )
        if place.exists():
            return
        if not owner.is_other:
            make_dir(place, mode=0o700)
            return
        if reachable(place.parent, owner):
            make_dir(place, mode=0o711)
            return
        if not OUTSIDE.exists():
            OUTSIDE.parent.mkdir(parents=True, exist_ok=True)
            make_dir(OUTSIDE, mode=0o711)
        check_owner(OUTSIDE)
        outside = OUTSIDE / f"{self.home.path.name}-{self.home.identity()[:12]}"
        make_dir(outside, mode=0o711)
        if not reachable(outside, owner):
            raise OperatorError(f"The user of PostgreSQL cannot reach {outside}.")
        place.symlink_to(outside)

    def _make_socket_dir(self, owner: Owner) -> None:
        """The folder of the private socket: nobody but its owner and root gets in."""
        folder = socket_dir(self.home)
        make_dir(folder, mode=0o700)
        status = folder.lstat()
        expected = owner.uid if owner.is_other else os.geteuid()
        if stat.S_ISLNK(status.st_mode) or status.st_uid not in {expected, os.geteuid()}:
            raise OperatorError(f"{folder} belongs to another user.")
        if owner.is_other and status.st_uid != owner.uid:
            os.chown(folder, owner.uid, owner.gid)

    def _initialise(self, binaries: Binaries, owner: Owner) -> None:
        """Make the data folder, whole or not at all: it is built aside and renamed."""
        for leftover in self.root.glob("data.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix="data.new-", dir=self.root))
        if owner.is_other:
            os.chown(draft, owner.uid, owner.gid)
        superuser = made_once(self.home.path / "superuser-password")
        password = self.home.database_password()
        with _file_for(owner, superuser) as password_file:
            self._run(
                [
                    binaries.program("initdb"), "--pgdata", str(draft), "--username", "postgres",
                    "--pwfile", str(password_file), "--auth", "scram-sha-256",
                    "--encoding", "UTF8", "--data-checksums", "--no-instructions",
                    *locale_options(binaries.major),
                    *([] if self.durable else ["--no-sync"]),
                ],
                owner,
            )  # fmt: skip
        self._run(
            [
                binaries.program("postgres"), "--single", "-D", str(draft), "-j",
                "-c", "log_statement=none", "-c", "log_min_error_statement=panic",
                *([] if self.durable else ["-c", "fsync=off"]), "postgres",
            ],
            owner,
            text=(
                f"CREATE ROLE tandem LOGIN CREATEDB PASSWORD '{password}';\n\n"
                "GRANT pg_monitor, pg_signal_backend TO tandem;\n\n"
                "CREATE DATABASE tandem OWNER tandem;\n\n"
            ),
        )  # fmt: skip
        draft.rename(self.data_dir)
        sync_dir(self.root)

    def _run(self, command: list[str], owner: Owner, *, text: str = "") -> None:
        """Run one of the server's programs as its user. Raises OperatorError with its words."""
        result = subprocess.run(
            processes.shim_command(command, uid=owner.uid, gid=owner.gid, directory=self.root),
            input=text,
            capture_output=True,
            text=True,
            env=server_environment(),
            check=False,
        )
        if result.returncode:
            words = (result.stderr.strip() or result.stdout.strip()).splitlines()
            raise OperatorError(
                f"{Path(command[0]).name} failed: {words[-1] if words else result.returncode}"
            )

    def _settings(self) -> dict[str, str]:
        """What the server runs with: measured by this machine's memory, quiet about rows."""
        memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        shared_mb = max(64, min(4096, memory_mb // 8))
        if not self.durable:
            shared_mb = min(shared_mb, 128)
        settings = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": f'"{socket_dir(self.home)}"',
            "unix_socket_permissions": "0700",
            "max_connections": "100",
            "shared_buffers": f"{shared_mb}MB",
            "effective_cache_size": f"{max(256, memory_mb // 2)}MB",
            "work_mem": f"{max(4, min(32, memory_mb // 512))}MB",
            "maintenance_work_mem": f"{max(64, min(512, memory_mb // 32))}MB",
            "min_wal_size": "256MB",
            "max_wal_size": "4GB" if memory_mb > 4096 else "1GB",
            "wal_compression": "on",
            "checkpoint_timeout": "15min",
            # One pass after a crash, however many files there are.
            "recovery_init_sync_method": "syncfs",
            "random_page_cost": "1.1",
            "jit": "off",
            "idle_in_transaction_session_timeout": "10min",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_destination": "stderr",
            "logging_collector": "off",
            "log_line_prefix": "%m [%p] ",
            # Statements and the rows in them are personal data: neither goes into a log.
            # An error's own words quote values: those who caused it get them, the log does not.
            "log_min_messages": "log",
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            "log_checkpoints": "off",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        if not self.durable:
            settings |= {"autovacuum": "off", "max_wal_size": "2GB", "min_wal_size": "80MB"}
        return settings

    def _clear_leftovers(self) -> None:
        """Deal with what a dead server, or a dead parent of a living one, left behind.

        A server that is really there (same id, same start, same data folder) is an orphan: it is
        asked to stop. A lock file whose process is another one is removed, as the server itself
        would refuse to start beside any process that happens to have the old id.
        """
        lock_file = self.data_dir / "postmaster.pid"
        try:
            lines = lock_file.read_text().splitlines()
            pid, started = int(lines[0]), int(lines[2])
        except FileNotFoundError:
            return
        except (ValueError, IndexError):
            lock_file.unlink(missing_ok=True)
            return
        if not self._is_server(pid, started):
            lock_file.unlink(missing_ok=True)
            return
        for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10.0)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if not processes.alive(pid):
                    return
                time.sleep(0.02)
        raise OperatorError(
            f"Another PostgreSQL (process {pid}) runs on {self.data_dir} and does not stop."
        )

    def _is_server(self, pid: int, started: int) -> bool:
        """Whether a process is the server that wrote the lock file, and lives."""
        if not processes.alive(pid):
            return False
        arguments = processes.command_line(pid)
        begun = processes.started_at(pid)
        return (
            bool(arguments)
            and Path(arguments[0]).name in {"postgres", "postmaster"}
            and str(self.data_dir) in arguments
            and begun is not None
            and abs(begun - started) < 5.0
        )


def stop(
    process: subprocess.Popen[bytes],
    *,
    how: signal.Signals = signal.SIGINT,
    seconds: float = STOP_SECONDS,
) -> None:
    """Stop a server we started: fast (SIGINT) or at once (SIGQUIT); its children end with it."""
    if process.poll() is not None:
        return
    for number, patience_seconds in ((how, seconds), (signal.SIGQUIT, 10.0)):
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_seconds)
            return
    process.kill()
    process.wait()


def ping(path: Path, *, timeout_seconds: float = 2.0) -> bytes:
    """Ask a server for a session the way pg_isready does; the first byte of its answer.

    ``R``: it goes on to ask for the password, so it serves; ``E``: it refuses for now (it starts,
    recovers, stops or is full); nothing: it is not there or hangs.
    """
    user = b"user\0postgres\0database\0postgres\0\0"
    hello = struct.pack("!II", len(user) + 8, 196608) + user
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_seconds)
            connection.connect(str(path))
            connection.sendall(hello)
            # All of the answer is taken, so that the server sees an end and not a reset.
            return connection.recv(4096)[:1]
    except OSError:
        return b""


def locale_options(major: int) -> list[str]:
    """Correct Unicode without the system's libraries, whose upgrades reorder indexes."""
    if major >= 18:
        return ["--locale-provider=builtin", "--builtin-locale=PG_UNICODE_FAST", "--locale=C"]
    if major == 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale-provider=libc", "--locale=C"]


def server_environment() -> dict[str, str]:
    """What the server may know of our environment: nothing of ours, and no foreign PG settings."""
    kept = ("PATH", "LD_LIBRARY_PATH", "TMPDIR")
    return {"LC_ALL": "C", **{name: os.environ[name] for name in kept if name in os.environ}}


def reachable(path: Path, owner: Owner) -> bool:
    """Whether another user may walk down to a folder."""
    groups = {owner.gid, *_groups_of(owner.uid)}
    for folder in (path, *path.parents):
        status = folder.stat()
        if status.st_uid == owner.uid:
            allowed = status.st_mode & stat.S_IXUSR
        elif status.st_gid in groups:
            allowed = status.st_mode & stat.S_IXGRP
        else:
            allowed = status.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True


def _groups_of(uid: int) -> set[int]:
    """Groups that a user belongs to besides the main one."""
    with suppress(KeyError):
        name = pwd.getpwuid(uid).pw_name
        return {group.gr_gid for group in grp.getgrall() if name in group.gr_mem}
    return set()


@contextmanager
def _file_for(owner: Owner, text: str) -> Iterator[Path]:
    """A secret in a file that only its reader opens, for the block."""
    descriptor, name = tempfile.mkstemp(prefix="tandem-")
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text + "\n")
        if owner.is_other:
            os.chown(path, owner.uid, owner.gid)
        yield path
    finally:
        path.unlink()


@contextmanager
def database(home: Home, *, wait_seconds: float = 60.0, restoring: bool = False) -> Iterator[str]:
    """A database that serves for the block, whether or not `tandem up` runs; yields its address.

    The server of a running `tandem up`, or of another command, is shared; where none runs, ours
    is started and stays until the last who shares it is done. Raises OperatorError.
    """
    home.prepare()
    if not restoring:
        home.check_complete()
    if home.given_database_url is not None:
        yield home.given_database_url
        return
    cluster = Cluster(home)
    deadline = time.monotonic() + wait_seconds
    with (home.path / "postgres.users").open("a+") as users:
        while True:
            processes.lock(users, shared=True, wait_seconds=wait_seconds)
            if cluster.exists and cluster.answers():
                yield cluster.url()
                return
            try:
                with processes.held(home.path / "postgres.lock"):
                    with cluster.running():
                        yield cluster.url()
                        # The others who share this server first: we are its parent.
                        processes.lock(users, wait_seconds=3600)
                    return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise OperatorError(
                        f"The database of {home.path} is being started or stopped by another "
                        "process and does not answer."
                    ) from None
                processes.unlock(users)
                time.sleep(0.1)


def write_stamp(cluster: Cluster, text: str) -> None:
    """Note which migrations the cluster's database has."""
    write_whole(cluster.stamp_file, text)
