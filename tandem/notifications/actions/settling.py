"""What a user does with notifications: read, put off, choose how to hear."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from tandem.accounts.models import User
from tandem.accounts.queries import zone_of
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Refused
from tandem.kernel.jobs import enqueue
from tandem.kernel.live import changed
from tandem.notifications.actions.telling import topic_of
from tandem.notifications.errors import ReasonUnknown
from tandem.notifications.models import Notification, Preferences
from tandem.notifications.queries import Item, item_of
from tandem.notifications.rules import Snooze, check_snooze, snoozed_until
from tandem.notifications.schemas import ChangeNotification, ChangePreferences
from tandem.notifications.slots import REASONS

# What was read is kept for a quarter, what never was for a year.
READ_KEPT = timedelta(days=90)
UNREAD_KEPT = timedelta(days=365)


@action(permission="notifications.view")
def open_notification(actor: Actor, public_id: UUID) -> Item:
    """Mark one's own notification as read, to go where it leads. Raises Missing."""
    item = item_of(actor, public_id)
    if item.notification.read_at is None:
        _settle(actor, _own(actor, public_id), read_at=timezone.now(), snoozed_until=None)
    return item


@action(permission="notifications.view")
def change_notification(actor: Actor, public_id: UUID, *, data: ChangeNotification) -> Item:
    """Mark one's own notification as read or unread, or put it off; what is not given stays.

    Raises Missing, SnoozePast.
    """
    item_of(actor, public_id)
    now = timezone.now()
    columns: dict[str, datetime | None] = {}
    if data.is_read is not None:
        columns["read_at"] = now if data.is_read else None
    if "snoozed_until" in data.model_fields_set:
        columns["snoozed_until"] = data.snoozed_until
        if data.snoozed_until is not None:
            check_snooze(data.snoozed_until, now)
            columns["read_at"] = None
    if columns:
        _settle(actor, _own(actor, public_id), **columns)
    if data.snoozed_until is not None:
        _wake_at(actor, data.snoozed_until)
    return item_of(actor, public_id)


@action(permission="notifications.view")
def snooze(actor: Actor, public_id: UUID, *, how: Snooze) -> datetime:
    """Put one's own notification off; when it comes back. Raises Missing."""
    item_of(actor, public_id)
    until = snoozed_until(how, timezone.now(), zone_of(_user(actor)))
    _settle(actor, _own(actor, public_id), read_at=None, snoozed_until=until)
    _wake_at(actor, until)
    return until


@action(permission="notifications.view")
def read_all(actor: Actor, *, until: datetime | None = None) -> int:
    """Mark all that came until a moment as read, but what is put off; how many. One statement."""
    now = timezone.now()
    rows = Notification.objects.filter(
        user_id=_user(actor).pk, read_at__isnull=True, at__lte=until or now
    ).exclude(snoozed_until__gt=now)
    return _settle(actor, rows, read_at=now, snoozed_until=None)


@action(permission="notifications.view")
def change_preferences(actor: Actor, *, data: ChangePreferences) -> Preferences:
    """Choose how to hear of what, from now on. Raises ReasonUnknown."""
    if any(REASONS.get(key) is None for key in data.ways):
        raise ReasonUnknown(field="ways")
    found, _new = Preferences.objects.get_or_create(user_id=_user(actor).pk)
    ways = {**found.ways, **{key: str(way) for key, way in data.ways.items()}}
    Preferences.objects.filter(pk=found.pk).update(
        ways=ways,
        rhythm=str(data.rhythm),
        quiet_from=data.quiet_from,
        quiet_until=data.quiet_until,
    )
    return Preferences.objects.get(pk=found.pk)


@action(permission="notifications.tell")
def wake(actor: Actor, *, topic: str) -> None:
    """Let the open pages of a user ask again: something that was put off is back."""
    changed(topic)


@action(permission="notifications.tell")
def forget_old(actor: Actor) -> int:
    """Delete what was read a quarter ago, and what nobody read in a year; how many."""
    now = timezone.now()
    read, _of_read = Notification.objects.filter(read_at__lt=now - READ_KEPT).delete()
    old, _of_old = Notification.objects.filter(at__lt=now - UNREAD_KEPT).delete()
    return read + old


def _own(actor: Actor, public_id: UUID) -> QuerySet[Notification]:
    return Notification.objects.filter(user_id=actor.user_id or 0, public_id=public_id)


def _settle(actor: Actor, rows: QuerySet[Notification], **columns: datetime | None) -> int:
    moved = rows.update(**columns)
    if moved:
        changed(topic_of(_user(actor).public_id))
    return moved


def _wake_at(actor: Actor, until: datetime) -> None:
    enqueue("notifications.wake", at=until, topic=topic_of(_user(actor).public_id))


def _user(actor: Actor) -> User:
    found = User.objects.get_queryset().filter(pk=actor.user_id or 0).first()
    if found is None:
        raise Refused()
    return found
