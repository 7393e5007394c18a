import os

import psycopg
import pytest

from tandem.project import binaries, postgres
from tandem.project.faults import OperatorError
from tandem.project.home import Home, socket_dir
from tandem.project.postgres import Owner


@pytest.fixture(scope="module")
def url():
    return os.environ["DATABASE_URL"]


def setting(url, name):
    with psycopg.connect(url) as connection:
        ((value,),) = connection.execute("SELECT current_setting(%s)", [name]).fetchall()
    return value


def test_nobody_reaches_the_server_by_network(url):
    assert setting(url, "listen_addresses") == ""
    assert setting(url, "unix_socket_permissions") == "0700"


def test_the_application_is_no_superuser_and_needs_its_password(url):
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT rolname, rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url, password="wrong")

    assert row == ("tandem", False, True)


def test_text_does_not_depend_on_the_machines_locale(url):
    with psycopg.connect(url) as connection:
        ((provider, upper),) = connection.execute(
            "SELECT datlocprovider::text, upper('straße é') FROM pg_database "
            "WHERE datname = current_database()"
        ).fetchall()

    assert (provider, upper) == ("b", "STRASSE É")
    assert setting(url, "data_checksums") == "on"


def test_extensions_the_rooms_need_can_be_made_by_the_application(url):
    with psycopg.connect(url) as connection:
        for name in ("pg_trgm", "unaccent", "citext", "btree_gist"):
            connection.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}"')
        connection.rollback()


def test_neither_statements_nor_rows_reach_the_servers_log(url):
    with psycopg.connect(url) as connection, pytest.raises(psycopg.Error):
        connection.execute("SELECT 'ada@lovelace.example'::int")

    log = Home.from_environment().log_dir / "postgres.log"
    assert "ready to accept connections" in log.read_text()
    assert "ada@" not in log.read_text()


def test_a_server_that_is_not_there_does_not_answer(tmp_path):
    assert postgres.ping(tmp_path / "nothing") == b""


def test_data_of_a_version_that_is_not_installed_is_refused(tmp_path):
    with pytest.raises(OperatorError, match=r"made by PostgreSQL 12, which is not installed"):
        binaries.find_binaries(tmp_path, wanted_major=12)


@pytest.mark.parametrize(("major", "provider"), [(16, "libc"), (17, "builtin"), (18, "builtin")])
def test_every_version_has_a_locale_that_upgrades_leave_alone(major, provider):
    assert postgres.locale_options(major)[0] == f"--locale-provider={provider}"


def test_a_closed_folder_is_seen_as_closed(tmp_path):
    other = 65534 if os.geteuid() != 65534 else 65533
    stranger = Owner(uid=other, gid=other)
    tmp_path.chmod(0o700)

    assert not postgres.reachable(tmp_path, stranger)
    assert postgres.reachable(tmp_path.parents[-1], stranger)


def test_a_garbled_lock_file_is_cleared(tmp_path):
    home = Home(path=tmp_path / "home")
    home.prepare()
    cluster = postgres.Cluster(home)
    cluster.data_dir.mkdir(parents=True)
    lock_file = cluster.data_dir / "postmaster.pid"

    lock_file.write_text("")
    cluster._clear_leftovers()

    assert not lock_file.exists()


def test_the_socket_of_a_deep_home_is_short_enough(tmp_path):
    home = Home(path=tmp_path / ("y" * 90))

    assert len(str(socket_dir(home))) < 90
