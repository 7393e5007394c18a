"""The board in a real browser: by keys, by drag, by menu, by another's eyes, without a script."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, Route, expect

DISCOVERY, SAMPLES, PROPOSAL, NEGOTIATION = range(4)


@pytest.fixture
def board_with(open_as, api_of, word):
    """Deals of Priya's own in the first stage, on a board that shows just them."""

    def furnish(*names: str, **fields):
        made = [
            api_of("priya").add("deals", name=f"{name} {word}", currency="GBP", **fields)
            for name in names
        ]
        page = open_as("priya", f"/deals/board?q={word}")
        expect(page.locator("html")).to_have_attribute("data-live-state", "open")
        page.wait_for_load_state("networkidle")  # what was missed before the stream opened
        return page, made

    yield furnish
    for deal in api_of("priya").ask("GET", f"/deals?q={word}&limit=200")["items"]:
        if deal["status"] == "won":
            api_of("priya").ask("POST", f"/deals/{deal['id']}/reopening", {})
        api_of("morag").ask("DELETE", f"/deals/{deal['id']}")


def card(page: Page, deal):
    return page.locator(f"[data-card='{deal['id']}']")


def column(page: Page, at: int):
    return page.locator("[data-stage]").nth(at)


def stage_of(api_of, deal) -> str:
    found = api_of("priya").ask("GET", f"/deals/{deal['id']}")
    return str(found["stage"]["name"])


def box_of(element: Locator):
    """Where something is, once it is there: the board may just be drawn anew."""
    expect(element).to_be_visible()
    found = element.bounding_box()
    assert found is not None
    return found


def drag(page: Page, deal, target) -> None:
    held = box_of(card(page, deal))
    page.mouse.move(held["x"] + 60, held["y"] + 40)
    page.mouse.down()
    page.mouse.move(held["x"] + 80, held["y"] + 60, steps=4)
    expect(page.locator(".c-zone.is-won")).to_be_visible()
    there = box_of(target)
    page.mouse.move(there["x"] + there["width"] / 2, there["y"] + there["height"] / 2, steps=10)
    page.wait_for_timeout(150)
    page.mouse.up()


def test_cards_are_moved_by_keys(board_with, api_of):
    page, (first, second) = board_with("One", "Two", amount="100")
    page.keyboard.press("j")
    expect(card(page, second).locator("[data-card-link]")).to_be_focused()
    page.keyboard.press("j")
    expect(card(page, first).locator("[data-card-link]")).to_be_focused()
    page.keyboard.press("s")
    page.keyboard.press("3")
    expect(column(page, PROPOSAL).locator(f"[data-card='{first['id']}']")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("moved to Proposal")
    expect(column(page, PROPOSAL).locator("h2 .num")).to_have_text("1")
    assert stage_of(api_of, first) == "Proposal"
    expect(card(page, first).locator("[data-card-link]")).to_be_focused()
    page.keyboard.press("Alt+ArrowRight")
    expect(column(page, NEGOTIATION).locator("h2 .num")).to_have_text("1")
    page.keyboard.press("h")
    expect(card(page, second).locator("[data-card-link]")).to_be_focused()
    assert page.url.endswith(f"q={page.locator('#q').input_value()}")  # the browser stayed here


def test_a_card_is_dragged_and_the_move_undone(board_with, api_of):
    page, (deal,) = board_with("Dragged", amount="100")
    drag(page, deal, column(page, SAMPLES).locator("[data-cards]"))
    expect(page.locator("#toasts")).to_contain_text("moved to Samples sent")
    expect(column(page, SAMPLES).locator("h2 .num")).to_have_text("1")
    assert stage_of(api_of, deal) == "Samples sent"
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(column(page, DISCOVERY).locator("h2 .num")).to_have_text("1")
    assert stage_of(api_of, deal) == "Discovery"


def test_a_move_that_somebody_was_quicker_with_goes_back_with_the_reason(
    board_with, api_of, open_as
):
    page, (deal,) = board_with("Contested", amount="100")
    # The other's move is kept from this page, as on a train: it still shows the old stage.
    page.evaluate("document.querySelector('[data-board]').removeAttribute('data-live')")
    api_of("morag").ask("POST", f"/deals/{deal['id']}/stage", {"stage": "Negotiation"})
    drag(page, deal, column(page, SAMPLES).locator("[data-cards]"))
    expect(page.locator("#toasts")).to_contain_text("moved this deal to “Negotiation”.")
    expect(column(page, SAMPLES).locator("[data-card]")).to_have_count(0)
    assert stage_of(api_of, deal) == "Negotiation"


def test_won_asks_for_the_amount_and_cancelling_puts_the_card_back(board_with, api_of):
    page, (deal,) = board_with("Bare", company="Hythe Gifts")
    drag(page, deal, page.locator(".c-zone.is-won"))
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    expect(dialog.locator("input[name=amount]")).to_be_focused()
    expect(dialog.locator("input[name=company]")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(column(page, DISCOVERY).locator("[data-card]")).to_have_count(1)
    assert stage_of(api_of, deal) == "Discovery"

    card(page, deal).locator("[data-card-link]").focus()
    page.keyboard.press("w")
    dialog.locator("input[name=amount]").fill("1,250")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("is won: £1,250")
    expect(card(page, deal)).to_have_count(0)
    assert api_of("priya").ask("GET", f"/deals/{deal['id']}")["status"] == "won"


def test_lost_asks_why(board_with, api_of):
    page, (deal,) = board_with("Gone", amount="5")
    card(page, deal).locator("[data-card-menu]").click()
    page.locator("#board-menu [data-to=lost]").click()
    dialog = page.locator("#dialog")
    dialog.locator("select[name=reason]").select_option("competitor")
    dialog.get_by_role("button", name=re.compile("^Lost")).click()
    expect(card(page, deal)).to_have_count(0)
    found = api_of("priya").ask("GET", f"/deals/{deal['id']}")
    assert (found["status"], found["reason"], found["said_by"]) == ("lost", "competitor", "seller")


def test_what_others_do_arrives_but_not_under_a_held_card(board_with, api_of):
    page, (one, two) = board_with("Held", "Moved", amount="5")
    api_of("morag").ask("POST", f"/deals/{two['id']}/stage", {"stage": "Proposal"})
    expect(column(page, PROPOSAL).locator(f"[data-card='{two['id']}']")).to_be_visible()

    held = box_of(card(page, one))
    page.mouse.move(held["x"] + 60, held["y"] + 40)
    page.mouse.down()
    page.mouse.move(held["x"] + 90, held["y"] + 70, steps=5)
    api_of("morag").ask("POST", f"/deals/{two['id']}/stage", {"stage": "Negotiation"})
    page.wait_for_timeout(1200)
    expect(page.locator(".c-deal.is-held")).to_be_visible()
    expect(column(page, PROPOSAL).locator(f"[data-card='{two['id']}']")).to_be_visible()
    page.mouse.move(held["x"] + 60, held["y"] + 40, steps=5)
    page.mouse.up()
    expect(column(page, NEGOTIATION).locator(f"[data-card='{two['id']}']")).to_be_visible()
    assert stage_of(api_of, one) == "Discovery"


def test_what_changes_while_the_last_change_is_fetched_is_fetched_too(open_as, api_of, word):
    deal = api_of("priya").add("deals", name=f"Quick {word}", currency="GBP", amount="100")
    where = f"/deals/{deal['id']}"
    page = open_as("priya", where)
    expect(page.locator("html")).to_have_attribute("data-live-state", "open")
    page.wait_for_load_state("networkidle")
    fetched = []

    def late(route: Route) -> None:
        answer = route.fetch()
        fetched.append(answer.status)
        if len(fetched) == 1:
            api_of("priya").ask("PATCH", where, {"amount": "300"})
            time.sleep(1)  # so that the page hears of it before it has what it asked for
        route.fulfill(response=answer)

    page.route(lambda url: url.endswith(where), late)
    api_of("priya").ask("PATCH", where, {"amount": "200"})
    expect(page.locator("#deal-head")).to_contain_text("£300")
    assert fetched == [200, 200]
    api_of("morag").ask("DELETE", where)


def test_the_menu_in_a_card_moves_it_on_a_phone(board_with, open_as, api_of, word):
    _page, (deal,) = board_with("Small", amount="5")
    phone = open_as("priya", f"/deals/board?q={word}", phone=True, has_touch=True)
    card(phone, deal).locator("[data-card-menu]").tap()
    phone.locator("#board-menu").get_by_text("Proposal").tap()
    expect(phone.locator("#toasts")).to_contain_text("moved to Proposal")
    assert stage_of(api_of, deal) == "Proposal"
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_a_script_a_card_is_moved_by_a_page(board_with, open_as, api_of, word):
    _page, (deal,) = board_with("Plain", amount="5")
    plain = open_as("priya", f"/deals/board?q={word}", java_script_enabled=False)
    card(plain, deal).locator("[data-card-menu]").click()
    plain.get_by_role("button", name="Samples sent").click()
    plain.wait_for_url("**/deals/board")
    assert stage_of(api_of, deal) == "Samples sent"
