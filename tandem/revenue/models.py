"""Tables of orders, their lines, and which line takes which back."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tandem.kernel.history import tracked
from tandem.kernel.models import Record, Tracked
from tandem.kernel.money import Money
from tandem.kernel.refs import OnErase, OnMerge, RecordRef, SubjectKey
from tandem.people.models import Company, Person

_LIVE = Q(deleted_at__isnull=True)


class LineKindChoice(models.TextChoices):
    """What a line is about, as rules.LineKind has it."""

    SALE = "sale", _("Sale")
    FREE = "free", _("Free")
    REVERSAL = "reversal", _("Reversal")
    ADJUSTMENT = "adjustment", _("Adjustment")


@tracked(root=("order", "id"), exclude=("net_minor", "line_count"))
class Order(Record):
    """What a customer bought, as booked. ``net_minor`` and ``line_count`` are kept by the actions.

    ``deal_id`` is the deal that it was booked for: one order for each, however often it is won.
    """

    source = models.CharField(max_length=40)
    number = models.CharField(max_length=80)
    company = SubjectKey(
        Company,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        on_merge=OnMerge.MOVE,
        on_erase=OnErase.BLANK,
    )
    person = SubjectKey(
        Person,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        on_merge=OnMerge.MOVE,
        on_erase=OnErase.BLANK,
    )
    deal_id = models.BigIntegerField(null=True)
    ordered_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2, blank=True)
    net_minor = models.BigIntegerField(default=0)
    line_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "number"], condition=_LIVE, name="order_number_once"
            ),
            models.UniqueConstraint(
                fields=["deal_id"],
                condition=_LIVE & Q(deal_id__isnull=False),
                name="order_one_per_deal",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["ordered_at", "id"], name="order_by_moment", condition=_LIVE),
            models.Index(
                fields=["number"], opclasses=["varchar_pattern_ops"], name="order_by_number"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def deal(self) -> RecordRef | None:
        """The deal that the order was booked for."""
        return RecordRef("deal", self.deal_id) if self.deal_id is not None else None

    @property
    def net(self) -> Money:
        """The sum of the lines, reversals taken off."""
        return Money(self.net_minor, self.currency)

    @property
    def customer(self) -> Company | Person | None:
        """Who bought: the company, else the person; None where nobody was written down."""
        found: Company | Person | None = self.company or self.person
        return found


@tracked(root=("order", "order"))
class OrderLine(Tracked):
    """One line of an order. Lines are only added: what was wrong is taken back by another line.

    Lines that look the same are different ones (two scans at a till), so the key is the ordinal.
    ``amount_minor`` is quantity times price in minor units of the order's currency, rounded once.
    """

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    ordinal = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=LineKindChoice)
    at = models.DateTimeField()
    product_code = models.CharField(max_length=80, blank=True)
    description = models.CharField(max_length=400, blank=True)
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["order", "ordinal"], name="orderline_once"),
        ]
        indexes: ClassVar = [
            BrinIndex(fields=["created_in"], name="orderline_by_change_set", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.product_code} x {self.quantity}"


@tracked(root=("order", "order"))
class ReversalLink(Tracked):
    """So much of a reversing line takes back so much of an earlier one; of none we know: null.

    ``order`` is the order of the reversing line.
    """

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+")
    reversing = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="takes_back")
    original = models.ForeignKey(
        OrderLine, on_delete=models.CASCADE, null=True, related_name="taken_back_by"
    )
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    rule = models.CharField(max_length=20)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["reversing", "original"], nulls_distinct=False, name="reversallink_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reversallink_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.reversing_id} takes back {self.quantity} of {self.original_id}"
