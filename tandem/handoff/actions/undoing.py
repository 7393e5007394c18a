"""What an undo entails for leads: the lifecycle steps back, the stories tell it."""

from tandem.handoff import queries
from tandem.handoff.actions.rows import tell
from tandem.handoff.models import Handoff, HandoffState, Lead, LeadStatus
from tandem.kernel.actor import Actor
from tandem.kernel.models import ChangeSet
from tandem.kernel.undo import UNDO_FOLLOWERS
from tandem.people.actions import record_stage
from tandem.people.rules import Stage

_STAGES = {
    HandoffState.OFFERED: Stage.OFFERED,
    HandoffState.ACCEPTED: Stage.SAL,
    HandoffState.TOUCHED: Stage.SAL,
    HandoffState.REJECTED: Stage.RETURNED,
}
_ENDS = {LeadStatus.QUALIFIED: Stage.SQL, LeadStatus.RECYCLED: Stage.RECYCLED}


def follow_undo(actor: Actor, change_set_id: int) -> None:
    """Put persons of leads that were changed back back to where their lead stands now.

    Part of the undo's own transaction (a follower of kernel.undo): the log of the lifecycle is
    never rewritten, so the way back is one more step in it.
    """
    roots = ChangeSet.objects.get(pk=change_set_id).changes.order_by()
    lead_ids = set(roots.filter(root_kind="lead").values_list("root_id", flat=True))
    handoffs = roots.filter(root_kind="handoff").values_list("root_id", flat=True)
    lead_ids |= set(Handoff.objects.filter(pk__in=handoffs).values_list("lead_id", flat=True))
    rows = Lead.objects.select_related("person", "motion").filter(pk__in=lead_ids)
    for lead in rows.order_by("pk"):
        if not queries.is_past_leads(lead.person_id, lead.motion.key):
            record_stage(
                actor,
                [lead.person_id],
                stage=_stage(lead),
                cause="undo",
                motion=lead.motion.key,
            )
        tell(actor, lead, "handoff.undone", {})


def _stage(lead: Lead) -> Stage:
    if lead.deleted_at is not None:
        return queries.stage_before(lead.person_id, lead.motion.key, Stage.MQL)
    if lead.status in _ENDS:
        return _ENDS[LeadStatus(lead.status)]
    last = lead.handoffs.filter(deleted_at__isnull=True).order_by("-pk").first()
    return _STAGES.get(HandoffState(last.state), Stage.MQL) if last is not None else Stage.MQL


UNDO_FOLLOWERS.register("handoff", follow_undo)
