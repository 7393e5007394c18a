"""Two users of different scope, and one who only looks: each sees and finds what they may.

Priya sells: she sees what she, her team or nobody owns. Isla's scope is everything. Victor sees
everything and changes nothing.
"""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def scene(api_of, word):
    """Two persons at one company: one of Isla's, one of Priya's."""
    morag = api_of("morag")
    users = {user["name"]: user["id"] for user in morag.ask("GET", "/users?limit=200")["items"]}
    firm = morag.add("companies", name=f"{word} Traders", owner=users["Tom Okafor"])
    of_isla = morag.add(
        name="Zenobia Quillfeather",
        email=f"zenobia@{word}.example",
        title=f"{word} buyer",
        company=firm["name"],
        owner=users["Isla Fraser"],
    )
    of_priya = morag.add(
        name="Zebedee Quillfeather",
        email=f"zebedee@{word}.example",
        title=f"{word} buyer",
        company=firm["name"],
        owner=users["Priya Nair"],
    )
    return {"firm": firm, "isla": of_isla, "priya": of_priya, "users": users, "word": word}


BOTH = ["Zebedee Quillfeather", "Zenobia Quillfeather"]
HERS = ["Zebedee Quillfeather"]


@pytest.mark.parametrize(("who", "names"), [("priya", HERS), ("isla", BOTH), ("victor", BOTH)])
class TestWhatOneFinds:
    def test_by_searching_in_the_list(self, open_as, scene, who, names):
        page = open_as(who, f"/people?q={scene['word']}")
        assert page.locator("tbody a.who .ellipsis").all_inner_texts() == names
        # The count is of what one sees: it tells nobody that there is more.
        expect(page.locator(".c-tabs [aria-current=page] .count")).to_have_text(str(len(names)))
        expect(page.locator("tfoot")).to_contain_text(re.compile(rf"^{len(names)}\s"))

    def test_by_a_filter(self, open_as, scene, who, names):
        owner = scene["users"]["Isla Fraser"]
        tree = (
            '{"op":"and","items":[{"field":"email","is":"contains","value":"zenobia@"},'
            f'{{"field":"title","is":"is","value":"{scene["word"]} buyer"}},'
            f'{{"field":"owner","is":"any_of","value":["{owner}"]}}]}}'
        )
        page = open_as(who, f"/people?filter={tree}")
        hidden = names == HERS
        expect(page.get_by_text("Zenobia Quillfeather").first).to_be_visible(visible=not hidden)
        expect(page.get_by_text("Nothing matches")).to_be_visible(visible=hidden)

    def test_by_the_search_page(self, open_as, scene, who, names):
        page = open_as(who, f"/search?q={scene['word']}")
        found = page.locator("#found section", has=page.get_by_role("heading", name="People"))
        assert found.locator("b").all_inner_texts() == names

    def test_by_the_palette(self, open_as, scene, who, names):
        page = open_as(who)
        page.keyboard.press("Control+k")
        page.locator("[data-palette-input]").press_sequentially(scene["word"])
        expect(page.get_by_role("option", name="Zebedee Quillfeather")).to_be_visible()
        expect(page.get_by_role("option", name="Zenobia Quillfeather")).to_have_count(
            len(names) - 1
        )

    def test_beside_a_colleague_and_on_the_company(self, open_as, scene, who, names):
        page = open_as(who, f"/people/{scene['priya']['id']}")
        others = page.locator("section", has_text="Others there")
        expect(others.get_by_text("Zenobia Quillfeather")).to_have_count(len(names) - 1)
        page.goto(f"/companies/{scene['firm']['id']}")
        there = page.locator("section", has=page.get_by_role("heading", name="People"))
        assert sorted(there.locator("b").all_inner_texts()) == names
        page.goto(f"/companies?q={scene['word']}")
        expect(page.locator("tbody tr", has_text=scene["firm"]["name"])).to_contain_text(
            str(len(names))
        )

    def test_on_home(self, open_as, api_of, scene, who, names):
        note = f"Heard of the tins at the fair ({who} {scene['word']})"
        api_of("morag").ask("POST", f"/people/{scene['isla']['id']}/comments", {"text": note})
        page = open_as(who)
        expect(page.get_by_role("heading", name="Latest, both sides")).to_be_visible()
        expect(page.get_by_text(note)).to_have_count(len(names) - 1)

    def test_by_the_address(self, open_as, scene, who, names):
        page = open_as(who)
        for ending in ("", "?tab=history", "/peek"):
            answer = page.goto(f"/people/{scene['isla']['id']}{ending}")
            assert answer.status == (404 if names == HERS else 200), ending
        if names == HERS:
            expect(page.get_by_text("Zenobia Quillfeather")).to_have_count(0)


def test_a_foreign_record_is_as_missing_as_one_that_never_was(open_as, scene):
    page = open_as("priya")
    page.goto(f"/people/{scene['isla']['id']}")
    foreign = page.locator("main").inner_text()
    page.goto("/people/00000000-0000-7000-8000-000000000000")
    trace = re.compile(r"[0-9A-F]{4}-[0-9A-F]{4}")
    assert trace.sub("", page.locator("main").inner_text()) == trace.sub("", foreign)
    expect(page.get_by_role("heading", name="There is nothing here", level=1)).to_be_attached()
    page.get_by_role("link", name="Go home").click()
    expect(page.get_by_role("heading", name="This month, both sides")).to_be_visible()


def test_a_hidden_address_is_not_told_by_the_form(open_as, scene, word):
    page = open_as("priya", "/people/new")
    page.fill("#f-name", "Somebody Else")
    page.fill("#f-email", f"zenobia@{word}.example")
    page.get_by_role("button", name="Add person").click()
    expect(page.get_by_text("This exists already, but you may not see it.")).to_be_visible()
    expect(page.get_by_text("Zenobia")).to_have_count(0)


def test_who_only_looks_has_no_control_that_writes(open_as, scene):
    page = open_as("victor", f"/people?q={scene['word']}")
    for path in ("", "/people", f"/people/{scene['priya']['id']}"):
        page.goto(path or "/")
        # In which order one reads a story is one's own.
        forms = "main form[method=post]:not([action$='/order'])"
        assert page.locator(f"{forms}, main [data-cell], main [hx-post]").count() == 0, path
    expect(page.get_by_role("link", name="Person")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/fields/title", {"title": "Forced"}),
        ("/comments", {"text": "Forced"}),
        ("/tags", {"name": "Forced"}),
        ("/deletion", {}),
    ],
)
def test_a_forced_write_of_who_only_looks_is_refused(open_as, api_of, scene, path, data):
    page = open_as("victor")
    token = page.locator('meta[name="csrf-token"]').get_attribute("content")
    address = f"/people/{scene['priya']['id']}"
    before = api_of("morag").ask("GET", address)
    answer = page.request.post(address + path, form={**data, "csrfmiddlewaretoken": token})
    assert answer.status == 403
    assert api_of("morag").ask("GET", address) == before
    page.goto(address)
    expect(page.get_by_text("Forced")).to_have_count(0)


def test_a_forced_write_to_a_foreign_record_is_refused(open_as, api_of, scene):
    page = open_as("priya")
    token = page.locator('meta[name="csrf-token"]').get_attribute("content")
    address = f"/people/{scene['isla']['id']}"
    before = api_of("morag").ask("GET", address)
    for path, data in (("/fields/title", {"title": "Forced"}), ("/deletion", {})):
        answer = page.request.post(address + path, form={**data, "csrfmiddlewaretoken": token})
        assert answer.status == 404
    assert api_of("priya").try_to("PATCH", address, {"title": "Forced"})[0] == 404
    assert api_of("morag").ask("GET", address) == before
