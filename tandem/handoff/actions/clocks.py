"""Clocks that have run out: marked once, told to both sides."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q

from tandem.handoff import queries
from tandem.handoff.actions.rows import tell
from tandem.handoff.facts import HandoffOverdue
from tandem.handoff.models import Handoff, HandoffState
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish


@dataclass(frozen=True)
class Clock:
    """A clock of a hand-off: when it is due, where its breach is marked, while it runs."""

    name: str
    due: str
    mark: str
    runs: Callable[[], Q]


CLOCKS = (
    Clock("accept", "accept_due", "accept_overdue_at", lambda: Q(state=HandoffState.OFFERED)),
    Clock(
        "first_touch",
        "first_touch_due",
        "first_touch_overdue_at",
        lambda: Q(state=HandoffState.ACCEPTED),
    ),
    Clock("outcome", "outcome_due", "outcome_overdue_at", lambda: Q(state=HandoffState.TOUCHED)),
    Clock(
        "reply",
        "reply_due",
        "reply_overdue_at",
        lambda: Q(state=HandoffState.REJECTED, reply_at__isnull=True),
    ),
)
BATCH = 200


@action(permission="handoff.automate")
def mark_overdue(actor: Actor) -> dict[str, list[int]]:
    """Mark every clock that has run out and was not marked; hand-offs by clock. At most 200 each.

    Each breach is told once, however often and however parallel this runs.
    """
    now = queries.now()
    found: dict[str, list[int]] = {}
    for clock in CLOCKS:
        late = list(
            queries.prepare_handoffs(Handoff.objects.filter(clock.runs()))
            .filter(**{f"{clock.due}__lt": now, f"{clock.mark}__isnull": True})
            .filter(deleted_at__isnull=True, lead__deleted_at__isnull=True)
            .order_by(clock.due)
            .select_for_update(of=("self",), skip_locked=True)[:BATCH]
        )
        if not late:
            continue
        ids = [handoff.pk for handoff in late]
        # Being late is no edit: the version stays, so that who answers right now is not refused.
        Handoff.objects.filter(pk__in=ids).update(**{clock.mark: now})
        for handoff in late:
            due = getattr(handoff, clock.due)
            tell(
                actor,
                handoff.lead,
                "handoff.overdue",
                {"clock": clock.name, "due": due.isoformat(), "who": str(handoff.owner or "")},
                handoff=handoff,
                is_automatic=True,
            )
        publish(HandoffOverdue(current_change_set().id, tuple(ids), clock.name))
        found[clock.name] = ids
    return found
