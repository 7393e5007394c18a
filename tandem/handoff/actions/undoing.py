"""What an undo entails for leads: the lifecycle steps back, the stories tell it."""

from tandem.handoff import queries
from tandem.handoff.actions.rows import tell
from tandem.handoff.models import Handoff, Lead
from tandem.kernel.actor import Actor
from tandem.kernel.models import ChangeSet
from tandem.kernel.undo import UNDO_FOLLOWERS
from tandem.people.actions import record_stage


def follow_undo(actor: Actor, change_set_id: int) -> None:
    """Let the persons of leads that were changed back stand where they stood before.

    Only who still stands where the undone change set had put them. Part of the undo's own
    transaction (a follower of kernel.undo): the log of the lifecycle is never rewritten, so the
    way back is one more step in it.
    """
    undoing = ChangeSet.objects.get(pk=change_set_id)
    roots = undoing.changes.order_by()
    lead_ids = set(roots.filter(root_kind="lead").values_list("root_id", flat=True))
    handoffs = roots.filter(root_kind="handoff").values_list("root_id", flat=True)
    lead_ids |= set(Handoff.objects.filter(pk__in=handoffs).values_list("lead_id", flat=True))
    rows = Lead.objects.select_related("person", "motion").filter(pk__in=lead_ids)
    for lead in rows.order_by("pk"):
        motion = lead.motion.key
        before = queries.stage_before(lead.person_id, motion, undoing.undo_of_id or 0)
        if before is not None:
            record_stage(actor, [lead.person_id], stage=before, cause="undo", motion=motion)
        tell(actor, lead, "handoff.undone", {})


UNDO_FOLLOWERS.register("handoff", follow_undo)
