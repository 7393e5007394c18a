"""What campaigns tell: which are new, changed, gone; by change set and ids."""

from dataclasses import dataclass

from tandem.kernel.facts import Fact


@dataclass(frozen=True)
class CampaignsCreated(Fact):
    """Campaigns were planned."""

    change_set_id: int
    campaign_ids: tuple[int, ...]


@dataclass(frozen=True)
class CampaignsChanged(Fact):
    """Fields, costs or assets of campaigns were changed."""

    change_set_id: int
    campaign_ids: tuple[int, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class CampaignsDeleted(Fact):
    """Campaigns were deleted; an undo brings them back."""

    change_set_id: int
    campaign_ids: tuple[int, ...]
