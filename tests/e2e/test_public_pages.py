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


def until(holds: Callable[[], Any], page: Page | None = None) -> Any:
    """Wait until something holds; what a page is yet to tell is heard while the page waits."""
    deadline = time.monotonic() + 10
    while not (found := holds()):
        assert time.monotonic() < deadline
        if page is not None:
            page.wait_for_timeout(50)
        else:
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
    until(lambda: events, page)
    assert kept_in(page) == [[], [], ""]
    page.click("[data-tandem-consent=no]")
    assert page.locator("[data-tandem-bar]").is_hidden()
    assert kept_in(page) == [[], [], ""]
    fill_in(page, f"no-{word}@lee.example")
    page.click("button[type=submit]")
    page.wait_for_url("**/thanks")
    page.wait_for_load_state("networkidle")
    assert (context.cookies(), kept_in(page)) == ([], [[], [], ""])
    page.goto(f"{product.url}/p/{slug}")
    page.wait_for_load_state("networkidle")
    assert page.locator("[data-tandem-bar]").is_hidden()
    assert {event["visitor"] for event in events} == {""}
    [came] = api_of("isla").ask("GET", f"/submissions?q=no-{word}")["items"]
    assert (came["utm_campaign"], came["channel"]) == ("winter", "email")


def test_who_agrees_is_recognised_from_then_on(window, product: Tree, slug, word, api_of):
    page = window().new_page()
    events = heard_by(page)
    page.goto(f"{product.url}/p/{slug}?utm_source=news")
    page.click("[data-tandem-consent=yes]")
    until(lambda: len(events) == 2, page)
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


def test_what_is_followed_sent_and_looked_at_is_told_without_what_it_holds(
    window, product: Tree, slug, word
):
    page = window().new_page()
    events = heard_by(page)
    page.route("https://shop.example/**", lambda route: route.fulfill(body="there"))
    page.goto(f"{product.url}/p/{slug}")
    page.evaluate(
        """() => document.querySelector("main").insertAdjacentHTML("afterbegin",
            `<a href="https://shop.example/tins?for=ann@lee.example#red">Shop</a>
             <a href="/static/prices.PDF?token=x">Prices</a>
             <a href="mailto:ann@lee.example">Write</a>
             <a href="#top">Top</a>`)"""
    )
    page.evaluate(
        "addEventListener('click', (event) => event.target.matches('a') && event.preventDefault())"
    )
    for name in ("Shop", "Prices", "Write", "Top"):
        page.get_by_role("link", name=name, exact=True).click()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.wait_for_timeout(1100)
    page.evaluate("history.pushState({}, '', '?step=2')")
    until(lambda: [one for one in events if one["name"] == "leave"], page)
    page.get_by_role("link", name="Shop", exact=True).click(button="middle")
    page.bring_to_front()  # it opened beside this page
    fill_in(page, f"told-{word}@lee.example")
    page.click("button[type=submit]")
    page.wait_for_url("**/thanks")
    told = list(events)
    shop = ("outbound", {"to": "https://shop.example/tins"})
    files = ("download", {"file": f"{product.url}/static/prices.PDF"})
    named = [(one["name"], one["props"]) for one in told]
    assert [one for one in named if one[0] in ("outbound", "download")] == [shop, files, shop]
    assert [one for one in named if one[0] == "form"] == [("form", {"form": ""})]
    leave = next(one for one in told if one["name"] == "leave")
    assert leave["url"] == f"{product.url}/p/{slug}"
    assert (leave["props"]["seconds"] >= 1, leave["props"]["scrolled"]) == (True, 100)
    assert "lee.example" not in json.dumps(told)
    assert kept_in(page) == [[], [], ""]


def test_who_leaves_tells_so_on_the_way_out(window, product: Tree, slug, api_of):
    """Nobody hears a browser's last words but the collector."""

    def leaves() -> int:
        rows = api_of("isla").ask("GET", "/metrics/events?by=name")["rows"]
        return sum(int(row["value"]) for row in rows if row["name"] == "leave")

    before = leaves()
    page = window().new_page()
    page.goto(f"{product.url}/p/{slug}")
    page.wait_for_timeout(1100)
    page.goto("about:blank")
    assert until(lambda: leaves() > before)


def test_a_page_that_changes_its_address_is_another_page(window, product: Tree, slug):
    page = window().new_page()
    events = heard_by(page)
    page.goto(f"{product.url}/p/{slug}")
    until(lambda: events, page)
    page.wait_for_timeout(1100)
    page.evaluate("history.pushState({}, '', '?tab=prices')")
    until(lambda: len(events) == 3, page)
    assert [(one["name"], one["url"]) for one in events] == [
        ("page", f"{product.url}/p/{slug}"),
        ("leave", f"{product.url}/p/{slug}"),
        ("page", f"{product.url}/p/{slug}?tab=prices"),
    ]


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
