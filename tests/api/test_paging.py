"""Pages by cursor: whatever is put in or taken out meanwhile, each row comes once, in order."""

import base64
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.people.actions import create_person, delete_person
from tandem.people.schemas import NewPerson

pytestmark = pytest.mark.django_db

# With equal values, with none, with both: name, address, company, country, moments.
SORTS = (
    *("name", "-name", "email", "-email", "company", "-company", "title", "-title"),
    *("owner", "-owner", "country", "-country", "created_at", "-created_at", "-updated_at"),
)

people = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Ann", "ann", "Ánn", "Bo Lee", "Łu", "Z"]),
        "title": st.sampled_from([None, None, "Buyer", "buyer", "Owner"]),
        "company": st.sampled_from([None, "Lee Ltd", "Tins"]),
        "country": st.sampled_from([None, "GB", "IE"]),
    }
)
deeds = st.one_of(
    st.tuples(st.just("add"), people), st.tuples(st.just("delete"), st.integers(0, 20))
)


def add(actor: Any, number: int, fields: dict[str, Any]) -> str:
    email = f"p{number % 7}.{number}@lee.example" if number % 3 else None
    person, is_new = create_person(actor, data=NewPerson(**fields, email=email))
    assert is_new
    return str(person.public_id)


def walk(api: Any, sort: str, limit: int, between: Any) -> list[str]:
    found: list[str] = []
    cursor = None
    while True:
        params = {"sort": sort, "limit": limit} | ({"cursor": cursor} if cursor else {})
        page = api.get("/people", **params).json()
        assert len(page["items"]) <= limit
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            return found
        assert len(page["items"]) == limit
        between()


@settings(max_examples=20)
@given(
    rows=st.lists(people, min_size=1, max_size=9),
    sort=st.sampled_from(SORTS),
    limit=st.integers(1, 10),
    between=st.lists(deeds, max_size=6),
)
def test_each_row_comes_once_and_in_order(admin_api, admin, rows, sort, limit, between):
    with transaction.atomic():
        there = [add(admin, number, fields) for number, fields in enumerate(rows)]
        deleted: set[str] = set()
        todo = list(enumerate(between, start=100))

        def meanwhile() -> None:
            if not todo:
                return
            number, (verb, given_one) = todo.pop()
            if verb == "add":
                add(admin, number, given_one)
            elif there[given_one % len(there)] not in deleted:
                deleted.add(there[given_one % len(there)])
                delete_person(admin, there[given_one % len(there)])

        found = walk(admin_api, sort, limit, meanwhile)
        whole = [
            one["id"] for one in admin_api.get("/people", sort=sort, limit=200).json()["items"]
        ]
        transaction.set_rollback(True)
    assert len(found) == len(set(found)), "a row came twice"
    stayed = [one for one in there if one not in deleted]
    assert set(stayed) <= set(found), "a row was passed over"
    assert [one for one in found if one in stayed] == [one for one in whole if one in stayed]


def test_users_too_come_page_by_page(admin_api, make_user):
    made = {str(make_user("viewer").public_id) for _ in range(4)} | {str(admin_api.user.public_id)}
    found: list[str] = []
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        page = admin_api.get("/users", limit=2, **cursor).json()
        found += [one["id"] for one in page["items"]]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert (len(found), set(found)) == (5, made)


def as_cursor(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


@pytest.mark.parametrize("sort", ["name", "-email", "created_at"])
@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "ä", "=" * 9, "A" * 2000),
        *map(
            as_cursor,
            [
                *("{}", "[]", "5", '"ab"', '["a"', '["a",1,2]', '["a",-1]', '["a",1e4]'),
                *("[null,true]", '["a","1"]', f'["a",{2**63}]', '["\\u0000",1]', '["\\ud800",1]'),
            ],
        ),
    ],
)
def test_a_cursor_that_was_never_given_out(admin_api, cursor, sort):
    answer = admin_api.get("/people", sort=sort, cursor=cursor)
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor_invalid")
    assert [one["field"] for one in answer.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize("sort", ["name", "-email", "created_at", "-updated_at"])
@pytest.mark.parametrize(
    "value", ["5", "1e400", "{}", "[[]]", "true", '"0001-01-01"', '"9999-12-31T23:59:59-23:59"']
)
def test_a_cursor_of_a_strange_value_is_a_place_or_none(admin_api, sort, value):
    answer = admin_api.get("/people", sort=sort, cursor=as_cursor(f"[{value},1]"))
    assert answer.status_code in (200, 422)


def test_a_cursor_of_another_sort_is_refused_or_harmless(admin_api, admin):
    for number in range(3):
        add(admin, number, {"name": "Ann"})
    cursor = admin_api.get("/people", sort="name", limit=1).json()["next"]
    assert admin_api.get("/people", sort="created_at", cursor=cursor).status_code == 422
    assert admin_api.get("/people", sort="email", cursor=cursor).status_code == 200
