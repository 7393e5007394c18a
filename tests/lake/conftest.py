from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def lake_folder(settings, tmp_path: Path) -> Path:
    """A lake of the test's own."""
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files" / "lake"
