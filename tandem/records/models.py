"""What hangs on records of any kind: views, tags, comments, fields of one's own, ids, imports."""

from collections.abc import Mapping
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tandem.kernel.compiled import compiled
from tandem.kernel.context import remembered
from tandem.kernel.history import tracked
from tandem.kernel.models import ChangeSet, PublicIdField, Record, Tracked
from tandem.kernel.refs import OnErase, OnMerge, SubjectRefs
from tandem.records.rules import FieldType
from tandem.records.rules.custom import Definition, Option

FIELDS = "records.fields"


class Visibility(models.TextChoices):
    PRIVATE = "private"
    TEAM = "team"
    EVERYONE = "everyone"


class Layout(models.TextChoices):
    TABLE = "table"
    BOARD = "board"
    GROUP = "group"


class Density(models.TextChoices):
    COMFORTABLE = "comfortable"
    COMPACT = "compact"


@tracked(root=("saved_view", "id"))
class SavedView(Record):
    """A list as someone wants to find it again: filter tree, sort, columns, feet, layout.

    ``footers`` names by field what the foot of its column tells, ``grouping`` the field whose
    values make the groups or the columns of a board, with a span where it is one of days.
    ``widths`` holds by field the width of a column in pixels, where it is not the usual one.
    ``icon`` is the name of the picture on its tab, where it has one.
    """

    kind = models.CharField(max_length=30)
    name = models.CharField(max_length=80)
    icon = models.CharField(max_length=30, blank=True, db_default="")
    layout = models.CharField(max_length=8, choices=Layout, default=Layout.TABLE)
    filters = models.JSONField()
    sort = models.CharField(max_length=60, blank=True)
    columns = models.JSONField(default=list)
    widths = models.JSONField(default=dict)
    density = models.CharField(max_length=11, choices=Density, default=Density.COMFORTABLE)
    footers = models.JSONField(default=dict)
    grouping = models.CharField(max_length=60, blank=True)
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


@tracked(root=("saved_view", "view"))
class OpeningView(Tracked):
    """The view that a list opens with: for one colleague, or for all who chose none themselves."""

    kind = models.CharField(max_length=30)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="openings")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "user"], nulls_distinct=False, name="openingview_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} opens with {self.view_id}"


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


class ExportRun(models.Model):
    """Who took which records out, when, in what form: for the audit; and the file, while kept.

    ``filters``, ``text`` and ``picked`` (ids that were ticked) say which records were asked for,
    ``count`` how many of them the actor could see.
    """

    public_id = PublicIdField()
    kind = models.CharField(max_length=30)
    format = models.CharField(max_length=4)
    columns = models.JSONField()
    filters = models.JSONField()
    text = models.CharField(max_length=200, blank=True)
    picked = models.PositiveIntegerField(default=0)
    count = models.PositiveBigIntegerField()
    stored_as = models.CharField(max_length=80)  # below files/exports; removed after a week
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_label = models.CharField(max_length=200)
    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "-id"], name="exportrun_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}.{self.format}"


class AccessDeed(models.TextChoices):
    """What somebody did who looked at data."""

    SEEN = "seen", _("Opened")
    SEARCHED = "searched", _("Searched")
    FILE = "file", _("Fetched a file")
    EXPORTED = "exported", _("Exported")
    FETCHED = "fetched", _("Fetched an export")
    REPORTING = "reporting", _("Reporting role")


class Access(models.Model):
    """Somebody saw a personal record, searched for some, fetched a file, took records out.

    Rows are only added: a trigger refuses every change, and lets go only of what is erased or was
    kept long enough. ``about`` is the search, the name of the file, the columns of the export;
    ``count`` how many records went out. ``once`` is a keyed hash by which the same look in the same
    hour is one row. Without history: it is one.
    """

    at = models.DateTimeField(db_default=Now(), editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    actor_label = models.CharField(max_length=200)
    source = models.CharField(max_length=12)
    deed = models.CharField(max_length=9, choices=AccessDeed)
    kind = models.CharField(max_length=30, blank=True)
    record_id = models.BigIntegerField(null=True)
    about = models.CharField(max_length=400, blank=True)
    count = models.PositiveBigIntegerField(null=True)
    once = models.BigIntegerField(unique=True)

    subject_refs = SubjectRefs("kind", "record_id", on_merge=OnMerge.STAY, on_erase=OnErase.DELETE)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["kind", "record_id", "-id"], name="access_by_record"),
            models.Index(fields=["user", "-id"], name="access_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_label}: {self.deed} {self.kind} {self.record_id or ''}"


class StoredFile(models.Model):
    """The content of files: kept once however often it is attached, named by what is in it.

    ``media_type`` is what the content is, not what its name or sender says. Nothing personal is in
    the row but the content itself; it goes when the last attachment is gone.
    """

    sha256 = models.CharField(max_length=64, unique=True)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=120)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.sha256


@tracked(root_by=("kind", "record_id"))
class Attachment(Tracked):
    """A file on a record, under the name that it came with."""

    public_id = PublicIdField()
    kind = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=200)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)

    subject_refs = SubjectRefs("kind", "record_id", on_merge=OnMerge.MOVE, on_erase=OnErase.DELETE)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["kind", "record_id", "-id"], name="attachment_by_record"),
        ]

    def __str__(self) -> str:
        return self.name


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
    ``reading`` what the file was found to be (format, encoding, delimiter, sheet), ``report`` what
    the last run said. What was written stands in ``change_set``.
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
    reading = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    signature = models.CharField(max_length=64, blank=True)  # of the columns' names
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


class Customisable(models.Model):
    """A kind of record to which a company may add fields; the values stand in ``x`` by key.

    Mixed in before Record: ``class Deal(Customisable, Record)``. See rules.custom for the forms.
    """

    by_key: ClassVar[tuple[str, ...]] = ("x",)

    x = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))

    class Meta:
        abstract = True


class CustomType(models.TextChoices):
    """What a custom field can hold."""

    TEXT = FieldType.TEXT, _("Text")
    NUMBER = FieldType.NUMBER, _("Number")
    MONEY = FieldType.MONEY, _("Money")
    DATE = FieldType.DATE, _("Day")
    CHOICE = FieldType.CHOICE, _("One choice")
    CHOICES = FieldType.CHOICES, _("Several choices")
    USER = FieldType.USER, _("Colleague")
    LINK = FieldType.LINK, _("Link")
    BOOLEAN = FieldType.BOOLEAN, _("Yes or no")


class IndexState(models.TextChoices):
    """How far the index of a custom field is."""

    NONE = "none", _("No index")
    BUILDING = "building", _("Being built")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


@tracked(root=("field", "id"), exclude=("index_state", "index_error", "progress"))
class FieldDef(Record):
    """A field that the company added to a kind of record.

    ``key``, ``type`` and ``currency`` stay for good. ``choices`` are options as JSON: value,
    label, tone, is_retired. A retired field is hidden; its values stay and come back with it.
    ``index_state`` follows ``is_indexed`` as the job gets on.
    """

    kind = models.CharField(max_length=30)
    key = models.CharField(max_length=40)
    label = models.CharField(max_length=80)
    help = models.CharField(max_length=200, blank=True)
    type = models.CharField(max_length=10, choices=CustomType)
    choices = models.JSONField(default=list)
    currency = models.CharField(max_length=3, blank=True)
    position = models.PositiveSmallIntegerField()
    is_required = models.BooleanField(default=False)
    is_personal = models.BooleanField(default=False)
    is_indexed = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True)
    index_state = models.CharField(
        max_length=8, choices=IndexState, default=IndexState.NONE, editable=False
    )
    index_error = models.CharField(max_length=200, blank=True, editable=False)
    progress = models.UUIDField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=models.Q(deleted_at__isnull=True),
                name="fielddef_key_once",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def options(self) -> tuple[Option, ...]:
        """The choices, in order, those that are retired included."""
        return tuple(
            Option(one["value"], one["label"], one.get("tone", ""), one.get("is_retired", False))
            for one in self.choices
        )

    @property
    def definition(self) -> Definition:
        """The field as rules read its values."""
        return Definition(
            key=self.key,
            type=FieldType(self.type),
            label=self.label,
            options=self.options,
            currency=self.currency,
            is_required=self.is_required,
        )


def field_definitions(kind: str) -> tuple[FieldDef, ...]:
    """The custom fields of a kind that are in use, in order; one query a request for all kinds."""
    return remembered(FIELDS, _read_definitions).get(kind, ())


def _read_definitions() -> Mapping[str, tuple[FieldDef, ...]]:
    found: dict[str, tuple[FieldDef, ...]] = {}
    for one in _live_definitions():
        found[one.kind] = (*found.get(one.kind, ()), one)
    return found


@compiled
def _live_definitions() -> models.QuerySet[FieldDef]:
    live = FieldDef.objects.filter(deleted_at__isnull=True, retired_at__isnull=True)
    return live.order_by("kind", "position", "id")


class MergeEvent(Tracked):
    """Two records that became one: who survived, and by which choices. ``merged_rows`` is what
    every row was before, so that both can be had again; ``undone_in`` is the change set that did
    so. Written by its actions only and without a history of its own: it is one."""

    public_id = PublicIdField()
    kind = models.CharField(max_length=30)
    survivor_id = models.BigIntegerField()
    absorbed_id = models.BigIntegerField()
    choices = models.JSONField(default=dict)
    reason = models.CharField(max_length=400, blank=True)
    actor_label = models.CharField(max_length=200)
    at = models.DateTimeField(db_default=Now())
    undone_in = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, null=True, related_name="+")

    subject_refs = (
        SubjectRefs("kind", "survivor_id", on_merge=OnMerge.STAY, on_erase=OnErase.DELETE),
        SubjectRefs("kind", "absorbed_id", on_merge=OnMerge.STAY, on_erase=OnErase.DELETE),
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(survivor_id=models.F("absorbed_id")),
                name="mergeevent_not_into_itself",
            ),
            models.UniqueConstraint(
                fields=["kind", "absorbed_id"],
                condition=models.Q(undone_in__isnull=True),
                name="mergeevent_absorbed_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "survivor_id"], name="mergeevent_by_survivor"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.absorbed_id} into {self.survivor_id}"


class MergedRow(models.Model):
    """A row that a merge moved, changed or dropped: whole before it, and whole after it."""

    event = models.ForeignKey(MergeEvent, on_delete=models.CASCADE, related_name="merged_rows")
    model = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    before = models.JSONField()
    after = models.JSONField(null=True)  # null: the merge dropped it
    is_moved = models.BooleanField(db_default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "model", "object_id"], name="mergedrow_once"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.object_id}"


class PairState(models.TextChoices):
    """What people said of two records that look alike."""

    OPEN = "open", _("To be answered")
    MERGED = "merged", _("Merged")
    DIFFERENT = "different", _("Not the same")


class DuplicateKey(models.Model):
    """A key that doubles of a record would share, as a number: made anew by every search."""

    kind = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    key = models.BigIntegerField()

    subject_refs = SubjectRefs("kind", "record_id", on_merge=OnMerge.STAY, on_erase=OnErase.DELETE)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["kind", "key"], name="duplicatekey_by_key"),
            models.Index(fields=["kind", "record_id"], name="duplicatekey_by_record"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.record_id} {self.key}"


@tracked(root_by=("kind", "one_id"), exclude=("score", "reasons"))
class DuplicatePair(Tracked):
    """Two records that may be one, with the reasons why; ``one_id`` is the smaller of their ids.

    What people answered is kept and never asked again.
    """

    public_id = PublicIdField()
    kind = models.CharField(max_length=30)
    one_id = models.BigIntegerField()
    other_id = models.BigIntegerField()
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=9, choices=PairState, default=PairState.OPEN)
    decided_by = models.CharField(max_length=200, blank=True, db_default="")
    decided_at = models.DateTimeField(null=True)

    subject_refs = (
        SubjectRefs("kind", "one_id", on_merge=OnMerge.STAY, on_erase=OnErase.DELETE),
        SubjectRefs("kind", "other_id", on_merge=OnMerge.STAY, on_erase=OnErase.DELETE),
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "one_id", "other_id"], name="duplicatepair_once"
            ),
            models.CheckConstraint(
                condition=models.Q(one_id__lt=models.F("other_id")), name="duplicatepair_in_order"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["kind", "-score", "id"],
                name="duplicatepair_to_answer",
                condition=models.Q(state="open"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.one_id} and {self.other_id}"


class ErasureState(models.TextChoices):
    """How far an erasure is; one that was refused says why."""

    WAITING = "waiting", _("Waiting for a worker")
    DONE = "done", _("Erased")
    FAILED = "failed", _("Failed, nothing was erased")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Refusal withdrawn")


class ErasureBasis(models.TextChoices):
    """Why somebody is erased, in the order of the law (GDPR, article 17)."""

    REQUEST = "request", _("They asked for it")
    PURPOSE = "purpose", _("Not needed any more")
    OBJECTION = "objection", _("They objected to the use of their data")
    UNLAWFUL = "unlawful", _("Should never have been kept")
    OBLIGATION = "obligation", _("The law wants it")


class Erasure(models.Model):
    """One record that was erased for good, or a reason not to: the tombstone and the certificate.

    Nothing in it says who it was. ``subjects`` are the public ids that the record and those merged
    into it had, ``keys`` keyed hashes of its addresses: by them a restored copy erases it again
    and an import knows it. ``record_id`` is empty once it is erased. ``files`` are still to be
    removed after the commit, ``settled_at`` is when all of them were. ``seal`` signs the
    certificate. Without history: it is one, and no undo may touch it.
    """

    public_id = PublicIdField()
    kind = models.CharField(max_length=30)
    record_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=9, choices=ErasureState, default=ErasureState.WAITING)
    basis = models.CharField(max_length=10, choices=ErasureBasis, blank=True)
    refusal = models.CharField(max_length=400, blank=True)
    subjects = models.JSONField(default=list)
    keys = models.JSONField(default=list)
    certificate = models.JSONField(default=dict)
    seal = models.CharField(max_length=64, blank=True)
    files = models.JSONField(default=list)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    actor_label = models.CharField(max_length=200)
    progress = models.UUIDField(null=True)
    asked_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    subject_refs = SubjectRefs("kind", "record_id", on_merge=OnMerge.STAY, on_erase=OnErase.BLANK)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "record_id"],
                condition=models.Q(state__in=["waiting", "refused"]),
                name="erasure_one_open",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done")
                | (models.Q(record_id__isnull=True) & ~models.Q(seal="")),
                name="erasure_done_is_sealed",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="refused") | ~models.Q(refusal=""),
                name="erasure_refused_with_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "record_id"], name="erasure_by_record"),
        ]

    def __str__(self) -> str:
        return f"erasure {self.public_id}"
