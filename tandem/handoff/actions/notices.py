"""Who hears of a hand-off by notification: who gets it, who must hurry, who waits for an answer."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q

from tandem.handoff import queries
from tandem.handoff.models import Handoff, HandoffState
from tandem.kernel.actor import Actor
from tandem.notifications.actions import Notice, notify
from tandem.notifications.queries import known_causes

OFFERED = "handoff_offered"
EXPIRING = "handoff_expiring"
ANSWERED = "handoff_answered"

# What an answer was, the first word of its cause.
ACCEPTED = "accepted"
REJECTED = "rejected"
REPLIED = "replied"

# So long before an offer runs out its seller is told once more, if it was open as long before.
WARNS_BEFORE = timedelta(minutes=15)
MOST_AT_ONCE = 500


def tell_of_offers(actor: Actor, ids: Sequence[int], *, change_set_id: int) -> None:
    """Sellers hear of what was offered to them."""
    _tell(actor, OFFERED, ids, "owner_id", "offered", change_set_id)


def tell_of_answers(actor: Actor, ids: Sequence[int], *, answer: str, change_set_id: int) -> None:
    """Who offered hears the answer: that it was accepted or rejected."""
    _tell(actor, ANSWERED, ids, "offered_by_id", answer, change_set_id)


def tell_of_replies(actor: Actor, ids: Sequence[int], *, change_set_id: int) -> None:
    """Who gave a hand-off back hears the reply."""
    _tell(actor, ANSWERED, ids, "rejected_by_id", REPLIED, change_set_id)


def tell_expiring(actor: Actor) -> int:
    """Tell sellers of offers that run out soon, once each; how many. Two queries where none is."""
    now = queries.now()
    soon = Q(accept_due__gt=now, accept_due__lte=now + WARNS_BEFORE)
    rows = list(
        Handoff.objects.filter(
            soon, state=HandoffState.OFFERED, deleted_at__isnull=True, owner__isnull=False
        ).order_by("accept_due")[:MOST_AT_ONCE]
    )
    open_long = [row for row in rows if row.accept_due - row.offered_at > 2 * WARNS_BEFORE]
    known = known_causes(EXPIRING, "handoff", [row.pk for row in open_long])
    notices = [
        Notice(row.owner_id, "handoff", row.pk, cause)
        for row in open_long
        if row.owner_id is not None and (cause := f"expiring {row.pk}") not in known
    ]
    if notices:
        notify(actor, EXPIRING, notices)
    return len(notices)


def _tell(
    actor: Actor, reason: str, ids: Sequence[int], receiver: str, what: str, change_set_id: int
) -> None:
    rows = Handoff.objects.filter(pk__in=ids, **{f"{receiver}__isnull": False})
    notices = [
        Notice(user_id, "handoff", pk, f"{what} {pk}")
        for pk, user_id in rows.values_list("pk", receiver)
    ]
    notify(actor, reason, notices, change_set_id=change_set_id)
