"""The whole product with the demo company, for a browser: `tandem up`, as a user starts it."""

import http.client
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from tests.faults.tree import Tree, tandem

# As `bin/demo` prints them.
DOMAIN = "thistleandtin.example"
PASSWORD = "two wheels one ride"

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Without a window Chromium says so of itself, and what it does on a site counts as a machine's.
    "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/143.0.0.0 Safari/537.36",
]
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tandem.project.settings", "TANDEM_GALLERY": "1"}
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@contextmanager
def running_demo(*, with_data: bool = True) -> Iterator[Tree]:
    """A running product in a home of its own, with the demo company or just its users."""
    folder = Path(tempfile.mkdtemp(prefix="tandem-e2e-"))
    folder.chmod(0o711)
    home = folder / "home"
    try:
        if with_data:
            with Tree(home, environ=SETTINGS, arguments=("--demo",)) as tree:
                yield tree
            return
        with Tree(home, environ=SETTINGS) as tree:
            yield tree
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def token_of(tree: Tree, who: str) -> str:
    """An API token of a demo user, made on the command line."""
    made = tandem(tree.home, "token", "add", "--user", f"{who}@{DOMAIN}", environ=SETTINGS)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip().splitlines()[-1]


def sign_in(page: Page, tree: Tree, who: str) -> None:
    """Sign in as a demo user, as a person does."""
    page.goto(f"{tree.url}/accounts/login/")
    page.fill("input[name=login]", f"{who}@{DOMAIN}")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{tree.url}/")


class Api:
    """The API as the holder of a token, without a browser."""

    def __init__(self, url: str, token: str) -> None:
        self._base = f"{url}/api/v1"
        self._token = token

    def ask(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON; an answer that is no success fails the test."""
        status, found = self.try_to(method, path, data)
        assert status < 300, (status, found)
        return found

    def try_to(
        self, method: str, path: str, data: Mapping[str, Any] | None = None
    ) -> tuple[int, Any]:
        """The status and the answer's JSON."""
        address = urlsplit(f"{self._base}{path}")
        connection = http.client.HTTPConnection(address.netloc, timeout=15)
        try:
            connection.request(
                method,
                address.path + (f"?{address.query}" if address.query else ""),
                body=None if data is None else json.dumps(data),
                headers={
                    "Authorization": f"Bearer {self._token}",
                    "Content-Type": "application/json",
                },
            )
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(text) if text else None

    def add(self, slug: str = "people", /, **fields: Any) -> dict[str, Any]:
        """A new record."""
        made: dict[str, Any] = self.ask("POST", f"/{slug}", fields)
        return made


def context_for(
    browser: Browser, *, phone: bool = False, dark: bool = False, **options: Any
) -> BrowserContext:
    """A browser window of a size and a theme."""
    return browser.new_context(
        viewport=PHONE if phone else WIDE,  # type: ignore[arg-type]
        color_scheme="dark" if dark else "light",
        locale="en-GB",
        timezone_id="Europe/London",
        reduced_motion="reduce",
        **options,
    )
