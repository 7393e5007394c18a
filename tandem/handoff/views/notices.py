"""How notifications of hand-offs are told."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.handoff.actions.notices import (
    ACCEPTED,
    ANSWERED,
    EXPIRING,
    OFFERED,
    REJECTED,
    REPLIED,
)
from tandem.handoff.models import HandoffState
from tandem.kernel.actor import Actor
from tandem.notifications.slots import REASONS, Reason, Told
from tandem.timeline.slots import strong


def _offered(told: Told) -> SafeString:
    if not told.who:
        return format_html(_("A hand-off waits for you: {name}"), name=strong(told.name))
    return format_html(
        _("{who} handed {name} off to you"), who=strong(told.who), name=strong(told.name)
    )


def _expiring(told: Told) -> SafeString:
    return format_html(
        _("The hand-off of {name} waits for your answer and runs out soon"),
        name=strong(told.name),
    )


def _answered(told: Told) -> SafeString:
    answer = told.notification.causes[-1].partition(" ")[0]
    texts = {
        ACCEPTED: _("{who} accepted the hand-off of {name}"),
        REJECTED: _("{who} gave the hand-off of {name} back"),
        REPLIED: _("{who} replied about the hand-off of {name}"),
    }
    who = strong(told.who or _("Somebody"))
    return format_html(texts[answer], who=who, name=strong(told.name))


def _waits_for_me(actor: Actor, rows: QuerySet[Any]) -> QuerySet[Any]:
    """What is still on offer, and to the reader."""
    return rows.filter(state=HandoffState.OFFERED, owner_id=actor.user_id)


def _was_mine(actor: Actor, rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.filter(Q(offered_by_id=actor.user_id) | Q(rejected_by_id=actor.user_id))


for reason in (
    Reason(
        key=OFFERED,
        label=gettext_lazy("A hand-off is offered to you"),
        icon="arrows-exchange",
        sentence=_offered,
        order=30,
        still=_waits_for_me,
    ),
    Reason(
        key=EXPIRING,
        label=gettext_lazy("A hand-off to you runs out soon"),
        icon="hourglass",
        sentence=_expiring,
        order=40,
        still=_waits_for_me,
    ),
    Reason(
        key=ANSWERED,
        label=gettext_lazy("Your hand-off is answered"),
        icon="message-circle",
        sentence=_answered,
        order=50,
        still=_was_mine,
    ),
):
    REASONS.register(reason.key, reason)
