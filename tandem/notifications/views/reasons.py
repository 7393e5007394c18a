"""How the reasons of this room are told: mentions, and records that somebody was given."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tandem.kernel.actor import Actor
from tandem.kernel.refs import RecordRef
from tandem.notifications.actions.telling import ASSIGNED
from tandem.notifications.models import Notification
from tandem.notifications.queries import words_of_comments
from tandem.notifications.reactions import MENTION
from tandem.notifications.slots import REASONS, Reason, Told
from tandem.timeline.queries import event_of_comment
from tandem.timeline.slots import strong
from tandem.ui import formats


def _mentioned(told: Told) -> SafeString:
    who = strong(told.who or _("A colleague"))
    text = ngettext(
        "{who} mentioned you on {name}", "{who} mentioned you {count} times on {name}", told.count
    )
    return format_html(text, who=who, name=strong(told.name), count=formats.number(told.count))


def _entry(notification: Notification, cause: str) -> str:
    if notification.subject_id is None:
        return ""
    ref = RecordRef(notification.subject_kind, notification.subject_id)
    event = event_of_comment(ref, UUID(cause))
    return "" if event is None else str(event)


def _assigned(told: Told) -> SafeString:
    if told.notification.subject_id is not None:
        if not told.who:
            return format_html(_("You are now the owner of {name}"), name=strong(told.name))
        text = _("{who} made you the owner of {name}")
        return format_html(text, who=strong(told.who), name=strong(told.name))
    many = strong(f"{formats.number(told.count)} {str(told.kind).lower()}")
    if not told.who:
        return format_html(_("You are now the owner of {many}"), many=many)
    return format_html(_("{who} made you the owner of {many}"), who=strong(told.who), many=many)


def _mine(actor: Actor, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(owner_id=actor.user_id)


REASONS.register(
    MENTION,
    Reason(
        key=MENTION,
        label=gettext_lazy("Somebody mentions you"),
        icon="at",
        sentence=_mentioned,
        order=10,
        standing=words_of_comments,
        entry=_entry,
    ),
)
REASONS.register(
    ASSIGNED,
    Reason(
        key=ASSIGNED,
        label=gettext_lazy("You are given a record"),
        icon="user-check",
        sentence=_assigned,
        order=20,
        still=_mine,
        tells="owner",
    ),
)
