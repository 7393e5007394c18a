"""Rows of campaigns and costs: found and locked, checked, written, told."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from tandem.campaigns.errors import AmountTooFine, VersionConflict
from tandem.campaigns.facts import CampaignsChanged
from tandem.campaigns.models import Campaign
from tandem.kernel.actions import current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.facts import publish
from tandem.kernel.live import changed
from tandem.kernel.models import Record
from tandem.kernel.money import Money
from tandem.kernel.refs import RecordRef
from tandem.records.slots import tell_story

AnyRecord = TypeVar("AnyRecord", bound=Record)


def locked(rows: QuerySet[AnyRecord], public_id: UUID) -> AnyRecord:
    """The row of this id, locked until the action ends. Raises Missing."""
    found = rows.filter(public_id=public_id).select_for_update(of=("self",)).first()
    if found is None:
        raise Missing()
    return found


def check_version(record: Record, *versions: int | None) -> None:
    """Raise VersionConflict where the first version that is given is not the record's."""
    given = next((version for version in versions if version is not None), None)
    if given is not None and given != record.row_version:
        raise VersionConflict()


def write(record: Record, **columns: Any) -> None:
    """Write columns of a record, and that it changed: time and version."""
    type(record)._default_manager.filter(pk=record.pk).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )


def minor_units(amount: Decimal, currency: str, *, field: str) -> int:
    """An amount in minor units. Raises AmountTooFine rather than round somebody's figure."""
    money = Money.from_major(amount, currency)
    if money.major != amount:
        raise AmountTooFine(field=field)
    return money.minor


def tell(
    actor: Actor,
    campaign: Campaign,
    *,
    kind: str,
    payload: Mapping[str, Any],
    fields: Sequence[str],
) -> None:
    """Put a change into the campaign's story, tell it upward and to open pages."""
    tell_story(actor, [RecordRef("campaign", campaign.pk)], kind=kind, payload=payload)
    publish(CampaignsChanged(current_change_set().id, (campaign.pk,), tuple(sorted(fields))))
    tell_pages(campaign)


def tell_pages(campaign: Campaign) -> None:
    """Let the open pages that show campaigns, or this one, ask again."""
    changed("campaign", f"campaign:{campaign.public_id}")
