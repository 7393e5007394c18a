"""The lake's folder: a file appears under its name when it is whole and synced, and never changes.

The only place that knows where files are: another kind of storage takes the place of these
functions.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from django.conf import settings

from tandem.lake.rules import DRAFT, file_name

FOLDER = "lake"
"""Among the files of the installation."""

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that lies under its name."""

    name: str
    bytes: int
    sha256: str


def folder() -> Path:
    """Where the files are: among those that every backup takes along. Made where absent."""
    path = Path(settings.MEDIA_ROOT) / FOLDER
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def path_of(name: str) -> Path:
    """The file of a name in the manifest."""
    return folder() / name


def new_draft() -> Path:
    """Where a file is written before it has its name."""
    return folder() / f"{DRAFT}{uuid4().hex}.parquet"


def publish(draft: Path, day: date) -> Stored:
    """Sync a draft and give it a name of its own; nobody reads it before the manifest lists it."""
    size, digest = _synced(draft)
    name = file_name(day, uuid4().hex[:16])
    target = path_of(name)
    if not target.parent.exists():
        target.parent.mkdir(mode=0o700, exist_ok=True)
        _sync_folder(target.parent.parent)
    draft.rename(target)
    _sync_folder(target.parent)
    return Stored(name, size, digest)


def names_there() -> set[str]:
    """Every file in the folder, drafts too."""
    base = folder()
    return {str(one.relative_to(base)) for one in base.rglob("*") if one.is_file()}


def written_before(name: str, moment: datetime) -> bool:
    """Whether a file was last written before a moment."""
    return path_of(name).stat().st_mtime < moment.timestamp()


def size_and_digest(name: str) -> tuple[int, str]:
    """What a file holds now, read to its end. Raises FileNotFoundError."""
    digest, size = hashlib.sha256(), 0
    with path_of(name).open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def remove(name: str) -> None:
    """Remove a file, if it is there."""
    path_of(name).unlink(missing_ok=True)


@contextmanager
def scratch() -> Iterator[tuple[IO[bytes], str]]:
    """A file without a name, and the path by which this process reads it; gone with the process."""
    with tempfile.TemporaryFile(dir=folder()) as file:
        yield file, f"/proc/self/fd/{file.fileno()}"


def _synced(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return size_and_digest(path.name)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
