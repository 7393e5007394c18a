"""The front-end's own build: the cut through Tabler, the names of built files, the second run."""

import importlib.util
import json
import re
import time
from pathlib import Path

import pytest

from tandem.ui import assets

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend"


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, FRONTEND / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".btn{a:b}.card{c:d}", ".btn{a:b}"),
        (".btn,.card .btn,a.btn:hover{a:b}", ".btn,a.btn:hover{a:b}"),
        ("/* .card{} */body{a:b}", "body{a:b}"),
        ("@media (min-width: 1px){.card{a:b}}", ""),
        ("@media (min-width: 1px){.btn{a:b}.card{a:b}}", "@media (min-width: 1px){.btn{a:b}}"),
        ("@keyframes x{from{a:b}}@charset 'x';p{a:b}", "p{a:b}"),
        (":is(.btn, .card){a:b}:not(.btn){c:d}", ":not(.btn){c:d}"),
        ('.btn{background:url("x{}")}.card{}', '.btn{background:url("x{}")}'),
    ],
)
def test_what_is_not_kept_is_cut(css, left):
    assert load("trim").trim(css, keep=frozenset({"btn"})).replace("\n", "") == left


def test_the_lock_holds_no_address_of_a_registry():
    lock = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []


def test_our_scripts_evaluate_nothing():
    sources = [path.read_text(encoding="utf-8") for path in (FRONTEND / "scripts").glob("*.js")]
    assert not any(
        re.search(r"\beval\(|new Function|setAttribute\(\"(?:on|style)", s) for s in sources
    )


def test_every_style_file_is_part_of_a_sheet():
    styles = FRONTEND / "styles"
    imported = {
        name: set(re.findall(r'@import "\./([^"]+)"', (styles / name).read_text(encoding="utf-8")))
        for name in ("app.css", "public.css")
    }
    files = {path.relative_to(styles).as_posix() for path in styles.rglob("*.css")}
    assert imported["app.css"] | imported["public.css"] == files - set(imported)
    # What visitors see has a folder of its own, which the shell does without.
    assert not [name for name in imported["app.css"] if name.startswith("public/")]
    assert not [name for name in imported["public.css"] if name.startswith("shell/")]


def test_every_style_file_names_its_layer():
    for path in (FRONTEND / "styles" / "components").glob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith("@layer components {"), path.name
        assert text.count("@layer") == 1, path.name


def test_every_component_of_a_template_has_a_file():
    names = {path.stem for path in (ROOT / "tandem/ui/templates/cotton").glob("*.html")}
    used = {
        tag
        for path in (ROOT / "tandem").glob("*/templates/**/*.html")
        for tag in re.findall(r"<c-([a-z-]+)", path.read_text(encoding="utf-8"))
    }
    assert used - names - {"slot", "vars"} == set()


def test_every_icon_of_a_template_is_in_the_list():
    listed = set((FRONTEND / "icons.txt").read_text(encoding="utf-8").split("\n"))
    used = {
        name
        for path in (ROOT / "tandem").glob("*/templates/**/*.html")
        for name in re.findall(
            r"""(?:\{% icon "|\sicon=")([a-z0-9-]+)""", path.read_text(encoding="utf-8")
        )
    }
    assert used - listed == set()


@pytest.mark.skipif(not assets.STAMP.exists(), reason="the front-end is not built")
def test_a_second_build_does_nothing_and_is_quick():
    build = load("build")
    if build.built_digest() != build._digest():
        pytest.skip("the sources have changed since the last build")
    began = time.monotonic()
    assert build.build() is False
    assert time.monotonic() - began < 0.2


@pytest.mark.skipif(not assets.STAMP.exists(), reason="the front-end is not built")
def test_built_files_are_found_by_their_plain_name():
    for name in ("app.css", "app.js", "icons.svg", "fonts/inter-latin-wght-normal.woff2"):
        address = assets.asset_url(name)
        assert re.fullmatch(r"/static/ui/.+-[A-Z0-9]{8}\.\w+", address)
        assert (assets.FOLDER.parent / address.removeprefix("/static/")).is_file()


def test_a_rooms_own_file_changes_its_address_with_its_content():
    address = assets.versioned_url("accounts/passkeys.js")
    assert re.fullmatch(r"/static/accounts/passkeys\.js\?v=[0-9a-f]{8}", address)
    assert assets.versioned_url("nowhere/none.js") == "/static/nowhere/none.js"
