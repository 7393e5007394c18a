"""The invented past: the same for the same moment, complete, and with what is planted in it."""

import datetime as dt
from collections import Counter
from itertools import pairwise

import pytest

from tandem.project.demo.world import (
    CAMPAIGNS,
    ENQUIRIES,
    MARKETING_LED,
    PEOPLE,
    Enquiry,
    World,
    pence,
    simulate,
)

NOW = dt.datetime(2026, 11, 19, 15, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(NOW)


def moments(one: Enquiry) -> list[dt.datetime]:
    answered = one.accepted_at or one.rejected_at or one.expired_at
    after = (one.touched_at, one.replied_at, one.deal_at or one.ended_at, one.won_at or one.lost_at)
    return [at for at in (one.at, answered, *after) if at is not None]


def test_the_same_moment_gives_the_same_past(world: World) -> None:
    again = simulate(NOW)
    assert again.enquiries == world.enquiries
    assert (again.orders, again.visits) == (world.orders, world.visits)


def test_nothing_lies_ahead_and_everything_is_in_order(world: World) -> None:
    for one in world.enquiries:
        happened = moments(one)
        assert all(earlier < later for earlier, later in pairwise(happened)), one
        assert happened[-1] < NOW, one
        assert all(touch.at < one.at for touch in one.touches), one
    assert max(row.at for row in world.orders) < NOW
    assert max(visit.at for visit in world.visits) < NOW + dt.timedelta(minutes=10)


def test_every_enquiry_is_of_another_person_and_stands_somewhere(world: World) -> None:
    assert len({one.person for one in world.enquiries}) == ENQUIRIES
    assert all(one.person < PEOPLE for one in world.enquiries)
    assert sum(world.states().values()) == ENQUIRIES
    assert world.states()["offered"] == 3


def test_each_campaign_brings_leads_only_while_it_runs(world: World) -> None:
    for planned in CAMPAIGNS:
        brought = [one.at for one in world.enquiries if one.campaign == planned.code]
        assert brought, planned.code
        assert all(planned.starts <= (at - NOW).days <= planned.ends for at in brought)


def test_a_rejection_has_a_reason_and_only_a_rejection_an_answer(world: World) -> None:
    for one in world.enquiries:
        assert bool(one.rejection) == (one.rejected_at is not None)
        assert one.replied_at is None or one.rejected_at is not None
        assert (one.amount > 0) == (one.deal_at is not None)


def test_the_shop_has_its_customers_its_season_and_its_silent_ones(world: World) -> None:
    assert len(world.customers()) == MARKETING_LED
    by_month: Counter[int] = Counter()
    for row in world.orders:
        if row.at >= NOW - dt.timedelta(days=365):
            by_month[row.at.month] += pence(row)
    assert min(by_month, key=lambda month: by_month[month]) == 2
    assert max(by_month, key=lambda month: by_month[month]) in (10, 11)
    assert MARKETING_LED / 3 < len(world.silent_customers()) < MARKETING_LED


def test_what_is_taken_back_was_bought_before(world: World) -> None:
    bought = {(row.number, row.code): row for row in world.orders if row.quantity > 0}
    taken = [row for row in world.orders if row.quantity < 0]
    assert sum(pence(row) for row in taken) == world.web_reversals() < 0
    for row in taken:
        original = bought[row.number.removeprefix("C"), row.code]
        assert original.customer == row.customer
        assert original.at < row.at
        assert 0 < -row.quantity <= original.quantity
