"""Filters by related records and by periods that move: what they let through, what they refuse."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tandem.accounts.models import CompanySettings, User
from tandem.deals.actions import ensure_pipeline, open_deal
from tandem.deals.schemas import NewDeal
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Refused
from tandem.people.actions import create_company, create_person
from tandem.people.models import Person
from tandem.people.schemas import NewCompany, NewPerson
from tandem.records import queries, rules
from tandem.records.errors import FilterInvalid
from tandem.records.queries import ListQuery, custom
from tandem.records.rules.periods import PERIODS, span_of
from tandem.records.slots import object_type

pytestmark = pytest.mark.django_db

UNKNOWN = {"field": "title", "is": "is", "value": "x"}
BAKERS = {"field": "industry", "is": "is", "value": "Bakery"}


def names(actor: Actor, kind: str, tree: Any) -> set[str]:
    found = object_type(kind)
    query = ListQuery(filters=queries.read_filters(found, tree))
    return set(queries.records_matching(found, actor, query).values_list("name", flat=True))


def related(key: str, *where: Any, word: str = "any") -> dict[str, Any]:
    return {"related": key, "is": word, "where": {"op": "and", "items": list(where)}}


@pytest.fixture
def scene(system: Actor) -> None:
    ensure_pipeline(system)
    for name, industry in (
        ("Hythe Bread", "Bakery"),
        ("Kent Tins", "Metal"),
        ("Rye Cakes", "Bakery"),
    ):
        create_company(system, data=NewCompany(name=name, industry=industry))
    for name, company in (("Ann", "Hythe Bread"), ("Bo", "Kent Tins"), ("Cy", None)):
        create_person(system, data=NewPerson(name=name, company=company))
    for name, company, amount in (("Ovens", "Hythe Bread", "900"), ("Tins", "Kent Tins", "50")):
        open_deal(system, data=NewDeal(name=name, company=company, amount=amount, currency="EUR"))


def test_records_are_found_by_what_belongs_to_them(admin: Actor, scene: None) -> None:
    assert names(admin, "person", related("company", BAKERS)) == {"Ann"}
    assert names(admin, "person", related("company", BAKERS, word="none")) == {"Bo", "Cy"}
    assert names(admin, "person", related("company", word="none")) == {"Cy"}
    large = {"field": "amount", "is": "at_least", "value": 500}
    assert names(admin, "company", related("deals", large)) == {"Hythe Bread"}
    assert names(admin, "company", related("deals", word="none")) == {"Rye Cakes"}
    assert names(admin, "company", related("people", related("company", BAKERS))) == {"Hythe Bread"}
    both = {"op": "and", "items": [BAKERS, {"op": "not", "items": [related("deals", large)]}]}
    assert names(admin, "company", both) == {"Rye Cakes"}


def test_what_is_out_of_sight_or_hidden_cannot_be_asked_for(
    make_actor: Callable[..., Actor], admin: Actor, scene: None
) -> None:
    seller = replace(make_actor("seller"), scopes={"deal": Scope.OWN, "*": Scope.ALL})
    assert names(seller, "company", related("deals")) == set()
    blind = replace(admin, permissions=admin.permissions - {"deals.view"})
    with pytest.raises(Refused):
        names(blind, "company", related("deals"))
    for hidden in ({"company": frozenset({"industry"})}, {"person": frozenset({"company"})}):
        with pytest.raises(Refused) as refused:
            names(replace(admin, hidden=hidden), "person", related("company", BAKERS))
        assert refused.value.code == "field_hidden"


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        (related("nothing"), "filters.related"),
        (related("company", word="some"), "filters.is"),
        (
            related("company", {"field": "title", "is": "is", "value": "x"}),
            "filters.where.items.0.field",
        ),
        ({"related": "company", "is": "any", "of": 1}, "filters"),
        ({"field": "created_at", "is": "within", "value": "this_age"}, "filters.value"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tree: Any, place: str) -> None:
    with pytest.raises(FilterInvalid) as refused:
        queries.read_filters(object_type("person"), tree)
    assert [one.field for one in refused.value.errors] == [place]


def test_a_tree_with_related_records_goes_to_json_and_back() -> None:
    tree = queries.read_filters(
        object_type("company"), related("deals", related("company", BAKERS))
    )
    again = json.loads(json.dumps(rules.as_json(tree)))
    assert queries.read_filters(object_type("company"), again) == tree
    assert rules.count_conditions(tree) == 3


@given(
    today=st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)),
    week_start=st.integers(0, 6),
    year_start=st.integers(1, 12),
)
def test_periods_meet_without_a_gap_and_this_one_holds_today(
    today: dt.date, week_start: int, year_start: int
) -> None:
    starts = {"week_start": week_start, "year_start": year_start}
    for unit in ("week", "month", "quarter", "year"):
        last, this, after = (
            span_of(f"{word}_{unit}", today, **starts) for word in ("last", "this", "next")
        )
        assert last[1] == this[0] <= today < this[1] == after[0]
        assert last[0] < last[1]
        assert after[0] < after[1]
    assert span_of("this_week", today, **starts)[0].weekday() == week_start
    assert span_of("this_year", today, **starts)[0].month == year_start
    assert (span_of("this_quarter", today, **starts)[0].month - year_start) % 3 == 0
    assert span_of("yesterday", today, **starts)[1] == today == span_of("today", today, **starts)[0]
    assert span_of("tomorrow", today, **starts)[0] == span_of("today", today, **starts)[1]
    assert len(PERIODS) == 15


def test_a_period_is_that_of_the_zone_of_the_company(
    system: Actor, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = CompanySettings(time_zone="Pacific/Auckland")
    monkeypatch.setattr(custom, "company_settings", lambda: company)
    person, _new = create_person(system, data=NewPerson(name="Ann"))
    added = Person.objects.get(pk=person.pk).created_at.astimezone(ZoneInfo(company.time_zone))
    midnight = dt.datetime.combine(added.date() + dt.timedelta(1), dt.time(), tzinfo=added.tzinfo)
    today, yesterday = (
        {"field": "created_at", "is": "within", "value": word} for word in ("today", "yesterday")
    )
    with time_machine.travel(midnight - dt.timedelta(seconds=1), tick=False):
        assert names(admin, "person", today) == {"Ann"}
        assert names(admin, "person", yesterday) == set()
    with time_machine.travel(midnight, tick=False):
        assert names(admin, "person", today) == set()
        assert names(admin, "person", yesterday) == {"Ann"}


def test_the_dialog_makes_and_shows_conditions_on_related_records(
    make_user: Callable[..., User], scene: None
) -> None:
    client = Client()
    client.force_login(make_user("admin"))
    asked = {
        "_apply": "1",
        "_join": "and",
        "_field": ["deals.amount", "deals.currency"],
        "_is_0": "at_least",
        "_value_0": "500",
        "_is_1": "is",
        "_value_1": "EUR",
    }
    to = client.get("/companies/filter", asked).headers["Location"]
    page = client.get(to)
    assert "Hythe Bread" in page.content.decode()
    assert "Kent Tins" not in page.content.decode()
    assert "Amount at least 500 and Currency is EUR" in page.content.decode()
    dialog = client.get(to.replace("/companies?", "/companies/filter?") + "&at=0").content.decode()
    assert dialog.count('<option value="deals.amount" selected>') == 1
    assert dialog.count('<option value="deals.currency" selected>') == 1
    missing = client.get("/companies/filter", {"_field": "deals.nothing", "_is_0": "is"})
    assert missing.status_code == 422
