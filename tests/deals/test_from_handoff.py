"""A deal out of a hand-off: the lead is qualified, its clocks stop; an undo takes all back."""

import pytest
from django.utils import timezone

from tandem.deals.actions import open_deal
from tandem.deals.schemas import NewDeal
from tandem.handoff.actions import accept_handoff, create_lead
from tandem.handoff.models import Handoff, Lead
from tandem.handoff.schemas import NewLead
from tandem.kernel.undo import undo
from tandem.people.models import LifecycleEvent, LifecycleState
from tests.deals.conftest import last_done

pytestmark = pytest.mark.django_db


@pytest.fixture
def accepted(priya, priya_user, ann, system):
    data = NewLead(person=ann.public_id, owner=str(priya_user.public_id))
    create_lead(system, data=data)
    return accept_handoff(priya, Handoff.objects.get().public_id)


def stages(person):
    rows = LifecycleEvent.objects.filter(subject_kind="person", subject_id=person.pk)
    return list(rows.order_by("pk").values_list("to_stage", flat=True))


def test_a_deal_qualifies_the_lead_and_ends_the_hand_off(accepted, priya, ann):
    open_deal(priya, data=NewDeal(lead=accepted.lead.public_id))

    handoff = Handoff.objects.get()
    assert (Lead.objects.get().status, handoff.state) == ("qualified", "outcome")
    assert handoff.outcome_at is not None
    assert handoff.outcome_at <= timezone.now()
    assert stages(ann) == ["mql", "offered", "sal", "sql", "opportunity"]


def test_an_undone_deal_gives_the_hand_off_back(accepted, priya, ann):
    open_deal(priya, data=NewDeal(lead=accepted.lead.public_id))
    opened = last_done()
    undo(priya, opened)

    assert (Lead.objects.get().status, Handoff.objects.get().state) == ("working", "accepted")
    state = LifecycleState.objects.get(subject_kind="person", subject_id=ann.pk)
    assert state.stage == "sal"
