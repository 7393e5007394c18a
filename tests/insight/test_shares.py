"""Revenue shared among touches: read from orders, forms and deals; by API and on its page."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.campaigns.actions import add_cost, delete_campaign
from tandem.campaigns.schemas import CostInput
from tandem.insight.queries import attribution
from tandem.insight.rules import AttributionModel
from tandem.insight.schemas import By
from tandem.kernel.money import Money
from tandem.measures.queries import value
from tandem.measures.rules import Period
from tandem.revenue.models import ReversalLink

pytestmark = pytest.mark.django_db

FIRST, LAST, LINEAR = AttributionModel
NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 11, 30))
DECEMBER = Period(dt.date(2026, 12, 1), dt.date(2026, 12, 31))


def given(actor, model, *, by=By.CHANNEL, period=NOVEMBER) -> dict[Any, Any]:
    found = attribution(actor, by=by, period=period)
    return {share.key: share.amount.minor for share in found.shares[model]}


@pytest.fixture
def journey(person, touch, order):
    """Ann came by a search, then twice by mail, and bought for £100.01; someone for £50."""
    ann = person("Ann", email="ann@a.example")
    touch(ann, 1, "organic")
    touch(ann, 3, "email", campaign="Winter-Tins")
    touch(ann, 4, "email", campaign="unheard-of")
    touch(ann, 20, "paid", campaign="winter-tins")
    order("1", 5, "100.01", person=ann)
    order("2", 6, "50")
    return ann


def test_the_touches_before_an_order_share_it(journey, system):
    assert given(system, FIRST) == {"organic": 10_001, None: 5_000}
    assert given(system, LAST) == {"email": 10_001, None: 5_000}
    assert given(system, LINEAR) == {"email": 6_667, "organic": 3_334, None: 5_000}


def test_campaigns_are_known_by_their_code_whatever_its_case(journey, system, campaign):
    assert given(system, LAST, by=By.CAMPAIGN) == {"": 10_001, None: 5_000}
    assert given(system, LINEAR, by=By.CAMPAIGN) == {"": 6_667, "winter-tins": 3_334, None: 5_000}
    delete_campaign(system, campaign.public_id)
    assert given(system, LINEAR, by=By.CAMPAIGN) == {"": 10_001, None: 5_000}


@pytest.mark.parametrize("period", [NOVEMBER, DECEMBER, Period()])
@pytest.mark.parametrize("by", By)
def test_every_model_sums_to_the_measure_of_revenue(
    journey, person, touch, order, system, by, period
):
    bob = person("Bob")
    touch(bob, 2, "social")
    order("3", 7, "33.33", person=bob, currency="EUR")
    order("4", 35, "7.77", person=bob)
    order("5", 8, "-20", person=bob)
    revenue = {row.currency: row.money for row in value(system, "revenue_net", period=period).rows}
    found = attribution(system, by=by, period=period)
    assert {money.currency: money for money in found.revenue} == revenue
    for model in AttributionModel:
        sums: dict[str, Money] = {}
        for share in found.shares[model]:
            zero = Money(0, share.amount.currency)
            sums[zero.currency] = sums.get(zero.currency, zero) + share.amount
        assert sums == revenue


def test_what_is_taken_back_is_shared_as_the_order_that_it_reverses(person, touch, order, system):
    ann = person("Ann", email="ann@a.example")
    touch(ann, 1, "organic")
    touch(ann, 20, "paid")
    line = {"product_code": "TIN", "unit_price": "10"}
    order("1", 5, person=ann, lines=[{**line, "quantity": "3"}])
    back = order("C1", 35, person=ann, lines=[{**line, "quantity": "-2"}])
    link = ReversalLink.objects.get(order=back)
    assert link.original is not None
    # By its own day the paid touch would have a part; the order that it reverses knew no such.
    assert given(system, LINEAR, period=NOVEMBER) == {"organic": 3_000}
    assert given(system, LINEAR, period=DECEMBER) == {"organic": -2_000}
    assert given(system, LINEAR, period=Period()) == {"organic": 1_000}


def test_a_reversal_of_nothing_known_is_shared_by_its_own_order(person, touch, order, system):
    ann = person("Ann", email="ann@a.example")
    touch(ann, 1, "organic")
    line = {"product_code": "TIN", "unit_price": "10", "quantity": "-2"}
    order("C1", 5, person=ann, lines=[line])
    assert ReversalLink.objects.get().original is None
    assert given(system, LAST) == {"organic": -2_000}


def test_a_reversal_of_more_than_we_know_is_shared_by_quantity(person, touch, order, system):
    ann = person("Ann", email="ann@a.example")
    touch(ann, 1, "organic")
    touch(ann, 7, "paid")
    line = {"product_code": "TIN", "unit_price": "10"}
    order("1", 5, person=ann, lines=[{**line, "quantity": "1"}])
    order("C1", 10, person=ann, lines=[{**line, "quantity": "-3"}])
    # One of the three is the order's, two belong to the day on which they came back.
    assert given(system, LAST) == {"organic": 0, "paid": -2_000}


def test_an_order_of_a_deal_has_the_touches_of_its_lead(
    person, touch, order, deal_of, book_for, system
):
    ann = person("Ann")
    touch(ann, 2, "social")
    booked = order("D1", 9, "800")
    book_for(booked, deal_of(ann))
    assert given(system, FIRST) == {"social": 80_000}


def test_who_sees_some_orders_shares_only_those(
    journey, make_actor, order, person, touch, make_user
):
    tom = make_user("seller")
    bob = person("Bob", owner=str(tom.public_id))
    touch(bob, 2, "social")
    order("9", 6, "10", person=bob)
    other = make_actor("seller")
    assert given(actor_for(tom), FIRST) == {"organic": 10_001, "social": 1_000, None: 5_000}
    assert given(other, FIRST) == {"organic": 10_001, None: 5_000}


def test_orders_without_anybody_cost_no_queries_of_their_own(
    journey, order, system, django_assert_max_num_queries
):
    for number in range(20):
        order(f"X{number}", 6, "1")
    with django_assert_max_num_queries(10):
        attribution(system, by=By.CHANNEL)


# --- measures that need both sides ----------------------------------------------------------------


def test_revenue_and_return_of_a_campaign_come_from_its_leads(
    person, order, deal_of, book_for, system, campaign
):
    won, foreign = order("D1", 9, "800"), order("D2", 9, "70")
    book_for(won, deal_of(person("Ann"), campaign))
    book_for(foreign, deal_of(person("Bob")))
    data = CostInput.model_validate({"on": "2026-11-02", "amount": "320"})
    add_cost(system, campaign.public_id, data=data)
    filters = {"campaign": campaign.code}
    assert value(system, "campaign_revenue", filters=filters).value == 800
    assert value(system, "campaign_revenue").value == 800
    assert value(system, "deals_opened", filters=filters).value == 1
    assert value(system, "deals_opened").value == 2
    roi = value(system, "roi", filters=filters)
    assert (float(roi.value or 0), roi.enough_data) == (1.5, True)
    assert value(system, "roi", filters={"campaign": "nothing"}).enough_data is False


def test_what_is_taken_back_of_a_campaigns_order_comes_off_its_revenue(
    person, order, deal_of, book_for, system, campaign
):
    ann = person("Ann", email="ann@a.example")
    line = {"product_code": "TIN", "unit_price": "10"}
    bought = order("1", 5, person=ann, lines=[{**line, "quantity": "3"}])
    order("C1", 35, person=ann, lines=[{**line, "quantity": "-2"}])
    order("3", 36, "5", person=ann)
    book_for(bought, deal_of(ann, campaign))
    found = value(system, "campaign_revenue", by=["month"]).rows
    assert [(row.by["month"], row.value) for row in found] == [
        ("2026-11-01", Decimal(30)),
        ("2026-12-01", Decimal(-20)),
    ]


# --- doors ----------------------------------------------------------------------------------------


@pytest.fixture
def ask(make_user):
    raw = add_token(actor_for(make_user("manager")), NewToken(name="shares")).raw

    def get(path: str) -> tuple[int, Any]:
        answer = Client().get(f"/api/v1{path}", headers={"Authorization": f"Bearer {raw}"})
        return answer.status_code, json.loads(answer.content)

    return get


def test_shares_by_api_sum_to_the_revenue(journey, ask, campaign):
    assert ask("/attribution?model=linear&from=2026-11-01&to=2026-11-30&by=campaign") == (
        200,
        {
            "model": "linear",
            "by": "campaign",
            "rows": [
                {
                    "value": 66.67,
                    "currency": "GBP",
                    "known": True,
                    "channel": None,
                    "campaign": None,
                },
                {
                    "value": 33.34,
                    "currency": "GBP",
                    "known": True,
                    "channel": None,
                    "campaign": "winter-tins",
                },
                {"value": 50, "currency": "GBP", "known": False, "channel": None, "campaign": None},
            ],
            "totals": [{"value": 150.01, "currency": "GBP"}],
        },
    )
    assert ask("/attribution?from=2027-01-01")[1]["rows"] == []


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("model=shapley", "model_unknown", "model"),
        ("by=colour", "invalid", "by"),
        ("from=2026-11-02&to=2026-11-01", "period_invalid", "to"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(ask, query, code, field):
    status, found = ask(f"/attribution?{query}")
    assert (status, found["code"], [one["field"] for one in found["errors"]]) == (
        422,
        code,
        [field],
    )


def test_the_page_shows_the_models_side_by_side(journey, client, make_user, campaign):
    client.force_login(make_user("marketer"))
    page = client.get("/attribution?from=2026-11-01&to=2026-11-30").content.decode()
    assert "£150.01 net, shared three ways." in page
    assert "£50 came without a touch that we know of." in page
    assert page.count("<b>£150.01</b>") == 3
    by_campaign = client.get("/attribution?by=campaign&from=&to=").content.decode()
    assert "Winter Tins" in by_campaign
    assert "Touches outside campaigns" in by_campaign
    assert "Nothing to share yet" in client.get("/attribution?from=2030-01-01").content.decode()
    assert client.get("/attribution?from=x").status_code == 422


def test_a_campaigns_page_shows_what_it_is_given(journey, client, make_user, campaign):
    client.force_login(make_user("marketer"))
    page = client.get(f"/campaigns/{campaign.public_id}").content.decode()
    assert "What the touches of this campaign are given" in page
    assert "The models differ by £33.34" in page
