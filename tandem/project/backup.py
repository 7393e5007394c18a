"""Backup: one archive of everything an installation cannot make again."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tandem.kernel.locks import FILES_LOCK
from tandem.project.archive import DUMP, write_archive
from tandem.project.binaries import find_tools
from tandem.project.faults import OperatorError, first_line
from tandem.project.home import ERASED, Home, sync_dir, write_whole
from tandem.project.postgres import database
from tandem.project.schema import SCHEMA_LOCK


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a backup or a restore did."""

    path: Path
    size_bytes: int
    files: int
    kept_aside: tuple[str, ...] = ()
    erased_again: int = 0


def write_backup(home: Home, path: Path, *, wait_seconds: float = 600.0) -> Report:
    """Write one archive of the installation; it appears under its name only when it is whole.

    Waits for a running migration. Raises OperatorError.
    """
    path = path.absolute()
    if not path.parent.is_dir():
        raise OperatorError(f"There is no folder {path.parent}.")
    with (
        database(home) as url,
        tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder,
    ):
        dump = Path(folder) / DUMP
        draft = Path(folder) / "archive"
        with _files_kept(url):
            with schema_lock(url, wait_seconds=wait_seconds) as major:
                tools = find_tools(tools_dir(home), at_least=major)
                run_tool(
                    [tools.program("pg_dump"), "--format=custom", "--no-owner", "--no-acl",
                     f"--file={dump}"],
                    url,
                    "The database could not be copied",
                )  # fmt: skip
            count = write_archive(home, draft, dump)
        draft.replace(path)
    keep_ledger_beside(home, path)
    sync_dir(path.parent)
    return Report(path=path, size_bytes=path.stat().st_size, files=count)


def keep_ledger_beside(home: Home, path: Path) -> None:
    """Keep the ledger of the erased beside the archives, so that where the home is lost, an older
    one brings nobody back. What stands there is kept: other homes may write to the same folder."""
    if not home.erasure_ledger.exists():
        return
    beside = path.with_name(ERASED)
    there = beside.read_text() if beside.exists() else ""
    known = set(there.splitlines())
    own = home.erasure_ledger.read_text().splitlines()
    new = [line for line in own if line and line not in known]
    if new:
        write_whole(beside, "\n".join([*there.splitlines(), *new]) + "\n")


@contextmanager
def _files_kept(url: str) -> Iterator[None]:
    """Let nobody remove a file that the dump knows before the archive has it."""
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise OperatorError(f"The database cannot be reached: {first_line(error)}") from error
    with connection:
        connection.execute("SELECT pg_advisory_lock_shared(%s)", [FILES_LOCK])
        yield


@contextmanager
def schema_lock(url: str, *, wait_seconds: float) -> Iterator[int]:
    """Hold the schema's lock for the block; yields the server's major version."""
    deadline = time.monotonic() + wait_seconds
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise OperatorError(f"The database cannot be reached: {first_line(error)}") from error
    with connection:
        while True:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [SCHEMA_LOCK]).fetchone()
            if row is not None and row[0]:
                break
            if time.monotonic() > deadline:
                raise OperatorError("A migration or another backup is running; try again after it.")
            time.sleep(0.2)
        yield connection.info.server_version // 10000


def tools_dir(home: Home) -> Path:
    """Where programs of PostgreSQL are unpacked: the cluster's folder where there is one."""
    return home.postgres_dir.resolve() if home.embeds_postgres else home.path / "tools"


def run_tool(command: list[str], url: str, failed: str) -> None:
    """Run pg_dump or pg_restore; the password goes by environment, not by argument."""
    given = conninfo_to_dict(url)
    names = {
        "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
        "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT",
    }  # fmt: skip
    environ = {names[key]: str(value) for key, value in given.items() if key in names and value}
    result = subprocess.run(
        command,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        words = result.stderr.strip().splitlines()
        raise OperatorError(f"{failed}: {words[0] if words else result.returncode}")
