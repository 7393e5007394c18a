import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tandem.project.home import Home
from tandem.project.postgres import Cluster, database
from tests.faults.tree import PROBE_TABLE, Tree, copy_home, remove, share_programs, tandem


@pytest.fixture(scope="session")
def ground() -> Iterator[Path]:
    """A short folder that the database's own user may walk through."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-faults-"))
    folder.chmod(0o755)
    yield folder
    remove(folder)


@pytest.fixture(scope="session")
def finished_home(ground: Path) -> Path:
    """A home with its database made and migrated, to be copied."""
    home = ground / "finished"
    result = tandem(home, "migrate")
    assert result.returncode == 0, result.stderr
    share_programs(home, ground)
    with database(Home(path=home)) as url, psycopg.connect(url) as connection:
        connection.execute(PROBE_TABLE)
        connection.execute("INSERT INTO probe SELECT generate_series(1, 1000)")
    (home / "files" / "2026").mkdir()
    (home / "files" / "2026" / "offer é.txt").write_text("hello")
    return home


@pytest.fixture(scope="session")
def archive(finished_home: Path, ground: Path) -> Path:
    """A backup of the finished home, which does not run."""
    path = ground / "all.tar"
    result = tandem(finished_home, "backup", str(path))
    assert result.returncode == 0, result.stderr
    return path


@pytest.fixture
def home(ground: Path, finished_home: Path) -> Iterator[Path]:
    """A home of the test's own, set up."""
    folder = Path(tempfile.mkdtemp(prefix="h", dir=ground))
    folder.chmod(0o755)
    yield copy_home(finished_home, folder / "home")
    Cluster(Home(path=folder / "home")).remove()
    remove(folder)


@pytest.fixture(scope="module")
def tree(ground: Path, finished_home: Path) -> Iterator[Tree]:
    """One running product for tests that leave it serving."""
    with Tree(copy_home(finished_home, ground / "shared")) as running:
        yield running
