"""Undo by API: each write names its change set, and that can be taken back, by whom it may."""

from uuid import UUID

import pytest

from tandem.accounts.actions import change_user
from tandem.accounts.queries import actor_for
from tandem.accounts.rules import Role, Side
from tandem.accounts.schemas import UserChange
from tandem.kernel.ids import new_public_id
from tandem.kernel.models import ProgressRecord
from tandem.kernel.progress import tracking
from tandem.people.models import Person

pytestmark = pytest.mark.django_db

ANN = {"name": "Ann Lee", "email": "ann@lee.example"}


def change_set(answer) -> str:
    return str(UUID(answer["Tandem-Change-Set"]))


def test_a_write_names_its_change_set_and_a_read_names_none(admin_api):
    made = admin_api.post("/people", ANN)
    found = admin_api.get(f"/change-sets/{change_set(made)}").json()
    assert (found["id"], found["action"], found["source"]) == (
        change_set(made),
        "people.create_person",
        "api",
    )
    assert (found["actor"], found["undo_of"], found["undone"]) == (
        admin_api.user.name,
        None,
        False,
    )
    for answer in (
        admin_api.get("/people"),
        admin_api.get("/me"),
        admin_api.post("/people", {"name": ""}),
        admin_api.post("/people/views", "{"),
        admin_api.get("/nothing"),
    ):
        assert "Tandem-Change-Set" not in answer
    assert change_set(admin_api.post("/people", {"name": "Bo"})) != change_set(made)


def test_a_change_is_undone_and_redone(admin_api):
    path = f"/people/{admin_api.post('/people', ANN).json()['id']}"
    changed = admin_api.patch(path, {"name": "Anna", "title": "Buyer"})
    undone = admin_api.post(f"/change-sets/{change_set(changed)}/undo")
    assert (undone.status_code, undone.json()["undo_of"]) == (200, change_set(changed))
    assert undone.json()["id"] == change_set(undone)
    assert (admin_api.get(path).json()["name"], admin_api.get(path).json()["title"]) == (
        "Ann Lee",
        None,
    )
    assert admin_api.get(f"/change-sets/{change_set(changed)}").json()["undone"] is True
    redone = admin_api.post(f"/change-sets/{change_set(undone)}/undo", {})
    assert redone.status_code == 200
    assert (admin_api.get(path).json()["name"], admin_api.get(path).json()["title"]) == (
        "Anna",
        "Buyer",
    )
    again = admin_api.post(f"/change-sets/{change_set(changed)}/undo", {})
    assert (again.status_code, again.json()["code"]) == (409, "already_undone")


def test_making_and_deleting_are_undone(admin_api):
    made = admin_api.post("/people", ANN)
    path = f"/people/{made.json()['id']}"
    deleted = admin_api.delete(path)
    assert admin_api.get(path).status_code == 404
    assert admin_api.post(f"/change-sets/{change_set(deleted)}/undo").status_code == 200
    back = admin_api.get(path).json()
    assert (back["name"], back["email"]) == ("Ann Lee", "ann@lee.example")
    assert admin_api.post(f"/change-sets/{change_set(made)}/undo").status_code == 200
    assert admin_api.get(path).status_code == 404
    assert Person.objects.filter(deleted_at__isnull=True).count() == 0


def test_what_was_changed_since_stands_in_the_way_unless_it_is_kept(admin_api):
    path = f"/people/{admin_api.post('/people', ANN).json()['id']}"
    changed = admin_api.patch(path, {"name": "Anna", "country": "GB"})
    admin_api.patch(path, {"name": "Annika"})
    undo = f"/change-sets/{change_set(changed)}/undo"
    refused = admin_api.post(undo, {})
    assert (refused.status_code, refused.json()["code"]) == (409, "undo_conflict")
    assert refused.json()["errors"] != []
    assert {one["code"] for one in refused.json()["errors"]} == {"changed_since"}
    assert admin_api.get(path).json()["country"] == "GB"
    assert admin_api.post(undo, {"keep_later_edits": True}).status_code == 200
    found = admin_api.get(path).json()
    assert (found["name"], found["country"]) == ("Annika", None)


def test_an_undo_says_only_what_it_knows(admin_api):
    changed = change_set(admin_api.post("/people", ANN))
    answer = admin_api.post(f"/change-sets/{changed}/undo", {"keep": True})
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (
        422,
        ["keep"],
    )
    assert Person.objects.filter(deleted_at__isnull=True).count() == 1


def test_one_undoes_ones_own_and_with_the_right_to_anyones(admin_api, client_as):
    seller, viewer = client_as("seller"), client_as("viewer")
    made = change_set(seller.post("/people", ANN))
    for verb, path in (("GET", f"/change-sets/{made}"), ("POST", f"/change-sets/{made}/undo")):
        answer = viewer.send(verb, path)
        assert answer.status_code in (403, 404)
        assert "Ann" not in answer.content.decode()
    assert Person.objects.filter(deleted_at__isnull=True).count() == 1
    assert admin_api.get(f"/change-sets/{made}").json()["actor"] == seller.user.name
    assert admin_api.post(f"/change-sets/{made}/undo").status_code == 200
    assert admin_api.get(f"/change-sets/{new_public_id()}").status_code == 404
    assert admin_api.post(f"/change-sets/{new_public_id()}/undo").status_code == 404


def test_who_has_lost_the_right_to_a_deed_cannot_undo_it(client_as, system):
    seller = client_as("seller")
    made = change_set(seller.post("/people", ANN))
    user = seller.user
    demoted = UserChange(email=user.email, name=user.name, role=Role.VIEWER, side=Side.NONE)
    change_user(system, user.public_id, demoted)
    answer = seller.post(f"/change-sets/{made}/undo")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert Person.objects.filter(deleted_at__isnull=True).count() == 1


def test_a_long_job_is_watched_and_stopped_by_its_owner(admin_api, client_as):
    seller = client_as("seller")
    record = ProgressRecord.objects.create(
        kind="import", label="people.csv", unit="rows", total=200, done=50, actor_id=seller.user.pk
    )
    record.refresh_from_db()
    path = f"/progress/{record.public_id}"
    found = seller.get(path).json()
    assert (found["state"], found["done"], found["total"], found["share"], found["unit"]) == (
        "running",
        50,
        200,
        0.25,
        "rows",
    )
    assert found["can_cancel"] is True
    assert client_as("marketer").get(path).status_code == 404
    assert client_as("marketer").post(f"{path}/cancellation").status_code == 404
    assert admin_api.get(path).json()["label"] == "people.csv"
    stopping = seller.post(f"{path}/cancellation")
    assert (stopping.status_code, stopping.json()["can_cancel"]) == (200, False)
    assert seller.post(f"{path}/cancellation").status_code == 200
    assert seller.get(f"/progress/{new_public_id()}").status_code == 404


def test_a_job_that_is_done_says_so(admin_api):
    with tracking(
        actor_for(admin_api.user), kind="export", label="all", unit="rows", total=2
    ) as progress:
        progress.advance(2)
        progress.record.result = {"rows": 2}
    found = admin_api.get(f"/progress/{progress.public_id}").json()
    assert (found["state"], found["share"], found["result"], found["can_cancel"]) == (
        "done",
        1.0,
        {"rows": 2},
        False,
    )


def test_undoing_a_write_that_found_nothing_to_do_does_nothing(admin_api):
    made = admin_api.post("/people", ANN).json()
    found = admin_api.post("/people", ANN)
    same = admin_api.patch(f"/people/{made['id']}", {"name": "Ann Lee"})
    for answer in (found, same):
        assert (answer.status_code, answer.json()) == (200, made)
        assert admin_api.post(f"/change-sets/{change_set(answer)}/undo").status_code == 200
        assert admin_api.get(f"/people/{made['id']}").json() == made
