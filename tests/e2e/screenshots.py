"""Pictures of every page, wide and narrow, light and dark.

To look at them: `python -m tests.e2e.screenshots DIR`.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.e2e.product import CHROMIUM_FLAGS, context_for, running_demo, sign_in

LIST = "/people"

# A page that listens for changes is never without a connection: there is no idle network to await.
SETTLING_MS = 500


def main(folder: Path) -> None:
    """Start the product with the demo company and take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    found = os.environ.get("TANDEM_BROWSER") or shutil.which("chromium")
    with running_demo() as tree, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_FLAGS)
        for phone in (False, True):
            for dark in (False, True):
                context = context_for(browser, phone=phone, dark=dark)
                page = context.new_page()
                ending = f"{'390' if phone else '1440'}-{'dark' if dark else 'light'}.png"
                page.goto(f"{tree.url}/accounts/login/")
                page.screenshot(path=folder / f"sign-in-{ending}", full_page=True)
                sign_in(page, tree, "morag")
                for name, path in pages(page, tree.url):
                    page.goto(f"{tree.url}{path}")
                    page.wait_for_timeout(SETTLING_MS)
                    page.screenshot(path=folder / f"{name}-{ending}", full_page=phone)
                if not phone:
                    page.goto(f"{tree.url}{LIST}")
                    page.keyboard.press("j")
                    page.keyboard.press("Space")
                    page.wait_for_selector("#peek:not([hidden]) .c-peek_body")
                    page.wait_for_timeout(SETTLING_MS)
                    page.screenshot(path=folder / f"peek-{ending}")
                    page.keyboard.press("Control+k")
                    page.keyboard.type("kow")
                    page.wait_for_timeout(600)
                    page.screenshot(path=folder / f"palette-{ending}")
                context.close()
        browser.close()


def pages(page: Page, url: str) -> list[tuple[str, str]]:
    """Every page by name, those of one record with the first of its list."""
    firsts = {}
    for slug in ("people", "companies", "campaigns", "segments"):
        page.goto(f"{url}/{slug}")
        firsts[slug] = page.locator("tbody a.who").first.get_attribute("href") or ""
    person = firsts["people"].partition("?")[0]
    segment = firsts["segments"].partition("?")[0]
    return [
        ("home", "/"),
        ("people", "/people"),
        ("people-none", "/people?q=nobodyatallhere"),
        ("person", firsts["people"]),
        ("person-history", f"{person}?tab=history"),
        ("person-new", "/people/new"),
        ("companies", "/companies"),
        ("company", firsts["companies"]),
        ("campaigns", "/campaigns"),
        ("campaign", firsts["campaigns"]),
        ("segments", "/segments"),
        ("segment", firsts["segments"]),
        ("segment-reasons", f"{segment}/reasons?find=a"),
        ("segment-of-people", f"{segment}/condition?kind=person"),
        ("segment-of-events", f"{segment}/condition?kind=event"),
        ("segment-of-consent", f"{segment}/condition?kind=consent"),
        ("segments-overlap", "/segments/overlap"),
        ("attribution", "/attribution"),
        ("sites", "/sites"),
        ("sites-pages", "/sites?show=pages"),
        ("funnel", "/sites/funnel"),
        ("measures", "/measures"),
        ("measure", "/measures/cost?by=channel"),
        ("filter", "/people/filter"),
        ("save-view", "/people/views/new?sort=-created_at"),
        ("search", "/search?q=kow"),
        ("notifications", "/notifications?shows=all"),
        ("notifications-none", "/notifications?shows=snoozed"),
        ("settings", "/settings/"),
        ("own-notifications", "/settings/notifications"),
        ("users", "/settings/users"),
        ("teams", "/settings/teams"),
        ("company-settings", "/settings/company"),
        ("missing", "/people/00000000-0000-7000-8000-000000000000"),
        ("components", "/ui/components"),
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
