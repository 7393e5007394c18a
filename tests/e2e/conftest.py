"""One running product for all tests in a browser, its users signed in once each."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.product import CHROMIUM_FLAGS, Api, context_for, running_demo, sign_in, token_of
from tests.faults.tree import Tree


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Debian's Chromium where there is one, else Playwright's own."""
    found = os.environ.get("TANDEM_BROWSER") or shutil.which("chromium")
    return {**browser_type_launch_args, "args": CHROMIUM_FLAGS} | (
        {"executable_path": found} if found else {}
    )


@pytest.fixture(scope="session")
def product() -> Iterator[Tree]:
    """The product with the demo company."""
    with running_demo() as tree:
        yield tree


@pytest.fixture(scope="module")
def word() -> str:
    """A word that stands nowhere else in the product, for names and addresses of a module."""
    return f"q{secrets.token_hex(4)}x"


@pytest.fixture(scope="session")
def api_of(product: Tree) -> Callable[[str], Api]:
    """The API as a demo user: ``api_of("priya")``."""
    known: dict[str, Api] = {}

    def ask_as(who: str) -> Api:
        if who not in known:
            known[who] = Api(product.url, token_of(product, who))
        return known[who]

    return ask_as


@pytest.fixture(scope="session")
def context_of(browser: Browser, product: Tree) -> Iterator[Callable[..., BrowserContext]]:
    """The browser of a demo user, who signs in once; kept, so that assets are loaded once."""
    cookies: dict[str, Any] = {}
    known: dict[tuple[object, ...], BrowserContext] = {}

    def context(who: str, **options: Any) -> BrowserContext:
        key = (who, *sorted(options.items()))
        if key not in known:
            stored = {"storage_state": cookies[who]} if who in cookies else {}
            known[key] = context_for(browser, base_url=product.url, **stored, **options)
            known[key].set_default_timeout(8000)
            if who not in cookies:
                page = known[key].new_page()
                sign_in(page, product, who)
                cookies[who] = known[key].storage_state()
                page.close()
        return known[key]

    yield context
    for one in known.values():
        one.close()


@pytest.fixture
def open_as(context_of: Callable[..., BrowserContext]) -> Iterator[Callable[..., Page]]:
    """A page of a demo user: ``open_as("priya", "/people", phone=True)``."""
    opened: list[Page] = []

    def open_page(who: str, path: str = "/", **options: Any) -> Page:
        page = context_of(who, **options).new_page()
        opened.append(page)
        page.goto(path)
        return page

    yield open_page
    for page in opened:
        page.close()
