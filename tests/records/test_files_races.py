"""A content that is swept, or erased, and sent or used anew at the same instant."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.people.actions import create_person
from tandem.people.models import Person
from tandem.people.schemas import NewPerson
from tandem.records import queries
from tandem.records.actions import attach_files, files, keep_content, settle
from tandem.records.models import Attachment, Erasure, StoredFile
from tandem.records.slots import object_type
from tests.waiting import until_one_waits

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = b"the same"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    settings.ERASURE_LEDGER = tmp_path / "erased.jsonl"
    return tmp_path / "contents"


@pytest.fixture
def ann(system: Actor) -> Person:
    return create_person(system, data=NewPerson(name="Ann Lee"))[0]


def old(path: Path) -> Path:
    yesterday = time.time() - 2 * 86_400
    os.utime(path, (yesterday, yesterday))
    return path


def aside(deed: Callable[[], Any]) -> Any:
    try:
        return deed()
    finally:
        connections.close_all()


def test_what_is_sent_while_it_is_swept_is_there_afterwards(ann, system):
    kept = keep_content("a.txt", [TEXT])
    path = old(queries.content_path(kept.sha256))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            files.hold_contents([kept.sha256])  # as the sweep does
            sending = pool.submit(aside, lambda: keep_content("b.txt", [TEXT]))
            until_one_waits()
            assert not sending.done()
            assert files.remove_content(path, sent_before=time.time() - 86_400)
        again = sending.result()
    assert path.read_bytes() == TEXT
    attach_files(system, object_type("person"), ann.public_id, contents=[again])
    assert files.sweep_contents() == 0


@action(permission="records.attach")
def attach_slowly(actor: Actor, person: Person, content: Any, then: Callable[[], Any]) -> None:
    attach_files(actor, object_type("person"), person.public_id, contents=[content])
    then()


def test_what_is_being_attached_is_not_swept(ann, system):
    kept = keep_content("a.txt", [TEXT])
    path = old(queries.content_path(kept.sha256))
    is_written = Event()

    def wait_for_the_sweep() -> None:
        is_written.set()
        until_one_waits()

    with ThreadPoolExecutor(1) as pool:
        deed = lambda: attach_slowly(system, ann, kept, wait_for_the_sweep)  # noqa: E731
        attaching = pool.submit(aside, deed)
        assert is_written.wait(60)
        assert files.sweep_contents() == 0
        attaching.result()
    assert path.read_bytes() == TEXT
    assert Attachment.objects.get().file.sha256 == kept.sha256


@pytest.mark.parametrize("is_attached", [False, True])
def test_what_is_sent_anew_before_an_erasure_is_settled_stays(is_attached, ann, system):
    kept = keep_content("a.txt", [TEXT])
    path = old(queries.content_path(kept.sha256))
    erasure = Erasure.objects.create(
        kind="person", state="done", seal="s", done_at=timezone.now(),
        files=[str(path.relative_to(queries.content_folder().parent))],
    )  # fmt: skip
    again = keep_content("b.txt", [TEXT])
    if is_attached:
        attach_files(system, object_type("person"), ann.public_id, contents=[again])
        old(path)
    settle(erasure)
    assert path.read_bytes() == TEXT
    assert Erasure.objects.get().files == []


def test_what_is_not_sent_anew_goes_when_the_erasure_is_settled(system):
    kept = keep_content("a.txt", [TEXT])
    path = old(queries.content_path(kept.sha256))
    erasure = Erasure.objects.create(
        kind="person", state="done", seal="s", done_at=timezone.now(),
        files=[str(path.relative_to(queries.content_folder().parent))],
    )  # fmt: skip
    settle(erasure)
    assert not path.exists()
    assert not StoredFile.objects.exists()
