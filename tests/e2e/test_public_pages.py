"""The public in a real browser: nothing is kept before consent, refusing costs nothing, pages are
readable by everybody, and no script is needed."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.product import Api, context_for
from tests.faults.tree import Tree

FIELDS = """name | Your name * | text
email | Mail address * | email
phone | Phone | phone
about | What is it about? | choice: Tins, Cards
message | How can we help? | long 2000
first | This is my first order | tick"""
BODY = """# Why shops take them

They ship flat, stack without a rack, and sell without a word.

- Minimum order of 24, mixed as you like
- Carriage paid from £150

+ Two days: from our door to yours
+ Returns: what does not sell by January comes back
+ Samples: free for shops

> Sold out in the first week of December. — Ann Kowalczyk, Harbour Gifts"""


@pytest.fixture(scope="module")
def slug(word: str, api_of: Callable[[str], Api]) -> str:
    """The address of a published page with a form of its own."""
    isla = api_of("isla")
    isla.add(
        "forms",
        name="Ask for trade prices",
        slug=word,
        fields=FIELDS,
        status="published",
        raises_hand=True,
        contact_kind="pricing",
        intro="We answer within one working day.",
        button="Send me the prices",
        consent_wording="Send me news of the range by e-mail. I can stop that at any time.",
    )
    isla.add(
        "pages",
        name="Winter tins",
        slug=word,
        headline="Winter tins that sell themselves",
        lead="Thistle & Tin makes gift tins for independent shops.",
        blocks=BODY,
        form=word,
        status="published",
    )
    return word


@pytest.fixture
def window(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """A new browser of somebody from outside."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        opened.append(context_for(browser, **options))
        return opened[-1]

    yield make
    for context in opened:
        context.close()


def kept_in(page: Page) -> list[Any]:
    """All that a browser keeps of a page."""
    kept: list[Any] = page.evaluate(
        "[Object.entries(localStorage), Object.entries(sessionStorage), document.cookie]"
    )
    return kept


def heard_by(page: Page) -> list[dict[str, Any]]:
    """The events that a page sends, as they go out."""
    events: list[dict[str, Any]] = []

    def note(request: Any) -> None:
        if request.url.endswith("/t/events"):
            events.extend(json.loads(request.post_data)["events"])

    page.on("request", note)
    return events


def until(holds: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 10
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def fill_in(page: Page, address: str) -> None:
    page.fill("input[name=name]", "Ann Kowalczyk")
    page.fill("input[name=email]", address)
    page.fill("textarea[name=message]", "Two hundred for December?")


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize("dark", [False, True])
def test_pages_are_sound_for_everybody(window, product: Tree, slug, phone, dark):
    page = window(phone=phone, dark=dark).new_page()
    for path in (f"/p/{slug}", f"/f/{slug}", f"/f/{slug}/thanks"):
        page.goto(f"{product.url}{path}")
        page.wait_for_load_state("networkidle")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width == page.viewport_size["width"]


def test_nothing_is_kept_before_consent_and_refusing_keeps_no_id(
    window, product: Tree, slug, api_of, word
):
    context = window()
    page = context.new_page()
    events = heard_by(page)
    page.goto(f"{product.url}/p/{slug}?utm_campaign=winter&utm_medium=email")
    page.wait_for_selector("[data-tandem-bar]:not([hidden])")
    until(lambda: events)
    assert kept_in(page) == [[], [], ""]
    page.click("[data-tandem-consent=no]")
    assert page.locator("[data-tandem-bar]").is_hidden()
    assert kept_in(page) == [[], [["tandem", "no"]], ""]
    fill_in(page, f"no-{word}@lee.example")
    page.click("button[type=submit]")
    page.wait_for_url("**/thanks")
    page.wait_for_load_state("networkidle")
    assert context.cookies() == []
    assert {event["visitor"] for event in events} == {""}
    [came] = api_of("isla").ask("GET", f"/submissions?q=no-{word}")["items"]
    assert (came["utm_campaign"], came["channel"]) == ("winter", "email")


def test_who_agrees_is_recognised_from_then_on(window, product: Tree, slug, word, api_of):
    page = window().new_page()
    events = heard_by(page)
    page.goto(f"{product.url}/p/{slug}?utm_source=news")
    page.click("[data-tandem-consent=yes]")
    until(lambda: len(events) == 2)
    [(_key, visitor)] = kept_in(page)[0]
    assert [(event["name"], event["visitor"]) for event in events] == [
        ("page", ""),
        ("consent", visitor),
    ]
    page.goto(f"{product.url}/f/{slug}")
    assert page.locator("[data-tandem-bar]").is_hidden()
    fill_in(page, f"yes-{word}@lee.example")
    page.click("button[type=submit]")
    page.wait_for_url("**/thanks")
    assert page.evaluate("tandem.visitor()") == visitor
    page.evaluate("tandem.consent(false)")
    assert kept_in(page)[0] == []
    visitors = api_of("isla").ask("GET", "/metrics/visitors?by=source")["rows"]
    assert {row["source"]: row["value"] for row in visitors}["news"] >= 1


def test_a_browser_that_asks_not_to_be_tracked_sends_nothing(window, product: Tree, slug):
    context = window()
    context.add_init_script(
        "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
    )
    page = context.new_page()
    events = heard_by(page)
    page.goto(f"{product.url}/p/{slug}")
    page.wait_for_load_state("networkidle")
    assert page.locator("[data-tandem-bar]").is_hidden()
    assert (events, kept_in(page)) == ([], [[], [], ""])


def test_it_works_without_scripts_and_a_mistake_costs_no_typing(
    window, product: Tree, slug, word, api_of
):
    page = window(java_script_enabled=False, phone=True).new_page()
    page.goto(f"{product.url}/p/{slug}?utm_campaign=spring")
    fill_in(page, "nobody")
    page.click("button[type=submit]")
    page.wait_for_selector("[role=alert]")
    assert page.input_value("textarea[name=message]") == "Two hundred for December?"
    page.fill("input[name=email]", f"plain-{word}@lee.example")
    page.check("input[name=_consent]")
    page.click("button[type=submit]")
    page.wait_for_url("**/thanks")
    [came] = api_of("isla").ask("GET", f"/submissions?q=plain-{word}")["items"]
    assert (came["state"], came["utm_campaign"], came["has_consent"]) == (
        "accepted",
        "spring",
        True,
    )
