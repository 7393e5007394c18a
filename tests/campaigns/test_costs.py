"""What campaigns cost: noted, mended, taken away, and summed by the measure."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.campaigns.actions import (
    add_cost,
    change_cost,
    create_cost,
    delete_campaign,
    remove_cost,
)
from tandem.campaigns.errors import AmountTooFine, CampaignUnknown
from tandem.campaigns.models import CampaignCost
from tandem.campaigns.schemas import ChangeCost, CostInput, NewCost
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.money import Money
from tandem.kernel.undo import undo
from tandem.measures.queries import value
from tandem.measures.rules import Period
from tandem.timeline.models import TimelineEntry
from tests.campaigns.conftest import last_done

NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 11, 30))


def cost_of(actor, campaign, **asked):
    rows = value(actor, "cost", filters={"campaign": campaign.code}, **asked).rows
    return [(row.value, row.currency) for row in rows if row.count]


def test_a_cost_is_in_the_campaigns_currency_unless_it_says_another(plan, spend):
    campaign = plan(currency="GBP")
    first = spend(campaign, "12.50", channel="E-mail", note="List rental")
    second = spend(campaign, "1500", currency="jpy")
    assert (first.amount, second.amount) == (Money(1250, "GBP"), Money(1500, "JPY"))
    entry = TimelineEntry.objects.filter(kind="campaigns.cost_added").earliest("id")
    assert (entry.side, entry.payload) == (
        "mkt",
        {"minor": 1250, "currency": "GBP", "on": "2026-11-02", "channel": "E-mail"},
    )


def test_a_cost_names_its_campaign_by_id_code_or_name(plan, system):
    campaign = plan("Winter Tins")
    for named in (str(campaign.public_id), "WINTER-TINS", "winter tins"):
        data = NewCost.model_validate({"campaign": named, "on": "2026-11-01", "amount": "1"})
        assert create_cost(system, data=data)[0].campaign_id == campaign.pk
    with pytest.raises(CampaignUnknown):
        create_cost(
            system,
            data=NewCost.model_validate({"campaign": "summer", "on": "2026-11-01", "amount": "1"}),
        )
    assert CampaignCost.objects.count() == 3


def test_a_cost_is_mended_with_what_it_was_in_the_story(plan, spend, system):
    cost = spend(plan(currency="GBP"), "10")
    data = ChangeCost.model_validate({"amount": "11.5", "channel": "Print"})
    mended = change_cost(system, cost.public_id, data=data)
    assert (mended.amount, mended.channel, mended.row_version) == (Money(1150, "GBP"), "Print", 2)
    payload = TimelineEntry.objects.get(kind="campaigns.cost_changed").payload
    assert (payload["was"]["minor"], payload["minor"]) == (1000, 1150)
    same = ChangeCost.model_validate({"amount": "11.50"})
    assert change_cost(system, cost.public_id, data=same).row_version == 2


def test_another_currency_keeps_the_figure_and_not_the_minor_units(plan, spend, system):
    cost = spend(plan(currency="GBP"), "10")
    mended = change_cost(
        system, cost.public_id, data=ChangeCost.model_validate({"currency": "JPY"})
    )
    assert mended.amount == Money(10, "JPY")
    odd = spend(cost.campaign, "10.50")
    with pytest.raises(AmountTooFine):
        change_cost(system, odd.public_id, data=ChangeCost.model_validate({"currency": "JPY"}))


def test_a_cost_that_is_taken_away_counts_no_more_and_comes_back_by_undo(plan, spend, system):
    campaign = plan(currency="GBP")
    cost = spend(campaign, "10")
    remove_cost(system, cost.public_id)
    done = last_done()
    assert cost_of(system, campaign) == []
    with pytest.raises(Missing):
        remove_cost(system, cost.public_id)
    undo(system, done)
    assert cost_of(system, campaign) == [(10, "GBP")]


def test_costs_of_a_deleted_campaign_are_out_of_reach(plan, spend, system):
    campaign = plan()
    cost = spend(campaign, "10")
    delete_campaign(system, campaign.public_id)
    assert cost_of(system, campaign) == []
    with pytest.raises(Missing):
        change_cost(system, cost.public_id, data=ChangeCost.model_validate({"amount": "1"}))


@pytest.mark.parametrize("role", ["seller", "viewer"])
def test_only_marketing_and_leaders_note_costs(plan, spend, make_actor, role):
    campaign = plan()
    cost = spend(campaign, "10")
    actor = make_actor(role)
    data = CostInput.model_validate({"on": "2026-11-01", "amount": "1"})
    for refused in (
        lambda: add_cost(actor, campaign.public_id, data=data),
        lambda: change_cost(actor, cost.public_id, data=ChangeCost.model_validate({"amount": "1"})),
        lambda: remove_cost(actor, cost.public_id),
    ):
        with pytest.raises(Refused):
            refused()
    assert list(CampaignCost.objects.values_list("amount_minor", "deleted_at")) == [(1000, None)]


def test_costs_are_summed_by_currency_channel_and_day(plan, spend, system):
    one, two = plan("One", currency="GBP"), plan("Two", currency="GBP")
    spend(one, "10", channel="E-mail", on=dt.date(2026, 11, 1))
    spend(one, "2.50", channel="E-mail", on=dt.date(2026, 11, 30))
    spend(one, "-1", channel="Print", on=dt.date(2026, 11, 15))
    spend(one, "7", on=dt.date(2026, 12, 1))
    spend(one, "3", currency="EUR", on=dt.date(2026, 11, 5))
    spend(two, "100", on=dt.date(2026, 11, 5))
    found = value(
        system, "cost", period=NOVEMBER, by=["channel"], filters={"campaign": one.code}
    ).rows
    assert [(row.by["channel"], row.value, row.currency) for row in found] == [
        ("", 3, "EUR"),
        ("E-mail", Decimal("12.5"), "GBP"),
        ("Print", -1, "GBP"),
    ]
    everything = value(system, "cost", period=NOVEMBER).rows
    assert [(row.value, row.currency) for row in everything] == [
        (3, "EUR"),
        (Decimal("111.5"), "GBP"),
    ]


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(st.integers(-(10**9), 10**9), st.sampled_from(["GBP", "JPY", "EUR"])),
        min_size=1,
        max_size=6,
    )
)
def test_the_measure_is_the_sum_of_what_was_noted(plan, system, amounts):
    campaign = plan()
    sums: dict[str, int] = {}
    for minor, currency in amounts:
        data = CostInput(
            on=dt.date(2026, 11, 5), amount=Money(minor, currency).major, currency=currency
        )
        add_cost(system, campaign.public_id, data=data)
        sums[currency] = sums.get(currency, 0) + minor
    rows = value(system, "cost", filters={"campaign": campaign.code}).rows
    assert {row.currency: row.money.minor for row in rows} == sums
