"""The archive of a backup: a plain tar that proves itself whole.

`database.dump` (pg_dump's custom format, one snapshot), `files/…`, `secret-key` where the home
keeps it, `format.json`, and last `manifest.json` with the size and SHA-256 of each. An archive
that was cut off has no manifest and is refused.
"""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import tandem
from tandem.lake.rules import DRAFT
from tandem.project.faults import OperatorError, first_line
from tandem.project.home import FORMAT, Home

MANIFEST = "manifest.json"
DUMP = "database.dump"
SECRET_KEY = "secret-key"  # noqa: S105
FILES = "files/"

BLOCK_BYTES = 1 << 20


def write_archive(home: Home, path: Path, dump: Path) -> int:
    """Write the tar with its manifest, synced; the number of files."""
    entries: dict[str, dict[str, Any]] = {}
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w+b") as target:
        with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as tar:
            _add(tar, entries, "format.json", home.format_file)
            if (home.path / SECRET_KEY).exists():
                _add(tar, entries, SECRET_KEY, home.path / SECRET_KEY)
            _add(tar, entries, DUMP, dump)
            count = 0
            for file in sorted(home.files_dir.rglob("*")):
                if file.is_file() and not file.is_symlink() and not file.name.startswith(DRAFT):
                    # A file deleted since the snapshot is not in the database either.
                    with suppress(FileNotFoundError):
                        relative = file.relative_to(home.files_dir)
                        _add(tar, entries, f"{FILES}{relative}", file)
                        count += 1
            manifest = {
                "format": FORMAT,
                "tandem": tandem.__version__,
                "made": datetime.now(UTC).isoformat(),
                "entries": entries,
            }
            _add_bytes(tar, MANIFEST, json.dumps(manifest).encode())
        target.flush()
        os.fsync(target.fileno())
    return count


def check_archive(path: Path) -> dict[str, Any]:
    """Read an archive once to its end and return its manifest.

    Raises OperatorError for anything that is not a whole and unharmed archive of ours.
    """
    try:
        found, manifest = _read_through(path)
    except FileNotFoundError as error:
        raise OperatorError(f"There is no file {path}.") from error
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise OperatorError(f"{path} cannot be read as a backup: {first_line(error)}") from error
    if manifest is None:
        raise OperatorError(f"{path} was cut off: its manifest is missing.")
    if int(manifest.get("format", 0)) > FORMAT:
        raise OperatorError(f"{path} was made by a newer Tandem ({manifest.get('tandem')}).")
    told = manifest.get("entries", {})
    damaged = [name for name in found.keys() | told.keys() if found.get(name) != told.get(name)]
    if damaged:
        raise OperatorError(f"{path} is damaged: {min(damaged)} does not have its checksum.")
    for name in found:
        _check_name(path, name)
    if DUMP not in found:
        raise OperatorError(f"{path} has no database in it.")
    return manifest


def extract(path: Path, targets: dict[str, Path]) -> None:
    with tarfile.open(path, mode="r:") as tar:
        for name, target in targets.items():
            copy_out(tar, tar.getmember(name), target)


def copy_out(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Write one member to a file of our choosing, synced; no name or mode of the archive's."""
    source = tar.extractfile(member)
    if source is None:
        raise OperatorError(f"{member.name} in the archive is not a file.")
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(source, file, BLOCK_BYTES)
        file.flush()
        os.fsync(file.fileno())


def read_member(path: Path, name: str, manifest: dict[str, Any]) -> bytes | None:
    """A small member's content, None where the archive has none."""
    if name not in manifest["entries"]:
        return None
    with tarfile.open(path, mode="r:") as tar:
        file = tar.extractfile(name)
        return file.read() if file is not None else None


def _read_through(path: Path) -> tuple[dict[str, dict[str, Any]], dict[str, Any] | None]:
    """Size and checksum of every member, and the manifest where it comes last."""
    found: dict[str, dict[str, Any]] = {}
    manifest: dict[str, Any] | None = None
    with tarfile.open(path, mode="r:") as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            if file is None or manifest is not None:
                raise OperatorError(f"{path} is not a backup of Tandem: {member.name!r} in it.")
            if member.name == MANIFEST:
                manifest = dict(json.loads(file.read()))
                continue
            reader = _Hashing(file)
            while reader.read(BLOCK_BYTES):
                pass
            found[member.name] = {"size": member.size, "sha256": reader.digest.hexdigest()}
    return found, manifest


def _check_name(path: Path, name: str) -> None:
    """Refuse names that would leave the folder of files."""
    if name in {"format.json", SECRET_KEY, DUMP}:
        return
    parts = name.removeprefix(FILES).split("/")
    if not name.startswith(FILES) or any(part in {"", ".", ".."} for part in parts):
        raise OperatorError(f"{path} is not a backup of Tandem: {name!r} in it.")


class _Hashing:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self.file.read(size)
        self.digest.update(block)
        return block


def _add(tar: tarfile.TarFile, entries: dict[str, dict[str, Any]], name: str, path: Path) -> None:
    with path.open("rb") as file:
        info = tarfile.TarInfo(name)
        status = os.fstat(file.fileno())
        info.size, info.mtime, info.mode = status.st_size, int(status.st_mtime), 0o600
        reader = _Hashing(file)
        tar.addfile(info, reader)
    entries[name] = {"size": info.size, "sha256": reader.digest.hexdigest()}


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), 0o600
        tar.addfile(info, file)
