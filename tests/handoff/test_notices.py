"""Who is notified of a hand-off: who gets it, who must hurry, who waits for the answer."""

import datetime as dt

import pytest

from tandem.handoff import actions
from tandem.handoff.actions.notices import tell_expiring
from tandem.handoff.jobs import mark_overdue_now
from tandem.handoff.models import Lead
from tandem.handoff.schemas import Rejection, Reply
from tandem.kernel.facts import deliver_facts
from tandem.kernel.refs import RecordRef
from tandem.kernel.undo import undo
from tandem.notifications.models import Notification
from tandem.notifications.queries import page_of, unread_count
from tandem.timeline.queries import story_of
from tests.handoff.conftest import send

pytestmark = pytest.mark.django_db


def hears(actor, **how):
    deliver_facts()
    return [item.text for item in page_of(actor, **how).items]


def test_a_seller_hears_of_an_offer_until_it_is_answered(offered, priya, isla, tom):
    assert hears(priya) == ["Isla Fraser handed Ann Lee off to you"]
    assert (hears(isla), hears(tom)) == ([], [])
    actions.accept_handoff(priya, offered.public_id)
    assert hears(priya, shows="all") == []
    assert unread_count(priya) == 0
    assert hears(isla) == ["Priya Nair accepted the hand-off of Ann Lee"]


def test_a_rejection_is_told_to_marketing_and_the_reply_to_sales(offered, priya, isla):
    actions.reject_handoff(priya, offered.public_id, data=Rejection(code="too_small"))
    assert hears(isla) == ["Priya Nair gave the hand-off of Ann Lee back"]
    assert hears(priya) == []
    actions.reply_to_rejection(isla, offered.public_id, data=Reply(verdict="agree", text="Right."))
    assert hears(priya) == ["Isla Fraser replied about the hand-off of Ann Lee"]


def test_an_offer_that_runs_out_soon_is_told_once(offered, priya, clock, system):
    deliver_facts()
    assert tell_expiring(system) == 0
    clock.move_to(offered.accept_due - dt.timedelta(minutes=14))
    for _minute in range(3):
        mark_overdue_now()
    assert hears(priya) == [
        "The hand-off of Ann Lee waits for your answer and runs out soon",
        "Isla Fraser handed Ann Lee off to you",
    ]
    assert Notification.objects.filter(reason="handoff_expiring").get().count == 1
    assert tell_expiring(system) == 0


def test_a_lead_made_by_rule_says_by_which_and_is_undone_by_who_may(form, priya, admin, clock):
    send(form)
    lead = Lead.objects.get()
    ref = RecordRef("person", lead.person_id)

    def told_to(actor):
        lines = [line for day in story_of(actor, ref).days for line in day.items]
        return {line.entry.kind: line for line in lines if line.entry.is_automatic}

    found = told_to(admin)
    assert str(found["handoff.lead_made"].why).startswith("rule for leads, version 1")
    assert str(found["handoff.offered"].why).startswith("the fewest open hand-offs: ")
    undo_of = found["handoff.lead_made"].undo
    assert undo_of is not None
    assert undo_of == found["handoff.offered"].undo
    assert [line.undo for line in told_to(priya).values() if line.undo] == []
    undo(admin, undo_of)
    assert Lead.objects.filter(deleted_at__isnull=True).count() == 0
    assert told_to(admin)["handoff.lead_made"].undo is None
