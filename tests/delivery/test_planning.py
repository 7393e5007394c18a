"""Putting messages into the ledger: once per key, nothing that could forge a head."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives, send_mail
from django.db import DatabaseError, IntegrityError, connections, transaction

from tandem.delivery import errors, queries
from tandem.delivery.actions import change_mail_settings, send_test
from tandem.delivery.models import Message
from tandem.delivery.rules import MessageState
from tandem.delivery.schemas import MailSettingsInput, MailTest
from tandem.kernel.errors import Invalid, Refused
from tandem.kernel.refs import RecordRef

pytestmark = pytest.mark.django_db


def test_a_message_is_planned_once_per_key(plan, ann):
    first = plan(person=ann, send_key="confirm:1", about=RecordRef("submission", 7))
    again = plan(person=ann, send_key="confirm:1", subject="Another")
    assert (again.pk, again.subject, Message.objects.count()) == (first.pk, "Hello", 1)
    assert (first.state, first.attempts, first.epoch) == ("planned", 0, None)
    assert (first.about_kind, first.about_id, first.person_id) == ("submission", 7, ann.pk)
    assert list(queries.messages_about("submission", 7)) == [first]


@pytest.mark.django_db(transaction=True)
def test_eight_who_plan_the_same_at_once_make_one(plan):
    start = Barrier(8)

    def one(_number):
        try:
            start.wait()
            return plan(send_key="confirm:1").pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(one, range(8)))) == 1
    assert Message.objects.count() == 1


@pytest.mark.parametrize("break_", ["\r\nBcc: all@lee.example", "\nX: y", "\x00", "\u2028x", "\r"])
@pytest.mark.parametrize("field", ["subject", "from_name", "in_reply_to"])
def test_what_would_forge_a_head_is_refused(plan, field, break_):
    with pytest.raises(errors.HeaderInvalid) as refused:
        plan(**{field: f"Hello{break_}there"})
    assert [fault.field for fault in refused.value.errors] == [field]
    assert Message.objects.count() == 0


@pytest.mark.parametrize(
    "to",
    ["", "ann", "ann@lee.example\nBcc: b@c.example", "a@b.example, c@d.example", "<a@b.example>"],
)
def test_what_is_no_address_is_refused(plan, to):
    with pytest.raises(Invalid):
        plan(to=to)
    assert Message.objects.count() == 0


def test_marketing_has_a_person_and_a_topic(plan, ann):
    for given in ({"person": ann, "topic": ""}, {"person": None}):
        with pytest.raises(errors.TopicMissing):
            plan("marketing", **given)
    assert Message.objects.count() == 0
    assert plan("marketing", person=ann).topic == "news"


def test_an_answer_belongs_to_its_thread(plan):
    first = plan()
    second = plan(in_reply_to=first.message_id)
    third = plan(in_reply_to=second.message_id)
    assert third.references == f"{first.message_id} {second.message_id}"
    assert {first.thread_key, second.thread_key, third.thread_key} == {first.message_id}
    stranger = plan(in_reply_to="<x@elsewhere.example>")
    assert (stranger.references, stranger.thread_key) == ("<x@elsewhere.example>",) * 2


def test_the_ledger_takes_no_impossible_move(plan):
    message = plan()
    rows = Message.objects.filter(pk=message.pk)
    for state in set(MessageState) - {"planned", "reserved", "withheld"}:
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(state=state, attempts=1, reason="x", epoch=1, leased_until="2026-01-01T00Z")
    for broken in ({"state": "reserved"}, {"state": "withheld"}, {"state": "gone"}):
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            rows.update(**broken)
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("planned", 0)


def test_who_may_plan_and_who_may_set_up(plan, make_actor, settings):
    settings.SMTP_URL = "smtp://127.0.0.1:1"
    for role in ("manager", "marketer", "seller", "viewer"):
        with pytest.raises(Refused):
            send_test(make_actor(role), data=MailTest(to="a@b.example"))
        with pytest.raises(Refused):
            change_mail_settings(make_actor(role), data=MailSettingsInput(from_name="X"))
    assert Message.objects.count() == 0
    admin = make_actor("admin")
    sent = send_test(admin, data=MailTest(to="a@b.example"))
    assert (sent.to_address, sent.state) == ("a@b.example", "planned")
    settings.SMTP_URL = ""
    with pytest.raises(errors.NoMailServer):
        send_test(admin, data=MailTest(to="a@b.example"))


def test_from_whom_mails_come(plan, admin, settings):
    settings.PUBLIC_URL, settings.SMTP_URL = "https://crm.thistle.example", ""
    assert queries.sender() == queries.Sender("Tandem", "no-reply@crm.thistle.example")
    settings.SMTP_URL = "smtp://post%40thistle.example:secret@mail.thistle.example"
    assert queries.sender().address == "post@thistle.example"
    change_mail_settings(
        admin, data=MailSettingsInput(from_name="Thistle & Tin", from_address="Hi@thistle.example")
    )
    change_mail_settings(
        admin, data=MailSettingsInput(from_name="Thistle", from_address="Hi@thistle.example")
    )
    message = plan()
    assert (message.from_name, message.from_address) == ("Thistle", "hi@thistle.example")
    assert message.message_id.endswith("@thistle.example>")
    settings.PUBLIC_URL, settings.SMTP_URL = "http://127.0.0.1:8000", ""


def test_mails_of_the_product_itself_go_into_the_ledger(settings, db):
    settings.EMAIL_BACKEND = "tandem.delivery.backend.LedgerBackend"
    assert send_mail("Your password", "A link", None, ["tom@thistle.example"]) == 1
    letter = EmailMultiAlternatives("Two", "Plain", to=["Tom <tom@thistle.example>", "b@c.example"])
    letter.attach_alternative("<p>Plain</p>", "text/html")
    assert letter.send() == 1
    rows = Message.objects.order_by("id").values_list(
        "to_address", "subject", "text", "html", "message_class", "is_confidential"
    )
    assert list(rows) == [
        ("tom@thistle.example", "Your password", "A link", "", "transactional", True),
        ("tom@thistle.example", "Two", "Plain", "<p>Plain</p>", "transactional", True),
        ("b@c.example", "Two", "Plain", "<p>Plain</p>", "transactional", True),
    ]
    letter.attach("a.txt", "x")
    with pytest.raises(ValueError, match="attachments"):
        letter.send()
    assert mail.outbox == []
