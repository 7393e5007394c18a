"""The folder that holds one installation: what is in it, and where settings come from.

Nothing here imports Django: the supervisor and the edge start without it.
"""

import getpass
import hashlib
import json
import os
import secrets
import stat
import tempfile
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tandem.project.faults import OperatorError

FORMAT = 1
"""Version of the folder's layout; a newer one is refused, an older one is migrated."""

FORMAT_STEPS: dict[int, Callable[["Home"], None]] = {}
"""The step that brings a folder from format N to N + 1."""

LONGEST_RUN_DIR = 80
"""Characters: a unix socket's path may have 107, and names are added to the folder."""

ERASED = "erased.jsonl"

STAGED_FILES = "TANDEM_STAGED_FILES"
"""How a restore tells the process that finishes its copy where the files of the copy are."""

OURS = frozenset(
    {
        "format.json", "secret-key", "database-password", "superuser-password", "up.lock",
        "postgres.lock", "postgres.users", "run", "logs", "files", ERASED,
    }
)  # fmt: skip
"""What may be in a home before its format stands: made by processes that start at once, or the
ledger of the erased, brought along from another home."""

ROOT_HOME = Path("/var/lib/tandem")


@dataclass(frozen=True, kw_only=True)
class Home:
    """One installation's folder together with the settings given by environment."""

    path: Path
    given_database_url: str | None = None
    given_secret_key: str | None = None
    given_public_url: str | None = None
    smtp_url: str | None = None
    staged_files: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Home":
        """The home that the environment names, by default a folder of the user's."""
        return cls(
            path=Path(environ.get("TANDEM_HOME") or default_path(environ)).expanduser().absolute(),
            given_database_url=environ.get("DATABASE_URL") or None,
            given_secret_key=environ.get("TANDEM_SECRET_KEY") or None,
            given_public_url=environ.get("TANDEM_PUBLIC_URL") or None,
            smtp_url=environ.get("TANDEM_SMTP_URL") or None,
            staged_files=environ.get(STAGED_FILES) or None,
        )

    @property
    def embeds_postgres(self) -> bool:
        """Whether the database is ours to run."""
        return self.given_database_url is None

    @property
    def database_url(self) -> str:
        """Where the database is: the one given, else the embedded cluster's private socket."""
        if self.given_database_url is not None:
            return self.given_database_url
        return embedded_url(self)

    @property
    def public_url(self) -> str:
        """The address people reach this installation by, without a slash at its end."""
        return (self.given_public_url or "http://127.0.0.1:8000").rstrip("/")

    @property
    def format_file(self) -> Path:
        """Which format the folder has, and the folder's own id."""
        return self.path / "format.json"

    @property
    def files_dir(self) -> Path:
        """Uploaded and generated files: part of every backup. A restore sets its copy right in a
        folder of its own, before that takes this place."""
        return Path(self.staged_files) if self.staged_files else self.path / "files"

    @property
    def log_dir(self) -> Path:
        """One log per part, rotated by size."""
        return self.path / "logs"

    @property
    def postgres_dir(self) -> Path:
        """The embedded cluster: a folder, or a link to where its user can reach it."""
        return self.path / "postgres"

    @property
    def database_password_file(self) -> Path:
        """Password of the application's role in the embedded cluster."""
        return self.path / "database-password"

    @property
    def run_dir(self) -> Path:
        """Sockets and pids of the running parts: short enough for a unix socket."""
        inside = self.path / "run"
        if len(str(inside)) <= LONGEST_RUN_DIR:
            return inside
        digest = hashlib.sha256(str(self.path).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"tandem-{os.geteuid()}-{digest}"

    @property
    def web_socket(self) -> Path:
        """Where the edge finds the pages."""
        return self.run_dir / "web.sock"

    @property
    def parts_file(self) -> Path:
        """What runs, written by the supervisor."""
        return self.run_dir / "parts.json"

    @property
    def metrics_dir(self) -> Path:
        """Counters of every process, in the form prometheus_client reads."""
        return self.run_dir / "metrics"

    @property
    def lock_file(self) -> Path:
        """Held by the one `tandem up` of this home."""
        return self.path / "up.lock"

    @property
    def erasure_ledger(self) -> Path:
        """Who was erased, by ids and keyed hashes: in no archive, so that none brings them back."""
        return self.path / ERASED

    @property
    def restore_file(self) -> Path:
        """There while a restore is half done: nothing but a restore may start then."""
        return self.path / "restore.json"

    def secret_key(self) -> str:
        """The key given, else one made once for this home: processes that race agree on one."""
        if self.given_secret_key is not None:
            return self.given_secret_key
        self.prepare()
        return made_once(self.path / "secret-key")

    def database_password(self) -> str:
        """Password of the application's role in the embedded cluster, made once."""
        return made_once(self.database_password_file)

    def identity(self) -> str:
        """A random id of this folder, so that two homes never share what lies outside them."""
        return str(read_format(self)["id"])

    def prepare(self) -> None:
        """Make the folder and what is in it where absent; refuse a format from the future.

        Raises OperatorError where the folder is not ours to use.
        """
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Root's home must let the database's own user through; a user's home is private.
            make_dir(self.path, mode=0o711 if os.geteuid() == 0 else 0o700)
        check_owner(self.path)
        if not self.format_file.exists():
            mark_format(self)
        found = int(read_format(self)["format"])
        if found > FORMAT:
            raise OperatorError(
                f"{self.path} has format {found}, made by a newer Tandem; "
                f"this one knows formats up to {FORMAT}."
            )
        for folder in (self.files_dir, self.log_dir):
            make_dir(folder, mode=0o700)
        make_dir(self.run_dir, mode=0o700)
        check_owner(self.run_dir)

    def check_complete(self) -> None:
        """Refuse a home in which a restore was interrupted."""
        if self.restore_file.exists():
            raise OperatorError(
                f"A restore into {self.path} was interrupted; "
                "run `tandem restore FILE --force` again before anything else."
            )


def default_path(environ: Mapping[str, str]) -> Path:
    """Root's service folder, else a folder of the user's own data."""
    if os.geteuid() == 0:
        return ROOT_HOME
    data = environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "tandem"


def embedded_url(home: Home, *, database: str = "tandem") -> str:
    """Address of a database in the embedded cluster, password included."""
    password = home.database_password()
    return f"postgresql://tandem:{password}@{quoted(socket_dir(home))}/{database}"


def quoted(path: Path) -> str:
    """A folder as the host of a database URL."""
    return str(path).replace("%", "%25").replace("/", "%2F").replace("@", "%40")


def socket_dir(home: Home) -> Path:
    """The private folder of the embedded cluster's socket, which belongs to its user."""
    inside = home.postgres_dir.resolve() / "run"
    if len(str(inside)) <= LONGEST_RUN_DIR:
        return inside
    digest = hashlib.sha256(str(inside).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"tandem-pg-{digest}"


def upgrade_format(home: Home, *, archive: Callable[[Path], None]) -> list[int]:
    """Bring an older folder to today's format, after `archive` made a backup of it.

    Returns the formats it went through; the caller holds the home's lock.
    """
    found = int(read_format(home)["format"])
    if found >= FORMAT:
        return []
    missing = [number for number in range(found, FORMAT) if number not in FORMAT_STEPS]
    if missing:
        raise OperatorError(
            f"{home.path} has format {found}, which this Tandem can no longer bring forward."
        )
    folder = home.path / "backups"
    make_dir(folder, mode=0o700)
    archive(folder / f"before-format-{FORMAT}.tar")
    for number in range(found, FORMAT):
        FORMAT_STEPS[number](home)
        write_whole(
            home.format_file,
            json.dumps({**read_format(home), "format": number + 1}),
        )
    return list(range(found, FORMAT))


def read_format(home: Home) -> dict[str, Any]:
    """What format.json says. Raises OperatorError where it cannot be read."""
    try:
        found = json.loads(home.format_file.read_text())
        return {**found, "format": int(found["format"]), "id": str(found["id"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(f"{home.format_file} cannot be read: {error}.") from error


def mark_format(home: Home) -> None:
    """Say once that this folder has today's format; refuse a folder with other people's files."""
    strangers = [
        entry.name
        for entry in home.path.iterdir()
        if entry.name not in OURS and not entry.name.startswith(".")
    ]
    if strangers:
        raise OperatorError(
            f"{home.path} is not a Tandem folder: it holds {min(strangers)!r} "
            "but no format.json; name an empty folder in TANDEM_HOME."
        )
    content = {"format": FORMAT, "id": uuid.uuid4().hex, "made": datetime.now(UTC).isoformat()}
    write_once(home.format_file, json.dumps(content), mode=0o644)


def made_once(path: Path) -> str:
    """The secret in a file only its owner reads; made where absent, one winner per race."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        write_once(path, secrets.token_urlsafe(48), mode=0o600)
        return path.read_text().strip()
    except PermissionError as error:
        raise OperatorError(f"{path} cannot be read as user {user_name()}.") from error


def write_once(path: Path, text: str, *, mode: int) -> None:
    """Write a file that is either absent or whole; where it exists it is left alone."""
    draft = write_draft(path, text, mode=mode)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    sync_dir(path.parent)


def write_whole(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace a file at once: readers see the old text or the new one."""
    write_draft(path, text, mode=mode).replace(path)
    sync_dir(path.parent)


def write_draft(path: Path, text: str, *, mode: int) -> Path:
    """A synced file beside `path` with its future content."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def sync_dir(path: Path) -> None:
    """Make renames in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_dir(path: Path, *, mode: int) -> None:
    """Make one folder with exactly this mode; one that exists keeps the mode it has."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return
    except OSError as error:
        raise OperatorError(f"{path} cannot be made: {error.strerror}.") from error
    path.chmod(mode)


def check_owner(path: Path) -> None:
    """Refuse a folder that is not ours, or that is a link somebody else could have laid."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) and status.st_uid not in {0, os.geteuid()}:
        raise OperatorError(f"{path} is a link made by another user.")
    status = path.stat()
    if not stat.S_ISDIR(status.st_mode):
        raise OperatorError(f"{path} is not a folder.")
    if status.st_uid != os.geteuid():
        raise OperatorError(
            f"{path} belongs to another user; run Tandem as that user or name another "
            "folder in TANDEM_HOME."
        )


def user_name() -> str:
    """Who runs this process, for messages."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.geteuid())
