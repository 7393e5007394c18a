"""One running product for all tests in a browser."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.product import CHROMIUM_FLAGS, running_demo
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
