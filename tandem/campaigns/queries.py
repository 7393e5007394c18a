"""Reads of campaigns, costs and assets; each starts from what the actor may see."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Q, QuerySet, Sum, Value, When
from django.utils.translation import gettext_lazy as _

from tandem.accounts.queries import scoped
from tandem.campaigns.models import Campaign, CampaignAsset, CampaignCost
from tandem.campaigns.rules import CampaignStatus
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.refs import RecordRef
from tandem.measures.queries import today
from tandem.measures.rules import Unit
from tandem.measures.slots import Measure, define
from tandem.people.rules import sort_key
from tandem.records.slots import ObjectType, object_type_by_slug

# The kinds of record that can carry a campaign, by the name of their pages; those that are there.
ASSET_SLUGS = ("forms", "pages", "emails", "links")


def visible_to(actor: Actor) -> QuerySet[Campaign]:
    """Campaigns that the actor may see, with their ``status`` of today."""
    rows = Campaign.objects.filter(deleted_at__isnull=True)
    of_today = {"status": _status(today())}
    return scoped(rows, actor, kind="campaign").annotate(**of_today)


def costs_visible_to(actor: Actor) -> QuerySet[CampaignCost]:
    """Costs of the campaigns that the actor may see."""
    rows = CampaignCost.objects.filter(deleted_at__isnull=True, campaign__deleted_at__isnull=True)
    return scoped(rows, actor, kind="campaign", owner_field="campaign__owner")


def prepare(rows: QuerySet[Campaign]) -> QuerySet[Campaign]:
    """With the owner: no query more."""
    return rows.select_related("owner")


def prepare_costs(rows: QuerySet[CampaignCost]) -> QuerySet[CampaignCost]:
    """With the campaign: no query more."""
    return rows.select_related("campaign")


def search(rows: QuerySet[Campaign], text: str) -> QuerySet[Campaign]:
    """Campaigns whose name or code holds a text, whatever its case and accents."""
    wanted = sort_key(text)
    if not wanted:
        return rows.none()
    return rows.filter(Q(sort_key__contains=wanted) | Q(code__icontains=text.strip()))


def search_costs(rows: QuerySet[CampaignCost], text: str) -> QuerySet[CampaignCost]:
    """Costs whose note, channel or campaign holds a text."""
    wanted = text.strip()
    if not wanted:
        return rows.none()
    return rows.filter(
        Q(note__icontains=wanted)
        | Q(channel__icontains=wanted)
        | Q(campaign__sort_key__contains=sort_key(wanted))
    )


def campaign_by_public_id(actor: Actor, public_id: UUID) -> Campaign:
    """One campaign, ready to be shown; Missing when not there for this actor."""
    found = prepare(visible_to(actor)).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def campaign_named(actor: Actor, named: str) -> Campaign | None:
    """The campaign that a public id, a code or a name means; None where the actor sees none."""
    rows = visible_to(actor)
    try:
        return rows.filter(public_id=UUID(named)).first()
    except ValueError:
        found = rows.filter(code__iexact=named.strip()).first()
    return found or rows.filter(sort_key=sort_key(named)).order_by("-id").first()


def campaign_of(*, utm_campaign: str = "", assets: Sequence[RecordRef] = ()) -> Campaign | None:
    """The campaign that brought somebody: by the code in the address, else by the first of the
    assets that carries one. At most two queries; no actor, since nothing is shown."""
    live = Campaign.objects.filter(deleted_at__isnull=True)
    code = utm_campaign.strip()
    if code:
        found = live.filter(code__iexact=code).first()
        if found is not None:
            return found
    if not assets:
        return None
    wanted = Q(pk__in=[])
    for ref in assets:
        wanted |= Q(asset_kind=ref.kind, asset_id=ref.id)
    links = {
        RecordRef(link.asset_kind, link.asset_id): link.campaign
        for link in CampaignAsset.objects.filter(
            wanted, campaign__deleted_at__isnull=True
        ).select_related("campaign")
    }
    return next((links[ref] for ref in assets if ref in links), None)


def live_codes() -> list[str]:
    """The codes of all campaigns that are not deleted; no actor, since nothing is shown."""
    return list(Campaign.objects.filter(deleted_at__isnull=True).values_list("code", flat=True))


def costs_of(actor: Actor, campaign: Campaign) -> QuerySet[CampaignCost]:
    """The costs of a campaign, the latest first."""
    return costs_visible_to(actor).filter(campaign_id=campaign.pk).order_by("-on", "-id")


def asset_types(actor: Actor) -> list[ObjectType]:
    """The kinds of record that can carry a campaign, of those that the actor may see."""
    found = [object_type_by_slug(slug) for slug in ASSET_SLUGS]
    return [kind for kind in found if kind is not None and actor.may(kind.permissions.view)]


def asset_type(actor: Actor, kind: str) -> ObjectType | None:
    """The kind of this name or slug where it can carry a campaign."""
    return next((one for one in asset_types(actor) if kind in (one.kind, one.slug)), None)


def assets_of(actor: Actor, campaign: Campaign) -> list[tuple[ObjectType, Any]]:
    """The records that carry a campaign, by kind and name; those that the actor may see."""
    links = CampaignAsset.objects.filter(campaign_id=campaign.pk)
    ids: dict[str, list[int]] = {}
    for kind, pk in links.values_list("asset_kind", "asset_id"):
        ids.setdefault(kind, []).append(pk)
    found: list[tuple[ObjectType, Any]] = []
    for described in asset_types(actor):
        rows = described.visible_to(actor).filter(pk__in=ids.get(described.kind, []))
        found += sorted(
            ((described, row) for row in rows), key=lambda pair: described.name_of(pair[1])
        )
    return found


def free_assets(actor: Actor, *, limit: int = 200) -> list[tuple[ObjectType, Any]]:
    """Records that could carry a campaign and carry none yet, the latest first."""
    found: list[tuple[ObjectType, Any]] = []
    for described in asset_types(actor):
        taken = CampaignAsset.objects.filter(asset_kind=described.kind).values("asset_id")
        rows = described.visible_to(actor).exclude(pk__in=taken).order_by("-id")[:limit]
        found += [(described, row) for row in rows]
    return found


def known_channels(actor: Actor, *, limit: int = 50) -> list[str]:
    """The channels that costs have been noted under, by name."""
    rows = costs_visible_to(actor).exclude(channel="").order_by("channel")
    return list(rows.values_list("channel", flat=True).distinct()[:limit])


def _status(day: dt.date) -> Case:
    return Case(
        When(starts_on__gt=day, then=Value(str(CampaignStatus.PLANNED))),
        When(ends_on__lt=day, then=Value(str(CampaignStatus.ENDED))),
        default=Value(str(CampaignStatus.RUNNING)),
        output_field=CharField(),
    )


define(
    Measure(
        key="cost",
        tells=("cost.amount",),
        label=_("Marketing cost"),
        definition=_(
            "What was noted as spent on campaigns, by the day of the cost; refunds count against"
            " it. Costs of deleted campaigns are left out."
        ),
        unit=Unit.MONEY,
        rows=costs_visible_to,
        at="on",
        aggregate=Sum("amount_minor"),
        currency="currency",
        dimensions={"campaign": "campaign__code", "channel": "channel"},
        fields={"channel": "cost.channel"},
        permission="measures.view",
    )
)
