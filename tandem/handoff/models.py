"""Tables of the seam: motions, the policy that makes a lead, leads and their hand-offs."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tandem.campaigns.models import Campaign
from tandem.kernel.history import tracked
from tandem.kernel.models import Record, Tracked
from tandem.kernel.refs import OnErase, OnMerge, SubjectKey
from tandem.people.models import Company, Person

_LIVE = Q(deleted_at__isnull=True)


class LeadStatus(models.TextChoices):
    """Where a lead stands; the last three are ends."""

    NEW = "new", _("New")
    WORKING = "working", _("Working")
    QUALIFIED = "qualified", _("Qualified")
    RECYCLED = "recycled", _("Recycled")
    DISQUALIFIED = "disqualified", _("Disqualified")


OPEN_STATUSES = (LeadStatus.NEW, LeadStatus.WORKING)


class HandoffState(models.TextChoices):
    """Offered, then taken on and worked, or one of the ways out."""

    OFFERED = "offered", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    TOUCHED = "touched", _("In touch")
    OUTCOME = "outcome", _("Done")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")
    REASSIGNED = "reassigned", _("Given to another")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class ReplyVerdict(models.TextChoices):
    """What marketing says to a rejection."""

    AGREE = "agree", _("Agreed")
    DISAGREE = "disagree", _("Not agreed")
    FIXED = "fixed", _("Fixed")


@tracked(root=("motion", "id"))
class Motion(Record):
    """A way of selling with promises of its own: new business, expansion, renewal, partner.

    The times of its promises are minutes of working time: to accept an offer, to touch after
    accepting, to say the outcome after the touch, and for marketing to reply to a rejection.
    """

    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    accept_minutes = models.PositiveIntegerField(default=60)
    first_touch_minutes = models.PositiveIntegerField(default=240)
    outcome_minutes = models.PositiveIntegerField(default=4800)
    reply_minutes = models.PositiveIntegerField(default=960)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], name="motion_key_once"),
        ]

    def __str__(self) -> str:
        return self.name


class QualificationPolicy(Tracked):
    """What makes a lead: a version of the rule; a published one is never changed.

    ``points`` maps a behaviour to what it counts (``{"form": 20, "page_view": 1, …}``); a lead is
    made at ``threshold`` points, or by a raised hand where ``hand_raise`` says so.
    """

    motion = models.ForeignKey(Motion, on_delete=models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    threshold = models.PositiveIntegerField()
    hand_raise = models.BooleanField(default=True)
    points = models.JSONField()
    published_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["motion", "version"], name="qualificationpolicy_version_once"
            ),
        ]

    def __str__(self) -> str:
        return f"policy {self.version} of {self.motion_id}"


@tracked(root=("lead", "id"))
class Lead(Record):
    """One episode of buying interest of a person; it points to person and company.

    ``score`` and ``reasons`` are what the policy saw: ``[{"key", "points", "count", "evidence"}]``
    whose points sum to the score. ``evidence`` names submissions and events by their ids.
    """

    person = SubjectKey(
        Person, related_name="+", on_merge=OnMerge.CUSTOM, on_erase=OnErase.DELETE
    )  # two open ones of one motion become one
    company = SubjectKey(
        Company,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        on_merge=OnMerge.MOVE,
        on_erase=OnErase.BLANK,
    )
    motion = models.ForeignKey(Motion, on_delete=models.PROTECT, related_name="leads")
    campaign = models.ForeignKey(Campaign, on_delete=models.SET_NULL, null=True, related_name="+")
    policy = models.ForeignKey(
        QualificationPolicy, on_delete=models.PROTECT, null=True, related_name="leads"
    )
    origin = models.CharField(max_length=20)  # form, score, manual, import, demo
    kind = models.CharField(max_length=20)  # hand_raise, mql, recycled, manual
    status = models.CharField(max_length=12, choices=LeadStatus, default=LeadStatus.NEW)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_for = models.CharField(max_length=200, blank=True)
    score = models.IntegerField(default=0)
    reasons = models.JSONField(default=list)
    evidence = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "motion"],
                condition=_LIVE & Q(status__in=OPEN_STATUSES),
                name="lead_one_open",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["recycled", "disqualified"]) | ~Q(close_reason=""),
                name="lead_closed_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN_STATUSES, closed_at__isnull=True)
                | (~Q(status__in=OPEN_STATUSES) & Q(closed_at__isnull=False)),
                name="lead_closed_has_moment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-opened_at", "-id"], name="lead_by_opened", condition=_LIVE),
        ]

    def __str__(self) -> str:
        return f"lead {self.pk}"


@tracked(root=("handoff", "id"))
class Handoff(Record):
    """The offer of a lead to a seller: why, to whom, by when, the verdict and the answer.

    ``routing`` lists each rule that was tried: ``[{"rule", "matched", "why"}]``. Clocks are moments
    (UTC) computed once from working time; that one has run out is marked once in ``*_overdue_at``.
    """

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="handoffs")
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=HandoffState, default=HandoffState.OFFERED)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    offered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    routing = models.JSONField(default=list)
    opener = models.CharField(max_length=400, blank=True)
    last_message = models.JSONField(default=dict)  # what the person last got from marketing
    consent = models.JSONField(default=dict)  # by channel, as it stood

    offered_at = models.DateTimeField()
    accept_due = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    first_touch_due = models.DateTimeField(null=True)
    first_touch_at = models.DateTimeField(null=True)
    first_touch_minutes = models.PositiveIntegerField(null=True)  # of working time, from the offer
    outcome_due = models.DateTimeField(null=True)
    outcome_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    accept_overdue_at = models.DateTimeField(null=True)
    first_touch_overdue_at = models.DateTimeField(null=True)
    outcome_overdue_at = models.DateTimeField(null=True)
    reply_overdue_at = models.DateTimeField(null=True)

    rejection_code = models.CharField(max_length=40, blank=True)
    rejection_note = models.CharField(max_length=200, blank=True)
    rejected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    route = models.CharField(max_length=20, blank=True)  # what the reason leads to
    reply_due = models.DateTimeField(null=True)
    reply_at = models.DateTimeField(null=True)
    reply_verdict = models.CharField(max_length=8, choices=ReplyVerdict, blank=True)
    reply_text = models.CharField(max_length=400, blank=True)
    replied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["lead"],
                condition=_LIVE & Q(state=HandoffState.OFFERED),
                name="handoff_one_offered",
            ),
            models.CheckConstraint(
                condition=~Q(state=HandoffState.REJECTED) | ~Q(rejection_code=""),
                name="handoff_rejected_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=False)
                | ~Q(state__in=["accepted", "touched", "outcome"]),
                name="handoff_accepted_has_moment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["accept_due", "id"],
                name="handoff_waiting",
                condition=_LIVE & Q(state=HandoffState.OFFERED),
            ),
            models.Index(fields=["-offered_at", "-id"], name="handoff_by_offered"),
        ]

    def __str__(self) -> str:
        return f"hand-off {self.pk}"
