"""What revenue does when deals are won, reopened or lost."""

from tandem.deals.facts import DealLost, DealReopened, DealWon
from tandem.kernel.actor import Actor
from tandem.kernel.facts import reacts_to
from tandem.revenue.actions import settle_deals

_BOOK = frozenset({"revenue.book"})


@reacts_to(DealWon, permissions=_BOOK)
def book_won_deals(actor: Actor, fact: DealWon) -> None:
    settle_deals(actor, fact.deal_ids)


@reacts_to(DealReopened, permissions=_BOOK)
def take_back_reopened_deals(actor: Actor, fact: DealReopened) -> None:
    settle_deals(actor, fact.deal_ids)


@reacts_to(DealLost, permissions=_BOOK)
def take_back_lost_deals(actor: Actor, fact: DealLost) -> None:
    settle_deals(actor, fact.deal_ids)
