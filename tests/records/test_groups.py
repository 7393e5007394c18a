"""A list in groups: they part its rows, tell their number and feet, and open as lists."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.errors import Refused
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson
from tandem.records import queries
from tandem.records.actions import add_field, change_view, create_record, save_view
from tandem.records.errors import GroupingInvalid
from tandem.records.models import SavedView
from tandem.records.queries import ListQuery
from tandem.records.queries.groups import (
    GroupOfRows,
    group_filters,
    groupings,
    groups_of,
    read_grouping,
)
from tandem.records.rules.aggregates import Aggregate
from tandem.records.schemas import ChangeView, NewField, NewView, OptionIn
from tandem.records.slots import object_type
from tandem.revenue.actions import book_order
from tandem.revenue.schemas import NewOrder

pytestmark = pytest.mark.django_db

NONE: frozenset[str] = frozenset()


def groups(actor: Actor, kind: str, by: str, **given: Any) -> list[GroupOfRows]:
    found = object_type(kind)
    how: dict[str, Any] = {"asked": (), "shut": NONE, "is_timed": False, **given}
    shown, is_all = groups_of(found, actor, ListQuery(), read_grouping(found, actor, by), **how)
    assert is_all
    return shown


@pytest.fixture
def people(system: Actor, make_user: Callable[..., User]) -> User:
    """Six people: of two countries and none, of two owners and none, each with its tier."""
    options = [OptionIn(label="Gold"), OptionIn(label="Silver")]
    add_field(system, data=NewField(kind="person", label="Tier", type="choice", choices=options))
    add_field(system, data=NewField(kind="person", label="Keen", type="boolean"))
    add_field(system, data=NewField(kind="person", label="Since", type="date"))
    priya = make_user("seller", name="Priya Nair")
    seller = actor_for(priya)
    rows: list[tuple[str, str | None, Actor, dict[str, Any]]] = [
        ("Ann", "GB", system, {"x_tier": "silver", "x_keen": True, "x_since": "2026-02-28"}),
        ("Bo", "GB", seller, {"x_tier": "gold", "x_keen": False, "x_since": "2026-03-01"}),
        ("Cy", "FR", system, {"x_tier": "gold", "x_since": "2026-03-31"}),
        ("Dee", None, seller, {}),
        ("Eve", "GB", system, {"x_keen": True, "x_since": "2025-12-29"}),
        ("Fay", None, system, {"x_tier": "silver", "x_since": "2026-01-04"}),
    ]
    for name, country, by, fields in rows:
        data = NewPerson(name=name, country=country)
        create_record(by, object_type("person"), data=data, fields=fields)
    return priya


def test_every_grouping_parts_the_rows_and_each_group_opens_as_its_own_list(
    admin: Actor, people: User
) -> None:
    kind = object_type("person")
    found = groupings(kind, admin)
    assert {str(one) for one in found} >= {"country", "owner", "x_tier", "x_keen", "x_since:week"}
    for grouping in found:
        shown = groups(admin, "person", str(grouping))
        assert sum(one.totals.rows for one in shown) == 6
        seen: list[str] = []
        for one in shown:
            alone = ListQuery(filters=group_filters(ListQuery().filters, one.condition))
            names = set(queries.records_matching(kind, admin, alone).values_list("name", flat=True))
            assert len(names) == one.totals.rows, (str(grouping), one.key)
            assert [row.name for row in one.rows] == sorted(names)
            seen += names
        assert sorted(seen) == ["Ann", "Bo", "Cy", "Dee", "Eve", "Fay"]


def test_choices_stand_in_their_order_days_the_latest_first_and_no_value_last(
    admin: Actor, people: User
) -> None:
    assert [one.key for one in groups(admin, "person", "x_tier")] == ["gold", "silver", "-"]
    assert [one.key for one in groups(admin, "person", "x_since:month")] == [
        "2026-03-01",
        "2026-02-01",
        "2026-01-01",
        "2025-12-01",
        "-",
    ]
    weeks = {one.key: one.totals.rows for one in groups(admin, "person", "x_since:week")}
    assert weeks["2025-12-29"] == 2
    assert [one.key for one in groups(admin, "person", "owner")][-1] == "-"


def test_a_moment_falls_on_the_day_of_the_readers_zone(admin: Actor, system: Actor) -> None:
    for number, at in (("A", "2026-04-30T23:30:00Z"), ("B", "2026-05-01T00:30:00Z")):
        ordered = dt.datetime.fromisoformat(at)
        new = NewOrder(number=number, amount="1", currency="GBP", ordered_at=ordered)
        book_order(system, data=new)
    assert len(groups(admin, "order", "ordered_at:month")) == 2
    with timezone.override("Europe/Paris"):
        (only,) = groups(admin, "order", "ordered_at:month")
    assert (only.value, only.totals.rows) == (dt.date(2026, 5, 1), 2)


def test_each_group_has_its_own_feet_and_each_currency_its_own_line(
    admin: Actor, system: Actor
) -> None:
    for number, currency, amount in (("A", "GBP", "1"), ("B", "EUR", "2"), ("C", "GBP", "4")):
        book_order(system, data=NewOrder(number=number, amount=amount, currency=currency))
    (group,) = groups(admin, "order", "created_at:year", asked=(("net", Aggregate.SUM),))
    (told,) = group.totals.figures
    assert isinstance(told.value, tuple)
    assert [(one.currency, one.minor) for one in told.value] == [("EUR", 200), ("GBP", 500)]


def test_what_is_hidden_out_of_sight_or_unfit_makes_no_groups(
    admin: Actor, system: Actor, people: User
) -> None:
    own = replace(actor_for(people), scopes={"*": Scope.OWN})
    assert sum(one.totals.rows for one in groups(own, "person", "country")) == 2
    hiding = replace(admin, hidden={"person": frozenset({"country"})})
    with pytest.raises(Refused):
        read_grouping(object_type("person"), hiding, "country")
    assert "country" not in {str(one) for one in groupings(object_type("person"), hiding)}
    for unfit in ("name", "tags", "created_at", "created_at:age", "country:day", "last_touch"):
        with pytest.raises(GroupingInvalid):
            read_grouping(object_type("person"), admin, unfit)


@pytest.fixture
def client(make_user: Callable[..., User]) -> Client:
    found = Client()
    found.force_login(make_user("admin"))
    return found


def headings(client: Client, **params: Any) -> list[str]:
    page = client.get("/people", params)
    assert page.status_code == 200
    found = re.findall('<tr class="c-grouphead">(.*?)</tr>', page.content.decode(), re.DOTALL)
    return [" ".join(re.sub("<[^>]*>", " ", one).split()) for one in found]


def test_the_page_shows_groups_and_keeps_what_is_closed_in_the_address(
    client: Client, people: User
) -> None:
    assert headings(client, group="country", columns="name,owner") == [
        "France 1",
        "United Kingdom 3",
        "Without Country 2",
    ]
    open_page = client.get("/people", {"group": "country"}).content.decode()
    assert "shut=GB" in open_page
    assert open_page.count("<tr data-row") == 6
    shut = client.get("/people", {"group": "country", "shut": "GB"}).content.decode()
    assert shut.count("<tr data-row") == 3
    assert 'aria-expanded="false"' in shut
    assert client.get("/people", {"group": "nothing"}).status_code == 422
    assert "group=x_since%3Aquarter" in client.get("/people/grouping").content.decode()


def test_a_view_keeps_its_groups(client: Client, admin: Actor, people: User) -> None:
    kind = object_type("person")
    shared = {"visibility": "everyone"}
    view = save_view(admin, kind, data=NewView(name="By tier", group="x_tier", **shared))
    assert SavedView.objects.values_list("layout", "grouping").get() == ("group", "x_tier")
    assert headings(client, view=view.public_id, columns="name") == [
        "Gold 2",
        "Silver 2",
        "Without Tier 2",
    ]
    assert headings(client, view=view.public_id, group="none") == []
    with pytest.raises(GroupingInvalid):
        change_view(admin, kind, view.public_id, data=ChangeView(group="name"))
    change_view(admin, kind, view.public_id, data=ChangeView(group=""))
    assert SavedView.objects.values_list("layout", "grouping").get() == ("table", "")


def test_a_page_in_groups_takes_no_more_queries_for_more_of_them(
    client: Client, system: Actor, people: User
) -> None:
    client.get("/people", {"group": "country"})
    with CaptureQueriesContext(connection) as few:
        client.get("/people", {"group": "country"})
    for at, country in enumerate(("DE", "IE", "NL", "ES", "IT", "SE")):
        create_person(system, data=NewPerson(name=f"P {at}", country=country))
    with CaptureQueriesContext(connection) as many:
        client.get("/people", {"group": "country"})
    assert len(many) == len(few)
    assert len(many) <= 15
