"""What campaigns cost: noted, mended, taken away."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from tandem.campaigns import queries
from tandem.campaigns.actions.rows import check_version, locked, minor_units, tell, write
from tandem.campaigns.errors import CampaignUnknown
from tandem.campaigns.models import Campaign, CampaignCost
from tandem.campaigns.schemas import ChangeCost, CostInput, NewCost
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor


@action(permission="campaigns.edit")
def create_cost(actor: Actor, *, data: NewCost) -> tuple[CampaignCost, bool]:
    """Note what was spent on the campaign that is named; (cost, True).

    Raises CampaignUnknown, AmountTooFine.
    """
    campaign = queries.campaign_named(actor, data.campaign)
    if campaign is None:
        raise CampaignUnknown(field="campaign")
    return _note(actor, campaign, data), True


@action(permission="campaigns.edit")
def add_cost(actor: Actor, campaign_id: UUID, *, data: CostInput) -> CampaignCost:
    """Note what was spent on this campaign. Raises Missing, AmountTooFine."""
    return _note(actor, queries.campaign_by_public_id(actor, campaign_id), data)


@action(permission="campaigns.edit")
def change_cost(
    actor: Actor, public_id: UUID, *, data: ChangeCost, version: int | None = None
) -> CampaignCost:
    """Mend a cost. Raises Missing, VersionConflict, AmountTooFine."""
    cost = locked(queries.costs_visible_to(actor), public_id)
    check_version(cost, version, data.version)
    columns: dict[str, Any] = {
        name: value or "" if name in ("channel", "note") else value
        for name, value in data.given.items()
        if name != "amount"
    }
    currency = columns.get("currency", cost.currency)
    if data.amount is not None:
        columns["amount_minor"] = minor_units(data.amount, currency, field="amount")
    elif currency != cost.currency:
        columns["amount_minor"] = minor_units(cost.amount.major, currency, field="currency")
    columns = {name: new for name, new in columns.items() if getattr(cost, name) != new}
    if not columns:
        return cost
    write(cost, **columns)
    found = CampaignCost.objects.select_related("campaign").get(pk=cost.pk)
    payload = {"was": _payload(cost), **_payload(found)}
    tell(actor, found.campaign, kind="campaigns.cost_changed", payload=payload, fields=["costs"])
    return found


@action(permission="campaigns.edit")
def remove_cost(actor: Actor, public_id: UUID) -> None:
    """Take a cost away; undo brings it back. Raises Missing."""
    cost = locked(queries.costs_visible_to(actor).select_related("campaign"), public_id)
    write(cost, deleted_at=timezone.now())
    tell(
        actor,
        cost.campaign,
        kind="campaigns.cost_removed",
        payload=_payload(cost),
        fields=["costs"],
    )


def _note(actor: Actor, campaign: Campaign, data: CostInput) -> CampaignCost:
    currency = data.currency or campaign.currency
    cost = CampaignCost.objects.create(
        campaign=campaign,
        on=data.on,
        amount_minor=minor_units(data.amount, currency, field="amount"),
        currency=currency,
        channel=data.channel or "",
        note=data.note or "",
    )
    tell(actor, campaign, kind="campaigns.cost_added", payload=_payload(cost), fields=["costs"])
    return cost


def _payload(cost: CampaignCost) -> dict[str, Any]:
    return {
        "minor": cost.amount_minor,
        "currency": cost.currency,
        "on": cost.on.isoformat(),
        "channel": cost.channel,
    }
