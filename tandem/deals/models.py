"""Tables of pipelines and deals, with every stay in a stage and every value ever said."""

from typing import ClassVar, Optional

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tandem.handoff.models import Lead, Motion
from tandem.kernel.history import tracked
from tandem.kernel.models import Record, Tracked
from tandem.kernel.refs import OnErase, OnMerge, SubjectKey
from tandem.people.models import Company, Person
from tandem.records.models import Customisable

_LIVE = Q(deleted_at__isnull=True)


class Category(models.TextChoices):
    """What a stage means: the category, never its name, decides won and lost."""

    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class ContactRole(models.TextChoices):
    """What a person is in a deal."""

    CHAMPION = "champion", _("Champion")
    BUYER = "buyer", _("Economic buyer")
    TECHNICAL = "technical", _("Technical")
    USER = "user", _("User")
    LEGAL = "legal", _("Legal or procurement")
    BLOCKER = "blocker", _("Blocker")


class LeadKind(models.TextChoices):
    """What a lead did for a deal."""

    SOURCE = "source", _("Source")
    INFLUENCE = "influence", _("Influence")


@tracked(root=("pipeline", "id"))
class Pipeline(Record):
    """A way for deals to go, stage by stage; each belongs to a motion."""

    name = models.CharField(max_length=80)
    motion = models.ForeignKey(Motion, on_delete=models.PROTECT, related_name="+")
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("name"), condition=_LIVE, name="pipeline_name_once"),
            models.UniqueConstraint(
                fields=["is_default"],
                condition=_LIVE & Q(is_default=True),
                name="pipeline_one_default",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked(root=("pipeline", "pipeline"))
class Stage(Record):
    """A step of a pipeline. ``probability`` is 0 to 1; after ``rot_days`` a deal is stale."""

    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="stages")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    category = models.CharField(max_length=4, choices=Category, default=Category.OPEN)
    probability = models.DecimalField(max_digits=4, decimal_places=3)
    rot_days = models.PositiveSmallIntegerField(null=True)
    exit_criteria = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["pipeline", "position"],
                name="stage_position_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=Q(probability__gte=0, probability__lte=1), name="stage_probability"
            ),
            models.UniqueConstraint(
                fields=["pipeline", "category"],
                condition=_LIVE & ~Q(category="open"),
                name="stage_one_won_one_lost",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked(root=("deal", "id"), exclude=("sort_key",))
class Deal(Customisable, Record):
    """An opportunity. ``status`` is its stage's category; ``amount_minor`` is in ``currency``."""

    name = models.CharField(max_length=200)
    sort_key = models.CharField(max_length=200)
    company = SubjectKey(
        Company,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        on_merge=OnMerge.MOVE,
        on_erase=OnErase.BLANK,
    )
    motion = models.ForeignKey(Motion, on_delete=models.PROTECT, related_name="+")
    pipeline = models.ForeignKey(Pipeline, on_delete=models.PROTECT, related_name="deals")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="deals")
    status = models.CharField(max_length=4, choices=Category, default=Category.OPEN)
    position = models.FloatField(default=0)  # the order by hand in a column of the board
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    expected_close = models.DateField(null=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    next_step = models.CharField(max_length=200, blank=True)
    next_step_on = models.DateField(null=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=40, blank=True)
    close_note = models.CharField(max_length=400, blank=True)
    close_said_by = models.CharField(max_length=8, blank=True)  # buyer or seller

    # Filled by queries.prepare_deals, one row of each at most.
    main_contact: Optional["DealContact"] = None
    source: Optional["DealLead"] = None
    current_stay: Optional["DealStageInterval"] = None

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True)
                | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="deal_closed_has_moment",
            ),
            models.CheckConstraint(
                condition=~Q(status="lost") | ~Q(close_reason=""), name="deal_lost_with_reason"
            ),
            models.CheckConstraint(
                condition=~Q(status="won") | Q(amount_minor__isnull=False),
                name="deal_won_with_amount",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["sort_key", "id"], name="deal_by_name", condition=_LIVE),
            models.Index(
                fields=["stage", "position", "id"],
                name="deal_by_stage",
                condition=_LIVE & Q(status="open"),
            ),
            models.Index(fields=["closed_at"], name="deal_by_closed", condition=_LIVE),
        ]

    def __str__(self) -> str:
        return self.name


class DealStageInterval(Tracked):
    """A stay of a deal in a stage; the stays of a deal never overlap and leave no gap."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="intervals")
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    moved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["deal"],
                condition=Q(left_at__isnull=True),
                name="dealstageinterval_one_open",
            ),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("entered_at")),
                name="dealstageinterval_forward",
            ),
            ExclusionConstraint(
                name="dealstageinterval_apart",
                expressions=[
                    (F("deal"), RangeOperators.EQUAL),
                    (
                        Func(
                            F("entered_at"),
                            F("left_at"),
                            function="tstzrange",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"deal {self.deal_id} in stage {self.stage_id}"


class DealValue(Tracked):
    """What a deal was said to be worth from a moment on; append-only, for any day's pipeline."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="values")
    at = models.DateTimeField()
    amount_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    expected_close = models.DateField(null=True)
    probability = models.DecimalField(max_digits=4, decimal_places=3)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["deal", "-at"], name="dealvalue_by_deal")]

    def __str__(self) -> str:
        return f"deal {self.deal_id} at {self.at}"


@tracked(root=("deal", "deal"))
class DealContact(Tracked):
    """A person in a deal, with a role; ``stance`` runs from -2 (against) to 2 (for us)."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="contacts")
    person = SubjectKey(Person, related_name="+", on_merge=OnMerge.UNION, on_erase=OnErase.DELETE)
    role = models.CharField(max_length=10, choices=ContactRole, blank=True)
    stance = models.SmallIntegerField(null=True)
    is_primary = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deal", "person"], name="dealcontact_once"),
            models.UniqueConstraint(
                fields=["deal"], condition=Q(is_primary=True), name="dealcontact_one_primary"
            ),
            models.CheckConstraint(
                condition=Q(stance__isnull=True) | Q(stance__range=(-2, 2)),
                name="dealcontact_stance",
            ),
        ]

    def __str__(self) -> str:
        return f"person {self.person_id} in deal {self.deal_id}"


@tracked(root=("deal", "deal"))
class DealLead(Tracked):
    """A lead that a deal came from, or that helped it: the closed loop hangs on this row."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="leads")
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=9, choices=LeadKind, default=LeadKind.SOURCE)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["deal", "lead"], name="deallead_once"),
            models.UniqueConstraint(
                fields=["deal"], condition=Q(kind="source"), name="deallead_one_source"
            ),
        ]

    def __str__(self) -> str:
        return f"lead {self.lead_id} of deal {self.deal_id}"
