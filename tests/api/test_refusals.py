"""Every refusal is JSON in the contract's form, and changes nothing."""

import json

import pytest

from tandem.accounts import api as accounts_api
from tandem.kernel.models import ChangeSet
from tandem.people.models import Person

pytestmark = pytest.mark.django_db


def refused(answer, status, code, *fields):
    """The body of a refusal, after a look at its form."""
    assert answer["Content-Type"].startswith("application/json"), answer.content[:200]
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert set(body) == {"code", "message", "errors"}
    assert body["message"]
    for one in body["errors"]:
        assert set(one) == {"field", "code", "message"}
        assert all(isinstance(text, str) for text in one.values())
    assert [one["field"] for one in body["errors"]] == list(fields)
    assert "Tandem-Change-Set" not in answer
    return body


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/people/",
        "/people/x",
        "/people/%00",
        "/people/%0A/x%0D",
        "/people/1/comments",
        "/%FF",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_address_that_is_none(admin_api, nobody_api, method, path):
    refused(admin_api.send(method, path), 404, "not_found")
    refused(nobody_api.send(method, path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/people", "GET, PATCH, POST"),
        ("POST", "/me", "GET"),
        ("OPTIONS", "/timeline", "GET"),
        ("GET", "/change-sets/00000000-0000-0000-0000-000000000001/undo", "POST"),
    ],
)
def test_a_method_that_the_address_does_not_take(admin_api, method, path, allowed):
    answer = admin_api.send(method, path)
    refused(answer, 405, "method_not_allowed")
    assert answer["Allow"] == allowed


@pytest.mark.parametrize("token", ["", "x", "tdm_0000000000_" + "A" * 43])
def test_without_a_valid_token(nobody_api, token):
    nobody_api.token = token
    for method, path in (("GET", "/people"), ("POST", "/people"), ("GET", "/people?bad=1")):
        answer = nobody_api.send(method, path, {"name": "x"}, key="k")
        refused(answer, 401, "unauthenticated")
        assert answer["WWW-Authenticate"] == "Bearer"


def test_what_the_role_may_not(viewer_api):
    refused(viewer_api.post("/people", {"name": "Ann"}), 403, "forbidden")


def test_the_right_is_asked_for_before_the_input_is_judged_by_a_rule(viewer_api):
    refused(
        viewer_api.post("/people", {"name": "A", "owner": "nobody@x.example"}), 403, "forbidden"
    )


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "\ufeff\ufeff{}",
        b"\xff\xfe\xff",
        '{"name": "A", "name": "B"}',
        '{"name": "A", "company": {"x": 1, "x": 2}}',
        '{"name": NaN}',
        '{"name": Infinity}',
        '{"name": 1e999}',
        '{"name": "\\ud800"}',
        '{"\\ud800": "A"}',
        '{"name": "A\\u0000"}',
        '{"\\u0000": 1}',
        "[" * 100_000,
        "[" * 66 + "]" * 66,
        '{"a":' * 65 + "1" + "}" * 65,
        "9" * 5000,
    ],
    ids=lambda body: repr(body)[:24],
)
def test_a_body_that_is_no_sound_json(admin_api, body):
    refused(admin_api.post("/people", body or "{"), 400, "bad_request")
    assert Person.objects.count() == 0


@pytest.mark.parametrize("body", ["[]", "null", "1", '"x"', "true"])
def test_a_body_that_is_json_but_no_object(admin_api, body):
    answer = admin_api.post("/people", body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"


def test_a_body_that_is_too_large(admin_api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = {"name": "x" * 2000}
    for key in (None, "k"):
        refused(admin_api.post("/people", body, key=key), 413, "too_large")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "A", "nickname": "B"}, "nickname"),
        ({"name": "A", "id": "x"}, "id"),
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "A\nB"}, "name"),
        ({"name": "A", "email": "nothing"}, "email"),
        ({"name": "A", "phone": "x"}, "phone"),
        ({"name": "A", "country": "XX"}, "country"),
        ({"name": "A", "owner": "nobody@x.example"}, "owner"),
        ({"name": "A", "company": "00000000-0000-0000-0000-000000000001"}, "company"),
    ],
)
def test_a_field_that_will_not_do_is_named_and_nothing_is_stored(admin_api, body, field):
    before = ChangeSet.objects.count()
    answer = admin_api.post("/people", body)
    assert answer.status_code == 422
    assert [one["field"] for one in refused(answer, 422, answer.json()["code"], field)["errors"]]
    assert (Person.objects.count(), ChangeSet.objects.count()) == (0, before)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("limits=5", ["limits"]),
        ("email=a@b.example", ["email"]),
        ("a=1&b=2", ["a", "b"]),
        ("limit=5&limit=6", ["limit"]),
        ("limit=0", ["limit"]),
        ("limit=201", ["limit"]),
        ("limit=x", ["limit"]),
        ("limit=" + "9" * 400, ["limit"]),
        ("sort=nothing", ["sort"]),
        ("sort=last_touch", ["sort"]),
        ("sort=--name", ["sort"]),
        ("q=" + "x" * 201, ["q"]),
        ("q=%00", ["q"]),
    ],
)
def test_parameters_that_will_not_do(admin_api, query, fields):
    answer = admin_api.get(f"/people?{query}")
    assert answer.status_code == 422
    refused(answer, 422, answer.json()["code"], *fields)


def test_what_takes_no_parameters_refuses_them(admin_api):
    refused(admin_api.get("/me?x=1"), 422, "unknown_parameter", "x")
    refused(admin_api.send("POST", "/people?x=1", {"name": "A"}), 422, "unknown_parameter", "x")
    assert Person.objects.count() == 0


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=x", ""]
)
def test_the_body_is_json_whatever_its_type_is_called(admin_api, client, kind):
    answer = client.generic(
        "POST",
        "/api/v1/people",
        json.dumps({"name": "Ann"}),
        content_type=kind,
        headers={"Authorization": f"Bearer {admin_api.token}"},
    )
    assert answer.status_code == 201


def test_a_token_that_is_too_fast(admin_api, monkeypatch):
    monkeypatch.setattr(accounts_api, "REQUESTS_PER_MINUTE", 3)
    for _ in range(3):
        assert admin_api.get("/me").status_code == 200
    answer = admin_api.post("/people", {"name": "Ann"}, key="k")
    refused(answer, 429, "too_many_requests")
    assert answer["Retry-After"] == "60"
    assert Person.objects.count() == 0
