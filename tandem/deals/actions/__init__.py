"""What may be done with deals and pipelines."""

from tandem.deals.actions.closing import lose_deal, reopen_deal, win_deal
from tandem.deals.actions.contacts import put_contact, remove_contact
from tandem.deals.actions.deals import change_deal, delete_deal, open_deal
from tandem.deals.actions.moving import move_deal
from tandem.deals.actions.pipelines import (
    add_stage,
    change_pipeline,
    change_stage,
    create_pipeline,
    delete_pipeline,
    delete_stage,
    ensure_pipeline,
)
from tandem.deals.actions.undoing import follow_undo

__all__ = [
    "add_stage",
    "change_deal",
    "change_pipeline",
    "change_stage",
    "create_pipeline",
    "delete_deal",
    "delete_pipeline",
    "delete_stage",
    "ensure_pipeline",
    "follow_undo",
    "lose_deal",
    "move_deal",
    "open_deal",
    "put_contact",
    "remove_contact",
    "reopen_deal",
    "win_deal",
]
