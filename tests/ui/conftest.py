"""A small site of the design system alone: no database, one actor, a real server for browsers."""

import shutil
import threading
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application
from django.test import override_settings

from tandem.ui import navigation, palette, shell
from tests.ui import site

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Tests say what went wrong themselves."""


@pytest.fixture
def bare_registries(monkeypatch):
    """Registries without the entries of the product's rooms."""
    monkeypatch.setattr(navigation, "_items", {})
    monkeypatch.setattr(palette.palette_slot, "_parts", {})
    monkeypatch.setattr(shell.identity_slot, "_parts", {})
    monkeypatch.setattr(shell.extras_slot, "_parts", {})


@pytest.fixture
def design_site(bare_registries) -> Iterator[None]:
    """The gallery as its own site, with a navigation and somebody signed in."""
    site.register()
    with override_settings(**site.SETTINGS):
        yield


@pytest.fixture
def base_address(design_site) -> Iterator[str]:
    """Where the gallery is served for a browser."""
    application = StaticFilesHandler(get_wsgi_application())
    server = make_server("127.0.0.1", 0, application, server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Debian's Chromium where there is one, else Playwright's own."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    return {**browser_type_launch_args, "args": CHROMIUM_FLAGS} | (
        {"executable_path": found} if found else {}
    )
