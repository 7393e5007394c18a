"""The assets of a campaign by API; campaigns and costs themselves come from their kinds."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from tandem.campaigns import actions, queries
from tandem.campaigns.schemas import AssetInput, AssetsOut
from tandem.kernel.answers import REFUSALS, actor_of, asks_for

router = Router(tags=["Campaigns"])


@router.get(
    "/{uuid:public_id}/assets",
    response={200: AssetsOut, **REFUSALS},
    operation_id="campaign_assets",
)
@asks_for("campaigns.view")
def list_assets(request: HttpRequest, public_id: UUID) -> Any:
    """The records that carry this campaign."""
    return _assets(request, public_id)


@router.post(
    "/{uuid:public_id}/assets",
    response={201: AssetsOut, **REFUSALS},
    operation_id="campaign_attach_asset",
)
@asks_for("campaigns.edit")
def put_asset(request: HttpRequest, public_id: UUID, data: AssetInput) -> Any:
    """Let a form or page carry this campaign; the answer is all its assets."""
    actions.attach_asset(actor_of(request), public_id, data=data)
    return Status(201, _assets(request, public_id))


@router.delete(
    "/{uuid:public_id}/assets/{slug:kind}/{uuid:asset_id}",
    response={204: None, **REFUSALS},
    operation_id="campaign_detach_asset",
)
@asks_for("campaigns.edit")
def take_asset(request: HttpRequest, public_id: UUID, kind: str, asset_id: UUID) -> Any:
    """Take an asset off this campaign."""
    data = AssetInput(kind=kind, id=asset_id)
    actions.detach_asset(actor_of(request), public_id, data=data)
    return Status(204, None)


def _assets(request: HttpRequest, public_id: UUID) -> dict[str, Any]:
    actor = actor_of(request)
    campaign = queries.campaign_by_public_id(actor, public_id)
    return {
        "items": [
            {"kind": kind.kind, "id": record.public_id, "name": kind.name_of(record)}
            for kind, record in queries.assets_of(actor, campaign)
        ]
    }
