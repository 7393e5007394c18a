import os
import pwd
import stat
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from tandem.project.home import Home
from tandem.project.postgres import Cluster, Owner, reachable
from tests.faults.tree import REPOSITORY, Tree, copy_home, remove

pytestmark = pytest.mark.faults


def python_for(owner: Owner) -> str | None:
    """A Python of this version that another user can run, None where there is none."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for path in (Path(sys.executable), Path(f"/usr/bin/python{version}")):
        if path.exists() and reachable(path.resolve().parent, owner):
            return str(path)
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_normal_user_runs_everything_as_himself(ground):
    entry = pwd.getpwnam("nobody")
    owner = Owner(uid=entry.pw_uid, gid=entry.pw_gid)
    python = python_for(owner)
    packages = Path(sysconfig.get_paths()["purelib"])
    if python is None or not reachable(packages, owner) or not reachable(REPOSITORY, owner):
        pytest.skip("another user cannot read this Python, its packages or this checkout")
    folder = Path(tempfile.mkdtemp(prefix="u", dir=ground))
    os.chown(folder, owner.uid, owner.gid)
    home = folder / "home"

    with Tree(
        home,
        options={"user": owner.uid, "group": owner.gid, "extra_groups": []},
        python=python,
        environ={"PYTHONPATH": f"{REPOSITORY}:{packages}", "HOME": str(folder)},
    ) as tree:
        owners = {os.stat(f"/proc/{pid}").st_uid for pid in tree.pids()}
        assert tree.is_healthy()

    assert owners == {owner.uid}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    remove(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_root_runs_from_below_a_closed_folder_without_opening_it(ground, finished_home):
    closed = Path(tempfile.mkdtemp(prefix="c", dir=ground))
    home = closed / "home"
    copy_home(finished_home, home)
    subprocess.run(["rm", "-rf", str(home / "postgres")], check=True)
    cluster = Cluster(Home(path=home))
    try:
        with Tree(home) as tree:
            server_owner = os.stat(f"/proc/{min(tree.parts()['postgres'])}").st_uid
            assert tree.is_healthy()
        assert server_owner != 0
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert (home / "postgres").is_symlink()
    finally:
        cluster.remove()
        remove(closed)
