"""From the ledger over a real server and back: every answer, and what becomes of the message."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest
import time_machine
from django.db import connections, transaction
from django.utils import timezone

from tandem.consent.actions import suppress
from tandem.consent.models import Suppression
from tandem.consent.queries import suppressed
from tandem.consent.rules import State, StopReason
from tandem.delivery import queries
from tandem.delivery.actions import hand, recover, reserve, send_due, settle
from tandem.delivery.models import Message
from tandem.delivery.rules import Answer, MessageState, Reply
from tandem.kernel.installation import hold_sending
from tandem.kernel.models import Installation
from tandem.people.models import Person
from tandem.timeline.models import TimelineEntry
from tests.delivery.conftest import now_of
from tests.delivery.server import Post, listening

pytestmark = pytest.mark.django_db


def story(person: Person) -> list[str]:
    rows = TimelineEntry.objects.filter(
        subject_kind="person", subject_id=person.pk, kind__startswith="mail."
    )
    return list(rows.order_by("id").values_list("kind", flat=True))


def due_again(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now())


# --- what arrives ---------------------------------------------------------------------------------


def test_what_is_planned_arrives_as_it_was_written(post, plan, send, ann):
    html = "<p>Dear Ann Müller,</p>" + "<p>long line " * 200 + "</p>"
    message = plan(
        person=ann,
        subject="Größe, and a very long subject " + "that goes on " * 12,
        text="Dear Ann,\n.\n..two dots\nFrom here, ünïcode – “quotes”\n",
        html=html,
        from_name="Thistle & Tin, Trading",
    )
    send()
    (mail,) = post.mails
    assert mail["To"] == "ann@lee.example"
    assert mail["From"].addresses[0].display_name == "Thistle & Tin, Trading"
    assert mail["Subject"] == message.subject.strip()
    assert mail["Message-ID"] == message.message_id
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    text, alternative = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert alternative is not None
    assert text.get_content().splitlines() == message.text.splitlines()
    assert alternative.get_content().strip() == html
    assert max(len(line) for line in post.raw[0].split(b"\r\n")) <= 998
    assert now_of(message) == ("accepted", "")
    message.refresh_from_db()
    assert (message.attempts, message.reply_code, message.epoch is not None) == (1, 250, True)
    assert message.decision["reason"] == "service"
    assert story(ann) == ["mail.accepted"]


def test_marketing_carries_a_way_out_and_the_consent_it_stands_on(post, plan, send, ann, say):
    held = say(ann, State.GRANTED)
    message = plan("marketing", person=ann)
    send()
    (mail,) = post.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].startswith("<http")
    assert "/u/" in mail["List-Unsubscribe"]
    message.refresh_from_db()
    assert message.decision["consent"] == str(held.event.public_id)
    assert (message.decision["allowed"], message.decision["state"]) == (True, "granted")


def test_several_go_over_one_connection_and_the_urgent_first(post, plan, send, ann, say):
    say(ann, State.GRANTED)
    plan("marketing", person=ann, subject="News")
    for number in range(12):
        plan(subject=f"Answer {number}")
    done = send()
    assert (done.handed, done.looked_at) == (13, 13)
    assert [str(mail["Subject"]) for mail in post.mails] == [
        *(f"Answer {number}" for number in range(12)),
        "News",
    ]
    assert post.connections == 2  # one a chunk


def test_an_answer_names_what_it_answers(post, plan, send):
    first = plan()
    plan(in_reply_to=first.message_id)
    send()
    assert post.mails[1]["In-Reply-To"] == post.mails[1]["References"] == first.message_id


def test_what_is_confidential_is_blotted_out_once_sent(post, plan, send, ann, say):
    say(ann, State.WITHDRAWN)
    sent = plan(is_confidential=True, html="<p>x</p>")
    late = plan(is_confidential=True, not_after=timezone.now() - dt.timedelta(hours=1))
    send()
    assert "thank you" in post.mails[0].as_string()
    for message, state in ((sent, "accepted"), (late, "withheld")):
        message.refresh_from_db()
        assert (message.state, message.text, message.html) == (state, "", "")


# --- what does not --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason"),
    [(None, "no_consent"), (State.PENDING, "pending"), (State.WITHDRAWN, "withdrawn")],
)
def test_marketing_without_granted_consent_is_withheld(post, plan, send, ann, say, said, reason):
    if said is not None:
        say(ann, said)
    message = plan("marketing", person=ann)
    send()
    assert now_of(message) == ("withheld", reason)
    assert post.mails == []
    assert story(ann) == ["mail.withheld"]
    assert queries.withheld_by_reason() == {reason: 1}


def test_the_stop_list_is_asked_at_the_last_moment(post, plan, send, ann, say, system):
    say(ann, State.GRANTED)
    news, answer = plan("marketing", person=ann), plan()
    suppress(system, address="ANN@lee.example", reason=StopReason.COMPLAINED)
    send()
    assert now_of(news) == ("withheld", "suppressed_complained")
    assert now_of(answer) == ("accepted", "")
    suppress(system, address="ann@lee.example", reason=StopReason.BOUNCED)
    later = plan()
    send()
    assert now_of(later) == ("withheld", "suppressed_bounced")
    assert len(post.mails) == 1


def test_what_comes_too_late_is_not_sent(post, plan, send):
    message = plan(not_after=timezone.now() - dt.timedelta(seconds=1))
    send()
    assert now_of(message) == ("withheld", "expired")
    assert post.mails == []


def test_a_refusal_ends_it_and_a_missing_mailbox_is_remembered(post, plan, send):
    post.data = ["554 5.7.1 we do not like this"]
    disliked = plan()
    post.rcpt = ["250 OK", "550 5.1.1 <ann@lee.example>: no such user"]
    gone = plan()
    other = plan(to="ben@lee.example")
    send()
    assert [now_of(each) for each in (disliked, gone, other)] == [
        ("refused", "refused"),
        ("refused", "refused"),
        ("accepted", ""),
    ]
    disliked.refresh_from_db()
    assert (disliked.reply_code, disliked.reply) == (554, "5.7.1 we do not like this")
    assert suppressed(["ann@lee.example"]) == {"ann@lee.example": {StopReason.INVALID}}
    assert Suppression.objects.count() == 1


def test_not_now_is_tried_again_with_the_same_bytes(post, plan, send):
    post.data = ["451 4.7.1 greylisted, come back"]
    message = plan()
    send()
    assert now_of(message) == ("planned", "temporary")
    message.refresh_from_db()
    wait = message.next_attempt_at - timezone.now()
    assert dt.timedelta(seconds=50) < wait <= dt.timedelta(seconds=60)
    assert message.epoch is None
    send()
    assert post.mails == []  # not before its time
    due_again(message)
    send()
    assert now_of(message) == ("accepted", "")
    assert post.mails[0]["Message-ID"] == message.message_id


def test_after_many_tries_it_is_given_up(post, plan, send):
    message = plan()
    Message.objects.filter(pk=message.pk).update(attempts=13)
    post.data = ["421 4.3.0 busy"]
    send()
    assert now_of(message) == ("refused", "gave_up")


def test_a_cut_after_the_final_dot_is_unknown_and_marketing_is_never_sent_again(
    post, plan, send, ann, say
):
    say(ann, State.GRANTED)
    post.data = ["cut"]
    message, next_ = plan("marketing", person=ann), plan("marketing", person=ann)
    send()
    assert now_of(message) == ("unknown", "connection_lost")
    assert now_of(next_) == ("accepted", "")  # on a new connection
    due_again(message)
    send()
    assert len(post.mails) == 2
    assert story(ann) == ["mail.unknown", "mail.accepted"]


def test_a_transactional_one_is_sent_again_under_the_same_name_twice_at_most(post, plan, send):
    post.data = ["cut", "cut", "cut"]
    message = plan()
    for _ in range(4):
        send()
        due_again(message)
    assert now_of(message) == ("unknown", "connection_lost")
    assert {mail["Message-ID"] for mail in post.mails} == {message.message_id}
    assert len(post.raw) == 3
    assert len(set(post.raw)) == 1


def test_a_cut_before_the_final_dot_is_no_doubt_at_all(post, plan, send):
    post.rcpt = ["421 4.3.2 shutting down"]
    message = plan()
    send()
    assert now_of(message) == ("planned", "temporary")
    message.refresh_from_db()
    assert (message.ambiguous, message.attempts) == (0, 1)


def test_a_server_that_is_away_costs_no_message_an_attempt(plan, send, settings):
    settings.SMTP_URL = "smtp://127.0.0.1:1"
    message = plan()
    done = send()
    assert now_of(message) == ("planned", "unreachable")
    message.refresh_from_db()
    assert (message.attempts, message.epoch) == (0, None)
    assert "127.0.0.1:1" in message.reply
    assert done.unreachable == message.reply


def test_a_wrong_password_says_so_and_touches_nothing(plan, send, settings):
    server = Post()
    options = {"authenticator": server.authenticate, "auth_require_tls": False}
    with listening(server, **options) as port:
        settings.SMTP_URL = f"smtp://tandem:wrong@127.0.0.1:{port}"
        message = plan()
        send()
        message.refresh_from_db()
        assert (message.state, message.attempts) == ("planned", 0)
        assert "refuses user or password" in message.reply
        assert "wrong" not in message.reply
        due_again(message)
        settings.SMTP_URL = f"smtp://tandem:right@127.0.0.1:{port}"
        send()
    assert now_of(message) == ("accepted", "")
    assert set(server.logins) == {"tandem"}


def test_a_password_is_not_sent_in_the_clear(plan, send, settings):
    server = Post()
    with listening(server, authenticator=server.authenticate, auth_require_tls=False) as port:
        settings.SMTP_URL = f"smtp://tandem:right@127.0.0.1:{port}?starttls=always"
        message = plan()
        send()
    message.refresh_from_db()
    assert (message.state, server.logins, server.mails) == ("planned", [], [])
    assert "STARTTLS" in message.reply


def test_without_a_mail_server_all_waits_and_says_why(plan, send, settings, post):
    url, settings.SMTP_URL = settings.SMTP_URL, ""
    message = plan()
    assert send().looked_at == 0
    assert now_of(message) == ("planned", "")
    assert queries.why_nothing_goes() == "no mail server is set"
    settings.SMTP_URL = url
    assert queries.why_nothing_goes() == ""
    send()
    assert now_of(message) == ("accepted", "")


def test_a_restored_copy_sends_nothing_until_it_is_released(post, plan, send):
    message = plan()
    hold_sending(reason="Restored from a backup.")
    send()
    assert now_of(message) == ("planned", "")
    assert queries.why_nothing_goes() == "sending is held: Restored from a backup."
    Installation.objects.update(is_sending_held=False)
    send()
    assert now_of(message) == ("accepted", "")


def test_a_hold_between_reservation_and_wire_still_holds(plan, sender, post):
    message = plan()
    (lease,) = reserve(sender, worker="a", channel="email", limit=10).leases
    hold_sending(reason="Restored.")
    assert hand(sender, lease) is False
    assert now_of(message) == ("reserved", "")


def test_one_that_cannot_be_a_mail_holds_up_no_other(post, plan, send):
    bad, good = plan(), plan(to="ben@lee.example")
    Message.objects.filter(pk=bad.pk).update(subject="Hello\r\nBcc: all@lee.example")
    send()
    assert now_of(bad) == ("refused", "malformed")
    assert now_of(good) == ("accepted", "")
    assert post.recipients == ["ben@lee.example"]


# --- who has it in hand ---------------------------------------------------------------------------


def test_a_stale_worker_can_write_nothing(plan, sender):
    message = plan()
    (old,) = reserve(sender, worker="a", channel="email", limit=10).leases
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=5), tick=False):
        assert recover(sender) == 1
        (new,) = reserve(sender, worker="b", channel="email", limit=10).leases
        assert new.epoch > old.epoch
        assert hand(sender, old) is False
        assert hand(sender, new) is True
        assert settle(sender, old, Reply(Answer.REFUSED, 550, "no")) is None
        assert settle(sender, new, Reply(Answer.ACCEPTED, 250, "ok")) == "accepted"
        assert settle(sender, new, Reply(Answer.REFUSED, 550, "no")) is None
    assert now_of(message) == ("accepted", "")


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [("transactional", "planned", "sent_again"), ("marketing", "unknown", "connection_lost")],
)
def test_what_a_dead_worker_had_handed_is_unknown(plan, sender, ann, say, kind, state, reason):
    say(ann, State.GRANTED)
    message = plan(kind, person=ann)
    (lease,) = reserve(sender, worker="a", channel="email", limit=10).leases
    assert hand(sender, lease)
    assert recover(sender) == 0  # its lease still runs
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=5), tick=False):
        assert recover(sender) == 1
        assert now_of(message) == (state, reason)
        # Late news of the one that is given up; of the one that goes again, no more.
        expected = "accepted" if state == "unknown" else None
        assert settle(sender, lease, Reply(Answer.ACCEPTED, 250, "ok")) == expected


@pytest.mark.django_db(transaction=True)
def test_eight_workers_send_each_message_once(post, plan, sender, ann, say):
    say(ann, State.GRANTED)
    for number in range(40):
        plan("marketing", person=ann, send_key=f"news:{number}")
    start = Barrier(8)

    def work(_number):
        try:
            start.wait()
            return send_due(sender).handed
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        handed = list(pool.map(work, range(8)))
    assert sum(handed) == 40
    assert len({mail["Message-ID"] for mail in post.mails}) == len(post.mails) == 40
    assert queries.tally() == {**dict.fromkeys(map(str, MessageState), 0), "accepted": 40}


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_that_commits_before_the_reservation_wins(post, plan, sender, ann, say):
    say(ann, State.GRANTED)
    message = plan("marketing", person=ann)

    def work():
        send_due(sender)
        connections.close_all()

    with transaction.atomic():
        say(ann, State.WITHDRAWN)
        worker = Thread(target=work)
        worker.start()
        worker.join(0.5)
        assert worker.is_alive()  # it waits for what is being said
    worker.join(10)
    assert now_of(message) == ("withheld", "withdrawn")
    assert post.mails == []


@pytest.mark.django_db(transaction=True)
def test_a_stop_that_commits_before_the_reservation_wins(post, plan, sender, ann, say, system):
    say(ann, State.GRANTED)
    message = plan("marketing", person=ann)

    def work():
        send_due(sender)
        connections.close_all()

    with transaction.atomic():
        suppress(system, address="ann@lee.example", reason=StopReason.UNSUBSCRIBED)
        worker = Thread(target=work)
        worker.start()
        worker.join(0.5)
        assert worker.is_alive()
    worker.join(10)
    assert now_of(message) == ("withheld", "suppressed_unsubscribed")
    assert post.mails == []


def test_the_figures_add_up(post, plan, send, ann, say):
    say(ann, State.GRANTED)
    post.data = ["250 OK", "550 no", "451 later", "cut"]
    for _ in range(4):
        plan("marketing", person=ann)
    plan("marketing", person=ann, topic="offers")
    plan(not_after=timezone.now() - dt.timedelta(days=1))
    send()
    figures = queries.tally()
    assert sum(figures.values()) == Message.objects.count() == 6
    assert {state: number for state, number in figures.items() if number} == {
        "accepted": 1,
        "refused": 1,
        "planned": 1,
        "unknown": 1,
        "withheld": 2,
    }
    assert queries.withheld_by_reason() == {"no_consent": 1, "expired": 1}
