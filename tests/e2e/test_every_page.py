"""Every page, wide and light, small and dark: open to everyone, quiet, strict, of one heading."""

from collections.abc import Callable, Mapping
from html.parser import HTMLParser

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.e2e.screenshots import pages

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
OPTIONS = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
UNDER_A_BAR = {"runOnly": {"type": "rule", "values": ["target-size"]}}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WINDOWS = [{"phone": False, "dark": False}, {"phone": True, "dark": True}]


def heard(page: Page) -> list[str]:
    """What the console will complain of: errors of scripts, refusals of the content policy."""
    found: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # The browser notes an error page as a resource that failed to load; it is meant here.
        if message.type == "error" and "Failed to load resource" not in message.text:
            found.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


class Inline(HTMLParser):
    """The tags of a page that bear a script or a style of their own; what is text stays text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        bears = {name for name in names if name == "style" or name.startswith("on")}
        if bears or tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"{self.get_starttag_text()}"[:200])


def violations(page: Page) -> list[str]:
    return [
        f"{one['id']}: {node['html'][:200]}"
        for one in Axe().run(page, options=OPTIONS).response["violations"]
        for node in one["nodes"]
        if one["id"] != "target-size" or _stays_small(page, node["target"][0])
    ]


def _stays_small(page: Page, target: str) -> bool:
    """Whether a target is too small where it has been scrolled to, too.

    A bar that stays at the foot of a telephone always covers a part of some target, by the
    length of a name on the page; what counts is that one can scroll it free.
    """
    page.locator(target).evaluate("one => one.scrollIntoView({block: 'center'})")
    return bool(Axe().run(page, target, options=UNDER_A_BAR).response["violations"])


def test_only_tags_bear_what_is_inline():
    assert Inline('<p title="<img src=x onerror=y>">&lt;img onerror=y&gt;</p>').found == []
    assert Inline('<script src="a.js"></script><a href="#" class="on">x</a>').found == []
    assert Inline("<p style='a'>").found == ["<p style='a'>"]
    assert Inline("<b onclick=a()>").found == ["<b onclick=a()>"]
    assert Inline("<script>a()</script>").found == ["<script>"]
    assert Inline("<style>a{}</style>").found == ["<style>"]


@pytest.mark.parametrize("window", WINDOWS, ids=["wide-light", "phone-dark"])
def test_every_page_is_open_quiet_and_strict(open_as, product, window):
    page = open_as("morag", "/", **window)
    complaints = heard(page)
    wrong: dict[str, list[str]] = {}
    for name, path in pages(page, product.url):
        if name == "components":  # looked at in all its parts by tests/ui
            continue
        answer = page.goto(path)
        assert answer is not None
        source = answer.text()
        found = violations(page)
        found += [f"inline: {one}" for one in Inline(source).found]
        found += [f"console: {one}" for one in complaints]
        headings = page.locator("h1").count()
        found += [] if headings == 1 else [f"{headings} h1"]
        sideways = page.evaluate(SIDEWAYS)
        found += [] if sideways <= 0 else [f"{sideways} pixels to the side"]
        complaints.clear()
        if found:
            wrong[name] = found
    assert wrong == {}


def _dialog(link: str) -> Callable[[Page], None]:
    def open_it(page: Page) -> None:
        page.get_by_role("link", name=link, exact=True).first.click()
        expect(page.locator("#dialog[open]")).to_be_visible()

    return open_it


def _palette(page: Page) -> None:
    if page.locator(".c-tabbar").is_visible():
        page.locator(".c-tabbar").get_by_role("button", name="More").click()
        page.locator("#more [data-palette-open]").click()
    else:
        page.keyboard.press("Control+k")
    expect(page.locator("[data-palette-input]")).to_be_focused()
    page.keyboard.type("kow")
    expect(page.locator("#palette [role=option]").first).to_contain_text("Kowalczyk")


def _keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.locator("#keys[open]")).to_be_visible()


def _columns(page: Page) -> None:
    page.locator("details.c-columns summary").click()


def _edit(page: Page) -> None:
    page.locator("tbody a.who:visible").first.click()
    page.get_by_role("button", name="Edit Title").click()
    expect(page.locator(".is-editing input[name=title]")).to_be_focused()


def _menu(page: Page) -> None:
    page.locator("tbody a.who:visible").first.click()
    page.get_by_role("button", name="More").first.click()
    expect(page.get_by_role("menuitem", name="Delete")).to_be_visible()


def _peek(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page.locator("#peek:not([hidden]) [data-peek-body]")).to_be_visible()


STATES: Mapping[str, Callable[[Page], None]] = {
    "filter": _dialog("Filter"),
    "palette": _palette,
    "keys": _keys,
    "columns": _columns,
    "edit": _edit,
    "menu": _menu,
    "peek": _peek,
}


@pytest.mark.parametrize("window", WINDOWS, ids=["wide-light", "phone-dark"])
def test_what_opens_on_a_page_is_open_to_everyone_too(open_as, window):
    page = open_as("morag", "/people", **window)
    complaints = heard(page)
    wrong: dict[str, list[str]] = {}
    for name, show in STATES.items():
        if name in ("peek", "columns") and window["phone"]:
            continue
        page.goto("/people")
        show(page)
        found = [*violations(page), *complaints]
        sideways = page.evaluate(SIDEWAYS)
        found += [] if sideways <= 0 else [f"{sideways} pixels to the side"]
        complaints.clear()
        if found:
            wrong[name] = found
    assert wrong == {}
