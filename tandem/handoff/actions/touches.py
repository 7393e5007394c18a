"""Real contacts, and tries at one: they stop the clock of the first touch."""

from datetime import timedelta
from uuid import UUID

from tandem.handoff import queries
from tandem.handoff.actions.rows import locked, move, tell, watch
from tandem.handoff.errors import HandoffOver
from tandem.handoff.models import Handoff, HandoffState
from tandem.handoff.rules.working_time import due_at, worked_between
from tandem.handoff.schemas import TouchIn
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.records.slots import refuse_hidden


@action(permission="handoff.answer")
def log_touch(actor: Actor, public_id: UUID, *, data: TouchIn) -> Handoff:
    """Log a call, mail, meeting or chat on a hand-off that was taken on, with its outcome.

    The first one stops the clock of the first touch, and the outcome is due. Raises Missing,
    HandoffOver, FieldHidden.
    """
    refuse_hidden(actor, "handoff.state")
    rows = queries.handoffs_visible_to(actor).select_related("lead__person", "lead__motion")
    handoff = locked(rows, public_id)
    if handoff.state not in queries.WORKED:
        raise HandoffOver()
    if handoff.state == HandoffState.ACCEPTED:
        now, calendar = queries.now(), queries.calendar()
        due = due_at(now, handoff.lead.motion.outcome_minutes, calendar)
        worked = worked_between(handoff.offered_at, now, calendar)
        handoff = move(
            handoff,
            of=[HandoffState.ACCEPTED],
            state=HandoffState.TOUCHED,
            first_touch_at=now,
            first_touch_minutes=worked // timedelta(minutes=1),
            outcome_due=due,
        )
        watch(due)
    payload = {"channel": str(data.channel), "outcome": str(data.outcome), "note": data.note}
    tell(actor, handoff.lead, "handoff.touched", payload, handoff=handoff)
    return handoff
