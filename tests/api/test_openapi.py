"""The description of the API: committed, stable, complete."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.openapi import FILE, METHODS, as_text, described

ALWAYS = {"400", "401", "403", "404", "409", "413", "422", "429", "503"}

# Names that clients are built on: a name may be added, none may change or go (contract, v1).
RECORD_VERBS = (
    *("list", "create", "get", "change", "delete", "comments", "comment", "uncomment", "tag"),
    *("untag", "views", "save_view", "change_view", "delete_view"),
)
OPERATIONS = {
    *("users_list", "me", "timeline_list", "change_set_get", "change_set_undo"),
    *("progress_get", "progress_cancel"),
    *(f"{kind}_{verb}" for kind in ("person", "company") for verb in RECORD_VERBS),
}


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return described()


def operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method in METHODS:
            if method in methods:
                yield f"{method.upper()} {path}", methods[method]


def resolved(description: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = description["components"]["schemas"][schema["$ref"].split("/")[-1]]
    return found


def test_the_committed_file_is_the_api_as_it_stands(description):
    assert FILE.read_text() == as_text(description), (
        "The API has changed. Look whether it is an addition, then write the file anew:"
        " python -m tests.api.openapi"
    )


def test_operations_keep_their_names(description):
    names = [one["operationId"] for _, one in operations(description)]
    assert len(names) == len(set(names))
    assert OPERATIONS - set(names) == set()
    assert [name for name in names if name.startswith("tandem_")] == []  # a module is no name


def test_every_operation_declares_what_it_may_refuse(description):
    missing = {
        where: sorted(ALWAYS - set(one["responses"]))
        for where, one in operations(description)
        if ALWAYS - set(one["responses"])
    }
    assert missing == {}


def test_every_refusal_has_the_one_form(description):
    forms = {
        one["responses"][status]["content"]["application/json"]["schema"]["$ref"]
        for _, one in operations(description)
        for status in ALWAYS
    }
    assert forms == {"#/components/schemas/ErrorOut"}
    error = description["components"]["schemas"]["ErrorOut"]
    assert set(error["properties"]) == {"code", "message", "errors"}
    inner = resolved(description, error["properties"]["errors"]["items"])
    assert (set(inner["properties"]), set(inner["required"])) == (
        {"field", "code", "message"},
        {"field", "code", "message"},
    )


def test_every_body_refuses_fields_that_are_not_known(description):
    bodies = {
        where: one["requestBody"]["content"]["application/json"]["schema"]
        for where, one in operations(description)
        # A form with a file refuses strange fields by itself: tests/revenue/test_import_doors.py
        if "application/json" in one.get("requestBody", {}).get("content", {})
    }
    open_bodies = [
        where
        for where, schema in bodies.items()
        for form in schema.get("anyOf", [schema])  # a body that may be left out is one or null
        if form != {"type": "null"}
        if resolved(description, form).get("additionalProperties") is not False
    ]
    assert open_bodies == []
    assert len(bodies) >= 13


def test_bounds_are_said_in_the_words_of_json_schema(description):
    """The names that Python has for them say nothing to who reads the file."""
    strange = {"ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length"}
    found = [found for found in _schemas(description) if strange & found.keys()]
    assert found == []
    position = description["components"]["schemas"]["ChangeField"]["properties"]["position"]
    bounds = next(one for one in position["anyOf"] if one["type"] == "integer")
    assert (bounds["minimum"], bounds["maximum"]) == (1, 999)


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Everything in the description that says of which type something is."""
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            yield node
        for one in node.values():
            yield from _schemas(one)
    elif isinstance(node, list):
        for one in node:
            yield from _schemas(one)


def test_every_operation_asks_for_a_token(description):
    assert [where for where, one in operations(description) if not one.get("security")] == []


def test_every_write_takes_a_key_and_names_its_change_set(description):
    for where, one in operations(description):
        headers = {p["name"] for p in one["parameters"] if p["in"] == "header"}
        done = [told for status, told in one["responses"].items() if int(status) < 400]
        if where.startswith("GET"):
            assert (where, headers) == (where, set())
            assert not any("headers" in told for told in done)
            continue
        assert (where, headers) == (where, {"Idempotency-Key"})
        for told in done:
            assert set(told["headers"]) == {"Tandem-Change-Set", "Idempotency-Replayed"}


def test_the_api_describes_itself_to_anyone(client, db, description):
    answer = client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer.json()) == (200, description)
