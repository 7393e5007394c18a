"""Texts of every script and length: taken as they are or refused, never a fault."""

import pytest

pytestmark = pytest.mark.django_db

# One character that becomes several: composed, folded, or taken apart for search.
GROWING = ["\u0958", "\ufdfa", "\u0390", "\u1e9e", "\ufb03", "\U0001d160", "I\u0307", "\u00df"]


@pytest.mark.parametrize("letter", GROWING, ids=ascii)
@pytest.mark.parametrize("field", ["name", "title", "company"])
def test_a_person_of_long_words(admin_api, letter, field):
    limit = {"name": 200, "title": 120, "company": 200}[field]
    body = {"name": "Ann", field: (letter * limit)[:limit]}
    answer = admin_api.post("/people", body)
    assert answer.status_code in (201, 422), answer.content[:300]
    if answer.status_code == 201:
        path = f"/people/{answer.json()['id']}"
        assert admin_api.get(path).json() == answer.json()
        assert admin_api.get("/people", q=letter * 90).status_code == 200
        assert admin_api.patch(path, {field: (letter * limit)[: limit - 1]}).status_code == 200
        page = admin_api.get("/people", limit=1, sort=field).json()
        assert page["items"] == [admin_api.get(path).json()]


@pytest.mark.parametrize("field", ["company", "owner", "name", "title", "phone", "email"])
@pytest.mark.parametrize("length", [121, 200, 201, 254, 255, 5000])
def test_a_text_of_any_length_is_taken_or_refused(admin_api, field, length):
    answer = admin_api.post("/people", {"name": "Ann", field: "0" * length})
    assert answer.status_code in (201, 422)
    if answer.status_code == 422:
        assert [one["field"] for one in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("letter", GROWING, ids=ascii)
def test_tags_comments_and_views_of_long_words(admin_api, letter):
    path = f"/people/{admin_api.post('/people', {'name': 'Ann'}).json()['id']}"
    tag = (letter * 60)[:60]
    assert admin_api.post(f"{path}/tags", {"name": tag}).status_code in (200, 422)
    assert admin_api.delete(f"{path}/tags", name=tag).status_code in (200, 404)
    said = admin_api.post(f"{path}/comments", {"text": (letter * 10_000)[:10_000]})
    assert said.status_code == 201
    view = admin_api.post("/people/views", {"name": (letter * 80)[:80]})
    assert view.status_code == 201


@pytest.mark.parametrize("letter", GROWING, ids=ascii)
def test_companies_of_long_words(admin_api, letter):
    body = {"name": (letter * 200)[:200], "industry": (letter * 120)[:120]}
    made = admin_api.post("/companies", body)
    assert made.status_code in (201, 422)
    assert admin_api.post("/companies", {"name": "A", "domain": letter * 60}).status_code in (
        201,
        422,
    )
