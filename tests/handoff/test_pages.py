"""The pages of the seam: what each role sees, the posts, and what comes back."""

import pytest
from django.test import Client

from tandem.accounts.models import User
from tandem.handoff.actions import accept_handoff, create_lead, reject_handoff
from tandem.handoff.models import Handoff, Lead
from tandem.handoff.schemas import NewLead, Rejection
from tests.handoff.conftest import the_handoff

pytestmark = pytest.mark.django_db


def browser(actor):
    client = Client()
    client.force_login(User.objects.get(pk=actor.user_id))
    return client


def fragment(client, url):
    return client.get(url, headers={"HX-Request": "true"})


def test_the_inbox_shows_the_queue_and_what_is_due_first(offered, priya):
    html = browser(priya).get("/handoffs").content.decode()

    assert 'id="queue"' in html
    assert "Ann Lee" in html
    assert "Own label" in html
    assert f'action="/handoffs/{offered.public_id}/acceptance"' in html
    assert html.count('data-armed-key="') == 10  # “unreachable” only after three tries
    assert 'data-live="handoff' in html


def test_the_parts_that_fetch_themselves_are_fragments(offered, priya):
    client = browser(priya)
    queue = fragment(client, f"/handoffs/{offered.public_id}?part=queue").content.decode()
    shown = fragment(client, f"/handoffs/{offered.public_id}?part=offer").content.decode()

    assert queue.lstrip().startswith('<nav class="c-queue"')
    assert shown.lstrip().startswith('<section class="c-offer"')


def test_an_empty_inbox_says_so(priya):
    html = browser(priya).get("/handoffs").content.decode()

    assert "Nothing waits for you" in html


def test_accepting_stays_and_rejecting_opens_the_next(offered, priya, isla, add, priya_user):
    create_lead(
        isla, data=NewLead(person=add("Bo Holt").public_id, owner=str(priya_user.public_id))
    )
    second = the_handoff()
    client = browser(priya)
    answer = client.post(f"/handoffs/{offered.public_id}/acceptance")
    assert (answer.status_code, answer["Location"]) == (303, f"/handoffs/{offered.public_id}")

    answer = client.post(
        f"/handoffs/{offered.public_id}/rejection",
        {"code": "too_small", "note": "One shop", "route": ""},
    )
    assert (answer.status_code, answer["Location"]) == (303, f"/handoffs/{second.public_id}")
    answer = client.post(f"/handoffs/{second.public_id}/rejection", {"code": "bound", "note": ""})
    assert answer["Location"] == "/handoffs"
    rows = Handoff.objects.order_by("pk").values_list("state", "rejection_code", "rejection_note")
    assert list(rows) == [("rejected", "too_small", "One shop"), ("rejected", "bound", "")]


def test_a_page_that_is_too_late_says_who_was_faster(offered, priya, tom):
    accept_handoff(tom, offered.public_id)
    answer = browser(priya).post(f"/handoffs/{offered.public_id}/acceptance")

    assert answer.status_code == 409
    assert "answered in the meantime" in answer.content.decode()
    assert the_handoff().owner_id == tom.user_id


def test_marketing_sees_the_ledger_and_replies_in_place(offered, priya, isla):
    reject_handoff(priya, offered.public_id, data=Rejection(code="too_small", note="One shop"))
    client = browser(isla)
    assert client.get("/handoffs")["Location"] == "/handoffs/sent"
    html = client.get("/handoffs/sent").content.decode()
    assert "One shop" in html
    assert "1 hand-off offered" in html
    assert "0 accepted + 1 rejected + 0 waiting + 0 without a verdict" in html

    answer = client.post(
        f"/handoffs/{offered.public_id}/reply?to=sent", {"verdict": "agree", "text": "Right."}
    )
    assert (answer.status_code, answer["Location"]) == (303, "/handoffs/sent")
    assert (the_handoff().reply_verdict, the_handoff().reply_text) == ("agree", "Right.")
    after = fragment(client, "/handoffs/sent?show=rejected").content.decode()
    assert after.lstrip().startswith("<div")
    assert "Right." in after


def test_a_touch_is_logged_by_page(offered, priya):
    accept_handoff(priya, offered.public_id)
    client = browser(priya)
    assert "Log a contact" in client.get(f"/handoffs/{offered.public_id}").content.decode()
    client.post(
        f"/handoffs/{offered.public_id}/touches",
        {"channel": "call", "outcome": "reached", "note": "Wants 300"},
    )
    assert the_handoff().state == "touched"


def test_a_person_is_handed_off_from_their_page(isla, priya, add):
    person = add("Bo Holt")
    client = browser(isla)
    assert "Hand off to sales" in client.get(f"/people/{person.public_id}").content.decode()
    answer = client.post(f"/handoffs/new/{person.public_id}", {"asked_for": "Price list"})

    assert answer["Location"] == f"/people/{person.public_id}"
    assert Lead.objects.get().asked_for == "Price list"
    html = client.get(f"/people/{person.public_id}").content.decode()
    assert "Hand off to sales" not in html
    assert f"/handoffs/{the_handoff().public_id}" in html


def test_the_panel_fetches_itself(offered, priya):
    person = offered.lead.person
    answer = fragment(browser(priya), f"/handoffs/of/person/{person.public_id}")

    assert answer.status_code == 200
    assert 'id="handoff-panel"' in answer.content.decode()


def test_a_viewer_reads_and_may_do_nothing(offered, viewer):
    client = browser(viewer)
    html = client.get(f"/handoffs/{offered.public_id}").content.decode()

    assert "Ann Lee" in html
    for verb in ("acceptance", "rejection", "touches", "withdrawal"):
        assert f"/handoffs/{offered.public_id}/{verb}" not in html
        assert client.post(f"/handoffs/{offered.public_id}/{verb}").status_code == 403
    assert the_handoff().state == "offered"


def test_a_seller_of_another_team_finds_nothing(offered, make_actor):
    client = browser(make_actor("seller"))

    assert client.get(f"/handoffs/{offered.public_id}").status_code == 404
    assert "Ann Lee" not in client.get("/handoffs?show=team").content.decode()


def test_the_inbox_asks_the_same_few_questions_whatever_it_holds(
    offered, priya, isla, add, priya_user, django_assert_max_num_queries
):
    for number in range(5):
        data = NewLead(person=add(f"P {number}").public_id, owner=str(priya_user.public_id))
        create_lead(isla, data=data)
    client = browser(priya)
    client.get("/handoffs")
    with django_assert_max_num_queries(34):
        client.get("/handoffs")
