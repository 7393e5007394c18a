import pytest

from tandem.kernel.tables import survey
from tandem.records.actions import import_now, note_upload
from tandem.records.schemas import ImportOptions


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def load(system, tmp_path):
    """Import a file of people, as the command does."""

    def run(content, name, kind="people"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        noted = note_upload(
            system, kind=kind, name=name, of=survey(path, name=name), options=ImportOptions()
        )
        return import_now(system, noted, path=path)

    return run
