"""Campaigns and their costs as kinds of record, and the entry in the navigation."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.campaigns import actions, queries
from tandem.campaigns.models import Campaign, CampaignCost
from tandem.campaigns.rules import CampaignStatus
from tandem.campaigns.schemas import (
    CampaignOut,
    ChangeCampaign,
    ChangeCost,
    CostOut,
    NewCampaign,
    NewCost,
)
from tandem.kernel.actor import Actor
from tandem.kernel.money import Money
from tandem.measures.queries import Row
from tandem.measures.queries import value as number_of
from tandem.measures.slots import MEASURES
from tandem.people.schemas import RefOut
from tandem.records.slots import (
    MERGED_TABLES,
    OBJECT_TYPES,
    Choice,
    Field,
    FieldType,
    MergedTable,
    ObjectType,
    Permissions,
)
from tandem.ui import formats, navigation
from tandem.ui.navigation import NavItem, Section

PERMISSIONS = Permissions(
    view="campaigns.view",
    create="campaigns.create",
    edit="campaigns.edit",
    delete="campaigns.delete",
)
# A cost is part of its campaign: whoever may change that may note, mend and remove costs.
COST_PERMISSIONS = Permissions(
    view="campaigns.view", create="campaigns.edit", edit="campaigns.edit", delete="campaigns.edit"
)
STATUS_LABELS = {
    CampaignStatus.PLANNED: (gettext_lazy("Planned"), ""),
    CampaignStatus.RUNNING: (gettext_lazy("Running"), "ok"),
    CampaignStatus.ENDED: (gettext_lazy("Ended"), ""),
}

_T = FieldType
Load = Callable[[Actor, Sequence[Any]], Mapping[int, Any]]


def status_choices() -> list[Choice]:
    """Where a campaign can stand."""
    return [Choice(str(key), label, tone) for key, (label, tone) in STATUS_LABELS.items()]


def time_of(campaign: Campaign) -> str:
    """When a campaign runs, in words."""
    first, last = campaign.starts_on, campaign.ends_on
    if first and last:
        return _("%(first)s to %(last)s") % {"first": formats.day(first), "last": formats.day(last)}
    if first:
        return _("from %(first)s") % {"first": formats.day(first)}
    return _("until %(last)s") % {"last": formats.day(last)} if last else ""


def _subtitle(campaign: Campaign) -> str:
    status = str(STATUS_LABELS[CampaignStatus(campaign.status)][0]) if campaign.status else ""
    return ", ".join(filter(None, [status, time_of(campaign), str(campaign.owner or "")]))


def _measured(key: str) -> Load:
    """A figure of each campaign by its measure; empty where nobody has registered it."""

    def load(actor: Actor, rows: Sequence[Any]) -> Mapping[int, Any]:
        if MEASURES.get(key) is None or not actor.may("measures.view"):
            return {}
        found: dict[str, list[Row]] = {}
        for row in number_of(actor, key, by=["campaign"]).rows:
            found.setdefault(row.by["campaign"], []).append(row)
        return {
            campaign.pk: shown
            for campaign in rows
            if (shown := _figure(campaign, found.get(campaign.code, []))) is not None
        }

    return load


def _figure(campaign: Campaign, rows: Sequence[Row]) -> Money | Decimal | None:
    """The figure in the campaign's own currency; others stand on its page."""
    for row in rows:
        if not row.currency:
            return row.value
        if row.currency == campaign.currency:
            return row.money
    return None


# --- campaigns ------------------------------------------------------------------------------------


def campaign_output(campaign: Campaign) -> dict[str, Any]:
    """A campaign as the API answers it."""
    return CampaignOut(
        id=campaign.public_id,
        name=campaign.name,
        code=campaign.code,
        status=campaign.status,
        aim=campaign.aim or None,
        starts_on=campaign.starts_on,
        ends_on=campaign.ends_on,
        currency=campaign.currency,
        budget=_major(campaign.budget),
        goal=_major(campaign.goal),
        goal_leads=campaign.goal_leads,
        owner=RefOut.of(campaign.owner),
        created_at=campaign.created_at,
        updated_at=campaign.updated_at,
        version=campaign.row_version,
    ).model_dump()


def _major(money: Money | None) -> float | None:
    return None if money is None else float(money.major)


CAMPAIGN = ObjectType(
    kind="campaign",
    slug="campaigns",
    model=Campaign,
    label=gettext_lazy("Campaign"),
    label_plural=gettext_lazy("Campaigns"),
    icon="speakerphone",
    shortcut="m",
    permissions=PERMISSIONS,
    fields=(
        Field(
            "name",
            gettext_lazy("Name"),
            _T.TEXT,
            sort="sort_key",
            is_editable=True,
            width="w-name",
        ),
        Field("code", gettext_lazy("Code"), _T.TEXT, is_editable=True, width="w-mid"),
        Field(
            "status",
            gettext_lazy("Status"),
            _T.CHOICE,
            sort="starts_on",
            choices=status_choices,
            width="w-chip",
        ),
        Field("starts_on", gettext_lazy("Start"), _T.DATE, is_editable=True, width="w-when"),
        Field("ends_on", gettext_lazy("End"), _T.DATE, is_editable=True, width="w-when"),
        Field(
            "budget",
            gettext_lazy("Budget"),
            _T.MONEY,
            source="budget_minor",
            is_editable=True,
            width="w-num",
        ),
        Field(
            "goal",
            gettext_lazy("Revenue goal"),
            _T.MONEY,
            source="goal_minor",
            is_editable=True,
            width="w-num",
        ),
        Field(
            "goal_leads",
            gettext_lazy("Goal of leads"),
            _T.NUMBER,
            is_editable=True,
            width="w-num",
        ),
        Field("aim", gettext_lazy("Aim"), _T.TEXT, is_editable=True),
        Field(
            "owner",
            gettext_lazy("Owner"),
            _T.USER,
            sort="owner__name",
            is_editable=True,
            width="w-name",
        ),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
        Field(
            "cost",
            gettext_lazy("Cost"),
            _T.MONEY,
            load=_measured("cost"),
            is_filterable=False,
            width="w-num",
        ),
        Field(
            "leads",
            gettext_lazy("Leads"),
            _T.NUMBER,
            load=_measured("leads"),
            is_filterable=False,
            width="w-num",
        ),
        Field(
            "revenue",
            gettext_lazy("Revenue"),
            _T.MONEY,
            load=_measured("campaign_revenue"),
            is_filterable=False,
            width="w-num",
        ),
        Field("created_at", gettext_lazy("Added"), _T.MOMENT, width="w-when"),
        Field("updated_at", gettext_lazy("Changed"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("name", "status", "budget", "cost", "leads", "revenue", "owner"),
    default_sort="name",
    is_scoped=True,
    visible_to=queries.visible_to,
    prepare=queries.prepare,
    search=queries.search,
    name_of=lambda campaign: campaign.name,
    subtitle_of=_subtitle,
    subtitle_fields=("status", "starts_on", "ends_on", "owner"),
    searched_fields=("code",),
    input_schema=NewCampaign,
    change_schema=ChangeCampaign,
    output_schema=CampaignOut,
    output=campaign_output,
    create=actions.create_campaign,
    update=actions.change_campaign,
    delete=actions.delete_campaign,
    match_keys=("code",),
    is_square=True,
)


# --- costs ----------------------------------------------------------------------------------------


def _cost_name(cost: CampaignCost) -> str:
    day = formats.day(cost.on)
    return _("%(campaign)s, %(day)s") % {"campaign": cost.campaign.name, "day": day}


def _cost_subtitle(cost: CampaignCost) -> str:
    what = cost.channel or cost.note or _("Cost")
    return _("%(what)s, %(amount)s") % {"what": what, "amount": formats.money(cost.amount)}


def cost_output(cost: CampaignCost) -> dict[str, Any]:
    """A cost as the API answers it."""
    campaign = RefOut.of(cost.campaign)
    assert campaign is not None
    return CostOut(
        id=cost.public_id,
        campaign=campaign,
        on=cost.on,
        amount=float(cost.amount.major),
        currency=cost.currency,
        channel=cost.channel or None,
        note=cost.note or None,
        created_at=cost.created_at,
        updated_at=cost.updated_at,
        version=cost.row_version,
    ).model_dump()


COST = ObjectType(
    kind="cost",
    slug="costs",
    model=CampaignCost,
    label=gettext_lazy("Cost"),
    label_plural=gettext_lazy("Costs"),
    icon="coins",
    shortcut="",
    permissions=COST_PERMISSIONS,
    fields=(
        Field(
            "name",
            gettext_lazy("Cost"),
            _T.TEXT,
            source="campaign__name",
            sort="campaign__sort_key",
            is_filterable=False,
            width="w-name",
        ),
        Field(
            "campaign",
            gettext_lazy("Campaign"),
            _T.RECORD,
            source="campaign__name",
            sort="campaign__sort_key",
            width="w-name",
        ),
        Field("on", gettext_lazy("Day"), _T.DATE, is_editable=True, width="w-when"),
        Field(
            "amount",
            gettext_lazy("Amount"),
            _T.MONEY,
            source="amount_minor",
            is_editable=True,
            width="w-num",
        ),
        Field("currency", gettext_lazy("Currency"), _T.TEXT, is_editable=True, width="w-chip"),
        Field("channel", gettext_lazy("Channel"), _T.TEXT, is_editable=True, width="w-mid"),
        Field("note", gettext_lazy("Note"), _T.TEXT, is_editable=True),
        Field("created_at", gettext_lazy("Added"), _T.MOMENT, width="w-when"),
        Field("updated_at", gettext_lazy("Changed"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("name", "campaign", "on", "amount", "note"),
    default_sort="-on",
    visible_to=queries.costs_visible_to,
    prepare=queries.prepare_costs,
    search=queries.search_costs,
    name_of=_cost_name,
    named_by=("campaign", "on"),
    subtitle_of=_cost_subtitle,
    subtitle_fields=("amount", "channel", "note"),
    searched_fields=("note", "channel", "campaign"),
    input_schema=NewCost,
    change_schema=ChangeCost,
    output_schema=CostOut,
    output=cost_output,
    create=actions.create_cost,
    update=actions.change_cost,
    delete=actions.remove_cost,
    is_square=True,
)

for object_type in (CAMPAIGN, COST):
    OBJECT_TYPES.register(object_type.kind, object_type)

navigation.register(
    NavItem(
        key="campaigns",
        label=gettext_lazy("Campaigns"),
        icon="speakerphone",
        url_name="records:list",
        args=("campaigns",),
        section=Section.MARKETING,
        order=10,
        permission="campaigns.view",
    ),
)

MERGED_TABLES.register("campaigns.campaignasset", MergedTable(gettext_lazy("Places in campaigns")))
