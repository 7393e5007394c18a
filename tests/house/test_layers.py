"""The contracts of import-linter hold, and each one catches what it is there for."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.sources import FLOORS, ROOT

LINT = Path(sys.executable).with_name("lint-imports")


def lint(where: Path, config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--config", config, "--no-cache", "--no-logo"],
        cwd=where,
        env={"PYTHONPATH": str(where), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def contracts() -> dict[str, dict[str, list[str]]]:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    return {contract["id"]: contract for contract in tools["importlinter"]["contracts"]}


def kernel_parts() -> set[str]:
    """The parts of the kernel that a contract names."""
    named = contracts()["pure"]["forbidden_modules"]
    return {name for name in named if name.startswith("tandem.kernel.")}


@pytest.fixture
def model_house(tmp_path: Path):
    """A small house under the real contracts: two rooms with the usual parts, and no fault."""
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    files = {
        "": "",
        "kernel": "",
        "kernel.errors": "from django.utils.translation import gettext_lazy\n",
        "ui": "",
        "people": "",
        "people.errors": "import tandem.kernel.errors\n",
        "people.rules": "import tandem.people.errors\n",
        "people.models": "import tandem.people.rules\n",
        "people.queries": "import tandem.people.models\n",
        "people.actions": "import tandem.people.queries\n",
        "people.api": "import tandem.people.actions\n",
        "people.views": "import tandem.people.actions\n",
        "people.urls": "import tandem.people.views\n",
        "people.apps": "",
        "campaigns": "",
        "campaigns.models": "import tandem.people.models\n",
        "campaigns.queries": "import tandem.campaigns.models\n",
        "campaigns.views": "import tandem.campaigns.queries\n",
        "web": "",
        "web.home": "import tandem.people.views\n",
        "api": "import tandem.people.api\n",
        "project": "",
        "project.urls": "import tandem.people.urls, tandem.people.api\n",
    }
    files |= {name.removeprefix("tandem."): "" for name in kernel_parts()}
    packages = {"", "kernel", "ui", "people", "campaigns", "web", "api", "project"}
    for name, text in files.items():
        path = tmp_path / "tandem" / name.replace(".", "/")
        path = path / "__init__.py" if name in packages else path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def plant(house: Path, module: str, text: str) -> str:
    path = (house / "tandem" / module.replace(".", "/")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(text)
    done = lint(house, house / "pyproject.toml")
    assert done.returncode == 1, done.stdout
    return done.stdout


def test_the_house_keeps_its_contracts():
    done = lint(ROOT, ROOT / "pyproject.toml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_model_house_is_without_fault(model_house):
    done = lint(model_house, model_house / "pyproject.toml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "import tandem.campaigns.models\n",
        "def late():\n    import tandem.campaigns.models\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tandem.campaigns.models\n",
    ],
    ids=["at the top", "in a function", "for types alone"],
)
def test_an_import_of_a_room_above_is_found(model_house, text):
    told = plant(model_house, "people.queries", text)
    assert "tandem.people is not allowed to import tandem.campaigns" in told


def test_a_room_that_the_plan_does_not_know_is_found(model_house):
    assert "- tandem.gadgets" in plant(model_house, "gadgets.__init__", "")


@pytest.mark.parametrize(
    ("low", "high"),
    [("queries", "actions"), ("models", "queries"), ("actions", "views"), ("views", "api")],
)
def test_an_import_against_the_order_of_a_room_is_found(model_house, low, high):
    told = plant(model_house, f"people.{low}", f"import tandem.people.{high}\n")
    assert f"tandem.people.{low} is not allowed to import tandem.people.{high}" in told


def test_a_room_that_opens_the_door_of_another_is_found(model_house):
    told = plant(model_house, "campaigns.views", "import tandem.people.views\n")
    assert "tandem.campaigns.views -> tandem.people.views" in told


@pytest.mark.parametrize("known", ["django.db", "tandem.people.models", "tandem.kernel.actions"])
def test_a_rule_that_knows_more_than_values_is_found(model_house, known):
    told = plant(model_house, "people.rules", f"import {known}\n")
    assert f"tandem.people.rules -> {known.split('.db')[0]}" in told


def test_the_floors_are_told_once():
    layers = [
        name.strip(" ()") for row in contracts()["house"]["layers"] for name in row.split("|")
    ]
    assert sorted(layers) == sorted(FLOORS)
    assert [name for name in reversed(layers) if name not in {"web", "api"}] == [
        name for name in FLOORS if name not in {"web", "api"}
    ]
