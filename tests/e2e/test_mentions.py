"""Two colleagues in real browsers: one mentions the other, who hears of it and goes there."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from tests.faults.tree import within


@pytest.fixture
def person(api_of, word):
    """Somebody new for each test: an address that is known would bring back who was there."""
    token = secrets.token_hex(4)
    return api_of("isla").add(name=f"Morag {token}", email=f"{token}@{word}.example")


def listening(page):
    expect(page.locator("html")).to_have_attribute("data-live-state", "open")


def unread(page):
    words = page.locator("#bell").get_attribute("aria-label") or ""
    return int("".join(filter(str.isdigit, words)))


def mention_priya(page, words):
    note = page.get_by_role("textbox", name="Note")
    note.click()
    note.press_sequentially("Could you call her, @pri")
    offered = page.locator(".c-mentions [role=option]", has_text="Priya")
    expect(offered).to_be_visible()
    page.keyboard.press("Enter")
    expect(note).to_have_value(re.compile(r"^Could you call her, @Priya \w+ $"))
    note.press_sequentially(words)
    expect(page.locator(".c-mentions")).to_be_hidden()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Comment added")


def test_a_mention_rings_the_bell_and_leads_to_the_very_entry(open_as, person, word):
    hers = open_as("priya", "/")
    listening(hers)
    before = unread(hers)
    hers.evaluate("window.sameDocument = true")

    his = open_as("isla", f"/people/{person['id']}?tab=timeline")
    mention_priya(his, "please?")
    written = his.locator(".c-entry", has_text="please?")
    expect(written.locator(".c-mention")).to_have_text(re.compile("^@Priya"))

    expect(hers.locator("#bell")).to_have_attribute(
        "aria-label", re.compile(rf"\b{before + 1} unread"), timeout=within(5) * 1000
    )
    assert hers.evaluate("window.sameDocument") is True
    hers.keyboard.press("g")
    hers.keyboard.press("n")
    hers.wait_for_url("**/notifications")
    row = hers.locator(".c-notice", has_text=person["name"])
    expect(row).to_contain_text("mentioned you on")
    expect(row).to_contain_text("please?")
    row.focus()
    hers.keyboard.press("Enter")
    hers.wait_for_url(re.compile(rf"/people/{person['id']}.*#entry-"))
    entry = hers.locator(".c-entry:target")
    expect(entry).to_contain_text("please?")
    expect(entry).to_be_in_viewport()
    assert unread(hers) == before


def test_a_note_that_is_sent_twice_by_an_impatient_hand_stands_once(open_as, api_of, person):
    page = open_as("isla", f"/people/{person['id']}?tab=timeline")
    note = page.get_by_role("textbox", name="Note")
    note.fill("Wants the tins before December")
    # Both strokes in one turn of the page: the second comes before any answer to the first.
    page.evaluate(
        "() => [1, 2].forEach(() => document.querySelector('.c-composer').requestSubmit())"
    )
    expect(page.locator("#toasts")).to_contain_text("Comment added")
    expect(page.locator(".c-entry", has_text="Wants the tins")).to_have_count(1)
    page.wait_for_timeout(500)
    told = api_of("isla").ask("GET", f"/timeline?person={person['id']}")["items"]
    assert [one["kind"] for one in told] == ["records.commented", "people.created"]


def test_read_put_off_and_mark_all_by_keys_on_a_phone(open_as, person, word, api_of):
    users = api_of("isla").ask("GET", "/users?limit=200")["items"]
    priya = next(one for one in users if one["name"].startswith("Priya"))
    text = f"Once more, @{{{priya['id']}}}"
    api_of("isla").ask("POST", f"/people/{person['id']}/comments", {"text": text})
    page = open_as("priya", "/notifications", phone=True)
    row = page.locator(".c-notice", has_text=person["name"])
    expect(row).to_be_visible(timeout=within(5) * 1000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    row.focus()
    page.keyboard.press("u")
    expect(row).to_be_hidden()
    page.goto("/notifications?shows=all")
    row.focus()
    page.keyboard.press("u")
    expect(row).to_have_class(re.compile("is-unread"))
    row.focus()
    page.keyboard.press("z")
    page.get_by_role("menuitem", name="Until tomorrow morning").click()
    expect(page.locator("#toasts")).to_contain_text("Comes back")
    page.goto("/notifications?shows=snoozed")
    expect(row).to_contain_text("comes back")


def test_who_does_not_see_the_record_cannot_be_mentioned(open_as, api_of, word):
    users = api_of("isla").ask("GET", "/users?limit=200")["items"]
    isla = next(one for one in users if one["name"].startswith("Isla"))
    person = api_of("isla").add(
        name=f"Una {word}", email=f"una@{word}.example", owner=isla["email"]
    )
    page = open_as("isla", f"/people/{person['id']}?tab=timeline")
    note = page.get_by_role("textbox", name="Note")
    note.click()
    note.press_sequentially("Psst, @pri")
    offered = page.locator(".c-mentions [role=option]", has_text="Priya")
    expect(offered).to_have_attribute("aria-disabled", "true")
    expect(offered).to_contain_text("does not see this record")
    page.keyboard.press("Escape")
    note.fill(f"Psst, @{next(one for one in users if one['name'].startswith('Priya'))['name']}")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("does not see this record")
    expect(note).to_have_value(re.compile("^Psst"))
