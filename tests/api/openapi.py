"""The OpenAPI file of the product as it stands; ``python -m tests.api.openapi`` rewrites it."""

import json
import os
from importlib import import_module
from pathlib import Path
from typing import Any

import django

from tests.cluster import test_cluster

FILE = Path(__file__).resolve().parents[2] / "tandem" / "api" / "openapi.json"
METHODS = ("get", "put", "post", "patch", "delete")


def described() -> dict[str, Any]:
    """The description that the running API gives of itself."""
    api = import_module("tandem.api.urls").api  # Django must be set up before
    # Through JSON, as a client reads it: the statuses become text.
    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))
    return found


def as_text(description: dict[str, Any]) -> str:
    """In the form of the committed file: sorted, so that a change is a small difference."""
    return json.dumps(description, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the file anew."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tandem.project.settings")
    test_cluster()
    django.setup()
    FILE.write_text(as_text(described()))


if __name__ == "__main__":
    main()
