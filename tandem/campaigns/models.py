"""Tables of campaigns, what they cost and what carries them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from tandem.kernel.history import tracked
from tandem.kernel.models import Record, Tracked
from tandem.kernel.money import Money
from tandem.kernel.refs import OnErase, OnMerge, SubjectRefs
from tandem.records.models import Customisable

_LIVE = Q(deleted_at__isnull=True)


@tracked(root=("campaign", "id"), exclude=("sort_key",))
class Campaign(Customisable, Record):
    """Planned activity over one or more channels, known in addresses by its code.

    ``code`` is what ``utm_campaign`` carries. Dates are days of the company's zone, both
    included; ``budget_minor`` and ``goal_minor`` (revenue to reach) are minor units of
    ``currency``.
    """

    name = models.CharField(max_length=200)
    sort_key = models.CharField(max_length=200)
    code = models.CharField(max_length=80)
    aim = models.CharField(max_length=400, blank=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    budget_minor = models.BigIntegerField(null=True)
    goal_leads = models.PositiveIntegerField(null=True)
    goal_minor = models.BigIntegerField(null=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    status: str = ""  # of today; annotated by queries.visible_to

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("code"), condition=_LIVE, name="campaign_code_once"),
            models.CheckConstraint(
                condition=Q(starts_on__isnull=True)
                | Q(ends_on__isnull=True)
                | Q(ends_on__gte=F("starts_on")),
                name="campaign_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(budget_minor__isnull=True) | Q(budget_minor__gte=0),
                name="campaign_budget_not_negative",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["sort_key", "id"], name="campaign_by_name", condition=_LIVE),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def budget(self) -> Money | None:
        """What may be spent."""
        return _money(self.budget_minor, self.currency)

    @property
    def goal(self) -> Money | None:
        """The revenue to reach."""
        return _money(self.goal_minor, self.currency)


@tracked(root=("campaign", "campaign"))
class CampaignCost(Record):
    """What was spent on a campaign on a day; a refund is negative."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="costs")
    on = models.DateField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    channel = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["campaign", "on"], name="campaigncost_by_day", condition=_LIVE),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} on {self.on}"

    @property
    def amount(self) -> Money:
        """What was spent."""
        return Money(self.amount_minor, self.currency)


@tracked(root=("campaign", "campaign"))
class CampaignAsset(Tracked):
    """A page, form or mail that carries a campaign; an asset has one campaign at a time."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="assets")
    asset_kind = models.CharField(max_length=30)
    asset_id = models.BigIntegerField()

    asset_refs = SubjectRefs(
        "asset_kind", "asset_id", on_merge=OnMerge.UNION, on_erase=OnErase.DELETE
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["asset_kind", "asset_id"], name="campaignasset_once"),
        ]

    def __str__(self) -> str:
        return f"{self.asset_kind}:{self.asset_id} of {self.campaign_id}"


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)
