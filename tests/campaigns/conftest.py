"""What the tests of campaigns share: a quick campaign, a cost, and what the last deed did."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tandem.campaigns.actions import add_cost, create_campaign
from tandem.campaigns.models import Campaign, CampaignCost
from tandem.campaigns.schemas import CostInput, NewCampaign
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor


def last_done() -> UUID:
    """The change set that the last action made."""
    done = last_change_set()
    assert done is not None
    return done


@pytest.fixture
def plan(system: Actor, db: None) -> Callable[..., Campaign]:
    """Plan a campaign as the scene, or as another actor: ``plan("Winter Tins", budget="10")``."""

    def make(name: str = "Winter Tins 2026", *, by: Actor | None = None, **fields: Any) -> Campaign:
        campaign, is_new = create_campaign(
            by or system, data=NewCampaign.model_validate({"name": name, **fields})
        )
        assert is_new
        return campaign

    return make


@pytest.fixture
def spend(system: Actor, db: None) -> Callable[..., CampaignCost]:
    """Note a cost: ``spend(campaign, "12.50", channel="E-mail")``."""

    def make(campaign: Campaign, amount: str, **fields: Any) -> CampaignCost:
        fields.setdefault("on", dt.date(2026, 11, 2))
        data = CostInput.model_validate({"amount": amount, **fields})
        return add_cost(system, campaign.public_id, data=data)

    return make
