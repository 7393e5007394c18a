"""The table of the story: one row per subject and event, in a part per month."""

from typing import ClassVar

from django.db import models

from tandem.kernel.ids import new_public_id
from tandem.kernel.models import CURRENT_CHANGE_SET, ChangeSet
from tandem.kernel.refs import OnErase, OnMerge, SubjectRefs


class Visibility(models.TextChoices):
    """Who of those who see the record sees the entry."""

    PARTICIPANTS = "participants"
    TEAM = "team"
    ALL = "all"


class TimelineEntry(models.Model):
    """What happened to one record at a moment. Append-only: a trigger refuses every change.

    One event on several records is one row each, with the same ``event_id``. ``side`` is the lane:
    the side that the acting user had then. The primary key in the database is (at, id), since the
    table is cut by months; ``id`` alone is unique too.
    """

    id = models.BigAutoField(primary_key=True)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    at = models.DateTimeField()
    event_id = models.UUIDField(default=new_public_id)
    kind = models.CharField(max_length=80)
    side = models.CharField(max_length=8)
    actor_kind = models.CharField(max_length=8)
    actor_user_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=200)
    payload = models.JSONField()
    visibility = models.CharField(max_length=12, choices=Visibility)
    source = models.CharField(max_length=12)
    is_automatic = models.BooleanField(default=False)
    dedupe_key = models.CharField(max_length=200, blank=True)
    change_set = models.ForeignKey(
        ChangeSet,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        db_default=CURRENT_CHANGE_SET,
        related_name="+",
    )

    subject_refs = SubjectRefs(
        "subject_kind", "subject_id", on_merge=OnMerge.STAY, on_erase=OnErase.DELETE
    )

    class Meta:
        db_table = "timeline_entry"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id", "dedupe_key", "at"],
                condition=~models.Q(dedupe_key=""),
                name="entry_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["subject_kind", "subject_id", "-at", "-id"], name="entry_by_subject"
            ),
            models.Index(fields=["-at", "-id"], name="entry_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.subject_kind}:{self.subject_id}"
