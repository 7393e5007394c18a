"""What may be done with leads and hand-offs."""

from tandem.handoff.actions.clocks import mark_overdue
from tandem.handoff.actions.leads import (
    change_lead,
    create_lead,
    delete_lead,
    make_leads,
    qualify_lead,
)
from tandem.handoff.actions.merging import merge_leads
from tandem.handoff.actions.offers import (
    change_handoff,
    offer_lead,
    reassign_handoff,
    withdraw_handoff,
)
from tandem.handoff.actions.policies import ensure_policy, publish_policy, set_promises
from tandem.handoff.actions.touches import log_touch
from tandem.handoff.actions.undoing import follow_undo
from tandem.handoff.actions.verdicts import accept_handoff, reject_handoff, reply_to_rejection

__all__ = [
    "accept_handoff",
    "change_handoff",
    "change_lead",
    "create_lead",
    "delete_lead",
    "ensure_policy",
    "follow_undo",
    "log_touch",
    "make_leads",
    "mark_overdue",
    "merge_leads",
    "offer_lead",
    "publish_policy",
    "qualify_lead",
    "reassign_handoff",
    "reject_handoff",
    "reply_to_rejection",
    "set_promises",
    "withdraw_handoff",
]
