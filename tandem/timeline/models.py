"""The story, one row per subject and event in a part per month; what is pinned, who read it."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from tandem.kernel.history import tracked
from tandem.kernel.ids import new_public_id
from tandem.kernel.models import CURRENT_CHANGE_SET, ChangeSet, Tracked
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
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.subject_kind}:{self.subject_id}"


@tracked(root_by=("subject_kind", "subject_id"))
class Pin(Tracked):
    """An event that stands on top of a record's story. ``at`` is the event's own moment, by which
    it is found in the story; who pinned it stands in the change set."""

    subject_kind = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    event_id = models.UUIDField()
    at = models.DateTimeField()

    subject_refs = SubjectRefs(
        "subject_kind", "subject_id", on_merge=OnMerge.UNION, on_erase=OnErase.DELETE
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id", "event_id"], name="pin_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} on {self.subject_kind}:{self.subject_id}"


class StoryMark(models.Model):
    """When a user last read the story of a record: a mark of the reader's, no change of a record.

    Pages opened within half an hour are one reading; ``before_at`` is when the one before ended.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    subject_kind = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    seen_at = models.DateTimeField(db_default=Now())
    before_at = models.DateTimeField(null=True)

    subject_refs = SubjectRefs(
        "subject_kind", "subject_id", on_merge=OnMerge.STAY, on_erase=OnErase.DELETE
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id", "user"], name="storymark_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.subject_kind}:{self.subject_id}"


class StoryReader(models.Model):
    """How a user likes to read stories: newest first, unless they said otherwise."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", primary_key=True
    )
    is_oldest_first = models.BooleanField(default=False)

    def __str__(self) -> str:
        return str(self.user_id)
