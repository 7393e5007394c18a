"""My changes: what one did, on which records, field by field, and taking back very much of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.kernel import undo as undoing
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Refused
from tandem.kernel.models import ChangeSet, ProgressRecord
from tandem.people.actions import change_person, create_person, delete_person
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.records.actions import add_comment
from tandem.records.actions.many import Deed, ask_for
from tandem.records.jobs import run_undo
from tandem.records.queries import ListQuery, Selection
from tandem.records.queries.changes import (
    Touched,
    change_sets_for,
    changes_in,
    page_of,
    records_named,
    touched_by,
)
from tandem.records.schemas import BulkVerb, NewComment
from tandem.records.slots import object_type
from tandem.records.views.changes import blocks_of

pytestmark = pytest.mark.django_db

EVERYONE = Selection(every=ListQuery())
TO_GB = Deed(BulkVerb.CHANGE, ChangePerson(country="GB"))


@pytest.fixture
def user(make_user: Callable[..., User]) -> User:
    return make_user("admin", name="Morag Reid")


@pytest.fixture
def morag(user: User) -> Actor:
    return actor_for(user)


@pytest.fixture
def client(user: User) -> Client:
    found = Client()
    found.force_login(user)
    return found


def add(actor: Actor, name: str, **fields: Any) -> Person:
    person, _new = create_person(actor, data=NewPerson(name=name, **fields))
    return person


def touched(change_set: Any) -> list[Touched]:
    found = ChangeSet.objects.get(public_id=change_set)
    return list(touched_by([found]).get(found.pk, ()))


def test_what_a_deed_touched_is_counted_with_its_parts(morag: Actor) -> None:
    ann = add(morag, "Ann", email="ann@x.example")
    assert touched(last_change_set()) == [Touched("person", 1, (ann.pk,))]
    bo = add(morag, "Bo")
    ask_for(
        morag, object_type("person"), EVERYONE, Deed(BulkVerb.CHANGE, ChangePerson(country="GB"))
    )
    assert touched(last_change_set()) == [Touched("person", 2, (ann.pk, bo.pk))]
    add_comment(morag, object_type("person"), bo.public_id, data=NewComment(text="Rang"))
    assert touched(last_change_set()) == [Touched("person", 1, (bo.pk,))]


def test_ones_own_changes_are_paged_by_key_and_others_need_the_right(
    morag: Actor, system: Actor, make_actor: Callable[..., Actor]
) -> None:
    for at in range(53):
        add(morag, f"P {at}")
    add(system, "Not mine")
    first, last = page_of(change_sets_for(morag))
    add(morag, "Later")
    second, end = page_of(change_sets_for(morag), after=last)
    assert (len(first), len(second), end) == (50, 3, None)
    assert len({one.pk for one in [*first, *second]}) == 53
    assert not change_sets_for(make_actor("seller")).exists()
    with pytest.raises(Refused):
        change_sets_for(make_actor("seller"), is_everyones=True)


def test_the_page_names_records_kinds_and_fields(client: Client, morag: Actor) -> None:
    ann = add(morag, "Ann Lee")
    change_person(morag, ann.public_id, data=ChangePerson(country="IE", name="Ann Long"))
    changed = last_change_set()
    shown = client.get("/changes").content.decode()
    assert shown.count('<span class="t-2">1 person</span>') == 2
    assert f"/people/{ann.public_id}" in shown
    page = client.get(f"/changes/{changed}").content.decode()
    for said in ("<del>Ann Lee</del>", "<ins>Ann Long</ins>", "<ins>IE</ins>", "Morag Reid"):
        assert said in page
    delete_person(morag, ann.public_id)
    assert "<s>Ann Long</s>" in client.get("/changes").content.decode()


def test_what_cannot_be_undone_says_why_and_offers_no_undo(
    client: Client, morag: Actor, user: User
) -> None:
    ann = add(morag, "Ann Lee")
    made = last_change_set()
    assert made is not None
    offer = f'action="/undo/{made}"'
    assert offer in client.get(f"/changes/{made}").content.decode()
    gone = ChangeSet.objects.get(public_id=made)
    for action, said in (
        ("records.erase", "This was for good: nothing takes it back."),
        ("people.gone_by_now", "Tandem no longer knows how it was done."),
    ):
        ChangeSet.objects.filter(pk=gone.pk).update(action=action)
        page = client.get(f"/changes/{made}").content.decode()
        assert said in page
        assert offer not in page
    assert Person.objects.get(pk=ann.pk).deleted_at is None


def test_another_ones_change_set_is_not_there(make_user: Callable[..., User], morag: Actor) -> None:
    add(morag, "Ann Lee")
    done = last_change_set()
    other = Client()
    other.force_login(make_user("seller"))
    assert other.get(f"/changes/{done}").status_code == 404
    assert other.get(f"/changes/{uuid4()}").status_code == 404
    assert "Ann Lee" not in other.get("/changes").content.decode()


def test_records_that_passed_out_of_sight_are_not_told(morag: Actor) -> None:
    ann = add(morag, "Ann Lee")
    change_person(morag, ann.public_id, data=ChangePerson(country="IE"))
    found = ChangeSet.objects.get(public_id=str(last_change_set()))
    rows, _end = changes_in(found)
    named = records_named(morag, {"person": {ann.pk}})
    blocks, unseen = blocks_of(morag, rows, named)
    assert [(one.title, [change.new for change in one.changes]) for one in blocks] == [
        ("Ann Lee", ["IE"])
    ]
    assert unseen == ""
    Person.objects.filter(pk=ann.pk).update(owner=None)
    own = replace(morag, scopes={"*": Scope.OWN})
    assert records_named(own, {"person": {ann.pk}}) == {}
    assert blocks_of(own, rows, {}) == (
        [],
        "1 change is of something that is not shown to you.",
    )
    hiding = replace(morag, hidden={"person": frozenset({"country"})})
    assert blocks_of(hiding, rows, named)[0] == []


def test_a_page_of_changes_takes_few_queries(client: Client, morag: Actor) -> None:
    add(morag, "Ann")
    client.get("/changes")
    with CaptureQueriesContext(connection) as few:
        client.get("/changes")
    for at in range(20):
        add(morag, f"P {at}")
    with CaptureQueriesContext(connection) as many:
        client.get("/changes")
    assert len(many) <= len(few)


def test_a_very_large_undo_is_done_by_a_worker(
    client: Client, user: User, morag: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(4):
        add(morag, f"P {at}")
    ask_for(
        morag, object_type("person"), EVERYONE, Deed(BulkVerb.CHANGE, ChangePerson(country="GB"))
    )
    done = last_change_set()
    monkeypatch.setattr(undoing, "AT_ONCE", 3)
    answer = client.post(f"/undo/{done}")
    record = ProgressRecord.objects.get(kind="undo")
    assert answer.headers["Location"] == f"/jobs/{record.public_id}"
    assert set(Person.objects.values_list("country", flat=True)) == {"GB"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'records.run_undo'")
        (args,) = cursor.fetchone()
    run_undo(**json.loads(args))
    record.refresh_from_db()
    assert (record.state, record.done) == ("done", record.total)
    assert set(Person.objects.values_list("country", flat=True)) == {""}
    assert ChangeSet.objects.get(undo_of__public_id=str(done)).actor_id == user.pk
    monkeypatch.setattr(undoing, "AT_ONCE", 2000)
    refused = client.post(f"/undo/{done}")
    assert refused.status_code == 409


def test_a_small_undo_is_done_at_once(client: Client, morag: Actor) -> None:
    add(morag, "Ann")
    client.post(f"/undo/{last_change_set()}")
    assert Person.objects.get().deleted_at is not None
    assert not ProgressRecord.objects.exists()
