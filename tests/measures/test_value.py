"""A number by its key: periods in the company's zone, splits, filters, ratios, refusals."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Case, Count, Q, Sum, Value, When

from tandem.accounts.models import CompanySettings
from tandem.accounts.queries import forget_company
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Refused
from tandem.measures.errors import (
    DimensionUnknown,
    FilterUnknown,
    MeasureUnknown,
    PeriodInvalid,
)
from tandem.measures.queries import value
from tandem.measures.rules import Period, Unit, month_of, read_filters
from tandem.measures.slots import MEASURES, Measure, Ratio
from tandem.people.models import Person
from tandem.people.queries import people_visible_to


def with_currency(actor: Actor) -> Any:
    """People whose country decides a currency: two pounds, one euro, one yen."""
    return people_visible_to(actor).annotate(
        currency=Case(
            When(country="GB", then=Value("GBP")),
            When(country="FR", then=Value("EUR")),
            default=Value("JPY"),
        )
    )


@pytest.fixture(autouse=True)
def defined(monkeypatch: pytest.MonkeyPatch) -> None:
    people: dict[str, Any] = {
        "rows": people_visible_to,
        "at": "created_at",
        "aggregate": Count("pk"),
        "permission": "people.view",
        "unit": Unit.COUNT,
    }
    measures: list[Measure | Ratio] = [
        Measure(
            key="t_people",
            label="people",
            definition="all",
            dimensions={"country": "country"},
            filters={"named": lambda v: Q(name__startswith=v) if v.isalpha() else None},
            **people,
        ),
        Measure(
            key="t_british",
            label="british",
            definition="some",
            dimensions={"country": "country"},
            **{**people, "rows": lambda actor: people_visible_to(actor).filter(country="GB")},
        ),
        Measure(
            key="t_money",
            label="money",
            definition="4.56 of each",
            currency="currency",
            filters={"named": lambda v: Q(name__startswith=v)},
            **{**people, "aggregate": Sum(Value(456)), "unit": Unit.MONEY, "rows": with_currency},
        ),
        Ratio(
            key="t_share",
            label="share",
            definition="share",
            unit=Unit.RATE,
            over="t_british",
            under="t_people",
            permission="people.view",
            minimum=2,
        ),
    ]
    monkeypatch.setattr(MEASURES, "_parts", {m.key: m for m in measures})


@action(permission="kernel.operate")
def add_people(actor: Actor, *people: tuple[str, str, str]) -> None:
    for name, country, at in people:
        Person.objects.create(
            name=name,
            country=country,
            search_key="",
            sort_key=name,
            created_at=dt.datetime.fromisoformat(at),
        )


@action(permission="kernel.operate")
def give(actor: Actor, /, *, to: int | None, **who: Any) -> None:
    Person.objects.filter(**who).update(owner_id=to)


@action(permission="kernel.operate")
def move_to(actor: Actor, zone: str) -> None:
    CompanySettings.objects.update_or_create(
        pk=1, defaults={"time_zone": zone, "working_hours": [[]] * 7}
    )
    forget_company()


@pytest.fixture
def crowd(system: Actor, db: None) -> None:
    add_people(
        system,
        ("Ann", "GB", "2026-01-31T22:59:00+00:00"),
        ("Bob", "GB", "2026-01-31T23:30:00+00:00"),
        ("Cyd", "FR", "2026-02-10T12:00:00+00:00"),
        ("Dan", "", "2026-03-01T00:00:00+00:00"),
    )


def rows(result: Any, *names: str) -> list[tuple[Any, ...]]:
    return [(*(row.by[name] for name in names), row.value) for row in result.rows]


def test_a_count_of_all_time_and_of_nothing(crowd, admin: Actor) -> None:
    assert value(admin, "t_people").value == 4
    empty = value(admin, "t_people", period=Period(dt.date(2020, 1, 1), dt.date(2020, 1, 2)))
    assert rows(empty) == [(Decimal(0),)]


def test_a_period_holds_both_its_days_in_the_zone_of_the_company(
    crowd, system: Actor, admin: Actor
) -> None:
    move_to(system, "Europe/Paris")
    january = value(admin, "t_people", period=month_of(dt.date(2026, 1, 5)))
    february = value(admin, "t_people", period=Period(dt.date(2026, 2, 1), dt.date(2026, 2, 10)))
    assert [january.value, february.value] == [1, 2]


def test_a_split_by_month_and_country(crowd, admin: Actor) -> None:
    found = value(admin, "t_people", by=["month", "country"])
    assert rows(found, "month", "country") == [
        ("2026-01-01", "GB", 2),
        ("2026-02-01", "FR", 1),
        ("2026-03-01", "", 1),
    ]


def test_filters_by_a_dimension_and_by_a_name_of_their_own(crowd, admin: Actor) -> None:
    assert value(admin, "t_people", filters={"country": "GB"}).value == 2
    assert value(admin, "t_people", filters={"named": "B", "country": "GB"}).value == 1


def test_unlike_currencies_are_never_added(crowd, admin: Actor) -> None:
    found = value(admin, "t_money", filters={"named": "C"})
    assert [(row.value, row.currency) for row in found.rows] == [(Decimal("4.56"), "EUR")]
    found = value(admin, "t_money")
    assert [(row.value, row.currency) for row in found.rows] == [
        (Decimal("4.56"), "EUR"),
        (Decimal("9.12"), "GBP"),
        (Decimal(456), "JPY"),
    ]
    assert found.value is None


def test_a_ratio_says_nothing_below_its_minimum(crowd, admin: Actor) -> None:
    whole = value(admin, "t_share")
    assert [whole.value, whole.enough_data] == [Decimal("0.5"), True]
    split = value(admin, "t_share", by=["country"])
    assert rows(split, "country") == [("", None), ("FR", None), ("GB", Decimal(1))]
    nobody = value(admin, "t_share", filters={"country": "XX"})
    assert [nobody.value, nobody.enough_data] == [None, False]


def test_only_what_the_actor_may_see_is_counted(crowd, system: Actor, make_actor) -> None:
    seller = make_actor("seller")
    assert seller.scope_of("person") is Scope.TEAM
    other = make_actor("seller")
    give(system, to=other.user_id)
    give(system, to=seller.user_id, name="Ann")
    assert value(seller, "t_people").value == 1


def test_what_cannot_be_asked_is_refused(crowd, admin: Actor, db: None) -> None:
    with pytest.raises(MeasureUnknown):
        value(admin, "t_nothing")
    with pytest.raises(DimensionUnknown, match="t_people can be split by: day"):
        value(admin, "t_people", by=["colour"])
    with pytest.raises(FilterUnknown, match="t_people can be filtered by: country, named"):
        value(admin, "t_people", filters={"colour": "red"})
    with pytest.raises(FilterUnknown, match="named cannot be “1”"):
        value(admin, "t_people", filters={"named": "1"})
    with pytest.raises(Refused):
        value(Actor(kind=admin.kind, label="x"), "t_people")
    with pytest.raises(PeriodInvalid):
        Period(dt.date(2026, 2, 1), dt.date(2026, 1, 1))


def test_filters_are_read_as_names_and_values() -> None:
    assert read_filters(" customer:known, campaign:autumn:26,") == {
        "customer": "known",
        "campaign": "autumn:26",
    }
    for text in ("customer", ":known", "customer:"):
        with pytest.raises(FilterUnknown):
            read_filters(text)
