"""A person by API, from the first post to the last: what the contract promises."""

import base64
import json
from uuid import UUID

import pytest

from tandem.kernel.models import RecordChange
from tandem.people.models import Person, PersonEmail

pytestmark = pytest.mark.django_db

ANN = {"name": "Ann Lee", "email": "Ann@Lee.example"}


def test_a_person_is_made_with_name_and_address(admin_api):
    answer = admin_api.post("/people", ANN)
    body = answer.json()
    assert answer.status_code == 201
    assert (body["name"], body["email"], body["version"]) == ("Ann Lee", "Ann@Lee.example", 1)
    assert UUID(body["id"]) == Person.objects.get().public_id
    assert admin_api.get(f"/people/{body['id']}").json() == body
    assert admin_api.get("/people").json() == {"items": [body], "next": None}


@pytest.mark.parametrize(
    "email", ["Ann@Lee.example", "ann@lee.EXAMPLE", "  ANN@LEE.EXAMPLE ", "ann@lee.example"]
)
def test_an_address_that_is_here_gives_the_person_and_changes_nothing(admin_api, email):
    first = admin_api.post("/people", ANN).json()
    changes = RecordChange.objects.count()
    answer = admin_api.post("/people", {"name": "Else", "email": email, "title": "Owner"})
    assert (answer.status_code, answer.json()) == (200, first)
    assert Person.objects.count() == 1
    assert RecordChange.objects.count() == changes


def test_a_domain_in_another_script_is_the_same_address(admin_api):
    first = admin_api.post("/people", {"name": "Jo", "email": "jo@bücher.example"})
    again = admin_api.post("/people", {"name": "Jo", "email": "JO@xn--bcher-kva.example"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()


@pytest.fixture
def two_sellers(make_user, client_of):
    """Two sellers who share no team, so that neither sees the records of the other."""
    return client_of(make_user("seller", name="One")), client_of(make_user("seller", name="Two"))


@pytest.mark.parametrize("key", [None, "a-key"])
def test_an_address_of_someone_out_of_sight_says_no_more_than_that(two_sellers, key):
    mine, other = two_sellers
    made = mine.post("/people", ANN).json()
    answer = other.post("/people", {"name": "Try", "email": "ANN@lee.example"}, key=key)
    assert answer.status_code == 409
    body = answer.json()
    assert (body["code"], set(body)) == ("exists_not_visible", {"code", "message", "errors"})
    text = answer.content.decode() + str(dict(answer.headers))
    for secret in (made["id"], "Ann", "Lee", "One"):
        assert secret not in text, secret
    assert Person.objects.count() == 1


def test_a_person_out_of_sight_is_not_there_for_any_verb(two_sellers):
    mine, other = two_sellers
    made = mine.post("/people", ANN).json()
    path = f"/people/{made['id']}"
    answers = [
        other.get(path),
        other.patch(path, {"name": "Mine"}),
        other.get(f"{path}/comments"),
        other.post(f"{path}/comments", {"text": "Hello"}),
        other.post(f"{path}/tags", {"name": "vip"}),
        other.delete(f"{path}/tags", name="vip"),
        other.get("/timeline", person=made["id"]),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert len({answer.content for answer in answers}) == 1
    assert other.get("/people").json()["items"] == []
    assert other.get("/people", q="Ann").json()["items"] == []
    assert mine.get(path).json() == made


def test_who_hands_a_new_person_to_another_is_answered_all_the_same(two_sellers):
    mine, other = two_sellers
    answer = mine.post("/people", {**ANN, "owner": other.user.email})
    assert (answer.status_code, answer.json()["owner"]["name"]) == (201, "Two")
    assert mine.get(f"/people/{answer.json()['id']}").status_code == 404
    assert other.get(f"/people/{answer.json()['id']}").status_code == 200


def test_a_change_leaves_the_rest_and_null_empties(admin_api):
    made = admin_api.post("/people", {**ANN, "title": "Buyer", "company": "Lee Ltd"}).json()
    path = f"/people/{made['id']}"
    changed = admin_api.patch(path, {"title": None, "country": "gb"}).json()
    assert changed == {
        **made,
        "title": None,
        "country": "GB",
        "version": 2,
        "updated_at": changed["updated_at"],
    }
    assert admin_api.get(path).json() == changed


def test_a_change_of_an_old_version_is_refused_with_what_others_changed(admin_api):
    path = f"/people/{admin_api.post('/people', ANN).json()['id']}"
    assert admin_api.patch(path, {"name": "Ann L.", "version": 1}).status_code == 200
    answer = admin_api.patch(path, {"name": "Anna", "version": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "version_conflict")
    assert [one["field"] for one in answer.json()["errors"]] == ["name"]
    assert admin_api.get(path).json()["name"] == "Ann L."


def test_an_address_of_another_is_refused_at_its_field(admin_api):
    admin_api.post("/people", ANN)
    jo = admin_api.post("/people", {"name": "Jo"}).json()
    answer = admin_api.patch(f"/people/{jo['id']}", {"email": "ann@lee.example"})
    assert (answer.status_code, answer.json()["code"]) == (409, "address_taken")
    assert [one["field"] for one in answer.json()["errors"]] == ["email"]
    assert PersonEmail.objects.count() == 1


def test_a_deleted_person_is_gone_and_the_address_is_free(admin_api):
    made = admin_api.post("/people", ANN).json()
    answer = admin_api.delete(f"/people/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert admin_api.get(f"/people/{made['id']}").status_code == 404
    assert admin_api.post("/people", ANN).status_code == 201


def test_tags_comments_and_story(admin_api):
    made = admin_api.post("/people", ANN).json()
    path = f"/people/{made['id']}"
    assert admin_api.post(f"{path}/tags", {"name": "Trade fair"}).json() == {"tags": ["Trade fair"]}
    assert admin_api.post(f"{path}/tags", {"name": "trade  FAIR"}).json() == {
        "tags": ["Trade fair"]
    }
    assert admin_api.delete(f"{path}/tags", name="trade fair").json() == {"tags": []}
    assert admin_api.delete(f"{path}/tags", name="trade fair").status_code == 404
    said = admin_api.post(f"{path}/comments", {"text": "Wants <b>tins</b>"})
    assert (said.status_code, said.json()["text"]) == (201, "Wants <b>tins</b>")
    assert admin_api.get(f"{path}/comments").json() == {"items": [said.json()]}
    kinds = [one["kind"] for one in admin_api.get("/timeline", person=made["id"]).json()["items"]]
    assert kinds == ["records.commented", "records.untagged", "records.tagged", "people.created"]
    assert admin_api.delete(f"{path}/comments/{said.json()['id']}").status_code == 204
    assert admin_api.get(f"{path}/comments").json() == {"items": []}


def test_the_story_by_pages_is_the_whole_story(admin_api):
    made = admin_api.post("/people", ANN).json()
    for number in range(5):
        admin_api.post(f"/people/{made['id']}/comments", {"text": f"{number}"})
    whole = admin_api.get("/timeline", person=made["id"]).json()["items"]
    found: list[object] = []
    cursor: str | None = ""
    while cursor is not None:
        page = admin_api.get("/timeline", person=made["id"], limit=2, cursor=cursor).json()
        found, cursor = found + page["items"], page["next"]
    assert (len(whole), found) == (6, whole)
    assert admin_api.get("/timeline").status_code == 422
    for at in ("x", "2026-01-01", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"):
        place = base64.urlsafe_b64encode(json.dumps([at, 1]).encode()).decode()
        refused = admin_api.get("/timeline", person=made["id"], cursor=place)
        assert (at, refused.status_code) == (at, 422)


def test_views_by_api(admin_api, viewer_api):
    tree = {"op": "and", "items": [{"field": "country", "is": "any_of", "value": ["GB"]}]}
    made = admin_api.post(
        "/people/views", {"name": "Britain", "filters": tree, "visibility": "everyone"}
    )
    assert (made.status_code, made.json()["filters"]) == (201, tree)
    seen = viewer_api.get("/people/views").json()["items"]
    assert [one["name"] for one in seen] == ["Britain"]
    path = f"/people/views/{made.json()['id']}"
    assert viewer_api.patch(path, {"name": "Mine"}).status_code == 403
    assert viewer_api.delete(path).status_code == 403
    assert admin_api.post("/people/views", {"name": "Britain"}).status_code == 409
    assert admin_api.patch(path, {"name": "UK"}).json()["name"] == "UK"
    assert admin_api.delete(path).status_code == 204
    assert viewer_api.get("/people/views").json() == {"items": []}
