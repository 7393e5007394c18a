"""Idempotency-Key: a request that is sent again is done once and answered alike."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from tandem.kernel.models import ChangeSet, IdempotencyKey
from tandem.people.models import Person

ANN = {"name": "Ann Lee", "email": "ann@lee.example"}


@pytest.mark.django_db
def test_a_repetition_gets_the_same_answer_and_makes_nothing(admin_api):
    first = admin_api.post("/people", {"name": "Ann"}, key="k")
    made = ChangeSet.objects.count()
    again = admin_api.post("/people", {"name": "Ann"}, key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert again["Tandem-Change-Set"] == first["Tandem-Change-Set"]
    assert (Person.objects.count(), ChangeSet.objects.count()) == (1, made)
    assert admin_api.post("/people", {"name": "Ann"}, key="other").json() != first.json()


@pytest.mark.django_db
def test_every_write_takes_a_key(admin_api):
    made = admin_api.post("/people", ANN).json()
    path = f"/people/{made['id']}"
    changed = [admin_api.patch(path, {"title": "Buyer"}, key="a") for _ in range(2)]
    assert [one.json()["version"] for one in changed] == [2, 2]
    said = [admin_api.post(f"{path}/comments", {"text": "Hello"}, key="b") for _ in range(2)]
    assert said[0].content == said[1].content
    assert len(admin_api.get(f"{path}/comments").json()["items"]) == 1
    gone = [admin_api.delete(path, key="c") for _ in range(2)]
    assert [(one.status_code, one.content) for one in gone] == [(204, b"")] * 2
    assert gone[1]["Idempotency-Replayed"] == "true"
    undone = [
        admin_api.post(f"/change-sets/{gone[0]['Tandem-Change-Set']}/undo", {}, key="d")
        for _ in range(2)
    ]
    assert [one.status_code for one in undone] == [200, 200]
    assert undone[0].content == undone[1].content


@pytest.mark.django_db
def test_the_same_key_for_something_else_is_refused(admin_api):
    admin_api.post("/people", {"name": "Ann"}, key="k")
    for answer in (
        admin_api.post("/people", {"name": "Bo"}, key="k"),
        admin_api.post("/companies", {"name": "Ann"}, key="k"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert Person.objects.count() == 1


@pytest.mark.django_db
def test_what_was_refused_may_be_tried_again_under_its_key(admin_api, viewer_api):
    assert admin_api.post("/people", {"name": ""}, key="k").status_code == 422
    assert admin_api.post("/people", "{", key="k").status_code == 400
    assert viewer_api.post("/people", ANN, key="k").status_code == 403
    assert IdempotencyKey.objects.count() == 0
    assert admin_api.post("/people", ANN, key="k").status_code == 201


@pytest.mark.django_db
def test_keys_of_two_users_do_not_meet(admin_api, client_as):
    other = client_as("manager")
    first = admin_api.post("/people", {"name": "Ann"}, key="k").json()
    second = other.post("/people", {"name": "Ann"}, key="k").json()
    assert first["id"] != second["id"]


@pytest.mark.django_db
def test_a_read_takes_no_notice_of_a_key(admin_api):
    before = admin_api.send("GET", "/people", key="k").json()
    admin_api.post("/people", ANN)
    assert admin_api.send("GET", "/people", key="k").json() != before
    assert IdempotencyKey.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 201, "\x7f", "ä"])
def test_a_key_that_is_none(admin_api, key):
    answer = admin_api.post("/people", ANN, key=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [one["field"] for one in answer.json()["errors"]] == ["Idempotency-Key"]
    assert Person.objects.count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("body", [ANN, {"name": "Without address"}])
def test_eight_at_once_make_one_person_and_eight_equal_answers(admin_api, body):
    start = Barrier(8)

    def post(_number):
        try:
            start.wait()
            answer = admin_api.post("/people", body, key="k")
            return answer.status_code, answer.content, answer["Tandem-Change-Set"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert Person.objects.count() == 1
