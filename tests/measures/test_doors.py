"""The numbers by API and on their pages: form, units, periods, refusals."""

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from django.db.models import Count, Sum, Value
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.measures.queries import value, ways_of
from tandem.measures.rules import Unit, months_until
from tandem.measures.slots import MEASURES, Measure, Ratio
from tandem.people.models import Person
from tandem.people.queries import people_visible_to
from tests.measures.test_value import add_people, with_currency

pytestmark = pytest.mark.django_db

PEOPLE: dict[str, Any] = {
    "rows": people_visible_to,
    "at": "created_at",
    "aggregate": Count("pk"),
    "permission": "people.view",
    "unit": Unit.COUNT,
    "label": "people",
    "definition": "Everybody.",
}


@pytest.fixture(autouse=True)
def defined(monkeypatch: pytest.MonkeyPatch) -> None:
    measures: list[Measure | Ratio] = [
        Measure(
            key="t_people",
            dimensions={"country": "country", "owner": "owner_id"},
            version=3,
            **PEOPLE,
        ),
        Measure(
            key="t_money",
            currency="currency",
            dimensions={"country": "country"},
            **{
                **PEOPLE,
                "label": "money",
                "aggregate": Sum(Value(456)),
                "unit": Unit.MONEY,
                "rows": with_currency,
            },
        ),
        Ratio(
            key="t_each",
            label="each",
            definition="Money for each.",
            unit=Unit.MONEY,
            over="t_money",
            under="t_people",
            permission="people.view",
            minimum=2,
        ),
    ]
    monkeypatch.setattr(MEASURES, "_parts", {m.key: m for m in measures})


@pytest.fixture
def crowd(system) -> None:
    add_people(
        system,
        ("Ann", "GB", "2026-10-31T22:59:00+00:00"),
        ("Bob", "GB", "2026-11-01T00:00:00+00:00"),
        ("Cyd", "FR", "2026-11-30T23:59:59+00:00"),
    )


@pytest.fixture
def user(make_user) -> User:
    found: User = make_user("manager")
    return found


@pytest.fixture
def ask(user):
    raw = add_token(actor_for(user), NewToken(name="numbers")).raw

    def get(path: str) -> tuple[int, Any]:
        answer = Client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {raw}"})
        return answer.status_code, json.loads(answer.content)

    return get


def test_a_number_is_answered_with_its_definition(ask, crowd):
    assert ask("/metrics/t_people?from=2026-11-01&to=2026-11-30") == (
        200,
        {
            "key": "t_people",
            "unit": "count",
            "definition": "Everybody.",
            "version": 3,
            "rows": [{"value": 2}],
            "enough_data": True,
        },
    )


def test_both_days_of_a_period_count_and_without_them_all_time(ask, crowd):
    def count(query: str) -> int:
        return int(ask(f"/metrics/t_people{query}")[1]["rows"][0]["value"])

    assert count("") == 3
    assert count("?from=2026-11-30") == 1
    assert count("?to=2026-10-31") == 1
    assert count("?from=2026-11-01&to=2026-11-01") == 1
    assert count("?from=0001-01-01&to=9999-12-31") == 3
    assert count("?from=2027-01-01") == 0


def test_money_is_in_major_units_by_currency_and_dimension(ask, crowd):
    _status, found = ask("/metrics/t_money?by=country")
    assert found["unit"] == "money"
    assert found["rows"] == [
        {"value": 4.56, "currency": "EUR", "country": "FR"},
        {"value": 9.12, "currency": "GBP", "country": "GB"},
    ]
    assert ask("/metrics/t_money?by=country,month&filter=country:FR")[1]["rows"] == [
        {"value": 4.56, "currency": "EUR", "country": "FR", "month": "2026-11-01"}
    ]


def test_a_count_divides_the_money_of_every_currency(ask, crowd):
    _status, found = ask("/metrics/t_each")
    # 4.56 and 9.12 over three people: neither is lost, neither is added to the other.
    assert found["rows"] == [
        {"value": 1.52, "currency": "EUR"},
        {"value": 3.04, "currency": "GBP"},
    ]
    assert found["enough_data"] is True


def test_too_little_to_divide_by_is_said(ask, crowd):
    _status, found = ask("/metrics/t_each?from=2026-11-30")
    assert (found["rows"], found["enough_data"]) == ([{"value": None, "currency": "EUR"}], False)


@pytest.mark.parametrize(
    ("path", "status", "code", "field"),
    [
        ("/metrics/nothing", 404, "measure_unknown", None),
        ("/metrics/t_people?by=colour", 422, "dimension_unknown", "by"),
        ("/metrics/t_people?filter=colour:red", 422, "filter_unknown", "filter"),
        ("/metrics/t_people?filter=colour", 422, "filter_unreadable", "filter"),
        ("/metrics/t_people?filter=owner:ann", 422, "filter_unknown", "filter"),
        ("/metrics/t_people?from=2026-11-02&to=2026-11-01", 422, "period_invalid", "to"),
        ("/metrics/t_people?from=yesterday", 422, "invalid", "from"),
        ("/metrics/t_each?by=owner", 422, "dimension_unknown", "by"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_its_place(
    ask, crowd, path, status, code, field
):
    answered, found = ask(path)
    assert (answered, found["code"]) == (status, code)
    assert [one["field"] for one in found["errors"]] == ([field] if field else [])


def test_the_list_of_measures_says_how_each_can_be_asked(ask, crowd):
    _status, found = ask("/metrics")
    items = {one["key"]: one for one in found["items"]}
    assert list(items) == ["t_each", "t_money", "t_people"]
    assert items["t_each"]["by"] == ["day", "week", "month", "quarter", "year", "country"]
    assert items["t_people"]["filters"] == ["country", "owner"]


def test_a_ratio_can_be_asked_as_both_of_its_parts_can():
    ratio = MEASURES.get("t_each")
    assert ratio is not None
    assert ways_of(ratio) == (["country"], [])


def test_months_run_to_the_month_of_the_day():
    assert months_until(dt.date(2026, 2, 28), 3) == [
        dt.date(2025, 12, 1),
        dt.date(2026, 1, 1),
        dt.date(2026, 2, 1),
    ]


@time_machine.travel("2026-11-22T09:00:00Z", tick=False)
def test_the_pages_show_this_month_and_the_months_before(client: Client, user, crowd):
    client.force_login(user)
    glossary = client.get("/measures").content.decode()
    assert "Everybody." in glossary
    assert "€4.56<br>£4.56" in glossary
    page = client.get("/measures/t_people?by=country&from=2026-11-01").content.decode()
    assert "<title>Nov 2026: 2</title>" in page
    assert page.count("<td data-verbatim>") == 2
    empty = client.get("/measures/t_people?from=2030-01-01&by=country")
    assert "Nothing in this period." in empty.content.decode()


@pytest.mark.parametrize("query", ["by=colour", "from=x", "filter=a", "filter=owner:x"])
def test_a_page_says_what_it_cannot_answer(client: Client, user, crowd, query):
    client.force_login(user)
    answer = client.get(f"/measures/t_people?{query}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_a_page_of_no_measure_is_not_there(client: Client, user):
    client.force_login(user)
    assert client.get("/measures/nothing").status_code == 404


def test_a_number_of_nobody_is_zero(ask):
    assert Person.objects.count() == 0
    assert ask("/metrics/t_people")[1]["rows"] == [{"value": 0}]
    assert ask("/metrics/t_money")[1]["rows"] == [{"value": 0, "currency": "EUR"}]
    assert ask("/metrics/t_each")[1]["rows"] == [{"value": None, "currency": "EUR"}]


def test_what_the_page_divides_is_what_the_api_answers(ask, crowd, user):
    rows = value(actor_for(user), "t_each").rows
    assert [float(row.value or 0) for row in rows] == [
        row["value"] for row in ask("/metrics/t_each")[1]["rows"]
    ]
