import json
import os
import stat
import threading

import pytest

from tandem.project import home as home_module
from tandem.project.faults import OperatorError
from tandem.project.home import FORMAT, Home, made_once, read_format, upgrade_format


@pytest.fixture
def home(tmp_path):
    return Home(path=tmp_path / "home")


def test_the_home_is_where_the_environment_says():
    home = Home.from_environment({"TANDEM_HOME": "/srv/t", "TANDEM_PUBLIC_URL": "https://crm.x/"})

    assert (str(home.path), home.public_url, home.smtp_url) == ("/srv/t", "https://crm.x", None)


def test_a_server_of_ones_own_is_used_as_it_is_named(home):
    given = Home(path=home.path, given_database_url="postgresql://u@db/x")

    assert (given.embeds_postgres, given.database_url) == (False, "postgresql://u@db/x")


def test_the_default_is_a_folder_of_the_users(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert str(home_module.default_path({"XDG_DATA_HOME": "/home/a/data"})) == "/home/a/data/tandem"


def test_preparing_twice_changes_nothing(home):
    home.prepare()
    before = home.format_file.read_bytes()
    home.prepare()

    assert home.format_file.read_bytes() == before
    assert read_format(home)["format"] == FORMAT


def test_a_newer_format_is_refused_with_one_sentence(home):
    home.prepare()
    home.format_file.write_text(json.dumps({"format": FORMAT + 1, "id": "x"}))

    with pytest.raises(OperatorError, match=r"made by a newer Tandem; this one knows formats up"):
        home.prepare()


def test_an_older_format_is_backed_up_and_then_brought_forward(home, monkeypatch):
    home.prepare()
    order = []
    monkeypatch.setattr(home_module, "FORMAT", FORMAT + 2)
    for number in (FORMAT, FORMAT + 1):
        monkeypatch.setitem(
            home_module.FORMAT_STEPS, number, lambda _, number=number: order.append(number)
        )

    passed = upgrade_format(home, archive=lambda path: order.append(path.name))

    assert order == [f"before-format-{FORMAT + 2}.tar", FORMAT, FORMAT + 1]
    assert passed == [FORMAT, FORMAT + 1]
    assert read_format(home)["format"] == FORMAT + 2


def test_a_folder_of_somebody_elses_files_is_refused(home):
    home.path.mkdir()
    (home.path / "thesis.odt").write_text("")

    with pytest.raises(OperatorError, match=r"holds 'thesis.odt' but no format.json"):
        home.prepare()


def test_a_home_half_restored_is_refused(home):
    home.prepare()
    home.restore_file.write_text("{}")

    with pytest.raises(OperatorError, match="was interrupted"):
        home.check_complete()


def test_processes_that_race_for_a_secret_agree_on_one(tmp_path):
    path, found = tmp_path / "secret", []
    barrier = threading.Barrier(8)

    def ask():
        barrier.wait()
        found.append(made_once(path))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(found)) == 1
    assert len(found[0]) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_sockets_of_a_deep_home_lie_in_a_private_short_folder(tmp_path):
    home = Home(path=tmp_path / ("x" * 80))
    home.prepare()

    assert len(str(home.web_socket)) < 100
    assert stat.S_IMODE(home.run_dir.stat().st_mode) == 0o700
    home.run_dir.rmdir()
