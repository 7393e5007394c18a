"""The page of a record in a real browser: what belongs to it is changed where it stands."""

import re
import secrets

import pytest
from playwright.sync_api import expect

from tests.e2e.product import context_for, sign_in


@pytest.fixture
def person(api_of, word):
    """Somebody new for each test, with a job."""
    token = secrets.token_hex(4)
    return api_of("isla").add(
        name=f"Rowan {token}",
        email=f"{token}@{word}.example",
        title="Buyer",
        company=f"{token} Stores",
    )


def panel(page, heading):
    return page.locator("section", has=page.get_by_role("heading", name=heading, exact=True))


def test_an_address_is_added_and_taken_away_in_its_panel_by_keyboard(open_as, person, word):
    page = open_as("isla", f"/people/{person['id']}")
    page.evaluate("window.sameDocument = true")
    mails = panel(page, "Mail addresses")
    add = mails.get_by_role("link", name="Add a mail address")
    add.focus()
    page.keyboard.press("Enter")
    address = mails.get_by_role("textbox", name="Mail address")
    expect(address).to_be_focused()
    page.keyboard.press("Escape")
    expect(address).to_have_count(0)
    expect(add).to_be_focused()

    page.keyboard.press("Enter")
    expect(address).to_be_focused()
    page.keyboard.type("no address")
    page.keyboard.press("Enter")
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(address).to_have_value("no address")
    address.fill(f"{secrets.token_hex(4)}@home-{word}.example")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Mail address saved")
    expect(mails.locator("li")).to_have_count(2)
    expect(mails.locator("li").nth(1)).to_contain_text(f"@home-{word}.example")
    expect(add).to_be_focused()

    mails.locator("li").nth(1).get_by_role("button", name=re.compile("^More about")).click()
    page.get_by_role("menuitem", name="Make it the main one").click()
    expect(mails.locator("li").nth(0)).to_contain_text(f"@home-{word}.example")
    expect(mails.locator("li").nth(0)).to_contain_text("main")
    mails.locator("li").nth(1).get_by_role("button", name=re.compile("^More about")).click()
    page.get_by_role("menuitem", name="Remove").click()
    expect(mails.locator("li")).to_have_count(1)
    assert page.evaluate("window.sameDocument") is True


def test_a_job_is_added_and_the_head_of_the_record_says_so(open_as, person):
    page = open_as("isla", f"/people/{person['id']}")
    expect(page.locator("#record-head")).to_contain_text("Buyer at")
    note = page.get_by_role("textbox", name="Note")
    note.fill("half a thought")
    jobs = panel(page, "Jobs")
    jobs.locator("[data-part-add]").click()
    jobs.get_by_role("textbox", name=re.compile("^Company")).fill(f"{person['name']} Traders")
    jobs.get_by_role("textbox", name=re.compile("^Title")).fill("Head of gifts")
    jobs.get_by_label("Make it the main one").check()
    jobs.get_by_role("button", name="Save").click()
    expect(page.locator("#record-head")).to_contain_text(
        f"Head of gifts at {person['name']} Traders"
    )
    expect(panel(page, "Jobs").locator(".c-assoc")).to_have_count(2)
    expect(note).to_have_value("half a thought")


def test_a_job_is_added_beside_the_list_which_stays(open_as, person):
    page = open_as("isla", f"/people?q={person['name'].split()[1]}")
    page.evaluate("window.sameDocument = true")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    peek = page.locator("#peek")
    peek.locator("[data-part-add]").click()
    title = peek.get_by_role("textbox", name=re.compile("^Title"))
    expect(peek.get_by_role("textbox", name=re.compile("^Company"))).to_be_focused()
    page.keyboard.press("Escape")
    expect(title).to_have_count(0)
    expect(peek).to_be_visible()
    peek.locator("[data-part-add]").click()
    title.fill("Clerk of works")
    page.keyboard.press("Control+Enter")
    expect(peek.locator(".c-assoc", has_text="Clerk of works")).to_be_visible()
    assert page.evaluate("window.sameDocument") is True


def test_a_part_is_added_on_a_page_of_its_own_without_scripts(open_as, person, word):
    page = open_as("isla", f"/people/{person['id']}", java_script_enabled=False)
    panel(page, "Mail addresses").get_by_label("Add a mail address").click()
    page.wait_for_url("**/emails")
    page.get_by_role("textbox", name="Mail address").fill(
        f"{secrets.token_hex(4)}@plain-{word}.example"
    )
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/people/{person['id']}")
    expect(panel(page, "Mail addresses").locator("li")).to_have_count(2)


def test_an_unsent_note_is_kept_for_its_writer_alone_until_it_is_sent(browser, product, person):
    address = f"/people/{person['id']}"
    page = context_for(browser, base_url=product.url).new_page()
    sign_in(page, product, "isla")
    page.goto(address)
    note = page.get_by_role("textbox", name="Note")
    expect(note).to_have_value("")
    note.fill("Call her about the tins")
    page.goto("/people")
    page.goto(address)
    expect(note).to_have_value("Call her about the tins")
    page.goto(f"/companies/{person['company']['id']}")
    expect(note).to_have_value("")

    page.goto(address)
    note.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Comment added")
    expect(note).to_have_value("")
    page.reload()
    expect(note).to_have_value("")

    note.fill("Second thoughts")
    page.get_by_role("button", name="Settings and you").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.locator("html:not([data-user])")).to_be_attached()
    assert kept(page) == []
    sign_in(page, product, "isla")
    page.goto(address)
    expect(note).to_have_value("")

    # A session that ran out is no signing out; but whoever comes next finds nothing.
    note.fill("Third thoughts")
    page.context.clear_cookies()
    page.goto("/accounts/login/")
    assert len(kept(page)) == 1
    sign_in(page, product, "morag")
    assert kept(page) == []
    page.goto(address)
    expect(note).to_have_value("")
    page.context.close()


def kept(page):
    return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('draft:'))")


def test_the_palette_does_by_keys_what_can_be_done_with_a_record_and_a_selection(
    open_as, person, api_of, word
):
    page = open_as("isla", f"/people/{person['id']}")
    palette, dialog = page.locator("#palette"), page.locator("#dialog")
    page.keyboard.press("Control+k")
    expect(palette.locator("h3").first).to_have_text(person["name"])
    page.keyboard.type("tag")
    expect(palette.locator("[role=option]").first).to_have_text("Tag")
    page.keyboard.press("Enter")
    expect(palette).not_to_be_visible()
    expect(dialog).to_contain_text("Tag 1 person")
    expect(dialog.locator("#f-name")).to_be_focused()
    page.keyboard.type("Palette")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#record-head")).to_contain_text("Palette")
    assert person["id"] in page.url

    # A note is written where its field stands on the page.
    page.keyboard.press("Control+k")
    page.keyboard.type("note")
    expect(palette.locator(".is-at")).to_contain_text("Add a note")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Note")).to_be_focused()

    # On a list: of the record in the side panel, and of what is selected.
    page.goto(f"/people?q={person['name'].split()[1]}")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(page.locator("#peek .c-peek_body")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(palette.locator("h3").first).to_have_text(person["name"])
    page.keyboard.type("add a")
    expect(palette.locator("[role=option]").first).to_contain_text("Add a note")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(rf"/people/{person['id']}\?tab=timeline#note"))
    expect(page.get_by_role("textbox", name="Note")).to_be_focused()

    page.goto(f"/people?q={person['name'].split()[1]}")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("[data-bulk-count]")).to_have_text("1 selected")
    page.keyboard.press("Control+k")
    expect(palette.locator("h3").first).to_have_text("1 selected")
    bar = [
        name.strip() for name in page.locator("[data-bulk] button[type=submit]").all_inner_texts()
    ]
    group = palette.get_by_role("group").first.get_by_role("option")
    expect(group).to_have_text([*bar, "Clear the selection"])
    page.keyboard.type("assi")
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Assign 1 person")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("clear")
    expect(palette.locator("[role=option]").first).to_have_text("Clear the selection")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr.is-picked")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(palette.locator("h3").first).not_to_contain_text("selected")


def test_on_a_telephone_the_verbs_stand_at_the_foot_and_cover_nothing(open_as, person):
    page = open_as("isla", f"/people/{person['id']}", phone=True)
    bar, tabs = page.locator(".c-recordacts"), page.locator(".c-tabbar")
    height = page.viewport_size["height"]
    assert tabs.bounding_box()["y"] + tabs.bounding_box()["height"] == height
    assert bar.bounding_box()["y"] + bar.bounding_box()["height"] == tabs.bounding_box()["y"]
    expect(bar.locator("a, button").filter(visible=True).first).to_have_text("Note")

    bar.get_by_role("link", name="Note").click()
    expect(page.get_by_role("textbox", name="Note")).to_be_focused()
    bar.get_by_role("link", name="Fields").click()
    expect(page.locator("#about")).to_be_focused()
    expect(page.locator("#about h2").first).to_be_in_viewport(ratio=1)
    bar.get_by_role("link", name="Assign").click()
    expect(page.locator("#dialog")).to_contain_text("Assign 1 person")
    page.locator("#dialog").get_by_role("link", name="Cancel").click()
    expect(page.locator("#dialog")).not_to_be_visible()

    # The end of the page lies above the bar.
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    last = page.locator("#beside > :last-child").bounding_box()
    assert last["y"] + last["height"] <= bar.bounding_box()["y"]
    bar.get_by_role("button", name="More").click()
    expect(page.get_by_role("menuitem", name="History and undo")).to_be_in_viewport(ratio=1)
