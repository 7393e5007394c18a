import json
import shutil

import psycopg
import pytest

from tandem.project import postgres
from tandem.project.home import Home
from tests.faults.erasing import in_home, left_of_them
from tests.faults.tree import Tree, tandem

pytestmark = pytest.mark.faults


def installation(home):
    with postgres.database(Home(path=home)) as url, psycopg.connect(url) as connection:
        ((held, epoch, rows),) = connection.execute(
            "SELECT is_sending_held, epoch, (SELECT count(*) FROM probe) FROM kernel_installation"
        ).fetchall()
    return held, epoch, rows


def test_a_restored_copy_has_everything_and_may_not_send(finished_home, archive, ground):
    before = installation(finished_home)
    copy = ground / "copy"

    result = tandem(copy, "restore", str(archive), "--json")

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {
        "file": str(archive),
        "files": 1,
        "kept_aside": [],
        "sending_held": True,
        "erased_again": 0,
    }
    assert before == (False, 1, 1000)
    assert installation(copy) == (True, 2, 1000)
    assert installation(finished_home) == before
    assert (copy / "files" / "2026" / "offer é.txt").read_text() == "hello"
    assert (copy / "secret-key").read_text() == (finished_home / "secret-key").read_text()
    with Tree(copy) as tree:
        assert tree.is_healthy()
        assert tandem(copy, "doctor").stdout.count("held: Restored from a backup") == 1


def test_a_restore_over_something_is_refused_and_with_force_keeps_it_aside(home, archive):
    refused = tandem(home, "restore", str(archive))
    forced = tandem(home, "restore", str(archive), "--force", "--json")

    assert refused.returncode == 1
    assert refused.stderr.startswith(f"tandem: {home} is not empty; ")
    kept = json.loads(forced.stdout)["kept_aside"]
    assert [one.partition(" ")[0] for one in kept[:1]] == ["database"]
    assert installation(home) == (True, 2, 1000)


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_archive_is_refused_before_anything_is_touched(home, archive, damage, tmp_path):
    content, damaged = bytearray(archive.read_bytes()), tmp_path / "damaged.tar"
    if damage == "cut":
        content = content[: len(content) // 2]
    else:
        content[len(content) // 2] ^= 0xFF
    damaged.write_bytes(content)

    result = tandem(home, "restore", str(damaged), "--force")

    assert result.returncode == 1
    assert result.stderr.startswith(f"tandem: {damaged} ")
    assert installation(home) == (False, 1, 1000)


def test_a_restore_is_refused_while_the_product_runs(tree, archive):
    result = tandem(tree.home, "restore", str(archive), "--force")

    assert (result.returncode, result.stderr) == (
        1,
        f"tandem: Tandem is running for {tree.home}; stop it before a restore.\n",
    )


def test_an_interrupted_swap_stops_every_command_until_it_is_repeated(home, archive):
    # What a kill between the two renames leaves: the mark, and no database under its name.
    (home / "restore.json").write_text("{}")
    shutil.rmtree(home / "files")
    with (
        postgres.database(Home(path=home), restoring=True),
        psycopg.connect(postgres.Cluster(Home(path=home)).url("postgres"), autocommit=True) as one,
    ):
        one.execute("ALTER DATABASE tandem RENAME TO tandem_before_x")

    refused = [tandem(home, *command) for command in (["up"], ["doctor"])]
    repeated = tandem(home, "restore", str(archive))

    assert [one.returncode for one in refused] == [1, 1]
    assert all("was interrupted" in one.stderr for one in refused)
    assert repeated.returncode == 0, repeated.stderr
    assert installation(home) == (True, 2, 1000)


# --- who was erased stays so ----------------------------------------------------------------------


@pytest.fixture
def planted(home, tmp_path):
    """A home with somebody in it, and a backup of it from before they were erased."""
    in_home(home, "plant")
    old = tmp_path / "old.tar"
    assert tandem(home, "backup", str(old)).returncode == 0
    assert not (tmp_path / "erased.jsonl").exists()  # nobody was erased yet
    in_home(home, "erase")
    assert left_of_them(home) == []
    return home, old


def restored(home, archive, *options):
    result = tandem(home, "restore", str(archive), "--json", *options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["erased_again"]


def test_an_older_archive_brings_back_nobody_who_was_erased_since(planted):
    home, old = planted

    again = restored(home, old, "--force")

    assert again == 1
    assert left_of_them(home) == []
    with postgres.database(Home(path=home)) as url, psycopg.connect(url) as connection:
        ((people, erasures, files),) = connection.execute(
            "SELECT (SELECT count(*) FROM people_person), (SELECT count(*) FROM records_erasure"
            " WHERE state = 'done' AND settled_at IS NOT NULL),"
            " (SELECT count(*) FROM records_storedfile)"
        ).fetchall()
    assert (people, erasures, files) == (0, 1, 0)
    lake = json.loads(tandem(home, "lake", "status", "--json").stdout)
    assert (lake["hot"] + lake["filed"], lake["missing"], lake["damaged"]) == (1, [], [])
    assert len((home / "erased.jsonl").read_text().split()) == 1
    assert (home / "files" / "2026" / "offer é.txt").read_text() == "hello"


def test_nor_does_it_on_another_machine_where_a_later_backup_or_the_ledger_is_at_hand(
    planted, ground, tmp_path
):
    home, old = planted
    alone = tmp_path / "elsewhere"
    alone.mkdir()
    shutil.copy(old, alone / "old.tar")

    # Without either nobody can know; this is what the guide warns of.
    assert restored(ground / "unaware", alone / "old.tar") == 0
    assert "people_person" in left_of_them(ground / "unaware")

    assert restored(ground / "told", alone / "old.tar", "--erased", str(home / "erased.jsonl")) == 1
    assert left_of_them(ground / "told") == []
    assert (ground / "told" / "erased.jsonl").read_text() != ""

    assert tandem(home, "backup", str(tmp_path / "new.tar")).returncode == 0
    assert (tmp_path / "erased.jsonl").read_text().count("zqx") == 0
    assert restored(ground / "beside", old) == 1
    assert left_of_them(ground / "beside") == []

    brought = ground / "brought"
    brought.mkdir()
    shutil.copy(home / "erased.jsonl", brought / "erased.jsonl")
    assert restored(brought, alone / "old.tar") == 1
    assert left_of_them(brought) == []
