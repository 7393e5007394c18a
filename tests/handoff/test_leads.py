"""Leads by rule and by hand: one per person and motion, with the reasons that made them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from tandem.accounts.models import User
from tandem.campaigns.actions import create_campaign
from tandem.campaigns.schemas import NewCampaign
from tandem.handoff.actions import (
    create_lead,
    make_leads,
    publish_policy,
    qualify_lead,
    withdraw_handoff,
)
from tandem.handoff.errors import LeadClosed, PersonUnknown, SellerUnknown
from tandem.handoff.facts import HandoffOffered, LeadCreated
from tandem.handoff.models import Handoff, Lead, QualificationPolicy
from tandem.handoff.schemas import NewLead, PolicyIn
from tandem.kernel.actor import job_actor
from tandem.kernel.errors import Refused
from tandem.kernel.facts import deliver_facts
from tandem.kernel.models import Delivery, PublishedFact
from tandem.people.actions import record_stage
from tandem.people.models import LifecycleEvent, LifecycleState, Person
from tandem.people.rules import Stage
from tandem.timeline.models import TimelineEntry
from tests.handoff.conftest import NOW, post, send, the_handoff

RULE = job_actor("rule", frozenset({"handoff.automate", "people.stage"}))


def stages(person=None):
    rows = LifecycleEvent.objects.order_by("pk")
    return list(rows.values_list("to_stage", flat=True))


@pytest.mark.django_db
def test_a_raised_hand_makes_a_lead_and_offers_it(clock, form, priya):
    sent = send(form, phone="+44 1227 496014", message="We open a third shop in January.")

    lead = Lead.objects.select_related("person", "policy").get()
    assert (lead.person.name, lead.kind, lead.origin, lead.status) == (
        "Ann Lee", "hand_raise", "form", "new",
    )  # fmt: skip
    assert lead.opened_at == NOW
    assert [(one["key"], one["points"]) for one in lead.reasons] == [
        ("hand_raise", 40),
        ("phone", 10),
    ]
    assert lead.score == sum(one["points"] for one in lead.reasons) == 50
    assert lead.reasons[0]["note"] == "Trade terms: We open a third shop in January."
    told = TimelineEntry.objects.get(kind="capture.submitted", subject_kind="person")
    assert lead.evidence == {
        "submissions": [str(sent.public_id)],
        "events": [str(told.event_id)],
    }
    handoff = the_handoff()
    assert (handoff.lead_id, handoff.state, handoff.kind) == (lead.pk, "offered", "hand_raise")
    assert handoff.accept_due.isoformat() == "2026-11-19T11:14:00+00:00"
    assert handoff.first_touch_due is None
    assert handoff.owner_id == lead.owner_id == priya.user_id
    assert "We open a third shop" in handoff.opener
    assert handoff.consent["phone"]["allowed"] is True
    assert handoff.consent["email"]["allowed"] is True
    assert stages() == ["known", "mql", "offered"]
    assert [row.name for row in PublishedFact.objects.filter(name__startswith="handoff.")] == [
        "handoff.LeadCreated", "handoff.HandoffOffered",
    ]  # fmt: skip
    kinds = TimelineEntry.objects.filter(subject_kind="person", kind__startswith="handoff.")
    assert list(kinds.order_by("id").values_list("kind", flat=True)) == [
        "handoff.lead_made", "handoff.offered",
    ]  # fmt: skip


@pytest.mark.django_db
def test_below_the_threshold_nothing_is_made_and_above_it_a_lead(clock, catalogue, priya):
    send(catalogue)
    assert Lead.objects.count() == 0

    send(catalogue, phone="+44 1227 496014")  # 20 + 20 + 10
    assert Lead.objects.count() == 0

    person = Person.objects.get()
    publish_policy(
        job_actor("x", frozenset({"handoff.settings"})),
        data=PolicyIn(threshold=50, points=QualificationPolicy.objects.get().points),
    )
    send(catalogue)

    lead = Lead.objects.select_related("policy").get()
    assert (lead.kind, lead.score, lead.person_id) == ("mql", 50, person.pk)
    assert lead.policy == QualificationPolicy.objects.get(version=2)


@pytest.mark.django_db
def test_a_fact_told_again_changes_nothing(clock, form, priya):
    sent = send(form)
    before = (Lead.objects.get().row_version, Handoff.objects.get().row_version, stages())
    entries = TimelineEntry.objects.count()

    Delivery.objects.filter(subscriber="handoff.make_leads_of_forms").update(state="due")
    deliver_facts()
    assert make_leads(RULE, [sent.pk]) == []

    assert (Lead.objects.get().row_version, Handoff.objects.get().row_version, stages()) == before
    assert TimelineEntry.objects.count() == entries


@pytest.mark.django_db
def test_a_fact_told_again_after_the_lead_was_closed_makes_no_second_one(clock, form, priya):
    sent = send(form)
    qualify_lead(priya, Lead.objects.get().public_id, cause="deal")

    assert make_leads(RULE, [sent.pk]) == []
    assert Lead.objects.count() == 1


@pytest.mark.django_db
def test_a_further_form_joins_the_open_lead(clock, form, catalogue, priya):
    first, second = send(form), send(catalogue)

    lead = Lead.objects.get()
    assert lead.evidence["submissions"] == [str(first.public_id), str(second.public_id)]
    assert lead.score == 60
    assert Handoff.objects.count() == 1


@pytest.mark.django_db
def test_old_behaviour_does_not_count_again(clock, form, catalogue, priya):
    send(form)
    qualify_lead(priya, Lead.objects.get().public_id, cause="deal")
    clock.shift(3600)
    again = send(form, message="And cards?")

    lead = Lead.objects.get(status="new")
    assert lead.evidence["submissions"] == [str(again.public_id)]
    assert [one["key"] for one in lead.reasons] == ["hand_raise"]


@pytest.mark.django_db
def test_behaviour_makes_no_lead_of_a_customer_but_a_raised_hand_does(
    clock, form, catalogue, priya, add, system
):
    person = add(email="ann@lee.example")
    record_stage(system, [person.pk], stage=Stage.CUSTOMER, cause="order")
    publish_policy(
        job_actor("x", frozenset({"handoff.settings"})),
        data=PolicyIn(threshold=1, points={"form": {"each": 20, "most": 40}}),
    )
    send(catalogue)
    assert Lead.objects.count() == 0

    send(form)
    assert Lead.objects.get().kind == "hand_raise"
    assert LifecycleState.objects.get(subject_id=person.pk).stage == "customer"


@pytest.mark.django_db
def test_the_campaign_of_the_form_is_the_leads(clock, form, priya, system):
    campaign, _new = create_campaign(
        system, data=NewCampaign.model_validate({"name": "Winter tins", "code": "winter-26"})
    )
    send(form, url="https://shop.example/p?utm_campaign=Winter-26")

    assert Lead.objects.get().campaign_id == campaign.pk


@pytest.mark.django_db(transaction=True)
def test_eight_deliveries_at_once_make_one_lead_and_one_hand_off(form, make_user, system):
    make_user("seller")
    sent = [post(form, message=f"Number {number}") for number in range(8)]
    start = Barrier(8)

    def deliver(submission):
        try:
            start.wait()
            return make_leads(RULE, [submission.pk])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(deliver, sent))

    assert sorted(len(one) for one in made) == [0] * 7 + [1]
    lead = Lead.objects.get()
    assert Handoff.objects.get().lead_id == lead.pk
    assert set(lead.evidence["submissions"]) == {str(one.public_id) for one in sent}
    deliver_facts()
    assert (Lead.objects.count(), Handoff.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_a_marketer_hands_somebody_off_by_hand(clock, isla, priya, tom, add):
    person = add("Bo Holt", email="bo@holt.example")
    lead, is_new = create_lead(
        isla, data=NewLead(person=person.public_id, asked_for="Samples by 4 December")
    )

    assert (is_new, lead.kind, lead.asked_for) == (True, "manual", "Samples by 4 December")
    handoff = the_handoff()
    assert handoff.offered_by_id == isla.user_id
    assert [step["rule"] for step in handoff.routing] == [
        "company_owner", "person_owner", "fewest_open",
    ]  # fmt: skip
    again, is_new = create_lead(isla, data=NewLead(person=person.public_id))
    assert (again.pk, is_new) == (lead.pk, False)
    assert Handoff.objects.count() == 1
    assert [type(one) for one in (LeadCreated, HandoffOffered)] == [type, type]


@pytest.mark.django_db
def test_the_owner_of_the_person_gets_the_lead(clock, isla, priya, tom, tom_user, add):
    person = add("Bo Holt", owner=str(tom_user.public_id))
    create_lead(isla, data=NewLead(person=person.public_id))

    assert the_handoff().owner_id == tom.user_id


@pytest.mark.django_db
def test_leads_go_to_who_has_the_fewest_open_hand_offs(clock, isla, priya, tom, add):
    for number in range(4):
        create_lead(isla, data=NewLead(person=add(f"P {number}").public_id))

    owners = list(Handoff.objects.order_by("pk").values_list("owner_id", flat=True))
    assert owners == [priya.user_id, tom.user_id] * 2


@pytest.mark.django_db
def test_a_lead_needs_a_person_whom_one_sees_and_a_seller_who_sells(isla, viewer, add, make_user):
    person = add()
    marketer = make_user("marketer")
    with pytest.raises(PersonUnknown):
        create_lead(isla, data=NewLead(person=marketer.public_id))
    with pytest.raises(SellerUnknown):
        create_lead(isla, data=NewLead(person=person.public_id, owner=str(marketer.public_id)))
    with pytest.raises(Refused):
        create_lead(viewer, data=NewLead(person=person.public_id))
    assert (Lead.objects.count(), Handoff.objects.count(), stages()) == (0, 0, [])
    assert User.objects.count() == 3


@pytest.mark.django_db
def test_a_deal_qualifies_the_lead_and_ends_the_hand_off(offered, priya):
    lead = qualify_lead(priya, offered.lead.public_id, cause="deal 7")

    handoff = the_handoff()
    assert (lead.status, handoff.state) == ("qualified", "outcome")
    assert handoff.outcome_at == handoff.closed_at == NOW
    assert stages() == ["mql", "offered", "sql"]
    assert qualify_lead(priya, lead.public_id, cause="again").row_version == lead.row_version


@pytest.mark.django_db
def test_a_closed_lead_is_not_qualified(offered, isla, priya):
    withdraw_handoff(isla, offered.public_id)
    with pytest.raises(LeadClosed):
        qualify_lead(priya, offered.lead.public_id, cause="deal")
    assert Lead.objects.get().status == "recycled"
