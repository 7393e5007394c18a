"""A form is answered by mail: once, with what was sent, and with the click that is missing."""

import re

import pytest
from django.test import Client

from tandem.capture.actions import release_submission
from tandem.capture.schemas import ChangeSubmission
from tandem.consent.models import ConsentEvent, ConsentState
from tandem.delivery.actions import confirm_submissions
from tandem.delivery.models import Message
from tandem.kernel import facts
from tandem.kernel.actor import job_actor
from tests.capture.conftest import _fresh_counters as _fresh_counters
from tests.capture.conftest import add_form as add_form
from tests.capture.conftest import form as form
from tests.capture.conftest import send as submit

pytestmark = pytest.mark.django_db
send_form = submit


def hear() -> None:
    facts.deliver_facts()


def link_in(text: str) -> str:
    found = re.search(r"/c/\S+", text)
    assert found is not None
    return found[0]


@pytest.fixture(name="submit")
def _submit(send_form):
    return send_form


def test_a_form_is_answered_with_what_was_sent(form, submit):
    made = submit(message="Five boxes, please.", phone="+44 1227 496014")
    hear()
    message = Message.objects.get()
    assert message.send_key == f"confirm:{made.public_id}"
    assert (message.to_address, message.person_id) == ("ann@lee.example", made.person_id)
    assert (message.about_kind, message.about_id) == ("submission", made.pk)
    assert (message.message_class, message.purpose) == ("transactional", "service")
    assert message.subject == "Trade prices: we have your message"
    assert "Message: Five boxes, please." in message.text
    assert "Your name: Ann Lee" in message.text
    assert "<strong>Message</strong>" in message.html
    assert "/c/" not in message.text  # nothing was ticked
    actor = job_actor("again", frozenset({"delivery.plan", "capture.view"}))
    assert confirm_submissions(actor, [made.pk]) == [message]
    assert Message.objects.count() == 1


def test_a_ticked_consent_is_confirmed_by_its_link(form, submit):
    submit(has_consent=True)
    hear()
    message = Message.objects.get()
    assert "You ticked: “Send me news by e-mail. I can stop that at any time.”" in message.text
    link = link_in(message.text)
    assert link in message.html
    state = ConsentState.objects.get(purpose="marketing")
    assert state.state == "pending"
    assert Client().get(link).status_code == 200
    state.refresh_from_db()
    assert state.state == "pending"
    assert Client().post(link).status_code == 200
    state.refresh_from_db()
    assert state.state == "granted"
    assert ConsentEvent.objects.latest("id").wording.text == form.consent_wording


def test_a_stranger_cannot_use_the_mail_to_spread_links(form, submit, system):
    made = submit(
        name="Ann <b>Lee",
        message="See HTTP://www.evil.example/win " + "x" * 900,
    )
    if made.state == "quarantined":  # somebody lets it pass all the same
        release_submission(
            system, made.public_id, data=ChangeSubmission.model_validate({"state": "accepted"})
        )
    hear()
    message = Message.objects.get()
    for body in (message.text, message.html):
        assert "://evil" not in body.lower()
        assert "www." not in body
        assert "evil.example/win" in body
    assert "<b>" not in message.html
    assert "x" * 500 not in message.text


def test_what_was_kept_aside_is_not_answered(form, submit):
    made = submit(is_trapped=True)
    hear()
    assert made.state == "quarantined"
    assert Message.objects.count() == 0
