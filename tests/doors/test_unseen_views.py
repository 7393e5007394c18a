"""Views, undo and imports that name a field which is hidden from who comes: refused or withheld."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.core.cache import caches

from tandem.accounts.actions import hide_fields
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role
from tandem.kernel.actor import Actor
from tandem.kernel.models import ChangeSet
from tandem.people.models import Person
from tandem.records.actions import save_view
from tandem.records.queries import visible_record
from tandem.records.schemas import NewView
from tandem.records.slots import object_type
from tests.doors.test_hidden_fields import Reader
from tests.doors.test_matrix import contents
from tests.doors.world import AT, World, found_world

pytestmark = pytest.mark.django_db

HIDDEN = ("title", "country", "x_choice_of_person", "x_number_of_person")
BY_CHOICE = {"op": "and", "items": [{"field": "x_choice_of_person", "is": "not_empty"}]}
AMONG = {
    "op": "and",
    "items": [{"related": "company", "is": "any", "where": {"op": "and", "items": []}}],
}


@pytest.fixture(autouse=True)
def _kept(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    caches["process"].clear()
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def world(system: Actor, make_user: Callable[..., User]) -> World:
    return found_world(system, make_user)


@pytest.fixture
def boss(make_user: Callable[..., User]) -> User:
    return make_user("admin", name="Boss")


@pytest.fixture
def manager(make_user: Callable[..., User]) -> User:
    return make_user("manager", name="Mo")


def hide(boss: User, *keys: str) -> None:
    hide_fields(actor_for(boss), Role.MANAGER, "person", fields=list(keys))


def shared(boss: User, **fields: Any) -> UUID:
    """A view of everybody's, made by who sees all."""
    data = NewView(visibility="everyone", **fields)
    made: UUID = save_view(actor_for(boss), object_type("person"), data=data).public_id
    return made


def code(answer: tuple[int, str]) -> tuple[int, str]:
    return answer[0], json.loads(answer[1])["code"]


@pytest.mark.parametrize(
    "asks",
    [
        {"filters": BY_CHOICE},
        {"filters": {"op": "not", "items": [BY_CHOICE]}},
        {"sort": "-x_number_of_person"},
        {"sort": "title"},
    ],
)
def test_a_view_of_others_that_asks_by_a_hidden_field_is_not_there(world, boss, manager, asks):
    made = shared(boss, name="Gold ones", **asks)
    reader = Reader(manager)
    assert "Gold ones" in reader.ask("/api/v1/people/views")[1]
    assert "Gold ones" in reader.ask("/people")[1]
    hide(boss, *HIDDEN)
    before = contents()
    assert "Gold ones" not in reader.ask("/people")[1]
    assert json.loads(reader.ask("/api/v1/people/views")[1]) == {"items": []}
    assert reader.ask(f"/people?view={made}")[0] == 403
    path = f"/api/v1/people/views/{made}"
    assert code(reader.ask(path, {"name": "Ours"}, "PATCH")) == (403, "field_hidden")
    assert code(reader.ask(path, None, "DELETE")) == (403, "field_hidden")
    assert contents() == before
    assert "Gold ones" in Reader(boss).ask("/api/v1/people/views")[1]


def test_a_view_by_related_records_that_are_hidden_is_not_there(world, boss, manager):
    shared(boss, name="With a firm", filters=AMONG)
    reader = Reader(manager)
    assert "With a firm" in reader.ask("/api/v1/people/views")[1]
    hide(boss, "company")
    assert "With a firm" not in reader.ask("/api/v1/people/views")[1]
    assert "With a firm" not in reader.ask("/people")[1]


def test_columns_feet_and_groups_of_a_view_of_others_are_withheld(world, boss, manager):
    made = shared(
        boss,
        name="Wide",
        columns=["name", "title", "x_number_of_person", "email"],
        footers={"x_number_of_person": "sum", "email": "filled"},
        group="x_choice_of_person",
        layout="board",
    )
    hide(boss, *HIDDEN)
    reader = Reader(manager)
    [view] = json.loads(reader.ask("/api/v1/people/views")[1])["items"]
    told = {"columns": ["name", "email"], "footers": {"email": "filled"}, "group": ""}
    assert {key: view[key] for key in (*told, "layout")} == {**told, "layout": "table"}
    changed = json.loads(reader.ask(f"/api/v1/people/views/{made}", {"name": "Wider"}, "PATCH")[1])
    assert (changed["name"], changed["columns"], changed["group"]) == (
        "Wider",
        ["name", "email"],
        "",
    )
    [whole] = json.loads(Reader(boss).ask("/api/v1/people/views")[1])["items"]
    assert whole["columns"] == ["name", "title", "x_number_of_person", "email"]
    assert (whole["group"], whole["layout"]) == ("x_choice_of_person", "board")


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"title": "Director"}, ("title",)),
        ({"country": "IE"}, ("country",)),
        ({"fields": {"x_number_of_person": 7}}, ("x_number_of_person",)),
        ({"name": "Qown Leigh", "fields": {"x_number_of_person": 7}}, ("x_number_of_person",)),
    ],
)
def test_an_undo_writes_into_no_hidden_field(world, boss, manager, changes, keys):
    reader = Reader(manager)
    about = world.own.ids["person"]
    assert reader.ask(f"/api/v1/people/{about}", changes, "PATCH")[0] == 200
    done = ChangeSet.objects.latest("id")
    hide(boss, *keys)
    before = contents()
    undo = f"/api/v1/change-sets/{done.public_id}/undo"
    assert code(reader.ask(undo, {}, "POST")) == (403, "field_hidden")
    assert contents() == before
    hide(boss)
    assert reader.ask(undo, {}, "POST")[0] == 200


def test_an_undo_of_what_is_seen_goes_on(world, boss, manager):
    hide(boss, *HIDDEN, "given_name", "family_name")
    reader = Reader(manager)
    path = f"/api/v1/people/{world.own.ids['person']}"
    assert reader.ask(path, {"name": "Anna Lee"}, "PATCH")[0] == 200
    done = ChangeSet.objects.latest("id")
    assert reader.ask(f"/api/v1/change-sets/{done.public_id}/undo", {}, "POST")[0] == 200
    assert json.loads(reader.ask(path)[1])["name"] == "Qown Lee"
    assert reader.ask(path, None, "DELETE")[0] == 204
    gone = ChangeSet.objects.latest("id")
    assert reader.ask(f"/api/v1/change-sets/{gone.public_id}/undo", {}, "POST")[0] == 200
    assert Person.objects.get(public_id=world.own.ids["person"]).deleted_at is None


def test_answers_of_a_form_are_told_field_by_field_on_page_and_by_api(world, boss, manager):
    about = world.own.ids["submission"]
    actor = actor_for(boss)
    kind = object_type("submission")
    found = visible_record(kind, actor, about)
    assert set(found.answers) == {"name", "email"}
    hide(boss, "email")
    reader = Reader(manager)
    page = reader.ask(f"/submissions/{about}?tab=content")[1]
    told = json.loads(reader.ask(f"/api/v1/submissions/{about}")[1])
    assert told["answers"] == {"name": "Qown Lee"}
    assert "email" not in told
    assert "<dd>Qown Lee</dd>" in page
    assert "lee@qown.example" not in page
