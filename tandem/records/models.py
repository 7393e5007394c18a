"""What hangs on records of any kind: saved views, tags, comments, ids of others, imports."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tandem.kernel.history import tracked
from tandem.kernel.models import ChangeSet, PublicIdField, Record, Tracked
from tandem.kernel.refs import OnErase, OnMerge, SubjectRefs


class Visibility(models.TextChoices):
    PRIVATE = "private"
    TEAM = "team"
    EVERYONE = "everyone"


class Layout(models.TextChoices):
    TABLE = "table"
    BOARD = "board"
    GROUP = "group"


@tracked(root=("saved_view", "id"))
class SavedView(Record):
    """A list as someone wants to find it again: filter tree, sort, columns."""

    kind = models.CharField(max_length=30)
    name = models.CharField(max_length=80)
    layout = models.CharField(max_length=8, choices=Layout, default=Layout.TABLE)
    filters = models.JSONField()
    sort = models.CharField(max_length=60, blank=True)
    columns = models.JSONField(default=list)
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.PRIVATE)
    is_pinned = models.BooleanField(default=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    team = models.ForeignKey(
        "accounts.Team", on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "kind", "name"],
                condition=models.Q(deleted_at__isnull=True),
                name="savedview_name_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked(root=("tag", "id"))
class Tag(Tracked):
    """A word that people put on records of any kind."""

    name = models.CharField(max_length=60)
    normalized = models.CharField(max_length=60, unique=True)

    def __str__(self) -> str:
        return self.name


@tracked(root_by=("kind", "record_id"))
class TagLink(Tracked):
    """A tag on a record."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=30)
    record_id = models.BigIntegerField()

    subject_refs = SubjectRefs("kind", "record_id", on_merge=OnMerge.UNION, on_erase=OnErase.DELETE)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "record_id", "tag"], name="taglink_once"),
        ]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.kind}:{self.record_id}"


@tracked(root_by=("kind", "record_id"))
class Comment(Tracked):
    """What someone wrote to the colleagues about a record."""

    public_id = PublicIdField()
    kind = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)

    subject_refs = SubjectRefs("kind", "record_id", on_merge=OnMerge.MOVE, on_erase=OnErase.DELETE)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["kind", "record_id", "-id"], name="comment_by_record"),
        ]

    def __str__(self) -> str:
        return f"comment {self.public_id}"


@tracked(root_by=("kind", "record_id"))
class ExternalId(Tracked):
    """What another system calls a record: there it is found again, whatever its name here."""

    kind = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    source = models.CharField(max_length=40)
    value = models.CharField(max_length=200)

    subject_refs = SubjectRefs("kind", "record_id", on_merge=OnMerge.MOVE, on_erase=OnErase.DELETE)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "kind", "value"], name="externalid_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "record_id"], name="externalid_by_record"),
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.value}"


class ImportState(models.TextChoices):
    """How far an import is."""

    UPLOADED = "uploaded", _("Ready to start")
    WAITING = "waiting", _("Waiting for a worker")
    RUNNING = "running", _("Running")
    PREVIEWED = "previewed", _("Tried without writing")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    REVERTED = "reverted", _("Taken back")


class ImportRun(models.Model):
    """One file on its way into the records: how it is read, what came of it, how to revert it.

    ``options`` is schemas.ImportOptions, ``mapping`` the column of the file for each field,
    ``report`` what the last run said. What was written stands in ``change_set``.
    """

    public_id = PublicIdField()
    kind = models.CharField(max_length=30)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    stored_as = models.CharField(max_length=80, blank=True)  # below files/imports; empty: not ours
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    options = models.JSONField(default=dict)
    mapping = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_label = models.CharField(max_length=200)
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, null=True, related_name="+")
    progress = models.UUIDField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="importrun_by_user"),
        ]

    def __str__(self) -> str:
        return self.file_name
