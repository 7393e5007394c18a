"""Erasing by API: asked for by name, done by a worker, certified; a refusal stands against it."""

import pytest

from tandem.people.models import Person
from tandem.records.actions import erase
from tandem.records.models import Erasure

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann(admin_api):
    return admin_api.post("/people", {"name": "Ann Lee", "email": "ann@x.example"}).json()["id"]


def test_a_person_is_erased_and_certified(admin_api, admin, ann, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    asked = admin_api.post(f"/people/{ann}/erasure", {"name": "Ann Lee", "basis": "objection"})
    assert asked.status_code == 202
    told = asked.json()
    assert (told["state"], told["basis"], told["certificate"]) == ("waiting", "objection", {})
    assert admin_api.get(f"/progress/{told['progress']}").status_code == 200
    erase(admin, Erasure.objects.get())
    done = admin_api.get(f"/erasures/{told['id']}").json()
    assert done["state"] == "done"
    assert done["certificate"]["deleted"]["people.person"] == 1
    assert done["seal"]
    assert admin_api.get("/erasures").json()["items"] == [done]
    assert admin_api.get(f"/people/{ann}").status_code == 404


def test_it_is_not_done_without_the_name_nor_against_a_refusal(admin_api, ann):
    wrong = admin_api.post(f"/people/{ann}/erasure", {"name": "Bo Lee"})
    assert wrong.status_code == 422
    assert Erasure.objects.count() == 0
    refused = admin_api.post(f"/people/{ann}/erasure/refusal", {"reason": "An open claim"})
    assert (refused.status_code, refused.json()["refusal"]) == (201, "An open claim")
    against = admin_api.post(f"/people/{ann}/erasure", {"name": "Ann Lee"})
    assert against.status_code == 409
    withdrawn = admin_api.post(f"/erasures/{refused.json()['id']}/withdrawal", None)
    assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "withdrawn")
    assert admin_api.post(f"/people/{ann}/erasure", {"name": "Ann Lee"}).status_code == 202
    assert Person.objects.filter(public_id=ann).exists()


def test_only_administrators_may(client_as, ann):
    manager = client_as("manager")
    for answer in (
        manager.post(f"/people/{ann}/erasure", {"name": "Ann Lee"}),
        manager.post(f"/people/{ann}/erasure/refusal", {"reason": "x"}),
        manager.get("/erasures"),
    ):
        assert answer.status_code == 403
    assert Erasure.objects.count() == 0
