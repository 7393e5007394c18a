"""Lists as people use them: filters, saved views, order, columns, pages, keys, odd names."""

import json
import re
from urllib.parse import quote, unquote_plus

import pytest
from playwright.sync_api import Page, expect

ODD_NAMES = {
    "html": "<img src=x onerror=alert(1)>",
    "arabic": "ليلى حداد",
    "hebrew": "דנה לוי",
    "long": "Wilhelmina" + " of Saltmarsh and Hythe" * 7 + " the 2nd",
    "one word": "A" * 200,
    "template": "{{ 7*7 }} {% now %}",
    "japanese": "高橋 さくら",
}


@pytest.fixture(scope="module")
def odd_people(api_of, word):
    """Persons whose names are hard on a page, all at one company."""
    morag = api_of("morag")
    return {
        key: morag.add(
            name=name, email=f"{key.replace(' ', '')}@odd-{word}.example", title="Oddly named"
        )
        for key, name in ODD_NAMES.items()
    }


def names(page: Page) -> list[str]:
    return page.locator("tbody a.who .ellipsis").all_inner_texts()


def chips(page: Page) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(".c-filter").all_inner_texts()]


def open_filter(page: Page) -> None:
    page.get_by_role("link", name="Filter", exact=True).click()
    expect(page.locator("#dialog .c-condition").first).to_be_visible()


def pick_field(page: Page, at: int, label: str) -> None:
    page.locator(f"#f-field-{at}").select_option(label=label)
    expect(page.locator(f"#f-field-{at} option[selected]")).to_have_text(label)


def apply(page: Page) -> None:
    page.locator("#dialog").get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile(r"/people\?.*filter="))


def total(page: Page) -> int:
    return int(page.locator(".c-tabs [aria-current=page] .count").inner_text().replace(",", ""))


# --- filters --------------------------------------------------------------------------------------


def test_a_condition_of_text_is_added_changed_and_removed_by_its_chip(open_as):
    page = open_as("morag", "/people")
    everyone = total(page)
    open_filter(page)
    page.fill("#f-value-0", "kowalczyk")
    apply(page)
    assert chips(page) == ["Name contains kowalczyk"]
    assert 0 < total(page) < everyone
    assert all("Kowalczyk" in name for name in names(page))

    page.locator(".c-filter_edit").click()
    expect(page.locator("#f-value-0")).to_have_value("kowalczyk")
    page.locator("#f-is-0").select_option(label="starts with")
    page.fill("#f-value-0", "theo")
    page.press("#f-value-0", "Enter")
    expect(page.locator(".c-filter")).to_contain_text("starts with theo")
    assert chips(page) == ["Name starts with theo"]

    page.get_by_role("link", name="Remove the filter Name").click()
    expect(page.locator(".c-filter")).to_have_count(0)
    assert total(page) == everyone


def test_conditions_of_every_kind_hold_together(open_as):
    page = open_as("morag", "/people")
    open_filter(page)
    page.fill("#f-value-0", "a")
    page.get_by_role("button", name="Another condition").click()
    # What was written in the first line is still there.
    expect(page.locator("#f-value-1")).to_be_visible()
    expect(page.locator("#f-value-0")).to_have_value("a")
    pick_field(page, 1, "Owner")
    page.locator("#f-value-1").select_option(label=["Priya Nair", "nobody"])
    page.get_by_role("button", name="Another condition").click()
    expect(page.locator("#f-field-2")).to_be_visible()
    pick_field(page, 2, "Country")
    page.locator("#f-value-2").select_option(label=["United Kingdom", "Ireland"])
    page.get_by_role("button", name="Another condition").click()
    expect(page.locator("#f-field-3")).to_be_visible()
    pick_field(page, 3, "Added")
    page.locator("#f-is-3").select_option(value="last_days")
    page.locator("input#f-value-3").fill("30")
    page.get_by_role("button", name="Another condition").click()
    expect(page.locator("#f-field-4")).to_be_visible()
    pick_field(page, 4, "Phone")
    page.locator("#f-is-4").select_option(label="is filled in")
    expect(page.locator("#f-value-4")).to_be_hidden()
    apply(page)
    assert chips(page) == [
        "Name contains a",
        "Owner Priya Nair, nobody"
        if "Priya Nair, nobody" in chips(page)[1]
        else "Owner nobody, Priya Nair",
        "Country Ireland, United Kingdom",
        "Added within 30 days",
        "Phone is filled in",
    ]
    assert total(page) > 0
    page.goto("/people?filter=" + quote(json.dumps(TAGGED)))
    assert chips(page) == ["Tags Key account"]
    assert total(page) > 0


TAGGED = {"op": "and", "items": [{"field": "tags", "is": "any_of", "value": ["Key account"]}]}


def test_any_of_several_conditions_and_groups_are_said_in_words(open_as):
    page = open_as("morag", "/people")
    open_filter(page)
    page.get_by_label("Shown is what fits").select_option(label="at least one of these conditions")
    page.fill("#f-value-0", "ann ")
    page.get_by_role("button", name="Another condition").click()
    page.fill("#f-value-1", "theo ")
    apply(page)
    assert chips(page) == ["Either Name contains ann or Name contains theo"]
    nested = {
        "op": "and",
        "items": [
            {
                "op": "or",
                "items": [
                    {"field": "name", "is": "contains", "value": "ann"},
                    {
                        "op": "and",
                        "items": [
                            {"field": "title", "is": "is", "value": "Owner"},
                            {"field": "phone", "is": "empty"},
                        ],
                    },
                ],
            },
            {"op": "not", "items": [{"field": "country", "is": "any_of", "value": ["GB"]}]},
        ],
    }
    page.goto("/people?filter=" + quote(json.dumps(nested)))
    assert chips(page) == [
        "Either Name contains ann or (Title is Owner and Phone is empty)",
        "None of Country United Kingdom",
    ]
    # The inner group is kept, in words, when the outer one is edited.
    page.locator(".c-filter_edit").first.click()
    expect(page.locator("#dialog")).to_contain_text("(Title is Owner and Phone is empty)")
    page.fill("#f-value-0", "bea")
    apply(page)
    assert chips(page)[0] == "Either Name contains bea or (Title is Owner and Phone is empty)"


def test_a_value_that_does_not_fit_is_said_and_nothing_typed_is_lost(open_as):
    page = open_as("morag", "/people")
    open_filter(page)
    pick_field(page, 0, "Added")
    page.locator("#f-is-0").select_option(value="last_days")
    expect(page.locator("input#f-value-0")).to_be_visible()
    page.fill("#f-value-0", "soon")
    page.locator("#dialog").get_by_role("button", name="Apply").click()
    expect(page.get_by_text("One of the values does not fit its field.")).to_be_visible()
    expect(page.locator("#f-value-0")).to_have_value("soon")
    page.fill("#f-value-0", "7")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_url(re.compile(r"/people\?.*filter="))
    assert chips(page) == ["Added within 7 days"]


def test_nothing_matching_is_not_an_empty_list(open_as):
    page = open_as("morag", "/people?q=nobodyatallhere")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Clear the filters").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    assert total(page) > 600


# --- saved views ----------------------------------------------------------------------------------


def test_a_view_is_saved_changed_reset_and_deleted(open_as, word):
    page = open_as("isla", "/people")
    page.get_by_role("link", name="Title", exact=True).click()
    page.wait_for_url(re.compile("sort=title"))
    page.get_by_role("link", name="Save as view").click()
    page.locator("#dialog #f-name").fill(word)
    page.locator("#dialog").get_by_role("button", name="Save view").click()
    expect(page.locator("#toasts")).to_contain_text("View saved")
    tab = page.locator(".c-tabs [aria-current=page]")
    expect(tab).to_contain_text(word)
    expect(page.locator("th[aria-sort]")).to_have_text("Title")
    expect(page.get_by_text("View changed")).to_have_count(0)
    saved = page.url

    page.get_by_role("link", name="Title", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Title")
    expect(page.get_by_text("View changed")).to_be_visible()
    page.get_by_role("link", name="Reset").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Title")
    assert page.url == saved

    page.get_by_role("link", name="Name", exact=True).click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("View saved")
    page.goto(saved)
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Name")

    page.get_by_role("button", name="Delete this view").click()
    expect(page.locator("#toasts")).to_contain_text("View deleted")
    expect(page.locator(".c-tabs")).not_to_contain_text(word)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator(".c-tabs")).to_contain_text(word)


def test_a_view_has_a_picture_and_the_list_opens_with_it(open_as):
    page = open_as("hanna", "/people?sort=-title")
    page.get_by_role("link", name="Save as view").click()
    dialog = page.locator("#dialog")
    dialog.locator("#f-name").fill("Opened first")
    dialog.locator(".c-icons_one").nth(2).click()
    dialog.get_by_role("button", name="Save view").click()
    tab = page.locator(".c-tabs [aria-current=page]")
    expect(tab).to_contain_text("Opened first")
    expect(tab.locator("use")).to_have_attribute("href", re.compile("#flag$"))
    view = page.url

    page.get_by_role("link", name="Settings of this view").click()
    expect(dialog.locator("#f-name")).to_have_value("Opened first")
    expect(dialog.get_by_role("radio", name="Flag")).to_be_checked()
    # By keys, as any group of choices.
    dialog.get_by_role("radio", name="Flag").focus()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("radio", name="Heart")).to_be_checked()
    dialog.get_by_label("for me").check()
    dialog.get_by_role("button", name="Save view").click()
    expect(dialog).not_to_be_visible()
    page.goto("/people")
    assert page.url == view
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Title")
    page.get_by_role("link", name="All people").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Name")
    assert page.url.endswith("/people?view=all")
    page.goto(view)
    page.get_by_role("button", name="Delete this view").click()
    expect(page.locator("#toasts")).to_contain_text("View deleted")
    page.goto("/people")
    assert page.url.endswith("/people")


# --- order, columns, pages ------------------------------------------------------------------------


def test_order_columns_and_pages(open_as):
    page = open_as("morag", "/people")
    first = names(page)
    assert len(first) == 50
    page.get_by_role("link", name="Next").click()
    page.wait_for_url(re.compile("cursor="))
    second = names(page)
    assert len(second) == 50
    hrefs = page.locator("tbody a.who").evaluate_all("all => all.map(one => one.pathname)")
    page.get_by_role("link", name="First page").click()
    expect(page.locator("tbody a.who").first).to_contain_text(first[0])
    assert names(page) == first
    before = page.locator("tbody a.who").evaluate_all("all => all.map(one => one.pathname)")
    assert not set(hrefs) & set(before)

    page.locator("details.c-columns summary").click()
    for label in ("Owner", "Last touch", "When"):
        page.locator(".c-columns").get_by_label(label, exact=True).uncheck()
    page.locator(".c-columns").get_by_label("Country", exact=True).check()
    page.get_by_role("button", name="Title: further to the front").click()
    page.get_by_role("button", name="Show these").click()
    page.wait_for_url(re.compile("columns="))
    heads = [" ".join(text.split()) for text in page.locator("thead th").all_inner_texts()]
    assert heads == ["", "Name", "Title", "Company", "Country"]  # the first is for picking
    page.get_by_role("link", name="Name", exact=True).click()
    page.wait_for_url(re.compile("sort=-name"))
    assert names(page) != first
    assert "columns=name,title,company,country" in unquote_plus(page.url)


def test_back_returns_to_the_list_as_it_was(open_as):
    page = open_as("morag", "/people?q=kow&sort=-title")
    was = names(page)
    assert len(was) > 3
    page.locator("tbody a.who").nth(2).click()
    expect(page.locator("h1")).to_have_text(was[2])
    page.go_back()
    expect(page.locator("#q")).to_have_value("kow")
    assert names(page) == was
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Title")
    # The crumb leads there, too.
    page.locator("tbody a.who").nth(1).click()
    page.locator(".c-bar_crumb").click()
    expect(page.locator("#q")).to_have_value("kow")
    assert names(page) == was


def test_back_returns_to_the_place_the_selection_and_the_row(open_as):
    page = open_as("morag", "/people")
    was = names(page)
    for _row in range(40):
        page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    focused = page.locator("tbody tr:focus a.who .ellipsis")
    expect(focused).to_have_text(was[40])
    place = page.locator("tbody tr").nth(40).bounding_box()
    for leave in ("back", "crumb"):
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text(was[40])
        if leave == "back":
            page.go_back()
        else:
            page.locator(".c-bar_crumb").click()
        expect(focused).to_have_text(was[40])
        expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
        expect(page.locator("tr.is-picked a.who .ellipsis")).to_have_text(was[39:41])
        again = page.locator("tbody tr").nth(40).bounding_box()
        assert place is not None
        assert again is not None
        assert abs(again["y"] - place["y"]) < 3
    # A new look at the list begins at its top, with nothing selected.
    page.goto("/companies")
    page.goto("/people")
    expect(page.locator("tr.is-picked")).to_have_count(0)


def test_one_row(open_as, word, odd_people):
    page = open_as("morag", f"/people?q=html@odd-{word}.example")
    assert names(page) == [ODD_NAMES["html"]]
    expect(page.locator("tfoot")).to_contain_text("1 person")
    expect(page.get_by_role("link", name="Next")).to_have_count(0)


# --- names ----------------------------------------------------------------------------------------


def test_any_name_is_shown_as_it_is_and_breaks_nothing(open_as, word, odd_people):
    for phone in (False, True):
        page = open_as("morag", f"/people?q=odd-{word}.example", phone=phone)
        alerts: list[str] = []
        page.on(
            "dialog", lambda dialog, seen=alerts: (seen.append(dialog.message), dialog.dismiss())
        )
        shown = page.locator("tbody a.who .ellipsis")
        expect(shown).to_have_count(len(ODD_NAMES))
        assert sorted(shown.all_text_contents()) == sorted(ODD_NAMES.values())
        assert sideways(page) <= 0
        for key, person in odd_people.items():
            page.goto(f"/people/{person['id']}")
            assert page.locator("h1").text_content() == ODD_NAMES[key]
            assert ODD_NAMES[key] in page.title()
            assert sideways(page) <= 0, (key, phone)
        assert alerts == []
        assert page.locator("main img").count() == 0


def sideways(page: Page) -> int:
    """By how many pixels the page can be scrolled to the side."""
    found = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return int(found)


# --- keys -----------------------------------------------------------------------------------------


def test_a_list_is_walked_by_keys(open_as):
    page = open_as("morag", "/people?q=kow")
    was = names(page)
    focused = page.locator("tbody tr:focus a.who .ellipsis")
    page.keyboard.press("j")
    expect(focused).to_have_text(was[0])
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(focused).to_have_text(was[1])

    page.keyboard.press("Space")
    peek = page.locator("#peek")
    expect(peek.get_by_role("heading", level=2).first).to_have_text(was[1])
    page.keyboard.press("Escape")
    expect(peek).to_be_hidden()
    expect(focused).to_have_text(was[1])

    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(was[1])
    page.keyboard.press("]")
    expect(page.locator("h1")).to_have_text(was[2])
    page.keyboard.press("[")
    expect(page.locator("h1")).to_have_text(was[1])
    page.keyboard.press("[")
    expect(page.locator("h1")).to_have_text(was[0])

    page.keyboard.press("n")
    expect(page.locator("textarea[name=text]")).to_be_focused()
    # Letters belong to the field while one types in it.
    page.keyboard.type("cj?gp[]")
    expect(page.locator("textarea[name=text]")).to_have_value("cj?gp[]")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("h1")).to_have_text(was[0])


def test_letters_lead_to_filter_help_pages_and_a_new_record(open_as):
    page = open_as("morag", "/companies")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("gp")
    expect(page.locator("#q")).to_have_value("gp")
    page.locator("body").click(position={"x": 5, "y": 5})
    page.keyboard.press("?")
    sheet = page.locator("dialog#keys")
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("People")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url(re.compile("/people$"))
    page.keyboard.press("c")
    expect(page.locator("#dialog #f-name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()


def test_the_palette_finds_a_person_and_makes_one_by_keys_alone(open_as):
    page = open_as("morag", "/")
    page.keyboard.press("Control+k")
    expect(page.locator("[data-palette-input]")).to_be_focused()
    page.keyboard.type("kowalczyk")
    options = page.locator("#palette [role=option]")
    expect(options.first).to_contain_text("Kowalczyk")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Kowalczyk")

    page.keyboard.press("Control+k")
    page.keyboard.type("new person")
    expect(options.first).to_contain_text("New person")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog h2")).to_have_text("New person")
    expect(page.locator("#dialog #f-name")).to_be_focused()


# --- making ---------------------------------------------------------------------------------------


def test_a_person_is_made_in_the_dialog_with_errors_at_their_fields(open_as, word):
    page = open_as("isla", "/people")
    page.keyboard.press("c")
    dialog = page.locator("#dialog")
    dialog.locator("#f-name").fill("Bea Dialogue")
    dialog.locator("#f-email").fill("no address")
    dialog.locator("#f-phone").fill("12")
    dialog.get_by_role("button", name="Add person").click()
    expect(dialog.locator("#f-email-error")).to_contain_text("Write a mail address")
    expect(dialog.locator("#f-email")).to_have_attribute("aria-invalid", "true")
    expect(dialog.locator("#f-name")).to_have_value("Bea Dialogue")
    dialog.locator("#f-email").fill(f"bea@{word}.example")
    dialog.get_by_role("button", name="Add person").click()
    expect(dialog.locator("#f-phone-error")).to_contain_text("Write a phone number")
    dialog.locator("#f-phone").fill("+44 1227 496014")
    page.keyboard.press("Control+Enter")
    expect(page.locator("h1")).to_have_text("Bea Dialogue")
    expect(page.locator("#toasts")).to_contain_text("Bea Dialogue added")

    # The same address again: the person who is here, with a word about it.
    page.goto("/people")
    page.keyboard.press("c")
    dialog.locator("#f-name").fill("B. Dialogue")
    dialog.locator("#f-email").fill(f"BEA@{word}.example")
    dialog.get_by_role("button", name="Add person").click()
    expect(page.locator("h1")).to_have_text("Bea Dialogue")
    expect(page.locator("#toasts")).to_contain_text("Bea Dialogue was here already")
    page.goto(f"/people?q=bea@{word}.example")
    assert names(page) == ["Bea Dialogue"]


@pytest.mark.parametrize("phone", [False, True])
def test_the_form_of_a_new_person_stands_at_the_side(open_as, phone):
    page = open_as("isla", "/people", phone=phone)
    opener = page.get_by_role("link", name="Person").first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#dialog")
    expect(dialog.locator("#f-name")).to_be_focused()
    box, width = dialog.bounding_box(), page.viewport_size["width"]
    assert (box["y"], box["height"]) == (0, page.viewport_size["height"])
    assert box["x"] + box["width"] == width
    assert box["width"] == (width if phone else 448)
    expect(dialog.get_by_role("button", name="Add person")).to_be_in_viewport(ratio=1)

    # Who has begun to write is asked before it is thrown away, by Esc and by a click beside it.
    page.keyboard.type("Half a na")
    asked = []

    def stay(one):
        asked.append(one.message)
        one.dismiss()

    page.on("dialog", stay)
    page.keyboard.press("Escape")
    if not phone:
        page.mouse.click(20, 400)
    expect(dialog.locator("#f-name")).to_have_value("Half a na")
    assert len(asked) == (1 if phone else 2)
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).not_to_be_visible()
    expect(opener).to_be_focused()


# --- without JavaScript ---------------------------------------------------------------------------


def test_the_daily_work_is_done_without_javascript(open_as, word):
    page = open_as("isla", "/people", java_script_enabled=False)
    page.fill("#q", "kowalczyk")
    page.press("#q", "Enter")
    assert all("Kowalczyk" in name for name in names(page))
    page.get_by_role("link", name="Filter", exact=True).click()
    page.fill("#f-value-0", "theo")
    page.get_by_role("button", name="Apply").click()
    assert names(page)
    assert all(name.startswith("Theo") for name in names(page))

    page.get_by_role("link", name="Person").first.click()
    page.fill("#f-name", "Noor Plain")
    page.fill("#f-email", f"noor@{word}.example")
    page.get_by_role("button", name="Add person").click()
    expect(page.locator("h1")).to_have_text("Noor Plain")
    expect(page.locator("#toasts")).to_contain_text("Noor Plain added")
    page.fill("textarea[name=text]", "By hand, without scripts")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".c-story")).to_contain_text("By hand, without scripts")

    title = page.get_by_role("button", name="Edit Title")
    empty = page.locator(".c-about summary", has_text="empty field")
    empty.click()
    title.click()
    page.fill("input[name=title]", "Buyer")
    page.press("input[name=title]", "Enter")
    expect(title).to_have_text("Buyer")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    empty.click()
    expect(title).to_have_text("empty")


# --- as a sheet -----------------------------------------------------------------------------------


def paste(page: Page, text: str) -> None:
    """Paste as a browser does it: the event with the text, where the focus is."""
    page.evaluate(
        """text => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const event = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
            document.activeElement.dispatchEvent(event);
        }""",
        text,
    )


def copied(page: Page) -> str:
    return str(
        page.evaluate(
            """() => {
                const data = new DataTransfer();
                const options = { clipboardData: data, bubbles: true, cancelable: true };
                document.activeElement.dispatchEvent(new ClipboardEvent("copy", options));
                return data.getData("text/plain");
            }"""
        )
    )


def test_a_block_is_pasted_by_keys_and_by_mouse_seen_before_and_undone(open_as, api_of, word):
    morag = api_of("morag")
    for name in ("Ada", "Bert", "Cleo"):
        morag.add(name=f"{name} {word}", email=f"{name.lower()}@paste-{word}.example")
    url = f"/people?q=paste-{word}&sort=name&columns=name,title,country,owner"
    page = open_as("morag", url)
    assert len(names(page)) == 3
    page.keyboard.press("j")
    page.keyboard.press("ArrowRight")  # from the row into its first cell that can be edited
    expect(page.locator("td:focus")).to_have_attribute("data-cell", "title")
    paste(page, "Buyer\tIreland\nOwner\tAtlantis\n")
    dialog = page.locator("#dialog")
    expect(dialog.get_by_role("heading", name="Paste from a spreadsheet")).to_be_visible()
    expect(dialog).to_contain_text("3 cells of 2 people will change.")
    expect(dialog).to_contain_text("This is none of the choices.")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert [one["title"] for one in people_of(morag, word)] == [None, None, None]

    paste(page, "Buyer\tIreland\nOwner\tAtlantis\n")
    dialog.get_by_role("button", name="Change the 3 that fit").click()
    expect(page.locator("#toasts")).to_contain_text("2 records changed")
    assert [(one["title"], one["country"]) for one in people_of(morag, word)] == [
        ("Buyer", "IE"),
        ("Owner", None),
        (None, None),
    ]
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("tbody")).not_to_contain_text("Buyer")
    assert [one["title"] for one in people_of(morag, word)] == [None, None, None]

    # By mouse: a click chooses the cell, Shift and a click the rectangle, one value fills it.
    page.goto(url)
    cells = page.locator('td[data-cell="title"]')
    cells.nth(1).click()
    expect(page.locator("#peek")).to_be_visible()
    page.keyboard.press("Escape")
    cells.nth(2).click(modifiers=["Shift"])
    expect(page.locator("td.is-ranged")).to_have_count(2)
    paste(page, "Founder")
    expect(dialog).to_contain_text("2 cells of 2 people will change.")
    dialog.get_by_role("button", name="Change 2 cells").click()
    expect(page.locator("#toasts")).to_contain_text("2 records changed")
    assert [one["title"] for one in people_of(morag, word)] == [None, "Founder", "Founder"]

    # What is copied out can be pasted back.
    page.keyboard.press("j")
    row = copied(page)
    assert row.split("\t")[:3] == [f"Ada {word}", "", ""]
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert [line.split("\t")[1] for line in copied(page).split("\n")] == ["", "Founder"]


def people_of(api, word):
    found = api.ask("GET", f"/people?q=paste-{word}&sort=name")
    return found["items"]


def test_a_block_is_pasted_without_a_clipboard(open_as, api_of, word):
    api_of("morag").add(name=f"Dora {word}", email=f"dora@form-{word}.example")
    for options in ({"java_script_enabled": False}, {"phone": True}):
        page = open_as("morag", f"/people?q=form-{word}&columns=name,title", **options)
        page.get_by_role("link", name="Paste from a spreadsheet").click()
        page.fill("#f-block", "Dora\tSmith")
        page.locator("#f-at").select_option(label="Title")
        page.get_by_role("button", name="See what would change").click()
        expect(page.get_by_text("1 cell of 1 person will change.")).to_be_visible()
        expect(page.get_by_text("1 column of the block is beyond")).to_be_visible()


# --- as a board -----------------------------------------------------------------------------------


def test_a_list_is_a_board_whose_cards_are_moved_by_keys_menu_and_mouse(open_as, api_of, word):
    morag = api_of("morag")
    made = morag.add("companies", name=f"Elm {word}", size="1-9", domain=f"elm-{word}.example")
    morag.add("companies", name=f"Fir {word}", size="10-49", domain=f"fir-{word}.example")
    page = open_as("morag", f"/companies?q={word}")
    page.get_by_role("link", name="Board", exact=True).click()
    page.wait_for_url(re.compile("layout=board"))
    small, middle = page.locator("[data-column]").nth(0), page.locator("[data-column]").nth(1)
    expect(small.locator("[data-card]")).to_have_count(1)

    def size() -> str:
        return str(morag.ask("GET", f"/companies/{made['id']}")["size"])

    card = page.locator(f'[data-card="{made["id"]}"]')
    card.locator("[data-card-link]").focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("#toasts")).to_contain_text("Size saved")
    expect(middle.locator("h2 .num")).to_have_text("2")
    expect(small.locator("h2 .num")).to_have_text("0")
    assert size() == "10-49"
    expect(card.locator("[data-card-link]")).to_be_focused()

    card.locator("[data-card-menu]").click()
    page.locator("#kanban-menu [data-to]").first.click()
    expect(small.locator("h2 .num")).to_have_text("1")
    assert size() == "1-9"

    card.hover()
    page.mouse.down()
    target = middle.locator("[data-cards]").bounding_box()
    assert target is not None
    page.mouse.move(target["x"] + 40, target["y"] + 20, steps=8)
    page.mouse.move(target["x"] + 60, target["y"] + 24, steps=4)
    page.mouse.up()
    expect(middle.locator("h2 .num")).to_have_text("2")
    assert size() == "10-49"

    # Somebody changes it meanwhile: the card goes back and the reason is said.
    morag.ask("PATCH", f"/companies/{made['id']}", {"size": "50-249"})
    card.locator("[data-card-link]").focus()
    page.keyboard.press("Alt+ArrowLeft")
    expect(page.locator("#toasts")).to_contain_text("Meanwhile someone changed this")
    expect(middle.locator(f'[data-card="{made["id"]}"]')).to_be_visible()
    assert size() == "50-249"

    page.get_by_role("link", name="Table").click()
    expect(page.locator("tbody a.who")).to_have_count(2)


def test_the_sheet_of_keys_tells_what_the_page_hears(open_as):
    page = open_as("isla", "/people")
    sheet = page.locator("#keys")

    def told():
        page.keyboard.press("?")
        expect(sheet).to_be_visible()
        rows = zip(
            sheet.locator("dt").all_inner_texts(),
            sheet.locator("dd").all_inner_texts(),
            strict=True,
        )
        found = {"".join(keys.split()): words for keys, words in rows}
        page.keyboard.press("Escape")
        expect(sheet).not_to_be_visible()
        return found

    on_list = told()
    known = {
        "J↓": "next row",
        "X": "select it",
        "Space": "look at it in the side panel",
        "CtrlA": "select all on the page",
        "/": "Search in this list",
        "C": "New person",
        "GP": "People",
        "CtrlK": "Search or run",
        "CtrlZ": "undo what I did last",
    }
    assert {keys: on_list.get(keys) for keys in known} == known
    assert "N" not in on_list
    page.locator("tbody a.who").first.click()
    page.wait_for_url(re.compile(r"/people/[0-9a-f-]{36}"))
    on_record = told()
    assert on_record["N"] == "Note"
    assert on_record["]ShiftJ"] == "next record of the list"
    assert not {"X", "C", "CtrlA"} & set(on_record)
