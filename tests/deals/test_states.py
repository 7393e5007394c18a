"""Whatever is done to a deal, in whatever order and by however many: its state stays whole."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tandem.deals.actions import (
    ensure_pipeline,
    lose_deal,
    move_deal,
    open_deal,
    reopen_deal,
    win_deal,
)
from tandem.deals.errors import DealClosed, DealMoved, LeadHasDeal
from tandem.deals.models import Deal, DealStageInterval, Pipeline
from tandem.deals.queries import stages_of, stays_of
from tandem.deals.rules import Stay, tiles
from tandem.deals.schemas import LoseDeal, MoveDeal, NewDeal, ReopenDeal, WinDeal
from tandem.kernel.actions import last_change_set
from tandem.kernel.errors import DomainError
from tandem.kernel.models import PublishedFact
from tandem.kernel.undo import undo
from tests.deals.conftest import again

STAGES = ("Discovery", "Samples sent", "Proposal", "Negotiation", "Won", "Lost")
verbs = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.sampled_from(STAGES)),
        st.tuples(st.just("reopen"), st.sampled_from(["", *STAGES])),
        st.sampled_from([("win", ""), ("lose", ""), ("undo", "")]),
    ),
    max_size=8,
)


def do(actor, deal: Deal, verb: str, stage: str) -> None:
    match verb:
        case "move":
            move_deal(actor, deal.public_id, data=MoveDeal(stage=stage, reason="price"))
        case "win":
            win_deal(actor, deal.public_id, data=WinDeal())
        case "lose":
            lose_deal(actor, deal.public_id, data=LoseDeal(reason="timing"))
        case "reopen":
            reopen_deal(actor, deal.public_id, data=ReopenDeal(stage=stage or None))
        case _:
            done = last_change_set()
            assert done is not None
            undo(actor, done)


def is_whole(deal: Deal) -> None:
    assert deal.status == deal.stage.category
    assert (deal.closed_at is not None) == (deal.status != "open")
    assert bool(deal.close_reason) == (deal.status == "lost")
    stays = stays_of(deal.pk)
    assert tiles([Stay(one.stage_id, one.entered_at, one.left_at) for one in stays])
    assert stays[-1].stage_id == deal.stage_id
    last = deal.values.latest("pk")
    assert last.probability == deal.stage.probability


@pytest.mark.django_db
@settings(max_examples=25)
@given(verbs)
def test_stays_tile_the_time_and_closed_means_closed(seller_of_one, done):
    actor, deal = seller_of_one
    with transaction.atomic():
        for verb, stage in done:
            is_whole(again(deal))
            facts = PublishedFact.objects.count()
            before = (again(deal).row_version, len(stays_of(deal.pk)))
            try:
                do(actor, deal, verb, stage)
            except DomainError:
                after = (again(deal).row_version, len(stays_of(deal.pk)))
                assert after == before
                assert PublishedFact.objects.count() == facts
        is_whole(again(deal))
        transaction.set_rollback(True)


@pytest.fixture
def seller_of_one(priya, deal, hythe):
    made = deal(amount="10", company="Hythe Gifts")
    # An undo has something of this deal to take back from the first step on.
    move_deal(priya, made.public_id, data=MoveDeal(stage="Samples sent"))
    return priya, made


def at_once(count: int, act):
    """What each of several threads that start together got: an answer or a refusal."""
    start = Barrier(count)

    def one(number: int):
        try:
            start.wait()
            return act(number)
        except DomainError as refused:
            return refused
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
def test_of_two_moves_at_once_one_wins_and_the_other_is_told(priya, system):
    pipeline = ensure_pipeline(system)
    made, _new = open_deal(priya, data=NewDeal(name="Tins"))
    seen, targets = made.stage.public_id, ("Proposal", "Negotiation")
    answers = at_once(
        2,
        lambda at: (
            move_deal(
                system, made.public_id, data=MoveDeal(stage=targets[at], seen=seen)
            ).stage.name
        ),
    )
    [winner] = [one for one in answers if isinstance(one, str)]
    [refused] = [one for one in answers if isinstance(one, DealMoved)]
    assert str(refused) == f"Meanwhile somebody moved this deal to “{winner}”."
    assert again(made).stage.name == winner
    assert DealStageInterval.objects.filter(deal=made).count() == 2
    assert len(stages_of(pipeline.pk)) == 6


@pytest.mark.django_db(transaction=True)
def test_a_deal_is_won_once_however_many_press(priya):
    made, _new = open_deal(priya, data=NewDeal(name="Tins", company="Hythe", amount="5"))
    answers = at_once(4, lambda _at: win_deal(priya, made.public_id, data=WinDeal()).status)
    assert sorted(str(one) for one in answers).count("won") == 1
    assert sum(isinstance(one, DealClosed) for one in answers) == 3
    assert PublishedFact.objects.filter(name="deals.DealWon").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_lead_becomes_one_deal_and_the_first_pipeline_is_set_up_once(priya, system, lead_of):
    hers = lead_of
    answers = at_once(
        4, lambda _at: open_deal(priya, data=NewDeal(lead=hers.public_id))[0].public_id
    )
    assert sum(isinstance(one, LeadHasDeal) for one in answers) == 3
    assert (Deal.objects.count(), Pipeline.objects.count()) == (1, 1)


@pytest.fixture
def lead_of(transactional_db, lead, priya_user):
    return lead(owner=priya_user)
