"""Opening, moving, winning, losing, reopening: stays, values, facts, story, lifecycle."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError

from tandem.deals.actions import (
    change_deal,
    delete_deal,
    lose_deal,
    move_deal,
    open_deal,
    reopen_deal,
    win_deal,
)
from tandem.deals.errors import (
    DealClosed,
    DealMoved,
    DealOpen,
    DealWonStays,
    LeadHasDeal,
    StageUnknown,
    VersionConflict,
    WinIncomplete,
)
from tandem.deals.models import Deal, DealLead, DealStageInterval, DealValue
from tandem.deals.schemas import ChangeDeal, LoseDeal, MoveDeal, NewDeal, ReopenDeal, WinDeal
from tandem.handoff.models import Lead
from tandem.kernel.errors import Invalid, Missing, Refused
from tandem.kernel.models import PublishedFact
from tandem.people.models import LifecycleState
from tandem.timeline.models import TimelineEntry
from tests.deals.conftest import again

pytestmark = pytest.mark.django_db


def facts() -> list[str]:
    rows = PublishedFact.objects.filter(name__startswith="deals.").order_by("pk")
    return [name.partition(".")[2] for name in rows.values_list("name", flat=True)]


def stays(deal: Deal) -> list[str]:
    rows = DealStageInterval.objects.filter(deal=deal).order_by("pk")
    return list(rows.values_list("stage__name", flat=True))


def stands(person) -> str:
    found = LifecycleState.objects.filter(subject_kind="person", subject_id=person.pk).first()
    return found.stage if found else ""


def told(kind: str, pk: int) -> list[str]:
    rows = TimelineEntry.objects.filter(subject_kind=kind, subject_id=pk).order_by("pk")
    return [one for one in rows.values_list("kind", flat=True) if one.startswith("deals.")]


def move(actor, deal, stage, **more):
    return move_deal(actor, deal.public_id, data=MoveDeal(stage=str(stage.public_id), **more))


def test_a_deal_opened_by_hand_stands_in_the_first_stage(deal, priya, priya_user, ann, hythe):
    made = again(deal("Tins", amount="900.50", company="Hythe Gifts", person="ann@hythe.example"))
    assert (made.stage.name, made.status, made.owner) == ("Discovery", "open", priya_user)
    assert (made.amount_minor, made.currency) == (90_050, "GBP")
    assert made.company == hythe
    assert [one.person for one in made.contacts.all()] == [ann]
    assert stays(made) == ["Discovery"]
    value = DealValue.objects.get(deal=made)
    assert (value.amount_minor, value.probability) == (90_050, Decimal("0.150"))
    assert told("deal", made.pk) == told("person", ann.pk) == told("company", hythe.pk)
    assert told("deal", made.pk) == ["deals.opened"]
    assert stands(ann) == "opportunity"
    assert facts() == ["DealOpened"]


def test_a_deal_from_a_lead_takes_person_owner_and_source_from_it(lead, priya, ann, priya_user):
    hers = lead(owner=priya_user, asked_for="Tin boxes")
    made, _new = open_deal(priya, data=NewDeal(lead=hers.public_id, amount=Decimal(40)))
    assert made.name == "Ann Lee, Tin boxes"
    assert made.owner == priya_user
    assert [one.person for one in made.contacts.all()] == [ann]
    assert DealLead.objects.get(deal=made).lead == hers
    assert Lead.objects.get(pk=hers.pk).status == "qualified"
    with pytest.raises(LeadHasDeal):
        open_deal(priya, data=NewDeal(lead=hers.public_id))
    assert Deal.objects.count() == 1


def test_a_lead_that_is_out_of_sight_gives_no_deal(lead, make_actor, make_user):
    hers = lead(owner=make_user("seller"))
    with pytest.raises(Missing):
        open_deal(make_actor("seller"), data=NewDeal(lead=hers.public_id))
    assert Deal.objects.count() == 0


def test_a_moved_deal_keeps_both_stays_and_its_new_chance(deal, priya, stage):
    made = deal(amount="100")
    move(priya, made, stage("Proposal"))
    assert again(made).stage == stage("Proposal")
    first, second = DealStageInterval.objects.filter(deal=made).order_by("pk")
    assert (first.stage.name, second.stage.name) == ("Discovery", "Proposal")
    assert first.left_at == second.entered_at
    assert second.left_at is None
    assert [one.probability for one in made.values.order_by("pk")] == [
        Decimal("0.150"),
        Decimal("0.550"),
    ]
    assert facts() == ["DealOpened", "DealMoved"]


def test_who_saw_an_older_board_is_told_where_the_deal_is_now(deal, priya, stage, system):
    made = deal()
    seen = made.stage.public_id
    move(priya, made, stage("Proposal"), seen=seen)
    with pytest.raises(DealMoved) as refused:
        move(system, made, stage("Negotiation"), seen=seen)
    assert str(refused.value) == "Meanwhile Priya Nair moved this deal to “Proposal”."
    with pytest.raises(VersionConflict):
        move(system, made, stage("Negotiation"), version=1)
    assert stays(made) == ["Discovery", "Proposal"]
    assert facts() == ["DealOpened", "DealMoved"]


def test_a_won_deal_makes_a_customer(deal, priya, ann):
    made = deal(amount="100", person="Ann Lee")
    win_deal(priya, made.public_id, data=WinDeal())
    won = again(made)
    assert (won.status, won.stage.name, won.closed_at is not None) == ("won", "Won", True)
    assert stands(ann) == "customer"
    assert told("person", ann.pk) == ["deals.opened", "deals.won"]
    assert facts() == ["DealOpened", "DealWon"]
    for verb in (
        lambda: win_deal(priya, made.public_id, data=WinDeal()),
        lambda: lose_deal(priya, made.public_id, data=LoseDeal(reason="price")),
        lambda: move_deal(priya, made.public_id, data=MoveDeal(stage="Proposal")),
    ):
        with pytest.raises(DealClosed):
            verb()
    with pytest.raises(DealWonStays):
        change_deal(priya, made.public_id, data=ChangeDeal(amount=Decimal(5)))
    assert again(made).amount_minor == 10_000


def test_winning_asks_for_what_is_missing_and_for_nothing_else(deal, priya, hythe):
    made = deal()
    with pytest.raises(WinIncomplete) as refused:
        win_deal(priya, made.public_id, data=WinDeal())
    assert [(one.field, one.code) for one in refused.value.errors] == [
        ("amount", "amount_missing"),
        ("company", "buyer_missing"),
    ]
    with pytest.raises(WinIncomplete) as refused:
        win_deal(priya, made.public_id, data=WinDeal(amount=Decimal(7)))
    assert [one.field for one in refused.value.errors] == ["company"]
    assert again(made).amount_minor is None
    win_deal(priya, made.public_id, data=WinDeal(amount=Decimal(7), company="Hythe Gifts"))
    won = again(made)
    assert (won.status, won.amount_minor, won.company) == ("won", 700, hythe)


def test_a_lost_deal_says_why_and_who_said_so(deal, priya, ann):
    made = deal(person="Ann Lee")
    lose_deal(
        priya,
        made.public_id,
        data=LoseDeal(reason="competitor", said_by="buyer", note="Cheaper at Kettle's"),
    )
    lost = again(made)
    assert (lost.status, lost.close_reason, lost.close_said_by, lost.close_note) == (
        "lost",
        "competitor",
        "buyer",
        "Cheaper at Kettle's",
    )
    assert stands(ann) == "lost"


def test_who_has_another_deal_has_not_lost(deal, priya, ann):
    first, _second = deal("Tins", person="Ann Lee"), deal("Boxes", person="Ann Lee")
    lose_deal(priya, first.public_id, data=LoseDeal(reason="price"))
    assert stands(ann) == "opportunity"


def test_a_stage_for_lost_deals_needs_a_reason(deal, priya, stage):
    made = deal()
    with pytest.raises(Invalid) as refused:
        move(priya, made, stage("Lost"))
    assert [one.field for one in refused.value.errors] == ["reason"]
    assert again(made).status == "open"
    move(priya, made, stage("Lost"), reason="timing")
    assert again(made).close_reason == "timing"


def test_a_reopened_deal_is_where_it_was_last(deal, priya, stage, ann):
    made = deal(amount="10", person="Ann Lee")
    move(priya, made, stage("Negotiation"))
    win_deal(priya, made.public_id, data=WinDeal())
    reopen_deal(priya, made.public_id)
    assert (again(made).status, again(made).stage.name) == ("open", "Negotiation")
    assert again(made).closed_at is None
    assert stands(ann) == "opportunity"
    assert stays(made) == ["Discovery", "Negotiation", "Won", "Negotiation"]
    assert facts()[-1] == "DealReopened"
    with pytest.raises(DealOpen):
        reopen_deal(priya, made.public_id)


def test_a_deal_is_reopened_into_an_open_stage_only(deal, priya):
    made = deal()
    lose_deal(priya, made.public_id, data=LoseDeal(reason="price"))
    with pytest.raises(StageUnknown):
        reopen_deal(priya, made.public_id, data=ReopenDeal(stage="Won"))
    reopen_deal(priya, made.public_id, data=ReopenDeal(stage="Proposal"))
    assert again(made).stage.name == "Proposal"


def test_cards_keep_the_order_in_which_they_are_put(deal, priya, stage):
    a, b, c = deal("A"), deal("B"), deal("C")

    def order() -> list[str]:
        rows = Deal.objects.filter(stage=stage("Discovery")).order_by("position", "pk")
        return list(rows.values_list("name", flat=True))

    assert order() == ["C", "B", "A"]
    move(priya, a, stage("Discovery"), after=c.public_id)
    assert order() == ["C", "A", "B"]
    for _turn in range(60):  # the room between two is halved each time, and runs out
        move(priya, b, stage("Discovery"), after=c.public_id)
        move(priya, a, stage("Discovery"), after=c.public_id)
    assert order() == ["C", "A", "B"]
    assert stays(a) == ["Discovery"]


def test_values_are_kept_as_they_were(deal, priya):
    made = deal(amount="100")
    change_deal(priya, made.public_id, data=ChangeDeal(amount=Decimal(250)))
    change_deal(priya, made.public_id, data=ChangeDeal(amount=Decimal(250)))
    change_deal(
        priya,
        made.public_id,
        data=ChangeDeal(expected_close=dt.date(2026, 12, 1), name="Boxes"),
    )
    rows = made.values.order_by("pk").values_list("amount_minor", "expected_close")
    assert list(rows) == [(10_000, None), (25_000, None), (25_000, dt.date(2026, 12, 1))]
    assert again(made).row_version == 3


def test_another_currency_keeps_the_figure(deal, priya):
    made = deal(amount="12.50")
    change_deal(priya, made.public_id, data=ChangeDeal(currency="JPY"))
    assert (again(made).amount_minor, again(made).currency) == (12, "JPY")
    change_deal(priya, made.public_id, data=ChangeDeal(currency="GBP", amount=Decimal("9.99")))
    assert (again(made).amount_minor, again(made).currency) == (999, "GBP")


def test_a_won_deal_is_not_deleted(deal, priya, make_actor, hythe):
    made, lost = deal(amount="1", company="Hythe Gifts"), deal("Other")
    win_deal(priya, made.public_id, data=WinDeal())
    boss = make_actor("manager")
    with pytest.raises(DealWonStays):
        delete_deal(boss, made.public_id)
    with pytest.raises(Refused):
        delete_deal(priya, lost.public_id)
    delete_deal(boss, lost.public_id)
    assert list(Deal.objects.filter(deleted_at=None).values_list("name", flat=True)) == ["Tins"]


def test_who_does_not_see_a_deal_moves_none(deal, make_actor, stage):
    made = deal()
    stranger = make_actor("seller")
    with pytest.raises(Missing):
        move(stranger, made, stage("Proposal"))
    with pytest.raises(Refused):
        move(make_actor("marketer"), made, stage("Proposal"))
    assert again(made).stage.name == "Discovery"


def test_stays_cannot_overlap_even_by_sql(deal, priya, stage):
    made = deal()
    row = made.intervals.get()
    with pytest.raises(IntegrityError):
        DealStageInterval.objects.create(
            deal=made,
            stage=stage("Proposal"),
            entered_at=row.entered_at + dt.timedelta(seconds=1),
            created_in_id=row.created_in_id,
        )
