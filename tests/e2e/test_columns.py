"""The columns of a list in a browser: made wider, put elsewhere, pinned; what a view keeps."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

COLUMNS = "name,title,company,owner"
MANY = f"{COLUMNS},country,email,phone,when,last_touch,created_at,tags,given_name,family_name"


def heads(page: Page) -> list[str]:
    found: list[str] = page.locator("[data-head]").evaluate_all(
        "all => all.map(one => one.dataset.head)"
    )
    return found


def head(page: Page, key: str) -> Locator:
    return page.locator(f'[data-head="{key}"]')


def box(found: Locator) -> FloatRect:
    """Where something is; looked for again, where the list is just being drawn anew."""
    for _each in range(50):
        place: FloatRect | None = found.evaluate(
            "(one) => one.isConnected ? (({ x, y, width, height }) => ({ x, y, width, height }))"
            "(one.getBoundingClientRect()) : null"
        )
        if place is not None:
            return place
    raise AssertionError("it is gone from the page each time")


def width(page: Page, key: str) -> int:
    return round(box(head(page, key))["width"])


def asked(page: Page) -> dict[str, str]:
    return {name: one for name, (one,) in parse_qs(urlsplit(page.url).query).items()}


def drag(page: Page, at: tuple[float, float], to: tuple[float, float]) -> None:
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] + (to[0] - at[0]) / 2, to[1], steps=4)
    page.mouse.move(*to, steps=4)
    page.mouse.up()


def drag_edge(page: Page, key: str, by: int) -> None:
    place = box(head(page, key))
    edge = (place["x"] + place["width"] - 3, place["y"] + 12)
    drag(page, edge, (edge[0] + by, edge[1]))


@pytest.fixture
def drawn_again(open_as: Callable[..., Page]) -> Callable[[Page, str], None]:
    """Wait until the links of the list know a part of its address."""

    def wait(page: Page, part: str) -> None:
        expect(page.locator("tbody a.who").first).to_have_attribute("href", re.compile(part))

    return wait


def test_an_edge_is_dragged_and_the_others_stay_as_they_are(open_as, drawn_again):
    page = open_as("morag", f"/people?columns={COLUMNS}")
    before = {key: width(page, key) for key in heads(page)}
    drag_edge(page, "title", 80)
    assert width(page, "title") == before["title"] + 80
    assert [width(page, key) for key in ("name", "company", "owner")] == [
        before[key] for key in ("name", "company", "owner")
    ]
    # The address has it, and so has every link of the list, without a new page.
    assert f"title:{before['title'] + 80}" in asked(page)["widths"]
    drawn_again(page, "widths")
    expect(page.get_by_role("link", name="Save as view")).to_be_visible()
    # Escape puts it back, a double click fits it to what is there.
    place = box(head(page, "title"))
    edge = (place["x"] + place["width"] - 3, place["y"] + 12)
    page.mouse.move(*edge)
    page.mouse.down()
    page.mouse.move(edge[0] + 60, edge[1], steps=3)
    assert width(page, "title") == before["title"] + 140
    page.keyboard.press("Escape")
    page.mouse.up()
    assert width(page, "title") == before["title"] + 80
    page.mouse.dblclick(*edge)
    fitted = width(page, "title")
    assert 48 < fitted < before["title"] + 80
    cut = page.locator('td[data-cell="title"]').evaluate_all(
        "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
    )
    assert cut == 0
    page.reload()
    assert width(page, "title") == fitted
    # A click on an edge sorts nothing, and one that moves nothing leaves the address alone.
    url = page.url
    place = box(head(page, "title"))
    page.mouse.click(place["x"] + place["width"] - 3, place["y"] + 12)
    assert page.url == url


def test_columns_are_put_elsewhere_by_mouse_and_the_selection_stays(open_as, drawn_again):
    page = open_as("morag", f"/people?columns={COLUMNS}")
    page.keyboard.press("j")
    page.keyboard.press("x")
    title = box(head(page, "title"))
    owner = box(head(page, "owner"))
    drag(page, (title["x"] + 20, title["y"] + 12), (owner["x"] + 30, owner["y"] + 12))
    assert heads(page) == ["name", "company", "owner", "title"]
    assert asked(page)["columns"] == "name,company,owner,title"
    assert "sort" not in asked(page)
    drawn_again(page, "owner%252Ctitle")
    assert heads(page) == ["name", "company", "owner", "title"]
    cells = page.locator("tbody tr").first.locator("td")
    expect(cells.nth(4)).to_have_attribute("data-cell", "title")
    expect(page.locator("tr.is-picked")).to_have_count(1)
    expect(page.locator("[data-bulk-count]")).to_have_text("1 selected")
    # The name stays the first: it cannot be moved, and nothing comes before it.
    name = box(head(page, "name"))
    title = box(head(page, "title"))
    drag(page, (title["x"] + 20, title["y"] + 12), (name["x"] + 40, name["y"] + 12))
    assert heads(page) == ["name", "title", "company", "owner"]
    drag(page, (name["x"] + 60, name["y"] + 12), (owner["x"] + 30, owner["y"] + 12))
    assert heads(page) == ["name", "title", "company", "owner"]


def test_columns_are_moved_and_sized_by_keys(open_as, drawn_again):
    page = open_as("morag", f"/people?columns={COLUMNS},last_touch&group=country")
    head(page, "title").get_by_role("link").focus()
    page.keyboard.press("Alt+ArrowRight")
    page.keyboard.press("Alt+ArrowRight")
    assert heads(page) == ["name", "company", "owner", "title", "last_touch"]
    told = page.locator("#heads-told")
    expect(told).to_have_text("Title: column 4 of 5")
    before = width(page, "title")
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowLeft")
    assert width(page, "title") == before + 16
    expect(told).to_have_text(f"Title: {before + 16} pixels wide")
    drawn_again(page, "widths")
    # The list was drawn again, in its groups; the head still has the focus.
    expect(head(page, "title").get_by_role("link")).to_be_focused()
    assert page.locator(".c-grouphead").count() > 2
    page.keyboard.press("Alt+ArrowLeft")
    assert heads(page) == ["name", "company", "title", "owner", "last_touch"]
    # A head that sorts nothing can be reached, too, and the name stays.
    head(page, "last_touch").focus()
    page.keyboard.press("Alt+ArrowLeft")
    assert heads(page) == ["name", "company", "title", "last_touch", "owner"]
    head(page, "company").get_by_role("link").focus()
    page.keyboard.press("Alt+ArrowLeft")
    assert heads(page)[:2] == ["name", "company"]


def test_the_name_stays_in_sight_while_others_are_scrolled(open_as):
    page = open_as("morag", f"/people?columns={MANY}&widths=company:500,email:400,title:300")
    area = page.locator(".c-listpage_scroll")
    assert area.evaluate("one => one.scrollWidth - one.clientWidth") > 300
    assert width(page, "last_touch") > 100
    names = page.locator("tbody a.who").first
    before = box(names)["x"]
    area.evaluate("one => one.scrollLeft = 300")
    expect(area).to_have_class(re.compile("is-aside"))
    assert abs(box(names)["x"] - before) < 12
    assert box(page.locator("tbody [data-pick]").first)["x"] < before
    assert box(head(page, "title"))["x"] < box(head(page, "name"))["x"] + width(page, "name")
    # What lies there is the name, not what is scrolled below it.
    place = box(names)
    above = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('td').cellIndex",
        [place["x"] + 40, place["y"] + 8],
    )
    assert above == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_a_view_keeps_order_widths_and_density(open_as, word):
    page = open_as("isla", f"/people?columns={COLUMNS}")
    tall = box(page.locator("tbody tr").first)["height"]
    page.locator("details.c-columns summary").click()
    picker = page.locator("details.c-columns")
    picker.get_by_label("Compact").check()
    picker.get_by_label("Title: width in pixels").fill("333")
    picker.get_by_role("button", name="Owner: further to the front").click()
    grip = box(picker.locator('li[data-place="title"] [data-column-grab]'))
    below = box(picker.locator('li[data-place="company"]'))
    drag(
        page,
        (grip["x"] + 6, grip["y"] + 6),
        (grip["x"] + 6, below["y"] + below["height"] - 4),
    )
    picker.get_by_role("button", name="Show these").click()
    page.wait_for_url(re.compile("density=compact"))
    assert asked(page)["widths"] == "title:333"
    assert heads(page) == ["name", "owner", "company", "title"]
    assert width(page, "title") == 333
    assert box(page.locator("tbody tr").first)["height"] < tall - 4
    page.get_by_role("link", name="Save as view").click()
    page.locator("#dialog #f-name").fill(f"wide {word}")
    page.locator("#dialog").get_by_role("button", name="Save view").click()
    expect(page.locator(".c-tabs [aria-current=page]")).to_contain_text(f"wide {word}")
    assert list(asked(page)) == ["view"]
    assert heads(page) == ["name", "owner", "company", "title"]
    assert width(page, "title") == 333
    expect(page.locator("table.is-compact")).to_have_count(1)
    # It can have the usual widths again, without losing anything else.
    page.locator("details.c-columns summary").click()
    page.get_by_role("link", name="Usual widths").click()
    page.wait_for_url(re.compile("widths=none"))
    assert width(page, "title") != 333
    expect(page.locator("table.is-compact")).to_have_count(1)
    expect(page.get_by_text("View changed")).to_be_visible()


def test_without_scripts_columns_have_an_order_and_widths(open_as):
    page = open_as("morag", f"/people?columns={COLUMNS}", java_script_enabled=False)
    page.locator("details.c-columns summary").click()
    picker = page.locator("details.c-columns")
    expect(picker.get_by_role("button", name="Title: further to the end")).to_have_count(0)
    picker.get_by_label("Title: width in pixels").fill("333")
    picker.get_by_role("button", name="Company: further to the front").click()
    page.wait_for_url(re.compile("widths="))
    assert heads(page) == ["name", "company", "title", "owner"]
    assert width(page, "title") == 333


def test_on_a_phone_a_list_is_cards_whatever_its_columns(open_as):
    page = open_as("morag", f"/people?columns={MANY}&widths=name:700,title:900", phone=True)
    usual = box(page.locator("tbody tr").first)
    assert usual["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"/people?columns={MANY}&density=compact")
    assert box(page.locator("tbody tr").first) == usual
