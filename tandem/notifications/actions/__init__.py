"""What may be done in this room: tell somebody, settle what was told, send digests."""

from tandem.notifications.actions.mailing import send_digest
from tandem.notifications.actions.settling import (
    change_notification,
    change_preferences,
    forget_old,
    open_notification,
    read_all,
    snooze,
    wake,
)
from tandem.notifications.actions.telling import Notice, notify, notify_owners

__all__ = [
    "Notice",
    "change_notification",
    "change_preferences",
    "forget_old",
    "notify",
    "notify_owners",
    "open_notification",
    "read_all",
    "send_digest",
    "snooze",
    "wake",
]
