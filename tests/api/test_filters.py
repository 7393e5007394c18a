"""Filter trees by API: what they find, and the place at which they are refused."""

import json

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture
def listed(admin_api):
    """Names of the people whom a tree finds, or the refusal's errors."""
    admin_api.post("/people", {"name": "Ann", "email": "ann@lee.example", "country": "GB"})
    admin_api.post("/people", {"name": "Bo", "title": "Buyer", "country": "IE"})
    cy = admin_api.post("/people", {"name": "Cy 100%_", "owner": admin_api.user.email}).json()
    admin_api.post(f"/people/{cy['id']}/tags", {"name": "Trade fair"})

    def ask(tree, **params):
        text = tree if isinstance(tree, str) else json.dumps(tree)
        answer = admin_api.get("/people", filter=text, **params)
        if answer.status_code == 200:
            return [one["name"] for one in answer.json()["items"]]
        assert (answer.status_code, answer.json()["code"]) == (422, "filter_invalid")
        return [one["field"] for one in answer.json()["errors"]]

    return ask


def condition(field, operator, value=None):
    return {"field": field, "is": operator, "value": value}


@pytest.mark.parametrize(
    ("tree", "names"),
    [
        ({}, ["Ann", "Bo", "Cy 100%_"]),
        (condition("name", "is", "ANN"), ["Ann"]),
        (condition("name", "contains", "%_"), ["Cy 100%_"]),
        (condition("name", "starts_with", "_"), []),
        (condition("email", "empty"), ["Bo", "Cy 100%_"]),
        (condition("title", "is_not", "buyer"), ["Ann", "Cy 100%_"]),
        (condition("country", "any_of", ["GB", "IE"]), ["Ann", "Bo"]),
        (condition("country", "none_of", ["GB"]), ["Bo", "Cy 100%_"]),
        (condition("owner", "any_of", ["me"]), ["Cy 100%_"]),
        (condition("owner", "any_of", ["nobody"]), ["Ann", "Bo"]),
        (condition("tags", "any_of", ["trade FAIR"]), ["Cy 100%_"]),
        (condition("tags", "empty"), ["Ann", "Bo"]),
        (condition("created_at", "last_days", 1), ["Ann", "Bo", "Cy 100%_"]),
        (condition("created_at", "before", "0001-01-01"), []),
        (condition("created_at", "after", "9999-12-31"), []),
        (
            {
                "op": "or",
                "items": [
                    condition("name", "is", "bo"),
                    {"op": "not", "items": [condition("country", "not_empty")]},
                ],
            },
            ["Bo", "Cy 100%_"],
        ),
    ],
)
def test_what_a_tree_finds(listed, tree, names):
    assert listed(tree) == names


def test_words_and_a_tree_together(listed):
    assert listed(condition("country", "not_empty"), q="bo") == ["Bo"]


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ("{", "filter"),
        ("[" * 20_000, "filter"),
        ("[]", "filter"),
        ("5", "filter"),
        ({"op": "xor", "items": []}, "filter.op"),
        ({"op": "and", "items": {}}, "filter.items"),
        ({"op": "and", "items": [5]}, "filter.items.0"),
        ({"op": "and", "extra": 1}, "filter"),
        (condition("salary", "is", 5), "filter.field"),
        (condition(["name"], "is", 5), "filter.field"),
        (condition("last_touch", "empty"), "filter.field"),
        (condition("name", "at_least", "A"), "filter.is"),
        (condition("name", "is", 5), "filter.value"),
        (condition("name", "is", "\ud800"), "filter.value"),
        (condition("name", "is", "\0"), "filter.value"),
        (condition("name", "is", "x" * 201), "filter.value"),
        (condition("created_at", "last_days", 1e300), "filter.value"),
        (condition("created_at", "on", "2026-02-30"), "filter.value"),
        (condition("country", "any_of", []), "filter.value"),
        ('{"field": "created_at", "is": "last_days", "value": NaN}', "filter.value"),
        (
            {"op": "and", "items": [condition("name", "is", "a"), condition("name", "is", {})]},
            "filter.items.1.value",
        ),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_tree_that_cannot_be_read_names_the_place(listed, tree, place):
    assert listed(tree) == [place]


def test_a_tree_that_is_too_deep_or_too_wide(listed):
    deep = condition("name", "is", "a")
    for _ in range(8):
        deep = {"op": "and", "items": [deep]}
    assert listed(deep) == ["filter" + ".items.0" * 6]
    wide = {"op": "or", "items": [condition("name", "is", "a")] * 51}
    assert listed(wide) == ["filter"]


def test_an_owner_who_is_no_id(listed):
    assert listed(condition("owner", "any_of", ["Priya"])) == ["filter"]


def test_a_view_with_a_bad_tree_is_not_saved(admin_api):
    answer = admin_api.post("/people/views", {"name": "V", "filters": condition("salary", "is", 5)})
    assert (answer.status_code, answer.json()["code"]) == (422, "filter_invalid")
    assert [one["field"] for one in answer.json()["errors"]] == ["filters.field"]
    assert admin_api.get("/people/views").json() == {"items": []}
