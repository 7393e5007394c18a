"""No key is heard by a script without standing in the sheet of keys (`?`)."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.house.sources import PACKAGE
from tests.house.test_templates import templates

SCRIPTS = PACKAGE.parent / "frontend" / "scripts"
# Parts of a page that hear the keys that each such part hears everywhere, while one is in it.
OF_THEIR_KIND = {
    "combobox": "arrows, Enter and Esc in a list of choices",
    "menus": "arrows, Home, End, letters and Esc in a menu",
    "mentions": "arrows, Enter, Tab and Esc in the list of colleagues",
    "palette": "arrows and Enter; they stand at its foot",
    "tabs": "arrows in a bar of tabs",
}
_COMMENT = re.compile(r"(?m)^\s*//[^\n]*$|/\*.*?\*/|(?<=\s)// [^\n]*$", re.DOTALL)
_ROW = re.compile(r'data-key-row="(?P<keys>[^"]+)"(?:\s+data-key-by="(?P<by>[^"]+)")?')
_NAMED = {
    "ArrowUp": "up",
    "ArrowDown": "down",
    "ArrowLeft": "left",
    "ArrowRight": "right",
    "Escape": "esc",
    "Enter": "enter",
    "Tab": "tab",
    "Home": "home",
    "End": "end",
    "F2": "f2",
    "Delete": "delete",
    "Backspace": "backspace",
}
_NAME = re.compile(rf"""["'\s{{]({"|".join(_NAMED)})(?:["']|:)""")
# What comes before a question mark only gives the key another name.
_COMPARED = re.compile(r"""(?:key|letter|stroke)\s*===\s*["']([^"']+)["'](?!\s*\?)""")
_CASE = re.compile(r"""case\s+["']([^"']{1,12})["']""")
_STEPS = re.compile(r"const STEPS = \{.*?\};", re.DOTALL)
_LETTER = re.compile(r"(?<![\w.])([a-z]): [\[{]")


def heard_in(script: str) -> set[str]:
    """The keys, without Ctrl, Shift and Alt, that the text of a script compares with; none where
    it listens to no key."""
    code = _COMMENT.sub("", script)
    if "keydown" not in code and "keyup" not in code:
        return set()
    found = {_NAMED[name] for name in _NAME.findall(code)}
    if '.startsWith("Arrow")' in code:
        found |= {"up", "down", "left", "right"}
    for text in (*_COMPARED.findall(code), *_CASE.findall(code)):
        found.add("space" if text == " " else _NAMED.get(text, bare(text)))
    for steps in _STEPS.findall(code):
        found |= set(_LETTER.findall(steps))
    return found - {"shift"}


def bare(stroke: str) -> str:
    return stroke.rpartition("+")[2].partition(" ")[0].lower()


def told_in(pages: Iterable[str]) -> dict[str, set[str]]:
    """By script the keys of its rows in these templates."""
    told: dict[str, set[str]] = {}
    for page in pages:
        for row in _ROW.finditer(page):
            for script in (row["by"] or "").split():
                told.setdefault(script, set()).update(map(bare, row["keys"].split(",")))
    return told


def untold(scripts: Mapping[str, str], pages: Iterable[str]) -> list[str]:
    """Keys that a script hears and no row tells, rows that name no script, and keys of theirs that
    it does not hear."""
    told = told_in(pages)
    wrong = [f"no script is named {name}" for name in told if name not in scripts]
    for name, text in scripts.items():
        heard = set() if name in OF_THEIR_KIND else heard_in(text)
        rows = told.get(name, set())
        wrong += [f"{name}.js hears {key}" for key in sorted(heard - rows)]
        if "[data-notice=" not in text:  # there the keys stand on the buttons
            wrong += [f"{name}.js does not hear {key}" for key in sorted(rows - heard - {"s"})]
    return wrong


def _scripts(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in sorted(folder.glob("*.js"))}


def test_every_key_that_a_script_hears_stands_in_the_sheet() -> None:
    scripts, pages = _scripts(SCRIPTS), [text for _where, text in templates(PACKAGE)]
    assert untold(scripts, pages) == []
    assert {"j", "k", "x", "a", "enter", "space", "esc", "up", "down"} == heard_in(scripts["lists"])
    assert {"s", "w", "j", "left"} <= heard_in(scripts["board"])
    listening = {name for name, text in scripts.items() if "keydown" in _COMMENT.sub("", text)}
    assert set(OF_THEIR_KIND) <= listening
    # Each that listens is one of these kinds or has rows.
    assert listening - set(OF_THEIR_KIND) == set(told_in(pages))


def test_a_key_without_a_row_is_found() -> None:
    script = """
    // Ctrl+q: event.key === "y" in a comment counts for nothing
    document.addEventListener("keydown", (event) => {
      if (event.key === "q") quit();
      else if (letter === "x" || event.key === "Enter") go();
      const to = { ArrowUp: -1 }[event.key];
      if (stroke === "ctrl+b") bold();
    });
    """
    page = '<span data-key-row="ctrl+b,enter" data-key-by="odd">…</span>'
    assert untold({"odd": script}, [page]) == [
        "odd.js hears q",
        "odd.js hears up",
        "odd.js hears x",
    ]
    rows = '<span data-key-row="q,up,x,z" data-key-by="odd gone">…</span>'
    assert untold({"odd": script}, [page, rows]) == [
        "no script is named gone",
        "odd.js does not hear z",
    ]
    assert untold({"quiet": 'if (event.key === "q") quit();'}, []) == []
