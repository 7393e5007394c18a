"""The list of one's own notifications, and what is done with each."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from tandem.kernel.doors import ActorRequest, page
from tandem.notifications.actions import (
    change_notification,
    open_notification,
    read_all,
    snooze,
)
from tandem.notifications.actions.telling import topic_of
from tandem.notifications.queries import address_of, page_of
from tandem.notifications.rules import Snooze
from tandem.notifications.schemas import ChangeNotification, ReadAllIn, SnoozeIn
from tandem.notifications.slots import REASONS, reasons
from tandem.ui import formats
from tandem.ui.forms import submit
from tandem.ui.responses import Toast, done, is_fragment, render, see_other, trigger

SHOWS = (
    ("unread", gettext_lazy("Unread")),
    ("snoozed", gettext_lazy("Put off")),
    ("all", gettext_lazy("All")),
)
SNOOZES = (
    (Snooze.HOUR, gettext_lazy("For an hour")),
    (Snooze.TOMORROW, gettext_lazy("Until tomorrow morning")),
    (Snooze.WEEK, gettext_lazy("Until Monday morning")),
)


@require_GET
@page(permission="notifications.view")
def listed(request: ActorRequest) -> HttpResponseBase:
    return render(request, "notifications/list.html", _context(request), fragment="rows")


@require_POST
@page(permission="notifications.view")
def opening(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    return see_other(request, address_of(open_notification(request.actor, public_id)))


@require_POST
@page(permission="notifications.view")
def reading(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    data = submit(ChangeNotification, request.POST).value
    item = change_notification(request.actor, public_id, data=data)
    toast = Toast(_("Marked as read") if item.is_read else _("Marked as unread"))
    return _settled(request, toast)


@require_POST
@page(permission="notifications.view")
def snoozing(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    until = snooze(request.actor, public_id, how=submit(SnoozeIn, request.POST).value.how)
    toast = Toast(_("Comes back %(when)s") % {"when": _moment(until)})
    return _settled(request, toast)


@require_POST
@page(permission="notifications.view")
def all_read(request: ActorRequest) -> HttpResponseBase:
    count = read_all(request.actor, until=submit(ReadAllIn, request.POST).value.until)
    words = ngettext("%(count)s marked as read", "%(count)s marked as read", count)
    toast = Toast(words % {"count": formats.number(count)})
    return _settled(request, toast)


def _settled(request: ActorRequest, toast: Toast) -> HttpResponseBase:
    response = done(request, toast=toast, to=_back(request))
    if is_fragment(request):
        trigger(response, "notices")
    return response


def _back(request: ActorRequest) -> str:
    shows = request.POST.get("_shows", "")
    known = shows in dict(SHOWS)
    return reverse("notifications:list") + (f"?{urlencode({'shows': shows})}" if known else "")


def _moment(at: datetime) -> str:
    local = timezone.localtime(at)
    return f"{formats.day(local)} {formats.clock_time(local)}"


def _context(request: ActorRequest) -> dict[str, Any]:
    shows = request.GET.get("shows", "unread")
    shows = shows if shows in dict(SHOWS) else "unread"
    reason = request.GET.get("reason", "")
    reason = reason if REASONS.get(reason) is not None else ""
    cursor = request.GET.get("before", "")
    found = page_of(request.actor, shows=shows, reason=reason, cursor=cursor)
    base = reverse("notifications:list")

    def address(**changes: str) -> str:
        kept = {"shows": shows, "reason": reason, **changes}
        return f"{base}?{urlencode({key: value for key, value in kept.items() if value})}"

    return {
        "items": found.items,
        "next_url": address(before=found.next) if found.next else "",
        "first_url": address() if cursor else "",
        "here": address(before=cursor),
        "shows": shows,
        "reason": reason,
        "is_filtered": bool(reason) or shows == "snoozed",
        "filters": [(label, address(shows=key), key == shows) for key, label in SHOWS],
        "reasons": [
            (one.label, address(reason="" if one.key == reason else one.key), one.key == reason)
            for one in reasons()
        ],
        "snoozes": SNOOZES,
        "topic": topic_of(getattr(request.user, "public_id", "")),
        "now": timezone.now().isoformat(),
    }
