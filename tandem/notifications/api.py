"""One's own notifications by API."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.notifications import actions, queries
from tandem.notifications.errors import ReasonUnknown
from tandem.notifications.models import Preferences
from tandem.notifications.queries import Item
from tandem.notifications.schemas import (
    ChangeNotification,
    ChangePreferences,
    ListIn,
    NotificationOut,
    NotificationsOut,
    PreferencesOut,
    ReadAllIn,
)
from tandem.notifications.slots import REASONS

router = Router(tags=["Notifications"])


@router.get("", response={200: NotificationsOut, **REFUSALS}, operation_id="notifications_list")
@asks_for("notifications.view")
def list_notifications(request: HttpRequest, params: Query[ListIn]) -> Any:
    """The caller's own notifications, newest first."""
    actor = actor_of(request)
    if params.reason and REASONS.get(params.reason) is None:
        raise ReasonUnknown(field="reason")
    found = queries.page_of(
        actor,
        shows=params.shows,
        reason=params.reason,
        cursor=params.cursor,
        limit=params.limit,
    )
    return {
        "items": [_answer(item) for item in found.items],
        "next": found.next or None,
        "unread": queries.unread_count(actor),
    }


@router.post(
    "/reading", response={200: NotificationsOut, **REFUSALS}, operation_id="notifications_read_all"
)
@asks_for("notifications.view")
def read_all(request: HttpRequest, data: ReadAllIn | None = None) -> Any:
    """Mark all that came until a moment as read, but what is put off."""
    actor = actor_of(request)
    actions.read_all(actor, until=data.until if data is not None else None)
    return {"items": [], "next": None, "unread": queries.unread_count(actor)}


@router.get(
    "/preferences", response={200: PreferencesOut, **REFUSALS}, operation_id="notifications_ways"
)
@asks_for("notifications.view")
def preferences(request: HttpRequest) -> Any:
    """How the caller hears of things."""
    return _ways(queries.preferences_of(actor_of(request).user_id))


@router.put(
    "/preferences", response={200: PreferencesOut, **REFUSALS}, operation_id="notifications_choose"
)
@asks_for("notifications.view")
def choose(request: HttpRequest, data: ChangePreferences) -> Any:
    """Choose how to hear of things; reasons that are not named stay as they are."""
    return _ways(actions.change_preferences(actor_of(request), data=data))


@router.get(
    "/{uuid:public_id}",
    response={200: NotificationOut, **REFUSALS},
    operation_id="notifications_get",
)
@asks_for("notifications.view")
def get_notification(request: HttpRequest, public_id: UUID) -> Any:
    """One of the caller's own notifications."""
    return _answer(queries.item_of(actor_of(request), public_id))


@router.patch(
    "/{uuid:public_id}",
    response={200: NotificationOut, **REFUSALS},
    operation_id="notifications_change",
)
@asks_for("notifications.view")
def change(request: HttpRequest, public_id: UUID, data: ChangeNotification) -> Any:
    """Mark one as read or unread, or put it off."""
    return _answer(actions.change_notification(actor_of(request), public_id, data=data))


def _answer(item: Item) -> dict[str, Any]:
    row = item.notification
    return {
        "id": row.public_id,
        "reason": row.reason,
        "subject": {
            "kind": row.subject_kind,
            "id": item.record.public_id if item.record is not None else None,
            "name": item.told.name,
        },
        "text": item.text,
        "excerpt": item.excerpt,
        "author": row.author.public_id if row.author is not None else None,
        "count": item.told.count,
        "at": row.at,
        "is_read": item.is_read,
        "snoozed_until": row.snoozed_until,
        "url": queries.address_of(item),
    }


def _ways(chosen: Preferences) -> dict[str, Any]:
    return {
        "ways": queries.ways_of(chosen),
        "rhythm": chosen.rhythm,
        "quiet_from": chosen.quiet_from,
        "quiet_until": chosen.quiet_until,
    }
