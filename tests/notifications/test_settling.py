"""Reading, putting off, and choosing how to hear."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from tandem.accounts.queries import actor_for
from tandem.kernel.actions import last_change_set
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.undo import undo
from tandem.notifications.actions import (
    change_notification,
    change_preferences,
    forget_old,
    open_notification,
    read_all,
    snooze,
)
from tandem.notifications.errors import ReasonUnknown, SnoozePast
from tandem.notifications.models import Notification, Preferences
from tandem.notifications.queries import address_of, preferences_of, unread_count, ways_of
from tandem.notifications.rules import Snooze, Way
from tandem.notifications.schemas import ChangeNotification, ChangePreferences
from tandem.people.actions import create_person
from tandem.people.schemas import NewPerson
from tandem.timeline.models import TimelineEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(isla, priya, ann, say, hears):
    say(isla, ann, "@Priya Nair, look")
    [item] = hears(priya)
    return item.notification


def test_opening_reads_it_and_leads_to_the_very_entry(priya, told, ann, hears):
    item = open_notification(actor_for(priya), told.public_id)
    event = TimelineEntry.objects.get(kind="records.commented").event_id
    assert address_of(item) == (f"/people/{ann.public_id}?tab=timeline&entry={event}#entry-{event}")
    assert hears(priya) == []
    [read] = hears(priya, shows="all")
    assert (read.is_read, read.told.count) == (True, 1)


def test_another_mention_brings_it_back_and_counts_anew(priya, isla, told, ann, say, hears):
    open_notification(actor_for(priya), told.public_id)
    say(isla, ann, "@Priya Nair, and this")
    [item] = hears(priya)
    assert (item.told.count, item.excerpt) == (1, "@Priya Nair, and this")
    assert Notification.objects.count() == 1


def test_nobody_settles_what_another_was_told(isla, told):
    for settle in (
        lambda who: open_notification(who, told.public_id),
        lambda who: change_notification(who, told.public_id, data=ChangeNotification(is_read=True)),
        lambda who: snooze(who, told.public_id, how=Snooze.HOUR),
    ):
        with pytest.raises(Missing):
            settle(actor_for(isla))
    assert read_all(actor_for(isla)) == 0
    told.refresh_from_db()
    assert (told.read_at, told.snoozed_until) == (None, None)


def test_jobs_have_no_notifications(system):
    with pytest.raises(Refused):
        read_all(system)
    with pytest.raises(Missing):
        open_notification(system, uuid4())


def test_read_and_unread(priya, told):
    actor = actor_for(priya)
    item = change_notification(actor, told.public_id, data=ChangeNotification(is_read=True))
    assert (item.is_read, unread_count(actor)) == (True, 0)
    item = change_notification(actor, told.public_id, data=ChangeNotification(is_read=False))
    assert (item.is_read, unread_count(actor)) == (False, 1)
    item = change_notification(actor, told.public_id, data=ChangeNotification())
    assert (item.is_read, unread_count(actor)) == (False, 1)


def test_what_is_put_off_comes_back_by_itself(priya, told, hears):
    actor = actor_for(priya)
    until = snooze(actor, told.public_id, how=Snooze.HOUR)
    assert (hears(priya), unread_count(actor)) == ([], 0)
    assert [item.notification.snoozed_until for item in hears(priya, shows="snoozed")] == [until]
    assert read_all(actor) == 0
    with time_machine.travel(until + timedelta(seconds=1), tick=False):
        assert [item.notification for item in hears(priya)] == [told]
        assert hears(priya, shows="snoozed") == []


def test_a_new_mention_ends_the_putting_off(priya, isla, ann, told, say, hears):
    snooze(actor_for(priya), told.public_id, how=Snooze.WEEK)
    say(isla, ann, "@Priya Nair, urgent")
    assert [item.told.count for item in hears(priya)] == [2]


def test_until_when_is_checked(priya, told):
    actor, now = actor_for(priya), timezone.now()
    for until in (now - timedelta(seconds=1), now + timedelta(days=367)):
        with pytest.raises(SnoozePast):
            change_notification(actor, told.public_id, data=ChangeNotification(snoozed_until=until))
    told.refresh_from_db()
    assert told.snoozed_until is None
    later = now + timedelta(days=2)
    change_notification(actor, told.public_id, data=ChangeNotification(snoozed_until=later))
    change_notification(actor, told.public_id, data=ChangeNotification(snoozed_until=None))
    assert unread_count(actor) == 1


def test_what_comes_while_all_is_marked_as_read_stays_unread(priya, isla, told, say, hears, system):
    looked_at = timezone.now()
    other, _new = create_person(system, data=NewPerson(name="Ben"))
    with time_machine.travel(looked_at + timedelta(minutes=1), tick=False):
        Notification.objects.create(
            user=priya, reason="mention", subject_kind="person", subject_id=other.pk,
            causes=[str(say(isla, other, "@Priya Nair").public_id)], at=timezone.now(),
        )  # fmt: skip
        assert read_all(actor_for(priya), until=looked_at) == 1
        assert [item.record for item in hears(priya)] == [other]
        assert read_all(actor_for(priya)) == 1
        assert hears(priya) == []


def test_ways_are_the_usual_ones_until_chosen_and_undo_brings_them_back(priya):
    actor = actor_for(priya)
    usual = ways_of(preferences_of(priya.pk))
    assert (usual["mention"], preferences_of(priya.pk).rhythm) == (Way.MAIL, "hourly")
    change_preferences(
        actor, data=ChangePreferences(ways={"mention": "app"}, rhythm="daily", quiet_from=None)
    )
    deed = last_change_set()
    found = preferences_of(priya.pk)
    assert ways_of(found) == {**usual, "mention": Way.APP}
    assert (found.rhythm, found.quiet_from, found.quiet_until) == ("daily", None, None)
    with pytest.raises(ReasonUnknown):
        change_preferences(actor, data=ChangePreferences(ways={"opens": "mail"}))
    assert preferences_of(priya.pk).rhythm == "daily"
    assert deed is not None
    undo(actor, deed)
    assert Preferences.objects.count() == 0
    assert ways_of(preferences_of(priya.pk)) == usual


def test_what_nobody_looks_for_any_more_is_forgotten(priya, told, system):
    open_notification(actor_for(priya), told.public_id)
    with time_machine.travel(timezone.now() + timedelta(days=89)):
        assert forget_old(system) == 0
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        assert forget_old(system) == 1
    assert Notification.objects.count() == 0
