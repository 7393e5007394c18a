"""What may be done with campaigns, their costs and their assets."""

from tandem.campaigns.actions.assets import attach_asset, detach_asset
from tandem.campaigns.actions.campaigns import (
    change_campaign,
    create_campaign,
    delete_campaign,
    follow_undo,
)
from tandem.campaigns.actions.costs import add_cost, change_cost, create_cost, remove_cost

__all__ = [
    "add_cost",
    "attach_asset",
    "change_campaign",
    "change_cost",
    "create_campaign",
    "create_cost",
    "delete_campaign",
    "detach_asset",
    "follow_undo",
    "remove_cost",
]
