"""A change made, seen and undone: in place on the record, in the list, by keys, by API."""

import re
from itertools import count

import pytest
from playwright.sync_api import Page, expect

_numbers = count(1)


@pytest.fixture
def ann(api_of, word):
    """A person of Priya's own, new for each test."""
    number = next(_numbers)
    return api_of("priya").add(
        name=f"Ann {word} {number}", email=f"ann{number}@undo-{word}.example", title="Buyer"
    )


def title_of(page: Page):
    return page.get_by_role("button", name="Edit Title")


def change_title(page: Page, title: str) -> None:
    title_of(page).click()
    page.locator(".is-editing input[name=title]").fill(title)
    page.keyboard.press("Enter")
    expect(title_of(page)).to_have_text(title)


def test_a_field_is_changed_on_the_record_and_undone_from_the_toast(open_as, api_of, ann):
    address = f"/people/{ann['id']}"
    page = open_as("priya", address)
    title_of(page).click()
    editor = page.locator(".is-editing input[name=title]")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("Buyer")
    editor.fill("Head of tins")
    page.keyboard.press("Enter")
    expect(page.locator(".is-saved")).to_contain_text("Head of tins")
    expect(page.locator(".c-cell_tick")).to_be_visible()
    toast = page.locator("#toasts [data-toast]", has_text="Title saved")
    expect(toast).to_be_visible()
    assert api_of("priya").ask("GET", address)["title"] == "Head of tins"

    toast.get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone")
    expect(title_of(page)).to_have_text("Buyer")
    assert page.url.endswith(address)
    # Undoing the undo is the redo.
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(title_of(page)).to_have_text("Head of tins")


def test_the_timeline_and_the_history_tell_the_change(open_as, ann):
    page = open_as("priya", f"/people/{ann['id']}")
    change_title(page, "Head of tins")
    page.reload()
    story = page.locator(".c-story")
    expect(story).to_contain_text("Priya Nair changed title to Head of tins")
    expect(story).to_contain_text("was Buyer")

    page.get_by_role("link", name="History", exact=True).click()
    deed = page.locator(".c-deed").first
    expect(deed).to_contain_text("Priya Nair changed")
    expect(deed.locator("dt")).to_have_text(["Title"])
    expect(deed.locator("del")).to_have_text("Buyer")
    expect(deed.locator("ins")).to_have_text("Head of tins")

    deed.get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone")
    expect(title_of(page)).to_have_text("Buyer")
    expect(page).to_have_url(re.compile(r"tab=history"))
    undoing = page.locator(".c-deed").first
    expect(undoing).to_contain_text("Priya Nair undid a change")
    expect(undoing.locator("del")).to_have_text("Head of tins")
    expect(undoing.locator("ins")).to_have_text("Buyer")


def test_ctrl_z_undoes_and_redoes(open_as, ann):
    page = open_as("priya", f"/people/{ann['id']}")
    change_title(page, "Head of tins")
    page.keyboard.press("Control+z")
    expect(page.locator("#toasts")).to_contain_text("Undone")
    expect(title_of(page)).to_have_text("Buyer")
    page.keyboard.press("Control+z")
    expect(title_of(page)).to_have_text("Head of tins")


def test_ctrl_z_undoes_the_last_change_after_its_toast_has_gone(open_as, ann):
    page = open_as("priya", f"/people/{ann['id']}")
    change_title(page, "Head of tins")
    page.goto(f"/people/{ann['id']}?tab=history")
    expect(page.locator("#toasts [data-toast]")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(title_of(page)).to_have_text("Buyer")


def test_ctrl_z_belongs_to_the_field_while_one_types(open_as, api_of, ann):
    page = open_as("priya", f"/people/{ann['id']}")
    change_title(page, "Head of tins")
    page.locator("textarea[name=text]").press_sequentially("A note")
    page.keyboard.press("Control+z")
    page.wait_for_timeout(300)
    expect(title_of(page)).to_have_text("Head of tins")
    assert api_of("priya").ask("GET", f"/people/{ann['id']}")["title"] == "Head of tins"


def test_a_cell_of_the_list_is_changed_in_place(open_as, api_of, ann):
    page = open_as("priya", f"/people?q={ann['email']}")
    row = page.locator("tbody tr")
    cell = row.locator('td[data-cell="title"]')
    cell.dblclick()
    page.locator(".is-editing input[name=title]").fill("Head of tins")
    page.keyboard.press("Enter")
    expect(cell).to_have_text("Head of tins")
    expect(cell).to_have_class(re.compile("is-saved"))
    assert api_of("priya").ask("GET", f"/people/{ann['id']}")["title"] == "Head of tins"

    # Esc puts the old value back; the double click did not open the side panel.
    cell.dblclick()
    page.locator(".is-editing input[name=title]").fill("Not meant")
    page.keyboard.press("Escape")
    expect(cell).to_have_text("Head of tins")
    expect(page.locator("#peek")).to_be_hidden()

    page.locator("#toasts").get_by_role("button", name="Undo").last.click()
    expect(cell).to_have_text("Buyer")
    assert f"q={ann['email']}" in page.url.replace("%40", "@")


def test_the_owner_is_picked_from_colleagues(open_as, api_of, ann):
    page = open_as("morag", f"/people/{ann['id']}")
    page.get_by_role("button", name="Edit Owner").click()
    page.locator(".is-editing select[name=owner]").select_option(label="Tom Okafor")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Edit Owner")).to_contain_text("Tom Okafor")
    page.reload()
    expect(page.locator(".c-story")).to_contain_text("made Tom Okafor the owner")


def test_a_refused_value_stays_in_the_field_with_the_reason(open_as, api_of, ann):
    page = open_as("priya", f"/people/{ann['id']}")
    page.get_by_role("button", name="Edit Mail").click()
    page.locator(".is-editing input[name=email]").fill("not an address")
    page.keyboard.press("Enter")
    editor = page.locator(".is-editing input[name=email]")
    expect(page.locator(".is-editing .is-bad").last).to_contain_text("Write a mail address")
    expect(editor).to_have_value("not an address")
    expect(editor).to_be_focused()
    assert api_of("priya").ask("GET", f"/people/{ann['id']}")["email"] == ann["email"]
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Edit Mail")).to_have_text(ann["email"])


def test_what_the_api_changes_the_page_shows_and_the_api_undoes(open_as, api_of, ann):
    api, address = api_of("priya"), f"/people/{ann['id']}"
    api.ask("PATCH", address, {"title": "Head of tins", "version": ann["version"]})
    page = open_as("morag", f"{address}?tab=history")
    expect(title_of(page)).to_have_text("Head of tins")
    deed = page.locator(".c-deed").first
    expect(deed).to_contain_text("Priya Nair changed through the API")
    change_set = deed.locator("form").get_attribute("action").rpartition("/")[2]

    told = api.ask("GET", f"/change-sets/{change_set}")
    assert (told["source"], told["actor"], told["undone"]) == ("api", "Priya Nair", False)
    undoing = api.ask("POST", f"/change-sets/{change_set}/undo", {})
    assert undoing["undo_of"] == change_set
    assert api.ask("GET", address)["title"] == "Buyer"
    assert api.ask("GET", f"/change-sets/{change_set}")["undone"] is True
    page.reload()
    expect(title_of(page)).to_have_text("Buyer")
    expect(page.locator(".c-deed").first).to_contain_text("undid a change")

    api.ask("POST", f"/change-sets/{undoing['id']}/undo", {})
    page.reload()
    expect(title_of(page)).to_have_text("Head of tins")


def test_an_undo_in_whose_way_a_later_change_stands_is_refused(open_as, api_of, ann):
    page = open_as("priya", f"/people/{ann['id']}")
    change_title(page, "Head of tins")
    api_of("morag").ask("PATCH", f"/people/{ann['id']}", {"title": "Owner"})
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("A value was changed again since. Nothing was undone.")).to_be_visible()
    assert api_of("priya").ask("GET", f"/people/{ann['id']}")["title"] == "Owner"


def test_a_value_that_another_changed_meanwhile_is_not_overwritten(open_as, api_of, ann):
    api = api_of("morag")
    page = open_as("priya", f"/people/{ann['id']}")
    title_of(page).click()
    editor = page.locator(".is-editing input[name=title]")
    expect(editor).to_be_focused()
    api.ask("PATCH", f"/people/{ann['id']}", {"title": "Owner"})
    editor.fill("Head of tins")
    page.keyboard.press("Enter")
    # Both values are in sight: theirs in the message, one's own still in the field.
    expect(page.get_by_text("Meanwhile someone changed this to “Owner”.")).to_be_visible()
    expect(editor).to_have_value("Head of tins")
    assert api.ask("GET", f"/people/{ann['id']}")["title"] == "Owner"
    # A second Enter is said knowing that.
    editor.press("Enter")
    expect(title_of(page)).to_have_text("Head of tins")


def test_another_field_that_someone_changed_is_no_conflict(open_as, api_of, ann):
    api = api_of("morag")
    page = open_as("priya", f"/people/{ann['id']}")
    title_of(page).click()
    expect(page.locator(".is-editing input[name=title]")).to_be_focused()
    api.ask("PATCH", f"/people/{ann['id']}", {"country": "FR"})
    page.locator(".is-editing input[name=title]").fill("Head of tins")
    page.keyboard.press("Enter")
    expect(title_of(page)).to_have_text("Head of tins")
    found = api.ask("GET", f"/people/{ann['id']}")
    assert (found["title"], found["country"]) == ("Head of tins", "FR")


def test_a_deleted_person_comes_back_from_the_toast(open_as, api_of, ann):
    page = open_as("morag", f"/people/{ann['id']}")
    page.get_by_role("button", name="More").first.click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.locator("#toasts")).to_contain_text("deleted")
    assert api_of("priya").try_to("GET", f"/people/{ann['id']}")[0] == 404
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone")
    assert api_of("priya").ask("GET", f"/people/{ann['id']}")["email"] == ann["email"]


def test_a_note_and_a_tag_are_told_and_taken_back(open_as, ann):
    page = open_as("priya", f"/people/{ann['id']}")
    page.locator("textarea[name=text]").fill("Wants tins\nbefore December")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".c-story")).to_contain_text("Wants tins")
    expect(page.locator("#toasts")).to_contain_text("Comment added")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("Undone")
    expect(page.locator(".c-story")).not_to_contain_text("Wants tins")

    page.locator("details.c-addtag summary").click()
    page.locator("#f-tag").fill("Tin lover")
    page.keyboard.press("Enter")
    expect(page.locator(".c-recordhead .c-chip")).to_contain_text("Tin lover")
    page.get_by_role("button", name="Remove the tag Tin lover").click()
    expect(page.locator(".c-recordhead .c-chip")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator(".c-recordhead .c-chip")).to_contain_text("Tin lover")
