"""Files on records: kept once, told by content, seen by whoever sees the record, swept."""

import hashlib
import os
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.downloads import ContentGone
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.undo import undo
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records import queries
from tandem.records.actions import attach_files, delete_attachment, files, keep_content
from tandem.records.errors import FileEmpty, FileTooLarge, NoFile, TooManyFiles
from tandem.records.models import Attachment, StoredFile
from tandem.records.rules import MAX_FILE_NAME, file_name
from tandem.records.slots import object_type
from tandem.timeline.models import TimelineEntry

pytestmark = pytest.mark.django_db

PERSON = object_type("person")
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "contents"


@pytest.fixture
def priya(make_user: Callable[..., User]) -> User:
    return make_user("seller", name="Priya Nair")


@pytest.fixture
def ann(priya: User) -> Person:
    person, _new = create_person(actor_for(priya), data=NewPerson(name="Ann Kowalczyk"))
    return person


def attach(actor: Actor, person: Person, *named: tuple[str, bytes]) -> list[Attachment]:
    contents = [keep_content(name, [content]) for name, content in named]
    return attach_files(actor, PERSON, person.public_id, contents=contents)


def on_disk(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_same_content_is_kept_once_under_both_names(priya, ann, folder) -> None:
    actor = actor_for(priya)
    attach(actor, ann, ("offer.pdf", PDF), ("copy of offer.pdf", PDF))
    there = queries.attachments_of(PERSON, ann)
    assert [(one.name, one.author) for one in there] == [
        ("copy of offer.pdf", priya),
        ("offer.pdf", priya),
    ]
    stored = StoredFile.objects.get()
    assert (stored.sha256, stored.size, stored.media_type) == (sha(PDF), 35, "application/pdf")
    assert on_disk(folder) == {sha(PDF)}
    entry = TimelineEntry.objects.get(kind="records.attached")
    assert entry.payload == {"names": ["offer.pdf", "copy of offer.pdf"]}


def _word() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("word/document.xml", "<w:document/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("plan.pdf", PDF, "application/pdf"),
        ("invoice.pdf", PNG, "image/png"),
        ("picture.png", b"<html><script>alert(1)</script></html>", "text/html"),
        ("notes.txt", "Tins, as agreed – Ann".encode(), "text/plain"),
        ("people.csv", b"a,b\n1,2\n", "text/csv"),
        ("dump.bin", bytes(range(256)) * 4, "application/octet-stream"),
        (
            "letter.docx",
            _word(),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
    ],
)
def test_the_type_is_what_the_content_is(name: str, content: bytes, media_type: str) -> None:
    assert keep_content(name, [content]).media_type == media_type


def test_what_is_empty_or_too_large_leaves_nothing(priya, ann, folder, monkeypatch) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 2**20)
    with pytest.raises(FileEmpty, match=r"nothing\.txt is empty"):
        keep_content("nothing.txt", [])
    with pytest.raises(FileTooLarge, match=r"film\.mp4 is larger than 1 MB"):
        keep_content("film.mp4", [b"x" * 2**20, b"x"])
    with pytest.raises(NoFile):
        attach_files(actor_for(priya), PERSON, ann.public_id, contents=[])
    assert on_disk(folder) == set()
    assert (StoredFile.objects.count(), Attachment.objects.count()) == (0, 0)


def test_a_record_holds_so_many_files_and_all_or_none_are_added(priya, ann, monkeypatch) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 2)
    attach(actor_for(priya), ann, ("a.txt", b"a"))
    with pytest.raises(TooManyFiles):
        attach(actor_for(priya), ann, ("b.txt", b"b"), ("c.txt", b"c"))
    assert [one.name for one in queries.attachments_of(PERSON, ann)] == ["a.txt"]


def test_a_record_out_of_sight_takes_and_shows_none(priya, ann, make_actor) -> None:
    (one,) = attach(actor_for(priya), ann, ("a.txt", b"a"))
    stranger = make_actor("seller", name="Tom Okafor")
    with pytest.raises(Missing):
        attach(stranger, ann, ("b.txt", b"b"))
    with pytest.raises(Missing):
        queries.attachment(PERSON, stranger, ann.public_id, one.public_id)
    with pytest.raises(Missing):
        delete_attachment(stranger, PERSON, ann.public_id, attachment_id=one.public_id)
    assert [found.name for found in queries.attachments_of(PERSON, ann)] == ["a.txt"]


def test_one_deletes_ones_own_and_leaders_delete_any(priya, ann, system, make_actor) -> None:
    (own,) = attach(actor_for(priya), ann, ("own.txt", b"a"))
    (other,) = attach(system, ann, ("other.txt", b"b"))
    with pytest.raises(Refused):
        delete_attachment(actor_for(priya), PERSON, ann.public_id, attachment_id=other.public_id)
    delete_attachment(actor_for(priya), PERSON, ann.public_id, attachment_id=own.public_id)
    assert [one.name for one in queries.attachments_of(PERSON, ann)] == ["other.txt"]
    leader = make_actor("manager")
    delete_attachment(leader, PERSON, ann.public_id, attachment_id=other.public_id)
    assert not queries.attachments_of(PERSON, ann).exists()


def test_deleting_is_undone(priya, ann) -> None:
    actor = actor_for(priya)
    (one,) = attach(actor, ann, ("a.txt", b"a"))
    delete_attachment(actor, PERSON, ann.public_id, attachment_id=one.public_id)
    deed = last_change_set()
    assert deed is not None
    undo(actor, deed)
    assert [found.name for found in queries.attachments_of(PERSON, ann)] == ["a.txt"]


def test_the_sweep_takes_what_no_row_knows_and_nothing_younger_than_a_day(
    priya, ann, folder
) -> None:
    actor = actor_for(priya)
    attach(actor, ann, ("kept.txt", b"kept"))
    deed = last_change_set()
    assert deed is not None
    keep_content("lost.txt", [b"lost"])
    assert files.sweep_contents() == 0
    yesterday = time.time() - 2 * 86_400
    for path in folder.rglob("*"):
        os.utime(path, (yesterday, yesterday))
    assert files.sweep_contents() == 1
    assert on_disk(folder) == {sha(b"kept")}
    undo(actor, deed)
    assert files.sweep_contents() == 1
    assert (on_disk(folder), StoredFile.objects.count()) == (set(), 0)


def test_content_used_again_is_young_again(priya, ann, folder) -> None:
    keep_content("old.txt", [b"the same"])
    yesterday = time.time() - 2 * 86_400
    os.utime(queries.content_path(sha(b"the same")), (yesterday, yesterday))
    again = keep_content("new.txt", [b"the same"])
    assert files.sweep_contents() == 0
    attach_files(actor_for(priya), PERSON, ann.public_id, contents=[again])


# --- by page and by API -----------------------------------------------------------------------


@pytest.fixture
def browser(priya: User) -> Client:
    client = Client()
    client.force_login(priya)
    return client


def test_files_are_added_and_opened_by_page(browser, ann) -> None:
    address = f"/people/{ann.public_id}"
    sent = browser.post(
        f"{address}/files",
        {
            "file": [
                SimpleUploadedFile("../../etc/face.png", PNG),
                SimpleUploadedFile("page.html", b"<html><script>alert(1)</script></html>"),
            ]
        },
    )
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{address}?tab=files")
    page = browser.get(f"{address}?tab=files").content.decode()
    assert "face.png" in page
    assert "etc" not in page
    html, face = queries.attachments_of(PERSON, ann)
    shown = browser.get(f"{address}/files/{face.public_id}")
    assert shown.getvalue() == PNG
    assert (shown.headers["Content-Type"], shown.headers["Content-Disposition"]) == (
        "image/png",
        'inline; filename="face.png"',
    )
    fetched = browser.get(f"{address}/files/{html.public_id}")
    assert fetched.headers["Content-Type"] == "application/octet-stream"
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="page.html"'
    assert fetched.headers["X-Content-Type-Options"] == "nosniff"
    assert fetched.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    fetched.close()


def test_a_file_that_is_refused_is_told_and_not_kept(browser, ann, folder) -> None:
    answer = browser.post(
        f"/people/{ann.public_id}/files", {"file": SimpleUploadedFile("nothing.txt", b"")}
    )
    assert answer.status_code == 422
    assert "nothing.txt is empty" in answer.content.decode()
    assert (Attachment.objects.count(), on_disk(folder)) == (0, set())


def test_a_viewer_looks_and_adds_nothing(ann, make_user, folder) -> None:
    client = Client()
    client.force_login(make_user("viewer"))
    answer = client.post(f"/people/{ann.public_id}/files", {"file": SimpleUploadedFile("a", b"a")})
    assert (answer.status_code, Attachment.objects.count(), on_disk(folder)) == (403, 0, set())


def test_content_that_is_gone_is_said_so(browser, priya, ann, folder) -> None:
    (one,) = attach(actor_for(priya), ann, ("a.txt", b"a"))
    queries.content_path(sha(b"a")).unlink()
    answer = browser.get(f"/people/{ann.public_id}/files/{one.public_id}")
    assert answer.status_code == 404
    assert str(ContentGone.message) in answer.content.decode()


def test_files_by_api(priya, ann, folder) -> None:
    actor = actor_for(priya)
    secret = add_token(actor, NewToken(name="api")).raw
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    address = f"/api/v1/people/{ann.public_id}/files"
    sent = client.post(address, {"file": [SimpleUploadedFile("offer.pdf", PDF)]})
    (made,) = sent.json()["items"]
    assert sent.status_code == 201
    assert {key: made[key] for key in ("name", "size", "type", "sha256", "author")} == {
        "name": "offer.pdf",
        "size": 35,
        "type": "application/pdf",
        "sha256": sha(PDF),
        "author": str(priya.public_id),
    }
    assert client.get(address).json() == {"items": [made]}
    fetched = client.get(f"{address}/{made['id']}")
    assert fetched.getvalue() == PDF
    assert client.post(address, {"file": [SimpleUploadedFile("no", b"")]}).status_code == 422
    assert client.delete(f"{address}/{made['id']}").status_code == 204
    assert client.get(address).json() == {"items": []}
    assert client.get(f"{address}/{made['id']}").status_code == 404
    assert on_disk(folder) == {sha(PDF)}


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("offer.pdf", "offer.pdf"),
        ("C:\\Users\\Ann\\offer.pdf", "offer.pdf"),
        ("../../etc/passwd", "passwd"),
        ("photo‮gpj.exe", "photogpj.exe"),
        ("a\x00b\n.txt", "ab.txt"),
        ("  spaced   out .txt", "spaced out .txt"),
        ("..", "file"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)
def test_a_name_is_kept_without_folders_and_what_cannot_be_seen(given_name: str, kept: str) -> None:
    assert file_name(given_name) == kept


@given(st.text(max_size=400))
def test_any_name_becomes_one_that_can_be_kept(text: str) -> None:
    name = file_name(text)
    assert 0 < len(name) <= MAX_FILE_NAME
    assert not set(name) & set("/\\\0\n")
    assert file_name(name) == name
