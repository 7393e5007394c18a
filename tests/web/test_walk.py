"""The demo's first page: only where the demo runs, and each step told as it happens."""

import pytest
from django.test import Client

from tandem.campaigns.actions import create_campaign
from tandem.campaigns.schemas import NewCampaign
from tandem.capture.actions import create_form, create_page, enter_submission
from tandem.capture.models import Submission
from tandem.capture.schemas import NewForm, NewPage, NewSubmission
from tandem.deals.actions import open_deal, win_deal
from tandem.deals.schemas import NewDeal, WinDeal
from tandem.handoff.actions import accept_handoff, make_leads
from tandem.handoff.models import Handoff, Lead
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo(settings, system: Actor, make_user) -> None:
    settings.TANDEM_DEMO = True
    make_user("admin", name="Morag Sinclair")
    make_user("seller", name="Priya Nair")
    create_campaign(system, data=NewCampaign(name="Winter Tins 2026", code="winter-tins-2026"))
    create_form(
        system,
        data=NewForm(name="Samples", slug="samples", status="published", raises_hand=True),
    )
    page = NewPage(name="Tins", slug="winter-tins", headline="Tins", form="samples")
    create_page(system, data=page)


@action(permission="capture.enter")
def on_the_page(actor: Actor, submission: Submission) -> None:
    page = submission.form.pages.get()
    Submission.objects.filter(pk=submission.pk).update(page=page)


def sent(system: Actor) -> Submission:
    data = NewSubmission(form="samples", name="Ann Lee", email="ann@hythe.example")
    submission, _is_new = enter_submission(system, data=data)
    on_the_page(system, submission)
    return submission


def test_without_the_demo_there_is_no_walk(client: Client, make_user) -> None:
    make_user("admin")
    assert client.get("/walk").status_code == 404
    assert client.post("/walk/start").status_code == 404
    assert "_auth_user_id" not in client.session
    assert client.get("/").status_code == 302
    assert client.get("/")["Location"].startswith("/accounts/login")


def test_the_demo_leads_a_stranger_to_the_walk_and_signs_in_its_leader(
    demo: None, client: Client
) -> None:
    assert client.get("/")["Location"] == "/walk"
    assert b"Begin the walk" in client.get("/walk").content
    assert client.post("/walk/start")["Location"] == "/walk"
    page = client.get("/walk").content.decode()
    assert "Morag Sinclair" in page
    assert "Send the form on the left" in page


def test_each_step_is_told(demo: None, client: Client, system: Actor) -> None:
    client.post("/walk/start")

    def told() -> str:
        return client.get("/walk", headers={"HX-Request": "true"}).content.decode()

    make_leads(system, [sent(system).pk])
    assert "Ann Lee sent it." in told()
    assert "Accept it (A)" in told()

    accept_handoff(system, Handoff.objects.get().public_id)
    assert "Accepted; " in told()
    assert f"/leads/{Lead.objects.get().public_id}" in told()

    lead = str(Lead.objects.get().public_id)
    deal, _new = open_deal(system, data=NewDeal(lead=lead, amount="1250", currency="GBP"))
    assert "then win it" in told()
    win_deal(system, deal.public_id, data=WinDeal())
    assert "£1,250" in told()
    assert "Money(" not in told()
