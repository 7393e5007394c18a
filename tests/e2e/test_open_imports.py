"""Real files through the real pages: uploaded, mapped, tried, imported, told, taken back."""

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.product import DOMAIN, PASSWORD, SETTINGS, context_for, sign_in
from tests.faults.tree import Tree, environment, within

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("TANDEM_OPEN_DATA", ROOT.parent / "shared" / "data"))

pytestmark = [
    pytest.mark.timeout(3000),
    pytest.mark.skipif(
        not DATA.is_dir(), reason=f"the open data are not at {DATA}: set TANDEM_OPEN_DATA"
    ),
]

UPLOADS = DATA / "import_formats" / "dittofeed_sample_uploads"
VERDICTS = ("created", "updated", "skipped", "failed")


@pytest.fixture(scope="module")
def empty() -> Iterator[Tree]:
    """A product in which nobody is but one who may do all."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-e2e-"))
    folder.chmod(0o711)
    with Tree(folder / "home", environ=SETTINGS) as tree:
        words = ["user", "add", f"mara@{DOMAIN}", "--role", "admin", "--password-stdin"]
        subprocess.run(
            [sys.executable, "-P", "-m", "tandem", *words],
            env={**environment(tree.home), **SETTINGS},
            input=f"{PASSWORD}\n",
            text=True,
            capture_output=True,
            timeout=within(120),
            check=True,
        )
        yield tree
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def page(browser: Browser, empty: Tree) -> Iterator[Page]:
    context = context_for(browser, base_url=empty.url, accept_downloads=True)
    context.set_default_timeout(within(15) * 1000)
    opened = context.new_page()
    sign_in(opened, empty, "mara")
    yield opened
    context.close()


def look_at(page: Page, path: Path, *, kind: str) -> None:
    """Upload a file and come to the page with its columns."""
    page.goto("/imports")
    page.select_option("#f-kind", value=kind)
    page.set_input_files("#f-file", path)
    page.get_by_role("button", name="Upload and look at it").click()
    page.wait_for_url(re.compile(r"/imports/[0-9a-f-]{36}"), timeout=within(120) * 1000)


def columns(page: Page) -> dict[str, str]:
    """What each column of the file goes into, in words; those that are left out are not there."""
    found = {}
    for row in page.locator("table:has(caption:text('Columns')) tbody tr").all():
        chosen = row.locator("select option:checked").inner_text()
        if chosen != "Left out":
            found[row.locator("td").first.inner_text()] = chosen
    return found


def choose(page: Page, column: str, target: str) -> None:
    page.get_by_label(f"{column} goes into", exact=True).select_option(label=target)


def try_it(page: Page, *, seconds: float = 60) -> list[int]:
    page.get_by_role("button", name="Try without writing").click()
    expect(page.get_by_text("What the import would do")).to_be_visible(
        timeout=within(seconds) * 1000
    )
    return counts(page)


def start(page: Page, *, seconds: float = 60) -> list[int]:
    page.get_by_role("button", name="Start the import").click()
    expect(page.get_by_text("What the import did")).to_be_visible(timeout=within(seconds) * 1000)
    return counts(page)


def counts(page: Page) -> list[int]:
    """Rows, and of these created, updated, skipped, failed."""
    told = figures(page)
    words = ("Rows", "Created", "Updated", "Skipped, already here", "Failed")
    return [int(told[word].replace(",", "")) for word in words]


def figures(page: Page) -> dict[str, str]:
    return dict(
        zip(
            page.locator("dl.c-adds dt").all_inner_texts(),
            page.locator("dl.c-adds dd").all_inner_texts(),
            strict=True,
        )
    )


def verdicts(page: Page) -> Counter[str]:
    """What became of each row, by the file that the page gives out."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name="What became of each row").click()
    with Path(waiting.value.path()).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["row"]) for row in rows] == list(range(1, len(rows) + 1))
    return Counter(row["verdict"] for row in rows)


def take_back(page: Page, *, seconds: float = 60) -> None:
    page.get_by_role("button", name="Take this import back").click()
    expect(page.locator(".c-chip", has_text="Taken back").first).to_be_visible(
        timeout=within(seconds) * 1000
    )


def listed(page: Page, slug: str) -> int:
    """How many records the list of a kind says that there are."""
    page.goto(f"/{slug}")
    shown = page.locator(".c-tabs [aria-current=page] .count")
    if not shown.count():
        return 0
    return int(shown.inner_text().replace(",", ""))


# The file, what its columns go into, and what becomes of its rows one file after the other.
SAMPLES = [
    (
        "users.csv",
        {
            "id": "Id in the other system",
            "email": "Mail address",
            "firstName": "First name",
            "lastName": "Last name",
            "phone": "Phone",
        },
        [5, 5, 0, 0, 0],
    ),
    (
        "missing-email-users.csv",
        {"id": "Id in the other system", "firstName": "First name", "lastName": "Last name"},
        [5, 0, 0, 5, 0],
    ),
    (
        "missing-headers-users.csv",
        {"Column 1": "Id in the other system", "Column 2": "Mail address"},
        [5, 0, 0, 5, 0],
    ),
    (
        "missing-some-identifiers.csv",
        {
            "id": "Id in the other system",
            "email": "Mail address",
            "firstName": "First name",
            "lastName": "Last name",
        },
        [5, 1, 0, 4, 0],
    ),
    (
        "missing-identifiers.csv",
        {"firstName": "First name", "lastName": "Last name"},
        [5, 5, 0, 0, 0],
    ),
    (
        "subscription-group-actions.csv",
        {
            "id": "Id in the other system",
            "email": "Mail address",
            "firstName": "First name",
            "lastName": "Last name",
            "phone": "Phone",
            "action": "Agreed to marketing by mail",
        },
        [5, 0, 3, 2, 0],  # its last row ends before an empty cell, and is told
    ),
]


def test_small_files_of_contacts_one_after_the_other(page):
    runs = []
    for name, mapping, expected in SAMPLES:
        look_at(page, UPLOADS / name, kind="people")
        assert columns(page) == mapping, name
        assert try_it(page) == expected, name
        assert start(page) == expected, name
        found = verdicts(page)
        assert [found[verdict] for verdict in VERDICTS] == expected[1:], name
        runs.append(page.url)
    assert listed(page, "people") == 11
    # The word of a list is in the ledger of each person.
    page.goto("/people?q=jane")
    page.locator("tbody a.who").first.click()
    expect(page.locator("main")).to_contain_text("Unsubscribed")
    for url in reversed(runs):
        page.goto(url)
        take_back(page)
    assert listed(page, "people") == 0


@pytest.mark.parametrize(("number", "records"), [(1, 1000), (2, 5000), (3, 5000)])
def test_open_linkage_data_and_their_duplicates(page, number, records):
    look_at(page, DATA / "linkage" / f"febrl_dataset{number}.csv", kind="people")
    # What was chosen for one of these files is remembered for the next.
    known = {"given_name": "First name", "surname": "Last name"}
    assert columns(page) in (known, {"rec_id": "Id in the other system", **known})
    choose(page, "rec_id", "Id in the other system")
    page.fill("#f-source", f"febrl{number}")
    assert try_it(page, seconds=120) == [records, records, 0, 0, 0]
    assert start(page, seconds=120) == [records, records, 0, 0, 0]
    assert verdicts(page) == Counter(created=records)
    url = page.url
    assert listed(page, "people") == records
    page.goto("/duplicates?kind=people")
    page.get_by_role("button", name="Look again").click()
    # The page follows the search, and shows by itself what it found.
    expect(page.locator(".c-pairs > li").first).to_be_visible(timeout=within(120) * 1000)
    names = page.locator(".c-pairs > li").first.locator("a.t-link").all_inner_texts()
    assert len(names) == 2
    assert set(names[0].split()) & set(names[1].split())
    page.goto(url)
    take_back(page, seconds=120)
    assert listed(page, "people") == 0


def progress_of(page: Page, *, until: Callable[[], bool]) -> list[tuple[int, int]]:
    """What the page says of an import while it runs: (done, total), as often as it changes."""
    seen: list[tuple[int, int]] = []
    deadline = time.monotonic() + within(600)
    while not until():
        assert time.monotonic() < deadline, seen
        for text in page.locator(".c-job .num").all_inner_texts():
            found = re.search(r"([\d,]+) of ([\d,]+) rows", text)
            if found:
                now = (int(found[1].replace(",", "")), int(found[2].replace(",", "")))
                if seen[-1:] != [now]:
                    seen.append(now)
        page.wait_for_timeout(400)
    return seen


def test_half_a_million_lines_of_orders_to_the_penny(page):
    look_at(page, DATA / "commerce" / "online_retail.csv.gz", kind="orders")
    assert set(columns(page)) == {
        *("InvoiceNo", "StockCode", "Description", "Quantity"),
        *("InvoiceDate", "UnitPrice", "CustomerID", "Country"),
    }
    page.select_option("#f-currency", value="GBP")
    page.get_by_role("combobox", name="Zone of the times").fill("Europe/London")
    page.get_by_role("combobox", name="Zone of the times").press("Enter")
    page.get_by_role("button", name="Start the import").click()
    done = page.get_by_text("What the import did")
    seen = progress_of(page, until=lambda: done.count() > 0)
    assert len(seen) >= 5
    assert seen == sorted(seen)
    assert {total for _done, total in seen} == {541_909}
    assert counts(page) == [541_909, 541_909, 0, 0, 0]
    told = figures(page)
    assert {name: told[name] for name in told if name.startswith(("Net", "Reversals"))} == {
        "Net": "9,747,747.93",
        "Net known customers": "8,300,065.81",
        "Reversals": "-896,812.49",
        "Reversals known customers": "-611,342.09",
        "Reversals with earlier purchase": "7,599",
        "Reversals with one purchase large enough": "7,174",
    }
    assert verdicts(page) == Counter(created=541_909)
    url = page.url
    assert listed(page, "companies") == 4_372
    page.goto(url)
    page.get_by_role("button", name="Take this import back").click(timeout=within(300) * 1000)
    expect(page.locator(".c-chip", has_text="Taken back").first).to_be_visible(
        timeout=within(300) * 1000
    )
    assert (listed(page, "orders"), listed(page, "companies")) == (0, 0)
