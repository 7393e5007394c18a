"""The main job from end to end: from the campaign's link to the money, as visitor, seller,
marketer and leader, in a real browser and without touching the database."""

import re
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.product import Api, context_for
from tests.faults.tree import Tree, within

CAMPAIGN = "winter-tins-2026"
ARRIVES = f"/p/winter-tins?utm_source=newsletter&utm_medium=email&utm_campaign={CAMPAIGN}"
SELLERS = ("priya", "tom")


@pytest.fixture
def visitor(browser: Browser, product: Tree) -> Iterator[Page]:
    """Somebody who is not signed in."""
    context = context_for(browser, base_url=product.url)
    context.set_default_timeout(8000)
    yield context.new_page()
    context.close()


@pytest.fixture
def campaign(api_of: Callable[[str], Api]) -> str:
    """The address of the campaign's page."""
    found = api_of("morag").ask("GET", "/campaigns?q=Winter")["items"]
    return f"/campaigns/{found[0]['id']}"


def ask(visitor: Page, word: str, *, name: str) -> str:
    """Come by the campaign's mail, send its form, and be thanked; the name that was given."""
    visitor.goto(ARRIVES)
    visitor.get_by_label("Your name").fill(name)
    visitor.get_by_label("Mail address").fill(f"{name.split()[0].lower()}@{word}.example")
    visitor.get_by_label("Telephone").fill("+44 1573 224 455")
    visitor.get_by_label("Shop or company").fill(f"{word} Gifts")
    visitor.get_by_label("What are you looking for?").fill("Forty-eight thistle tins")
    visitor.get_by_label(re.compile("trade news")).check()
    visitor.wait_for_timeout(2500)  # who fills a form in less than two seconds is no person
    visitor.get_by_role("button", name="Send me the samples").click()
    expect(visitor.get_by_text("Thank you.")).to_be_visible()
    return name


def arrives_at(inboxes: dict[str, Page], name: str, *, seconds: float = 2) -> str:
    """Whose inbox shows the hand-off within so many seconds, without reload."""
    deadline = time.monotonic() + within(seconds)
    while time.monotonic() < deadline:
        for who, page in inboxes.items():
            if page.locator("#queue").get_by_text(name).count():
                return who
        inboxes[SELLERS[0]].wait_for_timeout(20)
    raise AssertionError(f"No seller has {name} in the inbox after {seconds} s.")


def revenue(api: Api) -> Decimal:
    rows = api.ask("GET", f"/metrics/revenue_net?filter=campaign:{CAMPAIGN}")["rows"]
    return sum((Decimal(str(row["value"])) for row in rows), Decimal(0))


def walk(
    open_as: Callable[..., Page],
    api: Api,
    visitor: Page,
    campaign: str,
    word: str,
    *,
    hurt: Callable[[str], object],
    patience: float,
) -> None:
    """The whole way; ``hurt`` is told when a part may be killed, ``patience`` is in seconds."""
    inboxes = {who: open_as(who, "/handoffs") for who in SELLERS}
    ledger = open_as("isla", "/handoffs/sent?show=all")
    results = open_as("morag", campaign)
    before = revenue(api)

    name = ask(visitor, word, name=f"Nora {word}")
    hurt("worker")
    seller = arrives_at(inboxes, name, seconds=patience)
    expect(ledger.locator("#ledger").get_by_text(name)).to_be_visible()

    # The offer with its evidence and its clock.
    page = inboxes[seller]
    page.locator("#queue").get_by_text(name).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    offer = page.locator("#offer")
    expect(offer).to_contain_text("Why now")
    expect(offer).to_contain_text("Winter Tins 2026")
    expect(offer.locator(".c-clock").first).to_contain_text(re.compile("accept|in ", re.IGNORECASE))

    # Taken on by one key; marketing sees it without reload.
    page.keyboard.press("a")
    expect(page.locator("#offer")).to_contain_text("Accepted")
    row = ledger.locator("#ledger article", has_text=name)
    expect(row).to_contain_text("touch")

    hurt("postgres")

    # The deal, from the lead; won.
    page.get_by_role("link", name="Open deal").first.click()
    dialog = page.locator("#dialog")
    dialog.get_by_label("Amount").fill("1250.40")
    dialog.get_by_role("button", name="Open deal").click()
    expect(page.locator("#deal-head")).to_contain_text("£1,250.40")
    page.get_by_role("link", name="Won").click()
    page.locator("#dialog").get_by_role("button", name="Won").click()
    hurt("worker")
    expect(page.locator("#deal-head")).to_contain_text("Won")

    # The campaign shows the money, by itself and to the penny.
    deadline = time.monotonic() + max(patience, 10)
    while revenue(api) != before + Decimal("1250.40"):
        assert time.monotonic() < deadline, "The order was not booked."
        page.wait_for_timeout(100)
    shown = f"{before + Decimal('1250.40'):,.2f}".removesuffix(".00")
    amount = re.compile(f"£{re.escape(shown.split('.')[0])}")
    expect(results.locator("#main")).to_contain_text(amount, timeout=1000 * max(patience, 5))

    # The same person's story, as one line, seen by everyone.
    found = api.ask("GET", f"/people?q={word}")["items"]
    person = next(one for one in found if one["name"] == name)
    story = open_as("isla", f"/people/{person['id']}")
    expect(story.locator(".c-journey")).to_contain_text("Customer")
    expect(story.locator(".c-story")).to_contain_text("Trade samples")


def test_from_the_link_to_the_money(open_as, api_of, visitor, campaign, word):
    walk(
        open_as,
        api_of("morag"),
        visitor,
        campaign,
        word,
        hurt=lambda part: None,
        patience=2,
    )


@pytest.mark.faults
def test_the_same_with_worker_and_postgres_killed_on_the_way(
    open_as, api_of, visitor, campaign, word, product
):
    # No name may stand in that of another test.
    word = f"k{word}"
    walk(open_as, api_of("morag"), visitor, campaign, word, hurt=product.kill, patience=90)


def test_a_rejection_comes_back_with_a_reason_and_is_answered(open_as, visitor, word):
    inboxes = {who: open_as(who, "/handoffs") for who in SELLERS}
    ledger = open_as("isla", "/handoffs/sent?show=all")
    name = ask(visitor, word, name=f"Rex {word}")
    seller = arrives_at(inboxes, name)

    page = inboxes[seller]
    page.locator("#queue").get_by_text(name).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    address = page.url
    page.keyboard.press("r")
    expect(page.locator("#reasons.is-armed")).to_be_visible()  # else 2 means nothing
    page.keyboard.press("2")
    row = ledger.locator("#ledger article", has_text=name)
    expect(row).to_contain_text("Too small")

    # Marketing answers in place; the seller sees it.
    watching = open_as(seller, address)
    row.get_by_role("button", name=re.compile("agree", re.IGNORECASE)).first.click()
    expect(watching.locator("#offer")).to_contain_text(re.compile("agree", re.IGNORECASE))


def test_the_demo_opens_on_the_walk_and_tells_each_step(browser, product, word):
    context = context_for(browser, base_url=product.url)
    context.set_default_timeout(8000)
    page = context.new_page()
    page.goto("/")
    expect(page).to_have_url(re.compile("/walk$"))
    page.get_by_role("button", name="Begin the walk").click()
    expect(page.locator(".c-walk_steps .is-now")).to_contain_text("A visitor asks")

    visitor = page.frame_locator("iframe[name=walk-visitor]")
    teams = page.frame_locator("iframe[name=walk-team]")
    expect(teams.locator("#queue")).to_be_visible()
    visitor.get_by_label("Your name").fill(f"Wanda {word}")
    visitor.get_by_label("Mail address").fill(f"wanda@{word}.example")
    page.wait_for_timeout(2500)
    visitor.get_by_role("button", name="Send me the samples").click()
    expect(teams.locator("#queue").get_by_text(f"Wanda {word}")).to_be_visible()
    expect(page.locator(".c-walk_steps .is-now")).to_contain_text("Sales answers")
    expect(page.locator(".c-walk_person .c-journey")).to_contain_text("Offered")
    context.close()
