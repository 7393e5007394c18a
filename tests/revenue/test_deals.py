"""Won deals and their orders: one for each, taken back by a line, never by deleting."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tandem.deals.actions import ensure_pipeline, open_deal, reopen_deal, win_deal
from tandem.deals.models import Deal
from tandem.deals.schemas import NewDeal, ReopenDeal, WinDeal
from tandem.kernel.actions import action, last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import deliver_facts, subscriptions
from tandem.kernel.undo import undo
from tandem.revenue.actions import settle_deals
from tandem.revenue.models import Order, OrderLine, ReversalLink

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(system: Actor) -> Deal:
    ensure_pipeline(system)
    data = NewDeal.model_validate(
        {"name": "Autumn tins", "company": "Hythe Gifts", "amount": "1240.50", "currency": "GBP"}
    )
    made, _new = open_deal(system, data=data)
    return made


@pytest.fixture
def won(system: Actor, deal: Deal) -> Callable[[], Deal]:
    def win(**fields: Any) -> Deal:
        done = win_deal(system, deal.public_id, data=WinDeal.model_validate(fields))
        deliver_facts()
        return done

    return win


def lines() -> list[tuple[str, int]]:
    return list(OrderLine.objects.order_by("pk").values_list("kind", "amount_minor"))


def test_a_won_deal_books_one_order(won, system, deal):
    done = won()
    order = Order.objects.get()
    assert (order.deal_id, order.net_minor, order.currency) == (deal.pk, 124050, "GBP")
    assert (order.company.name, order.ordered_at) == ("Hythe Gifts", done.closed_at)
    assert settle_deals(system, [deal.pk]) == []  # the fact may come twice
    assert lines() == [("sale", 124050)]


def test_a_reopened_deal_is_taken_back_by_a_line(won, system, deal):
    won()
    reopen_deal(system, deal.public_id, data=ReopenDeal())
    deliver_facts()
    order = Order.objects.get()
    assert (order.net_minor, order.deleted_at) == (0, None)
    assert lines() == [("sale", 124050), ("reversal", -124050)]
    link = ReversalLink.objects.values_list("original__ordinal", "quantity", "rule")
    assert list(link) == [(1, Decimal(1), "deal")]
    assert settle_deals(system, [deal.pk]) == []
    won(amount="990")
    assert Order.objects.get().net_minor == 99000
    assert lines()[-1] == ("sale", 99000)


def test_an_undone_win_is_taken_back_too(won, admin, system, deal):
    win_deal(admin, deal.public_id, data=WinDeal())
    undone: Any = last_change_set()
    deliver_facts()
    assert Order.objects.get().net_minor == 124050
    undo(admin, undone)
    deliver_facts()
    assert Order.objects.get().net_minor == 0


def test_a_late_fact_books_what_the_deal_says_now(system, deal):
    win_deal(system, deal.public_id, data=WinDeal())
    reopen_deal(system, deal.public_id, data=ReopenDeal())
    deliver_facts()
    assert Order.objects.count() == 0


def test_an_order_of_another_source_is_left_alone(won, system, deal, book):
    other = book("T-1", amount=7)

    @action(permission="revenue.edit")
    def point(actor: Actor) -> None:
        Order.objects.filter(pk=other.pk).update(deal_id=deal.pk)

    point(system)
    won()
    assert Order.objects.get().net_minor == 700


def test_revenue_listens_to_deals():
    heard = {
        one.fact.fact_name() for one in subscriptions() if one.subscriber.startswith("revenue")
    }
    assert heard == {"deals.DealWon", "deals.DealReopened", "deals.DealLost"}
