"""The kernel's own tables: change sets and their history, facts, progress, idempotency."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from tandem.kernel.ids import new_public_id

# The id of the change set that is open in this transaction (a function of the first migration);
# without one the write fails, so that nothing gets past the actions.
CURRENT_CHANGE_SET = models.Func(
    function="tandem_change_set", output_field=models.BigIntegerField()
)


if TYPE_CHECKING:
    _UUIDField = models.UUIDField[Any, Any]
else:
    _UUIDField = models.UUIDField


class PublicIdField(_UUIDField):
    """The id of a record in URLs, API and exports; its migration is a plain UUIDField."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("default", new_public_id)
        options.setdefault("unique", True)
        options.setdefault("editable", False)
        super().__init__(**options)

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        del options["default"]
        return name, "django.db.models.UUIDField", args, options


class ChangeSet(models.Model):
    """One action: who did what, through which door, when. History, undo and audit hang on it."""

    public_id = PublicIdField()
    at = models.DateTimeField(db_default=Now())
    actor_kind = models.CharField(max_length=8)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=200)
    source = models.CharField(max_length=12)
    action = models.CharField(max_length=80)
    reason = models.CharField(max_length=400, blank=True)
    undo_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="undone_by"
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["actor_id", "-id"], name="changeset_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} by {self.actor_label}"


class Operation(models.TextChoices):
    UPDATE = "update"
    DELETE = "delete"
    RESTORE = "restore"


class RecordChange(models.Model):
    """What one change set did to one row: old and new value per field (written by trigger only).

    ``fields`` is ``{"column": [old, new]}`` of an update, the whole old row of a delete; an undo
    that brings a deleted row back notes it as a restore, since the row keeps its creator. ``root``
    is the record in whose history the row is shown. No foreign key constraint on the change set:
    the trigger takes it from the open transaction, and the check costs bulk writes 2.5 us a row.
    """

    id = models.BigAutoField(primary_key=True)
    change_set = models.ForeignKey(
        ChangeSet, on_delete=models.DO_NOTHING, db_constraint=False, related_name="changes"
    )
    model = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    root_kind = models.CharField(max_length=30)
    root_id = models.BigIntegerField()
    operation = models.CharField(max_length=7, choices=Operation)
    fields = models.JSONField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["root_kind", "root_id", "-id"], name="recordchange_by_root"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.model} {self.object_id}"


class Tracked(models.Model):
    """A row of a record: it knows the change set that made it (its version 1)."""

    # JSON columns whose keys are values of their own: undo puts back one and leaves the others.
    by_key: ClassVar[tuple[str, ...]] = ()

    created_in = models.ForeignKey(
        ChangeSet,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_default=CURRENT_CHANGE_SET,
        editable=False,
        related_name="+",
    )

    class Meta:
        abstract = True


class SoftDeletable(models.QuerySet[Any]):
    def live(self) -> Any:
        """Rows that are not deleted."""
        return self.filter(deleted_at__isnull=True)


class Record(Tracked):
    """What every kind of record has: dense id beside public id, times, version, soft delete."""

    id = models.BigAutoField(primary_key=True)
    public_id = PublicIdField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)
    row_version = models.PositiveIntegerField(db_default=1, editable=False)

    class Meta:
        abstract = True


class PublishedFact(models.Model):
    """A fact of the outbox, committed with the change that it speaks of."""

    name = models.CharField(max_length=80)
    payload = models.JSONField()
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class DeliveryState(models.TextChoices):
    DUE = "due"
    DONE = "done"
    FAILED = "failed"


class Delivery(models.Model):
    """One fact on its way to one subscriber, delivered at least once."""

    fact = models.ForeignKey(PublishedFact, on_delete=models.CASCADE, related_name="deliveries")
    subscriber = models.CharField(max_length=120)
    state = models.CharField(max_length=6, choices=DeliveryState, db_default=DeliveryState.DUE)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    error = models.TextField(blank=True, db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["fact", "subscriber"], name="delivery_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                name="delivery_due",
                condition=models.Q(state=DeliveryState.DUE),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} <- {self.fact_id}"


class ProgressState(models.TextChoices):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ProgressRecord(models.Model):
    """A long job as its page, command and API show it."""

    public_id = PublicIdField()
    kind = models.CharField(max_length=60)
    label = models.CharField(max_length=200)
    unit = models.CharField(max_length=40)
    actor_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=9, choices=ProgressState, db_default=ProgressState.RUNNING)
    done = models.BigIntegerField(db_default=0)
    total = models.BigIntegerField(null=True)
    message = models.CharField(max_length=400, blank=True, db_default="")
    result = models.JSONField(db_default=models.Value({}, models.JSONField()))
    cancel_requested = models.BooleanField(db_default=False)
    started_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["actor_id", "-id"], name="progress_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.done} of {self.total or '?'}"


class IdempotencyKey(models.Model):
    """The answer to a write that carried an Idempotency-Key, kept for its repetitions."""

    actor_id = models.BigIntegerField()
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True, db_default="")
    change_set = models.UUIDField(null=True)  # by its public id, as the answer names it
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["actor_id", "key"], name="idempotency_once"),
        ]

    def __str__(self) -> str:
        return self.key


class Installation(models.Model):
    """This installation: its identity, the epoch that a restore raises, and held sending."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    identity = PublicIdField()
    epoch = models.PositiveIntegerField(default=1)
    is_sending_held = models.BooleanField(default=False)
    held_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="installation_single"),
        ]

    def __str__(self) -> str:
        return str(self.identity)
