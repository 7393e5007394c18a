"""Taking back what was done with deals: values, stays, lifecycle and facts follow."""

import pytest

from tandem.deals.actions import (
    change_deal,
    delete_deal,
    lose_deal,
    move_deal,
    open_deal,
    win_deal,
)
from tandem.deals.models import Deal, DealLead, DealStageInterval
from tandem.deals.schemas import ChangeDeal, LoseDeal, MoveDeal, NewDeal, WinDeal
from tandem.handoff.models import Lead
from tandem.kernel.errors import Missing
from tandem.kernel.undo import UndoConflict, undo
from tandem.people.actions.lifecycle import record_stage
from tandem.people.rules import Stage as LifecycleStage
from tests.deals.conftest import again, last_done
from tests.deals.test_moving import facts, move, stands, stays

pytestmark = pytest.mark.django_db


def test_an_undone_move_is_a_further_stay(deal, priya, stage):
    made = deal()
    move(priya, made, stage("Proposal"))
    undo(priya, last_done())
    assert again(made).stage.name == "Discovery"
    assert stays(made) == ["Discovery", "Proposal", "Discovery"]
    assert DealStageInterval.objects.filter(deal=made, left_at=None).count() == 1
    assert [one.probability for one in made.values.order_by("pk")] == [
        stage("Discovery").probability,
        stage("Proposal").probability,
        stage("Discovery").probability,
    ]
    assert facts() == ["DealOpened", "DealMoved", "DealMoved"]


def test_an_undone_win_is_told_as_reopened_and_a_redone_one_as_won(deal, priya, ann):
    made = deal(amount="5", person="Ann Lee")
    win_deal(priya, made.public_id, data=WinDeal())
    undoing = undo(priya, last_done())
    assert (again(made).status, again(made).closed_at) == ("open", None)
    assert stands(ann) == "opportunity"
    assert facts() == ["DealOpened", "DealWon", "DealReopened"]
    undo(priya, undoing)
    assert again(made).status == "won"
    assert stands(ann) == "customer"
    assert facts() == ["DealOpened", "DealWon", "DealReopened", "DealWon"]
    assert stays(made) == ["Discovery", "Won", "Discovery", "Won"]


def test_an_undone_loss_is_told_as_reopened(deal, priya, ann):
    made = deal(person="Ann Lee")
    lose_deal(priya, made.public_id, data=LoseDeal(reason="price"))
    undo(priya, last_done())
    assert (again(made).status, again(made).close_reason) == ("open", "")
    assert stands(ann) == "opportunity"
    assert facts()[-1] == "DealReopened"


def test_an_undone_opening_leaves_person_and_lead_as_they_were(
    lead, priya, priya_user, ann, system
):
    record_stage(system, [ann.pk], stage=LifecycleStage.SAL, cause="accepted")
    hers = lead(owner=priya_user)
    made, _new = open_deal(priya, data=NewDeal(lead=hers.public_id))
    assert stands(ann) == "opportunity"
    opening = last_done()
    undoing = undo(priya, opening)
    assert again(made).deleted_at is not None
    assert not DealLead.objects.exists()
    assert Lead.objects.get(pk=hers.pk).status == "new"
    assert stands(ann) == "sal"
    undo(priya, undoing)
    assert again(made).deleted_at is None
    assert DealLead.objects.get().lead == hers
    assert stands(ann) == "opportunity"


def test_a_move_that_was_moved_on_is_not_undone(deal, priya, stage):
    made = deal()
    move(priya, made, stage("Proposal"))
    first = last_done()
    move(priya, made, stage("Negotiation"))
    with pytest.raises(UndoConflict):
        undo(priya, first)
    assert again(made).stage.name == "Negotiation"
    assert stays(made) == ["Discovery", "Proposal", "Negotiation"]


def test_an_undone_change_keeps_the_value_that_was_said(deal, priya):
    made = deal(amount="100")
    change_deal(priya, made.public_id, data=ChangeDeal(amount="250", name="Big tins"))
    undo(priya, last_done())
    assert (again(made).amount_minor, again(made).name, again(made).sort_key) == (
        10_000,
        "Tins",
        "tins",
    )
    assert [one.amount_minor for one in made.values.order_by("pk")] == [10_000, 25_000, 10_000]


def test_a_deleted_deal_comes_back(deal, make_actor):
    boss = make_actor("manager")
    made = deal()
    delete_deal(boss, made.public_id)
    undo(boss, last_done())
    assert again(made).deleted_at is None
    assert stays(made) == ["Discovery"]


def test_who_may_not_win_may_not_undo_a_win(deal, priya, make_actor, hythe):
    made = deal(amount="5", company="Hythe Gifts")
    move_deal(priya, made.public_id, data=MoveDeal(stage="Won"))
    assert Deal.objects.filter(status="won").count() == 1
    with pytest.raises(Missing):
        undo(make_actor("marketer"), last_done())
    assert again(made).status == "won"
