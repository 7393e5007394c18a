"""The digest: once, only what is unread and in sight, in the reader's hours and language."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import time_machine
from django.db import connection

from tandem.accounts.queries import actor_for
from tandem.delivery.models import Message
from tandem.kernel.facts import deliver_facts
from tandem.notifications.actions import (
    Notice,
    change_preferences,
    notify,
    open_notification,
    send_digest,
    snooze,
)
from tandem.notifications.actions.mailing import users_to_mail
from tandem.notifications.jobs import send_digests
from tandem.notifications.models import Mailing, Notification
from tandem.notifications.rules import Snooze
from tandem.notifications.schemas import ChangePreferences
from tandem.people.actions import change_person
from tandem.people.schemas import ChangePerson

pytestmark = pytest.mark.django_db

TEN = dt.datetime(2026, 11, 19, 10, 14, tzinfo=dt.UTC)


@pytest.fixture
def clock():
    with time_machine.travel(TEN, tick=False) as travelled:
        yield travelled


@pytest.fixture
def told(clock, isla, priya, ann, system):
    change_person(actor_for(isla), ann.public_id, data=ChangePerson(owner=priya.email))
    deliver_facts()
    Notification.objects.update(at=TEN)


def mails():
    return list(Message.objects.order_by("pk"))


def test_what_is_unread_is_mailed_at_the_next_full_hour_and_once(clock, told, priya, ann):
    send_digests()
    assert mails() == []
    clock.move_to(TEN + dt.timedelta(minutes=46))
    send_digests()
    [mail] = mails()
    assert (mail.to_address, mail.subject) == (
        priya.email,
        "Isla Byrne made you the owner of Ann Kowalczyk",
    )
    assert (mail.message_class, mail.is_confidential, mail.person_id) == (
        "transactional",
        True,
        None,
    )
    assert f"/people/{ann.public_id}" in mail.text
    assert "/settings/notifications" in mail.text
    for _again in range(3):
        send_digests()
        clock.move_to(TEN + dt.timedelta(hours=5))
    assert mails() == [mail]


def test_nothing_is_mailed_when_all_is_read_put_off_or_out_of_sight(
    clock, told, priya, isla, ann, system
):
    row = Notification.objects.get()
    clock.move_to(TEN + dt.timedelta(hours=1))
    snooze(actor_for(priya), row.public_id, how=Snooze.WEEK)
    send_digests()
    Notification.objects.update(snoozed_until=None)
    change_person(system, ann.public_id, data=ChangePerson(owner=isla.email))
    send_digests()
    change_person(system, ann.public_id, data=ChangePerson(owner=priya.email))
    open_notification(actor_for(priya), row.public_id)
    send_digests()
    assert (mails(), Mailing.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    "choice",
    [
        {"ways": {"assigned": "app"}},
        {"ways": {"assigned": "off"}},
        {"rhythm": "off"},
        {"quiet_from": 10, "quiet_until": 12},
    ],
)
def test_who_wants_no_mail_gets_none(clock, told, priya, choice):
    change_preferences(actor_for(priya), data=ChangePreferences.model_validate(choice))
    clock.move_to(TEN + dt.timedelta(hours=1))
    send_digests()
    assert (mails(), users_to_mail()) == ([], [])


def test_quiet_hours_put_the_mail_off_in_the_zone_of_the_reader(clock, told, priya):
    change_preferences(actor_for(priya), data=ChangePreferences(quiet_from=10, quiet_until=13))
    clock.move_to(TEN + dt.timedelta(hours=2))
    send_digests()
    assert mails() == []
    clock.move_to(TEN + dt.timedelta(hours=3))
    send_digests()
    assert len(mails()) == 1


def test_the_daily_mail_comes_in_the_morning(clock, told, priya):
    change_preferences(actor_for(priya), data=ChangePreferences(rhythm="daily"))
    clock.move_to(TEN + dt.timedelta(hours=6))
    send_digests()
    assert mails() == []
    clock.move_to(TEN.replace(day=20, hour=8, minute=3))
    send_digests()
    assert len(mails()) == 1


def test_several_are_one_mail(clock, told, priya, isla, ann, say, system):
    say(isla, ann, "@Priya Nair, look")
    deliver_facts()
    Notification.objects.update(at=TEN)
    clock.move_to(TEN + dt.timedelta(hours=1))
    send_digests()
    [mail] = mails()
    assert mail.subject == "2 notifications"
    assert "Isla Byrne mentioned you on Ann Kowalczyk" in mail.text
    assert "made you the owner" in mail.text
    assert "look" not in mail.text


def test_a_run_that_dies_before_its_end_has_sent_nothing(clock, told, priya, system, monkeypatch):
    clock.move_to(TEN + dt.timedelta(hours=1))

    def die(*_args, **_options):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("tandem.notifications.actions.mailing.render_to_string", die)
        with pytest.raises(KeyboardInterrupt):
            send_digest(system, priya)
    assert (mails(), Mailing.objects.count()) == ([], 0)
    assert Notification.objects.get().mailed_at is None
    assert send_digest(system, priya) is True
    assert send_digest(system, priya) is False
    assert len(mails()) == 1


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_one(priya, ann, system):
    notify(system, "mention", [Notice(priya.pk, "person", ann.pk, str(uuid4()))])
    change_person(system, ann.public_id, data=ChangePerson(owner=priya.email))
    deliver_facts()
    change_preferences(actor_for(priya), data=ChangePreferences())
    Notification.objects.update(at=TEN)

    def send(_number):
        try:
            return send_digest(system, priya)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(8))) == 1
    assert len(mails()) == 1
