"""The numbers of the seam."""

from decimal import Decimal

import pytest

from tandem.campaigns.actions import create_campaign
from tandem.campaigns.schemas import NewCampaign
from tandem.handoff.actions import (
    accept_handoff,
    create_lead,
    log_touch,
    qualify_lead,
    reject_handoff,
)
from tandem.handoff.schemas import NewLead, Rejection, TouchIn
from tandem.measures.queries import value
from tests.handoff.conftest import the_handoff

pytestmark = pytest.mark.django_db
CALL = TouchIn(channel="call", outcome="reached")


@pytest.fixture
def history(clock, system, isla, priya, add, priya_user):
    """Four hand-offs: accepted and touched after 2 h, the same after 4 h and qualified, given back,
    and one that waits."""
    create_campaign(
        system, data=NewCampaign.model_validate({"name": "Winter", "code": "winter-26"})
    )
    made = []
    for number in range(4):
        data = NewLead(
            person=add(f"P {number}").public_id,
            owner=str(priya_user.public_id),
            campaign="winter-26" if number < 2 else None,
        )
        create_lead(isla, data=data)
        made.append(the_handoff())
    accept_handoff(priya, made[0].public_id)
    accept_handoff(priya, made[1].public_id)
    reject_handoff(priya, made[2].public_id, data=Rejection(code="too_small"))
    clock.shift(7200)
    log_touch(priya, made[0].public_id, data=CALL)
    clock.shift(7200)
    log_touch(priya, made[1].public_id, data=CALL)
    qualify_lead(priya, made[1].lead.public_id, cause="deal")
    return made


def number(actor, key, **asked):
    return value(actor, key, **asked).value


def rows(actor, key, by):
    return {row.by[by]: row.value for row in value(actor, key, by=[by]).rows}


def test_leads_and_their_steps_are_counted(history, admin):
    keys = ("leads", "mql", "sql", "handoffs_offered", "leads_accepted", "handoffs_rejected")
    assert [number(admin, key) for key in keys] == [4, 4, 1, 4, 2, 1]
    assert rows(admin, "leads", "campaign") == {"winter-26": 2, "": 2}
    assert rows(admin, "mql", "campaign") == {"winter-26": 2, "": 2}
    assert rows(admin, "leads", "day") == {"2026-11-19": 4}
    assert rows(admin, "handoffs_rejected", "reason") == {"too_small": 1}
    assert number(admin, "leads_accepted", filters={"campaign": "winter-26"}) == 2


def test_the_acceptance_rate_leaves_out_what_waits(history, admin):
    assert number(admin, "handoff_acceptance_rate") == Decimal("0.666667")
    assert rows(admin, "handoff_acceptance_rate", "owner") == {"Priya Nair": Decimal("0.666667")}


def test_the_time_to_the_first_touch_is_the_median_of_working_hours(history, admin):
    assert number(admin, "time_to_first_touch") == 3


def test_a_seller_counts_what_they_see(history, make_actor):
    stranger = make_actor("seller")
    # The people are nobody's, so everybody sees their steps; the leads are Priya's.
    assert [number(stranger, key) for key in ("leads", "mql", "leads_accepted")] == [0, 4, 0]
