"""Processes that belong together: who ends with whom, which id still means which process."""

import ctypes
import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tandem.project.faults import OperatorError

PR_SET_PDEATHSIG = 1

LIFELINE = "TANDEM_LIFELINE_FD"
"""Names the pipe from the supervisor: one byte says "serve", its end says "the parent is gone"."""

ORPHAN_GRACE_SECONDS = 1.5
"""A part whose supervisor is gone has this long to end by itself."""

# Runs as the parent's user, becomes the other one, and only then asks for the signal: a change
# of user would clear it. Given by -c because that user may not be able to read our own files.
EXEC_SHIM = """
import ctypes, os, sys
parent, uid, gid, directory = (int(n) if i < 3 else n for i, n in enumerate(sys.argv[1:5]))
if uid >= 0:
    os.setgroups([gid]); os.setgid(gid); os.setuid(uid)
os.chdir(directory)
os.umask(0o077)
ctypes.CDLL(None, use_errno=True).prctl(1, 2, 0, 0, 0)
if os.getppid() != parent:
    sys.exit(75)
os.execv(sys.argv[5], sys.argv[5:])
"""


def shim_command(command: list[str], *, uid: int, gid: int, directory: Path) -> list[str]:
    """A command that runs as another user (uid -1: the same) and gets SIGINT when we die."""
    return [
        sys.executable, "-I", "-S", "-c", EXEC_SHIM,
        str(os.getpid()), str(uid), str(gid), str(directory), *command,
    ]  # fmt: skip


def wait_for_go() -> None:
    """In a supervised part: end with the supervisor, and wait until it says "serve".

    A part started by hand has no lifeline and goes on at once.
    """
    given = os.environ.pop(LIFELINE, None)
    if given is None:
        return
    lifeline = int(given)
    os.set_inheritable(lifeline, False)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if not os.read(lifeline, 1):
        sys.exit(0)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True, name="lifeline").start()


def _end_with(lifeline: int) -> None:
    """Wait for the end of the pipe, then leave no orphan behind."""
    while os.read(lifeline, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_GRACE_SECONDS)
    os._exit(1)


@contextmanager
def held(path: Path, *, shared: bool = False, wait_seconds: float = 0.0) -> Iterator[IO[str]]:
    """Hold a lock file for the block; it frees itself when the process dies.

    Raises BlockingIOError where another process keeps it longer than we wait.
    """
    with path.open("a+") as file:
        lock(file, shared=shared, wait_seconds=wait_seconds)
        yield file


def lock(file: IO[str], *, shared: bool = False, wait_seconds: float = 0.0) -> None:
    """Take a file's lock, waiting at most so long. Raises BlockingIOError."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)
        else:
            return


def unlock(file: IO[str]) -> None:
    """Let a file's lock go."""
    fcntl.flock(file, fcntl.LOCK_UN)


def alive(pid: int) -> bool:
    """Whether a process has this id and is more than a zombie."""
    return state(pid) not in {None, "Z", "X"}


def state(pid: int) -> str | None:
    """The kernel's letter for a process's state, None where there is none."""
    fields = _stat_fields(pid)
    return fields[0] if fields else None


def started_at(pid: int) -> float | None:
    """When a process started, in seconds of the epoch (to about 10 ms), None where there is none.

    An id alone may since mean another process; an id with its start does not.
    """
    fields = _stat_fields(pid)
    if fields is None:
        return None
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith("btime "):
            return int(line.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return None


def command_line(pid: int) -> list[str]:
    """A process's arguments, empty where there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _stat_fields(pid: int) -> list[str] | None:
    """/proc/PID/stat from the state on: the command's name before it may hold any character."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def open_log(path: Path) -> int:
    """A log opened to append, so that a rotation which empties it loses no later line."""
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror}.") from error


def rotate_log(path: Path, *, limit_bytes: int = 20_000_000, keep: int = 3) -> bool:
    """Move a grown log aside and empty it in place, as its writers keep it open."""
    try:
        if path.stat().st_size < limit_bytes:
            return False
    except FileNotFoundError:
        return False
    for number in range(keep - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    first = path.with_name(f"{path.name}.1")
    with path.open("rb") as source, first.open("wb") as target:
        while block := source.read(1 << 20):
            target.write(block)
    os.truncate(path, 0)
    return True


def last_lines(path: Path, count: int = 5) -> str:
    """The end of a log, for a message."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-count:])
