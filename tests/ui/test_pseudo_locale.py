"""Every word that a page says goes through gettext.

Each message is marked with ⟦ ⟧; a text without the mark must be data: made up by the gallery, or
marked `data-verbatim`, or a date.
"""

import ast
import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

import tandem.ui

ROOM = Path(tandem.ui.__file__).parent
SAID_BY = ("aria-label", "title", "placeholder", "alt", "label")
VOID = frozenset("area base br col hr img input link meta source track wbr".split())
QUIET = frozenset("script style kbd time title".split())
# The product's own name; names of parts of the gallery are its data, too.
NAMES = ("Tandem",)


class Texts(HTMLParser):
    """Collects what a reader sees or hears."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.found: list[str] = []
        self.own: list[bool] = []
        self.at = -1
        self.part = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        quiet = (
            tag in QUIET
            or "data-verbatim" in given
            or self._is_in_own_column(tag, given)
            or "c-face" in (given.get("class") or "").split()
            or any(was_quiet for _, was_quiet in self.open[-1:])
        )
        if not quiet:
            self.found += [given[name] or "" for name in SAID_BY if given.get(name)]
        if given.get("id") == "ui-words":
            self.found += [value or "" for name, value in attrs if name.startswith("data-")]
        if tag not in VOID:
            self.open.append((tag, quiet))

    def _is_in_own_column(self, tag: str, given: dict[str, str | None]) -> bool:
        """Whether a cell stands below a head that says so: the company's own words."""
        if tag == "table":
            self.own = []
        elif tag in ("thead", "tbody", "tfoot"):
            self.part = tag
        elif tag == "tr":
            self.at = -1
        elif tag in ("th", "td"):
            self.at += 1
        if tag == "th" and self.part == "thead":
            self.own.append("is-own" in (given.get("class") or "").split())
        return tag == "td" and self.part == "tbody" and self.own[self.at : self.at + 1] == [True]

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(quiet for _, quiet in self.open[-1:]):
            self.found.append(" ".join(data.split()))


@pytest.fixture
def pseudo_locale(monkeypatch):
    """Mark every message, whatever the catalogue says."""

    def mark(text: str) -> str:
        return f"⟦{text}⟧"

    translator = translation._trans  # type: ignore[attr-defined]
    monkeypatch.setattr(translator, "gettext", mark)
    monkeypatch.setattr(translator, "pgettext", lambda context, text: mark(text))
    monkeypatch.setattr(
        translator, "ngettext", lambda one, many, number: mark(one if number == 1 else many)
    )
    monkeypatch.setattr(
        translator,
        "npgettext",
        lambda context, one, many, number: mark(one if number == 1 else many),
    )


def samples() -> list[str]:
    """The made-up words of the gallery."""
    found: set[str] = set()
    for path in (ROOM / "templates" / "ui" / "gallery").glob("*.html"):
        source = html.unescape(re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8")))
        for piece in re.split(r"\{\{.*?\}\}|\{%.*?%\}|<[^>]*?\"|\"[^\"<>]*?\"|[<>\"]", source):
            found.add(" ".join(piece.split()))
        found |= {" ".join(one.split()) for one in re.findall(r'="([^"{}]+)', source)}
        found |= {" ".join(one.split()) for one in re.findall(r"([^<>{}\"%]+)", source)}
    for node in ast.walk(ast.parse((ROOM / "gallery.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(" ".join(node.value.split()))
    return [text for text in found if re.search(r"[^\W\d_]", text)]


def unmarked(texts: list[str], data: list[str]) -> Iterator[str]:
    """Texts with words of their own outside every mark."""
    longest_first = sorted({*data, *NAMES}, key=len, reverse=True)
    known = re.compile("|".join(rf"(?<!\w){re.escape(text)}(?!\w)" for text in longest_first))
    for text in texts:
        marked = re.compile(r"⟦[^⟦⟧]*⟧")
        rest = text
        while marked.search(rest):
            rest = marked.sub("", rest)
        if re.search(r"[^\W\d_]{2,}", known.sub("", rest)):
            yield text


@pytest.mark.usefixtures("design_site", "pseudo_locale")
@pytest.mark.parametrize(
    "path",
    [
        "/ui/components",
        "/ui/components/list",
        "/ui/components/record",
        "/ui/components/sign-in",
        "/ui/components/settings",
        "/ui/components/peek",
        "/refuse/missing",
        "/palette?q=nobody",
    ],
)
def test_every_text_goes_through_gettext(path):
    reader = Texts()
    reader.feed(Client().get(path).text)
    # What tests/ui/site.py registers is data of the tests.
    ours = ["Start", "Kit", "Listed", "Firm", "Priya Nair", "Trade sales", "nobody"]
    assert list(unmarked(reader.found, [*samples(), *ours])) == []
    assert any("⟦" in text for text in reader.found)


def test_an_unmarked_text_is_found():
    reader = Texts()
    reader.feed('<p>⟦Saved⟧</p><button aria-label="Close">Ann</button><b data-verbatim>Bee</b>')
    assert list(unmarked(reader.found, ["Ann"])) == ["Close"]
