"""Built files by their plain name: the build puts a digest into each file's name."""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static

FOLDER = Path(__file__).resolve().parent / "static" / "ui"
STAMP = FOLDER / "built.json"


def asset_url(name: str) -> str:
    """Address of a built file; it changes with its content, so it may be cached for ever."""
    return static(f"ui/{_built()[0].get(name, name)}")


def versioned_url(name: str) -> str:
    """Address of a room's own static file, with a digest of its content as its query."""
    path = finders.find(name)
    if path is None:
        return static(name)
    return f"{static(name)}?v={_digest_of(str(path), Path(path).stat().st_mtime_ns)}"


@lru_cache
def _digest_of(path: str, changed_at: int) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:8]


def icon_names() -> frozenset[str]:
    """Names in the sprite; empty where the front-end has not been built."""
    return _built()[1]


def _built() -> tuple[dict[str, str], frozenset[str]]:
    # Read once by a server, so that its pages and the files it knows of belong together.
    try:
        return _read(STAMP.stat().st_mtime_ns if settings.DEBUG else 0)
    except FileNotFoundError:
        return {}, frozenset()


@lru_cache(maxsize=1)
def _read(changed_at: int) -> tuple[dict[str, str], frozenset[str]]:
    stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    return dict(stamp["files"]), frozenset(stamp["icons"])
