"""The design system in a real browser: open to everyone, by keys, by mouse, without a script."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, expect

PARTS = ("components", "list", "record", "sign-in", "settings", "error")


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Errors of scripts and refusals of the content policy."""
    found: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            found.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def violations(page: Page) -> list[str]:
    return [
        f"{found['id']}: {node['html'][:120]}"
        for found in Axe().run(page).response["violations"]
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("part", PARTS)
def test_everyone_can_use_it(page: Page, base_address, complaints, part, width, theme):
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    page.context.add_cookies([{"name": "tandem_theme", "value": theme, "url": base_address}])
    page.goto(f"{base_address}/ui/components/{part}")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert complaints == []


@pytest.mark.parametrize("part", PARTS)
def test_no_page_scrolls_sideways(page: Page, base_address, part):
    page.goto(f"{base_address}/ui/components/{part}")
    for width in (1280, 1024, 961, 960, 768, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width


@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_inline(page: Page, base_address, part):
    page.goto(f"{base_address}/ui/components/{part}")
    assert (
        page.evaluate(
            """() => [...document.querySelectorAll("*")].filter((one) =>
            one.matches("script:not([src]), style") ||
            one.getAttributeNames().some((name) => /^(on|hx-on)/.test(name)))
            .map((one) => one.outerHTML.slice(0, 80))"""
        )
        == []
    )


@pytest.fixture
def people(page: Page, base_address, complaints) -> Page:
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{base_address}/ui/components/list")
    page.wait_for_function("document.querySelector('[data-row][tabindex=\"0\"]')")
    return page


def test_keys_move_select_and_peek(people: Page, complaints):
    for key in ("j", "x", "j", "j", "Shift+X"):
        people.keyboard.press(key)
    expect(people.locator("[data-pick]:checked")).to_have_count(3)
    expect(people.locator("[data-bulk-count]")).to_have_text("3 selected")
    people.keyboard.press(" ")
    expect(people.locator("#peek h2")).to_have_text("Ann Kowalczyk")
    assert violations(people) == []
    people.keyboard.press("Escape")
    expect(people.locator("#peek")).to_be_hidden()
    expect(people.locator("[data-row]").nth(2)).to_be_focused()
    people.keyboard.press("Control+a")
    expect(people.locator("[data-bulk-count]")).to_have_text("17 selected")
    people.locator("[data-bulk-every]").check()
    expect(people.locator("[data-bulk-count]")).to_have_text("12,846 selected")
    people.keyboard.press("Escape")
    expect(people.locator("[data-bulk]")).to_be_hidden()
    assert complaints == []


def test_shift_and_click_select_a_range(people: Page):
    people.locator("[data-pick]").nth(1).click()
    people.locator("[data-pick]").nth(5).click(modifiers=["Shift"])
    expect(people.locator("[data-pick]:checked")).to_have_count(5)


def test_a_cell_is_edited_in_place(people: Page, complaints):
    cell = people.locator("td[data-cell]").nth(4)
    cell.dblclick()
    field = cell.locator("input.form-control")
    expect(field).to_be_focused()
    field.fill("Chief buyer")
    field.press("Escape")
    expect(cell).to_have_text("Buying director")
    cell.dblclick()
    field.fill("")
    people.keyboard.press("Enter")
    expect(cell).to_contain_text("This is needed.")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("Chief buyer")
    people.keyboard.press("Enter")
    expect(cell).to_contain_text("Chief buyer")
    expect(people.locator("td[data-cell]").nth(5)).to_be_focused()
    expect(cell.locator("form")).to_have_count(0)
    expect(people.locator("#peek")).to_be_hidden()
    assert complaints == []


def test_a_property_of_a_record_is_edited_in_place(page: Page, base_address, complaints):
    page.goto(f"{base_address}/ui/components/record")
    role = page.get_by_role("button", name="Edit Role")
    role.click()
    page.locator("dd.is-editing input.form-control").fill("Head of buying")
    page.keyboard.press("Enter")
    expect(role).to_have_text("Head of buying")
    expect(role).to_be_focused()
    role.click()
    expect(page.locator("dd.is-editing input.form-control")).to_be_focused()
    page.keyboard.press("Escape")
    expect(role).to_be_focused()
    assert complaints == []


def test_the_palette_opens_finds_and_closes(people: Page, complaints):
    people.keyboard.press("Control+k")
    field = people.locator("#palette [data-palette-input]")
    expect(field).to_be_focused()
    field.press_sequentially("kow")
    options = people.locator("#palette [role=option]")
    expect(options).to_have_count(1)
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    assert violations(people) == []
    people.keyboard.press("Escape")
    expect(people.locator("#palette")).to_be_hidden()
    people.keyboard.press("Control+k")
    field.press_sequentially("kit")
    expect(options.first).to_contain_text("Kit")
    people.keyboard.press("Enter")
    people.wait_for_url("**/ui/components")
    assert complaints == []


def test_letters_are_silent_while_someone_types(people: Page):
    people.keyboard.press("c")
    dialog = people.locator("#new")
    expect(dialog).to_be_visible()
    people.keyboard.type("c j x ?")
    expect(dialog.locator("[name=n1]")).to_have_value("c j x ?")
    expect(people.locator("#keys")).to_be_hidden()
    people.once("dialog", lambda question: question.dismiss())
    people.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    people.once("dialog", lambda question: question.accept())
    people.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_ctrl_and_enter_send_the_form_one_is_in(page: Page, base_address):
    page.goto(f"{base_address}/ui/components/settings")
    page.evaluate(
        """() => {
            const form = document.querySelector("form[data-dirty]");
            form.noValidate = true;
            form.addEventListener("submit", () => { window.sent = 1; });
        }"""
    )
    page.get_by_label("About").press("Control+Enter")
    assert page.evaluate("window.sent") == 1


def test_single_letters_can_be_switched_off(people: Page):
    people.evaluate("document.documentElement.dataset.singleKeys = 'off'")
    people.keyboard.press("c")
    expect(people.locator("#new")).to_be_hidden()
    people.keyboard.press("Control+k")
    expect(people.locator("#palette")).to_be_visible()


def test_a_question_mark_shows_the_keys_of_the_page(people: Page):
    people.keyboard.press("?")
    expect(people.locator("#keys")).to_be_visible()
    expect(people.locator("[data-keylist] dd").filter(has_text="Person")).to_have_count(1)
    assert violations(people) == []


def test_g_and_a_letter_lead_to_a_page(people: Page, base_address):
    people.keyboard.press("g")
    people.keyboard.press("p")
    people.wait_for_url(f"{base_address}/listed")


def test_a_menu_is_walked_with_the_arrows(people: Page):
    button = people.locator(".c-nav [data-menu]")
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
    items = people.locator("#menu-me [role^=menuitem]")
    expect(items.first).to_be_focused()
    people.keyboard.press("ArrowDown")
    expect(items.nth(1)).to_be_focused()
    assert violations(people) == []
    people.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_the_theme_changes_at_once_and_stays(people: Page):
    people.locator(".c-nav [data-menu]").click()
    with people.expect_response("**/theme"):
        people.locator("#menu-me [value=dark]").click()
    expect(people.locator("html")).to_have_attribute("data-bs-theme", "dark")
    people.reload()
    expect(people.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_toast_offers_undo_and_goes(page: Page, base_address, complaints):
    page.clock.install()
    page.goto(f"{base_address}/ui/components")
    page.get_by_role("button", name="Show a live one").click()
    toast = page.locator("#toasts .c-toast")
    expect(toast).to_contain_text("3 people assigned to Tom")
    expect(toast.get_by_role("button", name="Undo")).to_be_visible()
    page.clock.run_for(9_000)
    expect(toast).to_have_count(1)
    toast.get_by_role("button", name="Undo").focus()
    page.clock.run_for(60_000)
    expect(toast).to_have_count(1)
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)
    assert complaints == []


def test_a_clock_ticks(page: Page, base_address):
    page.clock.install()
    page.goto(f"{base_address}/ui/components")
    clock = page.locator("[data-clock][data-says]").first
    expect(clock).to_have_text("accept in 12 min")
    page.clock.run_for(10 * 60_000)
    expect(clock).to_have_text("accept in 2 min")
    page.clock.run_for(4 * 60_000)
    expect(clock).to_have_class("c-clock is-over")


def test_a_long_choice_is_found_by_typing(page: Page, base_address):
    page.goto(f"{base_address}/ui/components")
    box = page.get_by_role("combobox", name="Reason").first
    box.click()
    box.fill("small")
    expect(page.locator(".c-combobox_list:popover-open [role=option]")).to_have_count(1)
    box.press("Enter")
    expect(box).to_have_value("Too small")
    assert page.locator("select[data-combobox]").first.input_value() == "size"


def test_pages_work_without_a_script(browser, base_address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base_address}/ui/components")
    page.get_by_role("button", name="Show a live one").click()
    expect(page.locator("#toasts .c-toast")).to_contain_text("3 people assigned to Tom")
    page.goto(f"{base_address}/ui/components/list")
    page.get_by_role("link", name="Search or run").click()
    page.get_by_role("combobox").fill("ann")
    page.get_by_role("combobox").press("Enter")
    expect(page.get_by_role("option", name="Ann Kowalczyk")).to_be_visible()
    context.close()
