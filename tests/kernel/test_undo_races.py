"""Undo and an edit of the same row at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection, connections

from tandem.kernel.actions import action, last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.models import ChangeSet
from tandem.kernel.undo import AlreadyUndone, UndoConflict, undo
from tandem.records.models import Tag
from tests.waiting import until_one_waits

pytestmark = pytest.mark.django_db(transaction=True)


@action(permission="records.tag")
def make(actor: Actor) -> None:
    Tag.objects.create(name="a", normalized="a")


@action(permission="records.tag")
def rename(actor: Actor, to: str, then: Callable[[], Any] = lambda: None) -> None:
    Tag.objects.update(name=to)
    then()


def test_an_edit_that_was_under_way_when_the_undo_began_is_seen(admin: Actor) -> None:
    make(admin)
    rename(admin, "b")
    deed = last_change_set()
    assert deed is not None
    is_written = Event()

    def edit() -> None:
        def wait_for_the_undo() -> None:
            is_written.set()
            until_one_waits()

        try:
            rename(admin, "later", wait_for_the_undo)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        editing = pool.submit(edit)
        assert is_written.wait(60)
        with pytest.raises(UndoConflict) as refused:
            undo(admin, deed)
        editing.result()
    assert [one.code for one in refused.value.errors] == ["changed_since"]
    assert Tag.objects.get().name == "later"
    assert not ChangeSet.objects.filter(undo_of__isnull=False).exists()


def test_two_who_undo_at_once_undo_once(admin: Actor) -> None:
    make(admin)
    rename(admin, "b")
    deed = last_change_set()
    assert deed is not None

    def press(number: int) -> str:
        try:
            undo(admin, deed)
            return "undone"
        except AlreadyUndone:
            return "already"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(press, range(4)))
    assert found == ["already"] * 3 + ["undone"]
    assert Tag.objects.get().name == "a"
    assert ChangeSet.objects.filter(undo_of__isnull=False).count() == 1
    assert connection.connection is not None
