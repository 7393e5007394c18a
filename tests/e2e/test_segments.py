"""A segment made in a browser: put together, counted, published; it follows when people change."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.product import Api


def test_a_segment_is_made_and_follows_people(
    open_as: Callable[..., Page], api_of: Callable[[str], Api], word: str
) -> None:
    api = api_of("isla")
    ann = api.add(name=f"Ann {word}", country="GB")
    api.add(name=f"Ben {word}", country="NL")

    page = open_as("isla", "/segments/new")
    page.get_by_label("Name").fill(f"Dutch {word}")
    page.get_by_role("button", name=re.compile("Add|Create|Save")).first.click()
    page.wait_for_url(re.compile(r"/segments/[0-9a-f-]{36}"))

    add_line(page, "Name", "contains", word)
    expect(page.locator(".c-seg")).to_contain_text("2 people")
    add_line(page, "Country", "any of", "NL")
    expect(page.locator(".c-figure .v").first).to_have_text("1")
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.locator(".c-seg")).to_contain_text("In it now")
    expect(page.locator(".c-figure .v").first).to_have_text("1")

    # Somebody else changes a person: the open page follows by itself.
    api.ask("PATCH", f"/people/{ann['id']}", {"country": "NL"})
    expect(page.locator(".c-figure .v").first).to_have_text("2", timeout=20_000)
    page.get_by_role("link", name="Why").first.click()
    expect(page.locator("#reasons")).to_contain_text("Country: Netherlands")


def add_line(page: Page, field: str, comparison: str, value: str) -> None:
    """Add a condition on what people are to the outermost group."""
    page.get_by_role("link", name="What people are").last.click()
    dialog: Any = page.locator("#dialog")
    expect(dialog.locator(".c-condition").first).to_be_visible()
    dialog.locator("#f-field-0").select_option(label=field)
    expect(dialog.locator("#f-field-0 option[selected]")).to_have_text(field)
    dialog.locator("#f-is-0").select_option(label=comparison)
    box = dialog.locator("#f-value-0")
    expect(box).to_be_visible()
    if box.evaluate("(element) => element.tagName") == "SELECT":
        box.select_option(value)
    else:
        box.fill(value)
    dialog.get_by_role("button", name="Add").click()
    expect(dialog).to_be_hidden()
