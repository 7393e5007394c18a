"""The numbers of deals: exact on a small scene, silent where there is too little to say."""

import datetime as dt
from decimal import Decimal

import pytest

from tandem.deals.actions import lose_deal, open_deal, win_deal
from tandem.deals.schemas import LoseDeal, NewDeal, WinDeal
from tandem.kernel.actor import job_actor
from tandem.kernel.errors import Refused
from tandem.measures.queries import value
from tandem.measures.rules import Period

pytestmark = pytest.mark.django_db

NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 11, 30))


@pytest.fixture
def won(deal, priya, backdate):
    """Open and win a deal: ``won(days=4, amount="100", at=...)``."""

    def make(*, days: int = 4, closed: dt.datetime | None = None, **fields):
        made = deal(company="Hythe Gifts", **fields)
        win_deal(priya, made.public_id, data=WinDeal())
        at = closed or dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC)
        backdate(made, opened_at=at - dt.timedelta(days=days), closed_at=at)
        return made

    return make


@pytest.fixture
def lost(deal, priya, backdate):
    def make(**fields):
        made = deal(**fields)
        lose_deal(priya, made.public_id, data=LoseDeal(reason="price"))
        at = dt.datetime(2026, 11, 11, tzinfo=dt.UTC)
        backdate(made, opened_at=at - dt.timedelta(days=1), closed_at=at)
        return made

    return make


def number(actor, key, **asked):
    return value(actor, key, **asked).value


def test_deals_are_won_in_the_month_of_their_close(won, priya):
    won(amount="100")
    won(amount="50", closed=dt.datetime(2026, 10, 31, 12, tzinfo=dt.UTC))
    assert number(priya, "deals_won") == 2
    assert number(priya, "deals_won", period=NOVEMBER) == 1
    rows = value(priya, "deals_won", by=("month",)).rows
    assert [(row.by["month"], row.value) for row in rows] == [
        ("2026-10-01", Decimal(1)),
        ("2026-11-01", Decimal(1)),
    ]


def test_a_win_rate_needs_ten_closed_deals(won, lost, priya):
    for _number in range(3):
        won(amount="10")
    for _number in range(6):
        lost()
    few = value(priya, "win_rate")
    assert (few.value, few.enough_data) == (None, False)
    lost()
    enough = value(priya, "win_rate")
    assert (enough.value, enough.enough_data) == (Decimal("0.3"), True)


def test_sizes_are_told_by_currency(won, priya):
    won(amount="100", currency="GBP")
    won(amount="50", currency="GBP")
    won(amount="7", currency="EUR")
    rows = value(priya, "average_deal_size").rows
    assert [(row.currency, row.value) for row in rows] == [
        ("EUR", Decimal("7.00")),
        ("GBP", Decimal("75.00")),
    ]
    assert value(priya, "average_deal_size").enough_data is False
    assert [row.value for row in value(priya, "won_value").rows] == [
        Decimal("7.00"),
        Decimal("150.00"),
    ]


def test_a_sales_cycle_is_the_median_of_days(won, priya):
    for days in (1, 2, 4, 10, 30):
        won(amount="1", days=days)
    found = value(priya, "sales_cycle_days")
    assert (found.value, found.enough_data) == (Decimal("4.0"), True)


def test_velocity_is_deals_times_rate_times_size_by_days(won, lost, deal, priya):
    for _number in range(4):
        won(amount="100", days=5)
    for _number in range(4):
        lost()
    deal()
    deal()
    found = value(priya, "sales_velocity")
    # 10 deals x 0.5 x £100 / 5 days
    assert (found.value, found.enough_data) == (Decimal("100.00"), True)
    assert found.rows[0].currency == "GBP"


def test_the_pipeline_is_what_is_open_whole_and_weighted(deal, lost, priya):
    deal(amount="100")
    deal(amount="200", stage="Proposal")
    deal()
    lost(amount="999")
    assert number(priya, "pipeline_value") == Decimal("300.00")
    assert number(priya, "pipeline_value_weighted") == Decimal("125.00")  # 15 and 110
    by_stage = {r.by["stage"]: r.value for r in value(priya, "pipeline_value", by=("stage",)).rows}
    assert by_stage == {"Discovery": Decimal("100.00"), "Proposal": Decimal("200.00")}


def test_a_won_deal_counts_for_the_campaign_of_its_lead(lead, priya, priya_user, campaign):
    hers = lead(owner=priya_user, campaign=campaign)
    made, _new = open_deal(priya, data=NewDeal(lead=hers.public_id, amount=Decimal(5)))
    win_deal(priya, made.public_id, data=WinDeal())
    rows = value(priya, "deals_won", by=("campaign", "owner", "pipeline", "currency")).rows
    assert [dict(row.by) for row in rows] == [
        {
            "campaign": "autumn",
            "owner": "Priya Nair",
            "pipeline": "New business",
            "currency": "EUR",
        }
    ]
    assert number(priya, "deals_won", filters={"campaign": "autumn"}) == 1
    assert number(priya, "deals_won", filters={"campaign": "spring"}) == 0


def test_numbers_are_of_what_one_sees(won, make_actor):
    won(amount="100")
    assert number(make_actor("seller"), "deals_won") == 0
    assert number(make_actor("marketer"), "deals_won") == 1
    with pytest.raises(Refused):
        value(job_actor("nothing", frozenset()), "deals_won")
