import pytest

from tandem.records.actions import import_now, note_upload
from tandem.records.queries import surveyed
from tandem.records.schemas import ImportOptions


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def load(system, tmp_path):
    """Import a file of people, as the command does."""

    def run(content, name, kind="people", **said):
        options = ImportOptions(**said)
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        of = surveyed(path, name=name, options=options)
        noted = note_upload(system, kind=kind, name=name, of=of, options=options)
        return import_now(system, noted, path=path)

    return run
