"""Which migrations the embedded database has, told without importing Django.

The fingerprint covers the migration files of our rooms and the versions of every installed
package (theirs may bring migrations). It is noted beside the data after a successful migration,
so a start with nothing to migrate costs a few milliseconds.
"""

import hashlib
import sysconfig
from pathlib import Path

from tandem.project.home import write_whole
from tandem.project.postgres import Cluster

SCHEMA_LOCK = 0x74616E64
"""Advisory lock of everything that changes or copies the whole schema: migrations, backups."""

PACKAGE = Path(__file__).resolve().parent.parent


def fingerprint() -> str:
    """A digest of everything that decides which migrations exist."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.glob("**/migrations/*.py")):
        digest.update(f"{path.relative_to(PACKAGE)} {path.stat().st_size}\n".encode())
    for package in sorted(Path(sysconfig.get_paths()["purelib"]).glob("*.dist-info")):
        digest.update(f"{package.name}\n".encode())
    return digest.hexdigest()


def is_current(cluster: Cluster) -> bool:
    """Whether the last migration of this data knew all of today's migrations."""
    try:
        return cluster.stamp_file.read_text() == fingerprint()
    except FileNotFoundError:
        return False


def note_current(cluster: Cluster) -> None:
    """Note that the data has today's migrations."""
    write_whole(cluster.stamp_file, fingerprint())
