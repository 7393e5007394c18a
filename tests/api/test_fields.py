"""Custom fields through the API: defined, filled in, listed, changed on many, refused by name."""

import json

import pytest

from tandem.people.models import Person
from tandem.records.models import FieldDef

pytestmark = pytest.mark.django_db

TIER = {
    "kind": "person",
    "type": "choice",
    "label": "Tier",
    "choices": [{"label": "Gold"}, {"label": "Silver"}],
}


@pytest.fixture
def fields(admin_api):
    """Keys by type, defined through the API."""
    for body in (
        TIER,
        {"kind": "person", "type": "money", "label": "Limit", "currency": "GBP"},
        {"kind": "person", "type": "date", "label": "Since"},
        {"kind": "person", "type": "boolean", "label": "Trade"},
    ):
        answer = admin_api.post("/fields", body)
        assert answer.status_code == 201, answer.content
    return admin_api


def test_a_definition_says_all_of_itself(admin_api):
    made = admin_api.post("/fields", TIER).json()
    assert {**made, "id": ""} == {
        "id": "",
        "kind": "person",
        "key": "x_tier",
        "label": "Tier",
        "help": "",
        "type": "choice",
        "choices": [
            {"value": "gold", "label": "Gold", "tone": "", "is_retired": False},
            {"value": "silver", "label": "Silver", "tone": "", "is_retired": False},
        ],
        "currency": None,
        "position": 1,
        "is_required": False,
        "is_personal": False,
        "is_indexed": False,
        "index": "none",
        "is_retired": False,
        "version": 1,
    }
    path = f"/fields/{made['id']}"
    assert admin_api.get(path).json() == made
    assert admin_api.get("/fields", kind="person").json() == {"items": [made]}
    assert admin_api.get("/fields", kind="company").json() == {"items": []}
    changed = admin_api.patch(path, {"label": "Rank", "version": 1}).json()
    assert (changed["label"], changed["key"], changed["version"]) == ("Rank", "x_tier", 2)
    stale = admin_api.patch(path, {"label": "Late", "version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "version_conflict")
    other = admin_api.patch(path, {"type": "text"})
    assert (other.status_code, other.json()["code"]) == (422, "type_stays")
    assert admin_api.post(f"{path}/retirement").json()["is_retired"] is True
    assert admin_api.post(f"{path}/restoration").json()["is_retired"] is False
    assert FieldDef.objects.get().label == "Rank"


def test_a_record_carries_its_fields(fields):
    given = {"x_tier": "Gold", "x_limit": 12.5, "x_since": "2026-03-01", "x_trade": False}
    made = fields.post("/people", {"name": "Ann", "fields": given}).json()
    shown = {**given, "x_tier": "gold"}
    assert made["fields"] == shown
    path = f"/people/{made['id']}"
    assert fields.get(path).json() == made
    assert fields.get("/people").json()["items"] == [made]
    body = {"title": "Buyer", "fields": {"x_limit": None, "x_tier": "silver"}}
    changed = fields.patch(path, body).json()
    del shown["x_limit"]
    assert changed["fields"] == {**shown, "x_tier": "silver"}
    assert changed["title"] == "Buyer"
    tree = json.dumps({"field": "x_tier", "is": "any_of", "value": ["silver"]})
    assert fields.get("/people", filter=tree, sort="-x_since").json()["items"] == [changed]


def test_refused_values_are_named_by_their_place_and_nothing_is_written(fields):
    made = fields.post("/people", {"name": "Ann", "fields": {"x_limit": 5}}).json()
    path = f"/people/{made['id']}"
    bad = {"x_limit": "5", "x_trade": 1, "x_tier": "brass", "x_other": "a"}
    answer = fields.patch(path, {"title": "Buyer", "fields": bad})
    assert answer.status_code == 422
    assert {(one["field"], one["code"]) for one in answer.json()["errors"]} == {
        ("fields.x_limit", "number_invalid"),
        ("fields.x_trade", "boolean_invalid"),
        ("fields.x_tier", "choice_unknown"),
        ("fields.x_other", "unknown_field"),
    }
    assert fields.get(path).json() == made
    assert fields.post("/people", {"name": "Bo", "fields": bad}).status_code == 422
    assert fields.post("/people", {"name": "Bo", "fields": {"y": 1}}).status_code == 422
    assert Person.objects.count() == 1


def test_many_records_get_a_value_at_once(fields):
    made = [fields.post("/people", {"name": name}).json()["id"] for name in ("Ann", "Bo", "Cy")]
    first = fields.patch(f"/people/{made[0]}", {"fields": {"x_tier": "gold", "x_limit": 5}})
    assert first.status_code == 200
    body = {"verb": "change", "ids": made, "fields": {"x_tier": "gold", "x_limit": None}}
    answer = fields.post("/people/bulk", body)
    assert answer.status_code == 200, answer.content
    assert (answer.json()["matched"], answer.json()["changed"]) == (3, 3)
    assert [one.x for one in Person.objects.order_by("id")] == [{"x_tier": "gold"}] * 3
    again = fields.post("/people/bulk", body).json()
    assert (again["matched"], again["changed"], again["change_set"]) == (3, 0, None)
    undone = fields.post(f"/change-sets/{answer.json()['change_set']}/undo", {})
    assert undone.status_code in (200, 201), undone.content
    assert [one.x for one in Person.objects.order_by("id")] == [
        {"x_tier": "gold", "x_limit": 500},
        {},
        {},
    ]
    wrong = fields.post("/people/bulk", {**body, "fields": {"x_tier": "brass"}})
    assert wrong.status_code == 422
    assert [one["field"] for one in wrong.json()["errors"]] == ["fields.x_tier"]
