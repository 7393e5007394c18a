"""Accepting, rejecting, replying: one answer each, and what it leads to."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from pydantic import ValidationError

from tandem.handoff.actions import (
    accept_handoff,
    create_lead,
    log_touch,
    reassign_handoff,
    reject_handoff,
    reply_to_rejection,
    withdraw_handoff,
)
from tandem.handoff.errors import (
    HandoffAnswered,
    HandoffOver,
    NotRejected,
    ReplyGiven,
    TriesMissing,
)
from tandem.handoff.models import Handoff, Lead
from tandem.handoff.schemas import NewLead, Rejection, Reply, TouchIn
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.models import PublishedFact
from tandem.kernel.undo import UndoConflict, undo
from tandem.people.actions import record_stage
from tandem.people.models import LifecycleEvent, LifecycleState
from tandem.people.rules import Stage
from tandem.timeline.models import TimelineEntry
from tests.handoff.conftest import NOW, last_done, the_handoff

pytestmark = pytest.mark.django_db

CALL = TouchIn(channel="call", outcome="no_answer")


def stages():
    return list(LifecycleEvent.objects.order_by("pk").values_list("to_stage", flat=True))


def stamp(moment):
    return moment.isoformat()


def facts():
    rows = PublishedFact.objects.filter(name__startswith="handoff.").order_by("pk")
    return [name.partition(".")[2] for name in rows.values_list("name", flat=True)]


def test_accepting_starts_the_clock_of_the_first_touch(offered, priya):
    handoff = accept_handoff(priya, offered.public_id)

    assert (handoff.state, handoff.accepted_at) == ("accepted", NOW)
    assert stamp(handoff.first_touch_due) == "2026-11-19T14:14:00+00:00"
    assert Lead.objects.get().status == "working"
    assert stages() == ["mql", "offered", "sal"]
    assert facts() == ["LeadCreated", "HandoffOffered", "HandoffAccepted"]


def test_a_colleague_of_the_team_who_accepts_has_it(offered, tom):
    accept_handoff(tom, offered.public_id)

    assert the_handoff().owner_id == Lead.objects.get().owner_id == tom.user_id


def test_a_second_acceptance_is_refused_and_changes_nothing(offered, priya, tom):
    accept_handoff(priya, offered.public_id)
    before = (the_handoff().row_version, TimelineEntry.objects.count(), facts())
    with pytest.raises(HandoffAnswered) as refused:
        accept_handoff(tom, offered.public_id)
    assert (refused.value.code, refused.value.status) == ("handoff_answered", 409)
    assert the_handoff().owner_id == priya.user_id
    assert (the_handoff().row_version, TimelineEntry.objects.count(), facts()) == before


@pytest.mark.django_db(transaction=True)
def test_of_eight_acceptances_at_once_one_wins(make_actor, isla, add):
    sellers = [make_actor("seller") for _ in range(8)]
    create_lead(isla, data=NewLead(person=add().public_id))
    handoff = the_handoff()
    Handoff.objects.filter(pk=handoff.pk)
    start = Barrier(8)
    admins = [make_actor("admin") for _ in sellers]

    def accept(actor):
        try:
            start.wait()
            accept_handoff(actor, handoff.public_id)
        except HandoffAnswered:
            return False
        else:
            return True
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(accept, admins))

    assert sorted(won) == [False] * 7 + [True]
    assert facts().count("HandoffAccepted") == 1
    assert stages().count("sal") == 1


@pytest.mark.parametrize(
    ("code", "status", "reason", "stage"),
    [
        ("too_small", "disqualified", "too_small", "returned"),
        ("no_consent", "disqualified", "no_consent", "returned"),
        ("budget_later", "recycled", "budget_later", "recycled"),
        ("wrong_data", "new", "", "returned"),
    ],
)
def test_the_reason_decides_what_becomes_of_the_lead(offered, priya, code, status, reason, stage):
    handoff = reject_handoff(priya, offered.public_id, data=Rejection(code=code, note="As said"))

    assert (handoff.state, handoff.rejection_code, handoff.rejection_note) == (
        "rejected", code, "As said",
    )  # fmt: skip
    assert handoff.rejected_by_id == priya.user_id
    assert stamp(handoff.reply_due) == "2026-11-23T09:14:00+00:00"  # 16 working hours
    lead = Lead.objects.get()
    assert (lead.status, lead.close_reason) == (status, reason)
    assert LifecycleState.objects.get().stage == stage
    assert Handoff.objects.count() == 1


def test_a_wrong_region_goes_to_another_seller(offered, priya, tom):
    reject_handoff(priya, offered.public_id, data=Rejection(code="wrong_region"))

    new = the_handoff()
    assert (new.state, new.owner_id, new.lead_id) == ("offered", tom.user_id, offered.lead_id)
    assert Lead.objects.get().owner_id == tom.user_id
    assert new.routing[-1]["who"] == "Tom Okafor"
    assert stages() == ["mql", "offered", "returned", "offered"]
    assert facts()[-2:] == ["HandoffRejected", "HandoffOffered"]


def test_when_all_have_given_it_back_it_is_nobodys_and_everybody_sees_it(offered, priya, tom):
    reject_handoff(priya, offered.public_id, data=Rejection(code="wrong_region"))
    reject_handoff(tom, the_handoff().public_id, data=Rejection(code="wrong_region"))

    assert the_handoff().owner_id is None
    accept_handoff(priya, the_handoff().public_id)
    assert the_handoff().owner_id == priya.user_id


def test_the_seller_may_choose_another_route(offered, priya, tom):
    reject_handoff(priya, offered.public_id, data=Rejection(code="too_small", route="reroute"))

    assert the_handoff().owner_id == tom.user_id
    assert Lead.objects.get().status == "new"


def test_unreachable_needs_three_tries(offered, priya):
    accept_handoff(priya, offered.public_id)
    for _try in range(2):
        log_touch(priya, offered.public_id, data=CALL)
    with pytest.raises(TriesMissing) as refused:
        reject_handoff(priya, offered.public_id, data=Rejection(code="unreachable"))
    assert refused.value.code == "tries_missing"
    assert the_handoff().state == "touched"

    log_touch(priya, offered.public_id, data=CALL)
    reject_handoff(priya, offered.public_id, data=Rejection(code="unreachable"))
    assert (the_handoff().state, Lead.objects.get().status) == ("rejected", "recycled")


def test_a_rejection_has_a_known_reason_and_a_short_note():
    for bad in ({"code": "dull"}, {"code": "too_small", "note": "x" * 201}, {}):
        with pytest.raises(ValidationError):
            Rejection.model_validate(bad)


@pytest.mark.parametrize(
    ("verdict", "code", "state", "status", "owner"),
    [
        ("agree", "wrong_data", "rejected", "disqualified", "priya"),
        ("fixed", "wrong_data", "offered", "new", "priya"),
        ("disagree", "wrong_data", "offered", "new", "tom"),
        ("disagree", "too_small", "rejected", "disqualified", "priya"),
    ],
)
def test_marketing_replies_once(offered, priya, tom, isla, verdict, code, state, status, owner):
    reject_handoff(priya, offered.public_id, data=Rejection(code=code))
    reply = Reply(verdict=verdict, text="New number: 01227 496014")
    handoff = reply_to_rejection(isla, offered.public_id, data=reply)

    assert (handoff.reply_verdict, handoff.reply_text) == (verdict, "New number: 01227 496014")
    assert (handoff.reply_at, handoff.replied_by_id) == (NOW, isla.user_id)
    assert (the_handoff().state, Lead.objects.get().status) == (state, status)
    assert the_handoff().owner_id == {"priya": priya, "tom": tom}[owner].user_id
    with pytest.raises(ReplyGiven):
        reply_to_rejection(isla, offered.public_id, data=reply)
    assert facts().count("HandoffReplied") == 1


def test_only_a_rejection_is_replied_to(offered, isla):
    with pytest.raises(NotRejected):
        reply_to_rejection(isla, offered.public_id, data=Reply(verdict="agree"))
    assert the_handoff().reply_at is None


def test_touches_stop_the_clock_once_and_count_working_time(offered, priya, clock):
    accept_handoff(priya, offered.public_id)
    clock.shift(86_400)  # Friday 10:14
    first = log_touch(priya, offered.public_id, data=CALL)

    assert (first.state, first.first_touch_minutes) == ("touched", 510)
    assert stamp(first.outcome_due) == "2026-12-03T13:44:00+00:00"
    clock.shift(60)
    log_touch(priya, offered.public_id, data=TouchIn(channel="mail", outcome="sent"))
    assert the_handoff().first_touch_at == first.first_touch_at
    told = TimelineEntry.objects.filter(kind="handoff.touched", subject_kind="handoff")
    assert [entry.payload["channel"] for entry in told.order_by("id")] == ["call", "mail"]


def test_nobody_touches_what_was_not_accepted(offered, priya):
    with pytest.raises(HandoffOver):
        log_touch(priya, offered.public_id, data=CALL)
    assert the_handoff().first_touch_at is None


def test_a_manager_gives_it_to_another_seller(offered, make_actor, tom_user, priya):
    accept_handoff(priya, offered.public_id)
    reassign_handoff(make_actor("manager"), offered.public_id, owner=str(tom_user.public_id))

    states = list(Handoff.objects.order_by("pk").values_list("state", "owner__name"))
    assert states == [("reassigned", "Priya Nair"), ("offered", "Tom Okafor")]
    assert the_handoff().routing[0]["rule"] == "chosen"


def test_an_answered_offer_is_not_taken_back(offered, priya, isla):
    accept_handoff(priya, offered.public_id)
    with pytest.raises(HandoffOver):
        withdraw_handoff(isla, offered.public_id)
    assert the_handoff().state == "accepted"


def test_an_acceptance_can_be_undone_until_the_first_touch(offered, priya):
    accept_handoff(priya, offered.public_id)
    accepted = last_done()
    undo(priya, accepted)

    handoff = the_handoff()
    assert (handoff.state, handoff.accepted_at, handoff.first_touch_due) == ("offered", None, None)
    assert Lead.objects.get().status == "new"
    assert stages() == ["mql", "offered", "sal", "offered"]

    accept_handoff(priya, offered.public_id)
    again = last_done()
    log_touch(priya, offered.public_id, data=CALL)
    with pytest.raises(UndoConflict):
        undo(priya, again)
    assert the_handoff().state == "touched"


def test_a_rejection_that_went_to_another_can_be_undone_while_nobody_answered(offered, priya, tom):
    reject_handoff(priya, offered.public_id, data=Rejection(code="wrong_region"))
    rejected = last_done()
    undo(priya, rejected)

    live = Handoff.objects.filter(deleted_at__isnull=True)
    assert list(live.values_list("state", "owner_id")) == [("offered", priya.user_id)]
    assert Lead.objects.get().owner_id == priya.user_id


ROLES = {
    # verb: who may
    "accept": {"admin", "manager", "seller"},
    "reject": {"admin", "manager", "seller"},
    "touch": {"admin", "manager", "seller"},
    "reply": {"admin", "manager", "marketer"},
    "reassign": {"admin", "manager"},
    "withdraw": {"admin", "manager", "marketer", "seller"},
}


@pytest.mark.parametrize("role", ["admin", "manager", "marketer", "seller", "viewer"])
@pytest.mark.parametrize("verb", list(ROLES))
def test_each_role_may_what_it_may_and_nothing_else(
    offered, priya, tom_user, make_actor, make_user, system, role, verb
):
    actor = priya if role == "seller" else make_actor(role)
    if verb == "reply":
        reject_handoff(priya, offered.public_id, data=Rejection(code="wrong_data"))
    if verb == "touch":
        accept_handoff(priya, offered.public_id)
    act = {
        "accept": lambda: accept_handoff(actor, offered.public_id),
        "reject": lambda: reject_handoff(actor, offered.public_id, data=Rejection(code="bound")),
        "touch": lambda: log_touch(actor, offered.public_id, data=CALL),
        "reply": lambda: reply_to_rejection(actor, offered.public_id, data=Reply(verdict="agree")),
        "reassign": lambda: reassign_handoff(
            actor, offered.public_id, owner=str(tom_user.public_id)
        ),
        "withdraw": lambda: withdraw_handoff(actor, offered.public_id),
    }[verb]
    before = list(Handoff.objects.values_list("state", "row_version"))
    if role in ROLES[verb]:
        act()
        assert list(Handoff.objects.values_list("state", "row_version")) != before
    else:
        with pytest.raises(Refused):
            act()
        assert list(Handoff.objects.values_list("state", "row_version")) == before


def test_a_seller_of_another_team_sees_and_answers_nothing(offered, make_actor):
    stranger = make_actor("seller")
    for act in (
        lambda: accept_handoff(stranger, offered.public_id),
        lambda: reject_handoff(stranger, offered.public_id, data=Rejection(code="bound")),
        lambda: withdraw_handoff(stranger, offered.public_id),
    ):
        with pytest.raises(Missing):
            act()
    assert the_handoff().state == "offered"


def test_an_undone_hand_off_by_hand_leaves_the_person_as_they_were(clock, isla, priya, add, system):
    person = add()
    record_stage(system, [person.pk], stage=Stage.SUBSCRIBER, cause="news")
    create_lead(isla, data=NewLead(person=person.public_id))
    made = last_done()
    undo(isla, made)

    assert Lead.objects.get().deleted_at is not None
    assert Handoff.objects.get().deleted_at is not None
    assert LifecycleState.objects.get().stage == "subscriber"
    lead, is_new = create_lead(isla, data=NewLead(person=person.public_id))
    assert is_new
    assert lead.pk != Lead.objects.order_by("pk")[0].pk
