"""Both sides of the seam in real browsers: each sees the other act, without reload."""

import pytest
from playwright.sync_api import expect

from tests.faults.tree import within


@pytest.fixture(scope="module")
def seller(api_of):
    """Priya, as the API names her."""
    users = api_of("priya").ask("GET", "/users?limit=200")["items"]
    return next(one for one in users if one["name"].startswith("Priya"))


@pytest.fixture
def hand_off(api_of, seller, word):
    """Marketing hands a new person off to Priya by API."""

    def make(name):
        person = api_of("isla").add(name=f"{name} {word}", email=f"{name.lower()}@{word}.example")
        api_of("isla").add("leads", person=person["id"], asked_for=f"Tins for {name}",
                           owner=seller["email"])  # fmt: skip
        return person

    return make


def listening(page):
    expect(page.locator("html")).to_have_attribute("data-live-state", "open")


def test_a_hand_off_appears_is_accepted_and_given_back_while_both_watch(
    open_as, hand_off, word, api_of
):
    inbox = open_as("priya", "/handoffs")
    ledger = open_as("isla", "/handoffs/sent?show=all")
    listening(inbox)
    listening(ledger)
    inbox.evaluate("window.sameDocument = true")
    ledger.evaluate("window.sameDocument = true")

    hand_off("Rosalind")
    row = inbox.locator(".c-queue a", has_text=f"Rosalind {word}")
    expect(row).to_be_visible(timeout=within(2) * 1000)
    expect(ledger.locator("article", has_text=f"Rosalind {word}")).to_be_visible(
        timeout=within(2) * 1000
    )

    row.click()
    expect(inbox.locator(".c-offer h2").first).to_have_text(f"Rosalind {word}")
    expect(inbox.locator(".c-offer [data-clock]")).to_be_visible()
    inbox.keyboard.press("a")
    expect(inbox.get_by_text("Log a contact")).to_be_visible()
    entry = ledger.locator("article", has_text=f"Rosalind {word}")
    expect(entry.get_by_text("touch")).to_be_visible(timeout=within(2) * 1000)
    assert ledger.evaluate("window.sameDocument") is True

    inbox.keyboard.press("2")  # not yet: the reasons wait for r
    expect(inbox.get_by_text("Log a contact")).to_be_visible()
    inbox.keyboard.press("r")
    expect(inbox.locator("#reasons.is-armed")).to_be_visible()
    inbox.keyboard.press("2")
    expect(entry.get_by_text("Too small")).to_be_visible(timeout=within(3) * 1000)

    entry.get_by_label("Your reply").fill("Right, thank you.")
    hand_off("Cillian")  # what somebody types in is not replaced meanwhile
    ledger.wait_for_timeout(1200)
    expect(entry.get_by_label("Your reply")).to_have_value("Right, thank you.")
    entry.get_by_role("button", name="Agree", exact=True).click()
    ledger.goto("/handoffs/sent?show=rejected")
    expect(
        ledger.locator("article", has_text=f"Rosalind {word}").get_by_text("Right, thank you.")
    ).to_be_visible()


def test_what_is_pressed_is_not_replaced_before_it_is_released(open_as, hand_off, word):
    ledger = open_as("isla", "/handoffs/sent?show=all")
    hand_off("Maeve")
    entry = ledger.locator("article", has_text=f"Maeve {word}")
    expect(entry).to_be_visible(timeout=within(2) * 1000)
    listening(ledger)
    entry.hover()
    ledger.mouse.down()
    held = entry.element_handle()
    hand_off("Niall")
    later = ledger.locator("article", has_text=f"Niall {word}")
    ledger.wait_for_timeout(within(2) * 1000)
    assert held.evaluate("element => element.isConnected")
    assert later.count() == 0
    ledger.mouse.up()
    expect(later).to_be_visible(timeout=within(2) * 1000)


def test_the_page_catches_up_after_it_was_away(open_as, hand_off, word):
    inbox = open_as("priya", "/handoffs")
    listening(inbox)
    inbox.context.set_offline(True)
    inbox.wait_for_timeout(300)
    inbox.context.set_offline(False)
    hand_off("Elin")

    row = inbox.locator(".c-queue a", has_text=f"Elin {word}")
    expect(row).to_be_visible(timeout=within(8) * 1000)


def test_without_scripts_the_inbox_works(context_of, product, browser, hand_off, word):
    hand_off("Finn")
    stored = context_of("priya").storage_state()
    context = browser.new_context(
        base_url=product.url, java_script_enabled=False, storage_state=stored
    )
    page = context.new_page()
    page.goto("/handoffs")
    page.locator(".c-queue a", has_text=f"Finn {word}").click()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Log a contact")).to_be_visible()
    context.close()
