"""Merging by the API: made, listed, taken back; old addresses lead to the survivor."""

from uuid import uuid4

import pytest

from tandem.people.models import Person
from tandem.records.actions import find_duplicates
from tandem.records.models import MergeEvent
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(admin_api):
    made = [
        admin_api.post("/people", {"name": name, "email": mail}).json()["id"]
        for name, mail in (("Ann Lee", "ann@lee.example"), ("Anne Lee", "anne@lee.example"))
    ]
    return made[0], made[1]


def test_two_become_one_and_two_again(admin_api, two):
    one, other = two
    answer = admin_api.post(
        f"/people/{one}/merges",
        {"absorbed": other, "choices": {"name": "absorbed"}, "reason": "Same person"},
    )
    assert answer.status_code == 201
    made = answer.json()
    assert (made["survivor"], made["absorbed"], made["absorbed_name"], made["reason"]) == (
        one,
        other,
        "Anne Lee",
        "Same person",
    )
    assert made["rows"] == {"people.personemail": 1}
    assert admin_api.get(f"/people/{one}").json()["name"] == "Anne Lee"
    listed = admin_api.get(f"/people/{one}/merges").json()["items"]
    assert [item["id"] for item in listed] == [made["id"]]
    assert [item["id"] for item in admin_api.get("/people").json()["items"]] == [one]

    moved = admin_api.get(f"/people/{other}")
    assert moved.status_code == 308
    assert moved["Location"] == f"/api/v1/people/{one}"
    assert moved.json()["code"] == "merged_into"

    apart = admin_api.delete(f"/people/{one}/merges/{made['id']}")
    assert apart.status_code == 200
    assert apart.json() == {"survivor": one, "absorbed": other, "stays": {}}
    assert admin_api.get(f"/people/{one}").json()["name"] == "Ann Lee"
    assert admin_api.get(f"/people/{other}").json()["email"] == "anne@lee.example"
    assert admin_api.get(f"/people/{one}/merges").json() == {"items": []}


def test_a_merge_that_cannot_be_is_refused_and_changes_nothing(admin_api, two):
    one, other = two
    for path, body, status, code in (
        (one, {"absorbed": one}, 422, "merge_with_itself"),
        (one, {"absorbed": str(uuid4())}, 404, "not_found"),
        (str(uuid4()), {"absorbed": one}, 404, "not_found"),
        (one, {"absorbed": other, "choices": {"shoe": "absorbed"}}, 422, "merge_choice_invalid"),
        (one, {"absorbed": other, "choices": {"name": "neither"}}, 422, "invalid"),
        (one, {}, 422, "invalid"),
    ):
        answer = admin_api.post(f"/people/{path}/merges", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert admin_api.delete(f"/people/{one}/merges/{uuid4()}").status_code == 404
    assert not MergeEvent.objects.exists()
    assert Person.objects.filter(merged_into__isnull=False).count() == 0


def test_several_become_one_in_one_step_and_each_comes_apart(admin_api, two):
    one, other = two
    third = admin_api.post("/people", {"name": "A. Lee", "title": "Buyer"}).json()["id"]
    body = {
        "absorbed": [other, third],
        "sources": {"name": other, "title": third},
        "reason": "Same person",
    }
    answer = admin_api.post(f"/people/{one}/merges/many", body, key="merge-1")
    assert answer.status_code == 201
    items = answer.json()["items"]
    assert [(item["survivor"], item["absorbed"], item["reason"]) for item in items] == [
        (one, other, "Same person"),
        (one, third, "Same person"),
    ]
    # Sent once more, it is the same answer and no further deed.
    again = admin_api.post(f"/people/{one}/merges/many", body, key="merge-1")
    assert (again.status_code, again.json()) == (201, answer.json())
    assert MergeEvent.objects.count() == 2
    merged = admin_api.get(f"/people/{one}").json()
    assert (merged["name"], merged["title"], merged["email"]) == (
        "Anne Lee",
        "Buyer",
        "ann@lee.example",
    )
    assert [item["id"] for item in admin_api.get("/people").json()["items"]] == [one]
    for item in reversed(items):
        assert admin_api.delete(f"/people/{one}/merges/{item['id']}").status_code == 200
    names = sorted(item["name"] for item in admin_api.get("/people").json()["items"])
    assert names == ["A. Lee", "Ann Lee", "Anne Lee"]


def test_several_are_merged_all_or_none(admin_api, two):
    one, other = two
    stranger = str(uuid4())
    for absorbed, more, status, code in (
        ([other, stranger], {}, 404, "not_found"),
        ([other, one], {}, 422, "merge_with_itself"),
        ([], {}, 422, "invalid"),
        ([str(uuid4()) for _one in range(10)], {}, 422, "invalid"),
        ([other], {"sources": {"name": stranger}}, 422, "merge_choice_invalid"),
        ([other], {"sources": {"shoe": other}}, 422, "merge_choice_invalid"),
        ([other], {"choices": {"name": "absorbed"}}, 422, "invalid"),
    ):
        body = {"absorbed": absorbed, **more}
        answer = admin_api.post(f"/people/{one}/merges/many", body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert not MergeEvent.objects.exists()
    assert Person.objects.filter(merged_into__isnull=False).count() == 0


def test_duplicates_are_listed_and_answered(admin_api, two, system):
    find_duplicates(system, object_type("person"))
    (pair,) = admin_api.get("/people/duplicates").json()["items"]
    assert {pair["one"], pair["other"]} == set(two)
    assert (pair["reasons"], pair["state"]) == (["one_letter", "same_domain"], "open")
    answer = admin_api.post(f"/people/duplicates/{pair['id']}/apart")
    assert (answer.status_code, answer.json()["state"]) == (200, "different")
    assert admin_api.get("/people/duplicates").json() == {"items": []}
    assert admin_api.post(f"/people/duplicates/{uuid4()}/apart").status_code == 404
    assert admin_api.post("/people/duplicates/search").status_code == 202
