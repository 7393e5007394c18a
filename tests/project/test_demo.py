"""The demo company as it stands in the database says what its world knows."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import transaction

from tandem.accounts.queries import actor_for
from tandem.campaigns.models import Campaign
from tandem.deals.models import Deal, DealStageInterval
from tandem.handoff.models import Handoff, Lead
from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.progress import Progress
from tandem.lake.models import Event
from tandem.lake.queries import Counted, count_events
from tandem.measures.queries import value
from tandem.people.models import Company, LifecycleState, Person, PersonEmail
from tandem.project.demo import seed
from tandem.project.demo.shop import costs_of
from tandem.project.demo.world import (
    CAMPAIGNS,
    DUPLICATES,
    ENQUIRIES,
    MARKETING_LED,
    PEOPLE,
    SALES_LED,
    World,
    customer_name,
    simulate,
)
from tandem.records.actions import find_duplicates
from tandem.records.models import DuplicatePair
from tandem.records.slots import object_type

NOW = dt.datetime(2026, 11, 19, 15, 30, tzinfo=dt.UTC)


class Silent(Progress):
    """A progress that nobody looks at."""

    def __init__(self) -> None:
        """Without a row."""

    def advance(self, by: int = 1, *, message: str | None = None) -> None:
        """Count nothing."""


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker) -> Iterator[tuple[World, Actor]]:
    """The demo company, made once for this module and rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        users = seed._users()
        leader = actor_for(users["morag"])
        world = simulate(NOW)
        people = seed.fill_in(leader, users, Silent())
        seed.happen(users, people, world, Silent())
        yield world, leader
        transaction.set_rollback(True)


@pytest.fixture
def world(told: tuple[World, Actor], db) -> World:
    return told[0]


def test_leads_stand_with_their_campaigns(world: World) -> None:
    found = Counter(code or "" for code in Lead.objects.values_list("campaign__code", flat=True))
    assert found == world.leads_by_campaign()


def test_hand_offs_stand_where_they_should(world: World) -> None:
    assert Counter(Handoff.objects.values_list("state", flat=True)) == world.states()


def test_won_deals_are_worth_what_was_planted(world: World) -> None:
    won: Counter[str] = Counter()
    for deal in Deal.objects.filter(status="won").prefetch_related("leads__lead__campaign"):
        (link,) = deal.leads.all()
        won[link.lead.campaign.code if link.lead.campaign else ""] += deal.amount_minor or 0
    assert won == world.won_by_campaign()


def test_every_open_deal_stays_in_one_stage_and_every_stay_leaves_no_gap(world: World) -> None:
    stays: dict[int, list[DealStageInterval]] = {}
    for stay in DealStageInterval.objects.order_by("deal_id", "entered_at", "left_at"):
        stays.setdefault(stay.deal_id, []).append(stay)
    for deal in Deal.objects.all():
        of = stays[deal.pk]
        assert of[0].entered_at == deal.opened_at
        assert [one.left_at for one in of[:-1]] == [one.entered_at for one in of[1:]]
        assert (of[-1].left_at, of[-1].stage_id) == (None, deal.stage_id)


def test_campaigns_cost_what_was_planned(world: World) -> None:
    for planned in CAMPAIGNS:
        campaign = Campaign.objects.get(code=planned.code)
        spent = sum(campaign.costs.values_list("amount_minor", flat=True))
        assert spent == 100 * sum(pounds for _way, _share, pounds in planned.ways)
        assert spent == 100 * sum(cost.amount for cost in costs_of(planned, NOW.date()))


def test_the_site_has_seen_strangers_machines_and_those_who_became_known(world: World) -> None:
    earlier = sum(len(one.touches) for one in world.enquiries)
    assert Event.objects.count() == 0  # all of them lie in files
    senders = count_events(Counted.EVENTS, by=["sender"], with_machines=True)
    machines = world.machine_visits()
    assert [(sender, count) for (sender,), count, _rows in senders] == [
        ("human", len(world.visits) + earlier - machines),
        ("machine", machines),
    ]


def test_the_money_is_what_was_planted(told: tuple[World, Actor], world: World) -> None:
    leader = told[1]
    web = value(leader, "revenue_net", filters={"source": "web-shop"})
    assert web.value == Decimal(world.web_revenue()) / 100
    by_campaign = value(leader, "revenue_net", by=["campaign"], filters={"source": "deal"})
    assert {row.by["campaign"]: row.value for row in by_campaign.rows} == {
        code: Decimal(pence) / 100 for code, pence in world.won_by_campaign().items()
    }


def test_some_people_are_here_twice(world: World) -> None:
    listed = PersonEmail.objects.filter(address__endswith="@fair-list.example")
    assert listed.count() == DUPLICATES
    assert Person.objects.count() == PEOPLE + DUPLICATES
    for again in listed.select_related("person"):
        last = again.person.name.split(" ", 1)[1]
        alike = Person.objects.exclude(pk=again.person_id).filter(name__contains=last[:-2])
        assert alike.exists(), again.person.name


def test_every_customer_of_the_shop_is_a_company(world: World) -> None:
    names = set(Company.objects.values_list("name", flat=True))
    assert {customer_name(number) for number in world.customers()} <= names
    assert Company.objects.count() == SALES_LED + MARKETING_LED


def test_everybody_who_asked_has_a_way(world: World) -> None:
    assert LifecycleState.objects.filter(subject_kind="person").count() == ENQUIRIES


def test_the_queue_finds_who_is_here_twice(told: tuple[World, Actor]) -> None:
    _world, _leader = told
    kind = object_type("person")
    find_duplicates(job_actor("queue", frozenset({"records.find_duplicates"})), kind)
    asked = {frozenset((p.one_id, p.other_id)) for p in DuplicatePair.objects.all()}
    people = list(Person.objects.order_by("pk").values_list("pk", flat=True)[:DUPLICATES])
    listed = PersonEmail.objects.filter(address__endswith="@fair-list.example").order_by("pk")
    again = list(listed.values_list("person_id", flat=True))
    assert {frozenset(pair) for pair in zip(people, again, strict=True)} - asked == set()
    assert len(asked) <= 3 * DUPLICATES  # some bear one name by chance
