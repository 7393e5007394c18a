"""Restore: an archive becomes an installation that may not send.

The copy is built beside what is there, migrated and held, and only then takes its place.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from tandem.project import processes
from tandem.project.archive import (
    DUMP,
    FILES,
    SECRET_KEY,
    check_archive,
    copy_out,
    extract,
    read_member,
)
from tandem.project.backup import Report, run_tool, tools_dir
from tandem.project.binaries import find_tools
from tandem.project.faults import OperatorError, first_line, last_words
from tandem.project.home import ERASED, STAGED_FILES, Home, make_dir, sync_dir, write_whole
from tandem.project.postgres import Cluster, database
from tandem.project.schema import note_current


def restore_backup(
    home: Home, path: Path, *, force: bool = False, erased: Sequence[Path] = ()
) -> Report:
    """Bring an archive back into an empty installation; with `force` the old one is kept aside.

    Nothing is touched before every checksum of the archive holds. The copy is built beside the
    installation, migrated, and held from sending, before it takes its place; a restore that is
    interrupted while it does leaves a mark that stops every other command. Who was erased since is
    erased from the copy, by the ledger of the home, the one beside the archive and those in
    ``erased``. Raises OperatorError.
    """
    path = path.absolute()
    ledgers = [home.erasure_ledger, path.with_name(ERASED), *(one.absolute() for one in erased)]
    for ledger in erased:
        if not ledger.is_file():
            raise OperatorError(f"There is no file {ledger}.")
    manifest = check_archive(path)
    home.prepare()
    with _alone(home), database(home, restoring=True) as url:
        is_half_done = home.restore_file.exists()
        if not (force or is_half_done) and not is_empty(home, url):
            raise OperatorError(
                f"{home.path} is not empty; `tandem restore FILE --force` keeps what is there "
                "aside and puts the archive in its place."
            )
        staged = _stage_database(home, url, path)
        secret_key = read_member(path, SECRET_KEY, manifest)
        try:
            files = _stage_files(home, path)
            again = _finish_in(home, staged, files, secret_key, ledgers)
        except OperatorError:
            _unstage(home, url, staged)
            raise
        kept = _swap(home, url, staged, files, secret_key)
    count = sum(name.startswith(FILES) for name in manifest["entries"])
    return Report(
        path=path,
        size_bytes=path.stat().st_size,
        files=count,
        kept_aside=tuple(kept),
        erased_again=again,
    )


def is_empty(home: Home, url: str) -> bool:
    """Whether an installation has neither tables nor files."""
    if any(home.files_dir.iterdir()):
        return False
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                "WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' "
                "AND n.nspname <> 'information_schema'"
            ).fetchone()
    except psycopg.OperationalError as error:
        if "does not exist" in str(error):
            return True
        raise OperatorError(f"The database cannot be reached: {first_line(error)}") from error
    return row is not None and row[0] == 0


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """Be sure that no `tandem up` of this home runs. Raises OperatorError."""
    try:
        with processes.held(home.lock_file):
            yield
    except BlockingIOError:
        raise OperatorError(
            f"Tandem is running for {home.path}; stop it before a restore."
        ) from None


def _stage_database(home: Home, url: str, path: Path) -> str:
    """Load the dump into a database beside the real one; its address."""
    name = f"{database_name(url)}_restoring"
    staged = with_database(url, name)
    with _maintenance(url) as connection:
        major = connection.info.server_version // 10000
        try:
            _drop(connection, name)
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise OperatorError(
                "The database's user may not create databases, which a restore needs: "
                "give the role CREATEDB."
            ) from error
    tools = find_tools(tools_dir(home), at_least=major)
    with tempfile.TemporaryDirectory(prefix="restoring-", dir=home.path) as folder:
        dump = Path(folder) / DUMP
        extract(path, {DUMP: dump})
        run_tool(
            [tools.program("pg_restore"), "--exit-on-error", "--no-owner", "--no-acl",
             f"--dbname={name}", str(dump)],
            staged,
            "The database of the archive could not be loaded",
        )  # fmt: skip
    return staged


def _stage_files(home: Home, path: Path) -> Path:
    """Unpack the files beside the real ones; their folder."""
    folder = home.path / "files.restoring"
    shutil.rmtree(folder, ignore_errors=True)
    make_dir(folder, mode=0o700)
    with tarfile.open(path, mode="r:") as tar:
        for member in tar:
            if member.name.startswith(FILES):
                target = folder / member.name.removeprefix(FILES)
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                copy_out(tar, member, target)
    return folder


def _unstage(home: Home, url: str, staged: str) -> None:
    """Remove a copy that cannot be used."""
    with _maintenance(url) as connection:
        _drop(connection, database_name(staged))
    shutil.rmtree(home.path / "files.restoring", ignore_errors=True)


def _finish_in(
    home: Home, staged: str, files: Path, secret_key: bytes | None, ledgers: Sequence[Path]
) -> int:
    """Migrate the copy, hold its sending and erase the erased again, in a process that sees only
    the copy; how many were back."""
    environ = {
        **os.environ,
        "TANDEM_HOME": str(home.path),
        "DATABASE_URL": staged,
        STAGED_FILES: str(files),
    }
    if secret_key is not None:
        environ["TANDEM_SECRET_KEY"] = secret_key.decode()
    result = subprocess.run(
        [sys.executable, "-P", "-m", "tandem", "finish-restore", *map(str, ledgers)],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise OperatorError(
            f"The archive could not be brought up to date: {last_words(result.stderr)}"
        )
    return int(result.stdout.split()[-1])


def _swap(home: Home, url: str, staged: str, files: Path, secret_key: bytes | None) -> list[str]:
    """Put the copy in the place of what is there; what was kept aside.

    From the first step to the last a mark in the home says that it is under way.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    name, kept = database_name(url), []
    write_whole(home.restore_file, json.dumps({"since": datetime.now(UTC).isoformat()}))
    with _maintenance(url) as connection:
        if _exists(connection, name):
            aside = f"{name}_before_{stamp}"
            _close_connections(connection, name)
            _rename(connection, name, aside)
            if is_empty_database(with_database(url, aside)):
                _drop(connection, aside)
            else:
                kept.append(f"database {aside}")
        _rename(connection, database_name(staged), name)
    if any(home.files_dir.iterdir()):
        aside_files = home.path / f"files-before-{stamp}"
        home.files_dir.rename(aside_files)
        kept.append(str(aside_files))
    else:
        home.files_dir.rmdir()
    files.rename(home.files_dir)
    if secret_key is not None:
        own = home.path / SECRET_KEY
        if own.exists() and own.read_bytes() != secret_key:
            aside_key = own.with_name(f"{SECRET_KEY}-before-{stamp}")
            own.rename(aside_key)
            kept.append(str(aside_key))
        write_whole(own, secret_key.decode())
    if home.embeds_postgres:
        note_current(Cluster(home))
    sync_dir(home.path)
    home.restore_file.unlink()
    sync_dir(home.path)
    return kept


def database_name(url: str) -> str:
    """The database of an address."""
    return str(conninfo_to_dict(url).get("dbname") or "tandem")


def with_database(url: str, name: str) -> str:
    """The same address with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def is_empty_database(url: str) -> bool:
    """Whether a database has no table of ours."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        row = connection.execute("SELECT to_regclass('django_migrations') IS NULL").fetchone()
    return row is not None and bool(row[0])


@contextmanager
def _maintenance(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection beside the database, to rename it from. Raises OperatorError."""
    try:
        connection = psycopg.connect(
            with_database(url, "postgres"), autocommit=True, connect_timeout=10
        )
    except psycopg.OperationalError as error:
        raise OperatorError(f"The database cannot be reached: {first_line(error)}") from error
    with connection:
        yield connection


def _exists(connection: psycopg.Connection[Any], name: str) -> bool:
    row = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
    return row is not None


def _drop(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def _rename(connection: psycopg.Connection[Any], name: str, new: str) -> None:
    connection.execute(
        SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(name), Identifier(new))
    )


def _close_connections(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = %s AND pid <> pg_backend_pid()",
        [name],
    )
