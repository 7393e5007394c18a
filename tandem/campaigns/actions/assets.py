"""Which page, form or mail carries which campaign."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from tandem.campaigns import queries
from tandem.campaigns.actions.rows import tell
from tandem.campaigns.errors import AssetTaken, AssetUnknown
from tandem.campaigns.models import CampaignAsset
from tandem.campaigns.schemas import AssetInput
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.records.slots import ObjectType


@action(permission="campaigns.edit")
def attach_asset(actor: Actor, campaign_id: UUID, *, data: AssetInput) -> CampaignAsset:
    """Let a record carry a campaign; one that does already is left as it is.

    Raises Missing, AssetUnknown, and AssetTaken where it carries another campaign.
    """
    campaign = queries.campaign_by_public_id(actor, campaign_id)
    described, record = _asset(actor, data)
    try:
        with transaction.atomic():
            link = CampaignAsset.objects.create(
                campaign=campaign, asset_kind=described.kind, asset_id=record.pk
            )
    except IntegrityError as error:
        found = CampaignAsset.objects.filter(
            campaign_id=campaign.pk, asset_kind=described.kind, asset_id=record.pk
        ).first()
        if found is None:
            raise AssetTaken(field="id") from error
        return found
    payload = {"asset_kind": described.kind, "name": described.name_of(record)}
    tell(actor, campaign, kind="campaigns.asset_attached", payload=payload, fields=["assets"])
    return link


@action(permission="campaigns.edit")
def detach_asset(actor: Actor, campaign_id: UUID, *, data: AssetInput) -> None:
    """Let a record no longer carry a campaign; what came of it stays the campaign's.

    Raises Missing, and AssetUnknown where it does not carry this campaign.
    """
    campaign = queries.campaign_by_public_id(actor, campaign_id)
    described, record = _asset(actor, data)
    gone, _tables = CampaignAsset.objects.filter(
        campaign_id=campaign.pk, asset_kind=described.kind, asset_id=record.pk
    ).delete()
    if not gone:
        raise AssetUnknown(field="id")
    payload = {"asset_kind": described.kind, "name": described.name_of(record)}
    tell(actor, campaign, kind="campaigns.asset_detached", payload=payload, fields=["assets"])


def _asset(actor: Actor, data: AssetInput) -> tuple[ObjectType, Any]:
    described = queries.asset_type(actor, data.kind)
    if described is None:
        raise AssetUnknown(field="kind")
    record = described.visible_to(actor).filter(public_id=data.id).first()
    if record is None:
        raise AssetUnknown(field="id")
    return described, record
