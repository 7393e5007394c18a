"""What users should hear of, how they want to hear of it, and what was mailed."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tandem.kernel.history import tracked
from tandem.kernel.models import PublicIdField, Tracked
from tandem.kernel.refs import OnErase, OnMerge, SubjectRefs
from tandem.notifications.rules import Rhythm

RHYTHM_LABELS = (
    (str(Rhythm.HOURLY), _("Each hour")),
    (str(Rhythm.DAILY), _("Each morning at eight")),
    (str(Rhythm.OFF), _("Never")),
)


class Notification(models.Model):
    """One thing that a user should hear of: a record and the reason, however often it happened.

    Without a record it tells of many records of the kind at once. ``causes`` names what happened
    (a comment, a change set), the last hundred, so that nothing is told twice; ``count`` is how
    often since it was read. A mark of its reader's, without history: it holds no word of the
    record, whose name is read when the list is.
    """

    public_id = PublicIdField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.BigIntegerField(null=True)
    causes = ArrayField(models.CharField(max_length=80), default=list)
    count = models.PositiveIntegerField(default=1)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    subject_refs = SubjectRefs(
        "subject_kind", "subject_id", on_merge=OnMerge.UNION, on_erase=OnErase.DELETE
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "reason", "subject_kind", "subject_id"],
                nulls_distinct=False,
                name="notification_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-at", "-id"], name="notification_by_user"),
            models.Index(
                fields=["user"],
                condition=models.Q(read_at__isnull=True),
                name="notification_unread",
            ),
            models.Index(fields=["subject_kind", "subject_id"], name="notification_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} of {self.subject_kind}:{self.subject_id} to {self.user_id}"


@tracked(root=("user", "user"))
class Preferences(Tracked):
    """How a user wants to hear: the way by reason where it is not the usual one, how often by
    mail, and between which hours of their day not. There is no row until somebody changes it."""

    by_key: ClassVar[tuple[str, ...]] = ("ways",)

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    ways = models.JSONField(default=dict)
    rhythm = models.CharField(max_length=6, choices=RHYTHM_LABELS, default=Rhythm.HOURLY.value)
    quiet_from = models.PositiveSmallIntegerField(null=True, default=19)
    quiet_until = models.PositiveSmallIntegerField(null=True, default=7)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | models.Q(quiet_from__range=(0, 23), quiet_until__range=(0, 23)),
                name="preferences_quiet_hours",
            ),
        ]

    def __str__(self) -> str:
        return f"of {self.user_id}"


class Mailing(models.Model):
    """The latest moment of a user's rhythm for which mail was seen to; each has one mail."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} {self.due_at}"
