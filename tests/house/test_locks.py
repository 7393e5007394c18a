"""The lock files agree with what they are made from and hold no address."""

import json
from pathlib import Path

from tests.house import locks, third_party
from tests.house.sources import ROOT

PIN = "idna==3.20 \\\n    --hash=sha256:12\n    # via requests\n"
PROJECT = '[project]\ndependencies = ["idna>=3.10"]\n[project.optional-dependencies]\ndev = []\n'


def test_the_locks_hold_no_address_and_satisfy_the_project():
    lock = (ROOT / "requirements.lock").read_text()
    assert locks.addresses(lock) == []
    assert locks.unhashed(lock) == []
    assert locks.unmet((ROOT / "pyproject.toml").read_text(), lock) == []
    assert locks.npm_addresses((ROOT / "frontend/package-lock.json").read_text()) == []


def test_the_lock_of_the_engines_fits_the_project_and_the_other_lock():
    lock = (ROOT / "requirements.lock").read_text()
    engines = (ROOT / "requirements-engines.lock").read_text()
    assert locks.addresses(engines) == []
    assert locks.unhashed(engines) == []
    assert locks.unmet((ROOT / "pyproject.toml").read_text(), engines, locks.ENGINES) == []
    assert locks.apart(lock, engines) == []


def test_two_versions_of_a_package_are_found():
    assert locks.apart(PIN, PIN.replace("3.20", "3.19")) == ["idna"]
    assert locks.apart(PIN, PIN.replace("idna", "six")) == []


def test_an_address_in_a_lock_is_found():
    line = "--index-url " + "https:" + "//example.org/simple"
    assert locks.addresses(f"{line}\n{PIN}") == [line]
    resolved = {"packages": {"": {}, "node_modules/a": {"resolved": "x"}, "node_modules/b": {}}}
    assert locks.npm_addresses(json.dumps(resolved)) == ["node_modules/a"]


def test_a_pin_without_hash_is_found():
    assert locks.unhashed(f"{PIN}six==1.17.0\n    # via x\n") == ["six"]


def test_a_requirement_that_the_lock_does_not_satisfy_is_found():
    assert locks.unmet(PROJECT, PIN) == []
    assert locks.unmet(PROJECT.replace("3.10", "4"), PIN) == ["idna>=4"]
    assert locks.unmet(PROJECT.replace("dev = []", 'dev = ["six"]'), PIN) == ["six"]
    assert locks.unmet(PROJECT.replace("dev = []", 'spark = ["six"]'), PIN, ["spark"]) == ["six"]


def test_the_notice_agrees_with_the_locks_and_no_licence_is_unfit():
    assert third_party.faults(ROOT) == []


def test_an_unfit_licence_is_found():
    def told(licence: str) -> list[str]:
        return third_party.unfit([third_party.Package("x", "1", licence)])

    for refused in ("GPL-3.0-or-later", "AGPL-3.0", "GNU General Public License v2 (GPLv2)", ""):
        assert len(told(refused)) == 1, refused
    for fine in ("MIT", "LGPL-3.0-only", "MPL-2.0", "GNU Lesser General Public License v3"):
        assert told(fine) == [], fine


def test_what_only_tools_need_is_told_apart_from_what_the_product_needs(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text(PROJECT.replace("idna", "requests"))
    (tmp_path / "requirements.lock").write_text(
        f"{PIN}pytest==9.2.0 \\\n    # via tandem-crm (pyproject.toml)\n"
        "requests==2.34.2 \\\n    # via tandem-crm (pyproject.toml)\n"
        "pluggy==1.7.0 \\\n    # via\n    #   pytest\n"
    )
    product, making = third_party.python_packages(tmp_path)
    assert [package.name for package in product] == ["idna", "requests"]
    assert [package.name for package in making] == ["pluggy", "pytest"]
