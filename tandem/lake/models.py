"""The hot table of events, the files they go to, the ids of a week, who sent them, whose they are.

Events are written by the database function ``lake_store`` alone, agents first by
``lake_note_agents`` (see the migrations): the collector calls them without Django.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex, GinIndex
from django.db import models
from django.db.models.functions import Now

from tandem.kernel.models import Tracked
from tandem.kernel.refs import OnErase, OnMerge, SubjectRefs
from tandem.lake.rules.agents import MAX_AGENT, Kind


class Event(models.Model):
    """One thing that a visitor did, as the browser or a program told it.

    ``at`` is the caller's time, clamped to the time of receipt; ``client_at`` keeps what was said
    where that differs. ``visitor`` is empty for who gave no consent. ``source`` to ``channel`` are
    derived from address and referrer when the event comes in. ``agent`` is the number of who sent
    it, as it called itself (see Agent); null where it did not. The table is cut by days of ``at``;
    its key in the database is (at, id), and ``id`` is unique within a week (see EventSeen).
    """

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())
    client_at = models.DateTimeField(null=True)
    visitor = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=64)
    url = models.CharField(max_length=2048, blank=True)
    referrer = models.CharField(max_length=2048, blank=True)
    title = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=120, blank=True)
    medium = models.CharField(max_length=120, blank=True)
    campaign = models.CharField(max_length=120, blank=True)
    channel = models.CharField(max_length=16, blank=True)
    props = models.JSONField(default=dict)
    agent = models.BigIntegerField(null=True)

    class Meta:
        db_table = "lake_event"
        indexes: ClassVar = [
            models.Index(
                fields=["visitor", "at"],
                name="event_by_visitor",
                condition=~models.Q(visitor=""),
            ),
            models.Index(fields=["at"], name="event_by_time"),
            # Events stand in the order of their receipt: a few bytes find the last ones.
            BrinIndex(fields=["received_at"], name="event_by_receipt", pages_per_range=16),
        ]

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"


class EventFile(models.Model):
    """A file of events of one day (UTC), sorted by visitor and time: the manifest of the lake.

    What is not listed here is not in the lake. A file never changes; another one takes its place
    in the transaction that retires it, and a retired one is removed later. ``visitors`` are the
    hashes of those who are in it (see ``rules.visitor_hash``), ``generation`` how often its events
    were written anew.
    """

    id = models.BigAutoField(primary_key=True)
    path = models.CharField(max_length=120, unique=True)
    day = models.DateField()
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    visitors = ArrayField(models.IntegerField())
    schema_version = models.SmallIntegerField()
    generation = models.SmallIntegerField()
    written_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "lake_file"
        indexes: ClassVar = [
            models.Index(fields=["day"], name="file_by_day"),
            # Files come seldom and with many visitors: a list of what waits would slow each story.
            GinIndex(fields=["visitors"], name="file_by_visitor", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.path


class EventSeen(models.Model):
    """The id of an event of the last week: a replay finds it here and is not stored again."""

    id = models.UUIDField(primary_key=True)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "lake_seen"

    def __str__(self) -> str:
        return str(self.id)


class Agent(models.Model):
    """How a sender of events called itself (``User-Agent``), and whom that makes likely.

    ``number`` is that of the text (see ``rules.agents``), by which events name it; an agent is
    here before its first event. The verdict is that of the rules of ``version``, and is given anew
    when these change. Not ``from_page`` says that a program sent the events, no page of a site.
    """

    number = models.BigIntegerField(primary_key=True)
    text = models.CharField(max_length=MAX_AGENT)
    from_page = models.BooleanField()
    kind = models.CharField(max_length=8)
    p_human = models.FloatField()
    reasons = ArrayField(models.CharField(max_length=200))
    version = models.CharField(max_length=40)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "lake_agent"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(kind__in=list(Kind)), name="agent_kind"),
            models.CheckConstraint(
                condition=models.Q(p_human__gte=0, p_human__lte=1), name="agent_p_human"
            ),
        ]

    def __str__(self) -> str:
        return self.text or self.kind


class SubjectAlias(Tracked):
    """Who a visitor is: the record behind the events of ``subject`` from ``since`` on.

    ``since`` is the moment of consent. A browser that another person uses later has a second row;
    the first one then ends at ``until``. ``proof`` says what tied them together.
    """

    id = models.BigAutoField(primary_key=True)
    subject = models.CharField(max_length=64)
    kind = models.CharField(max_length=30)
    record_id = models.BigIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    proof = models.CharField(max_length=200)

    subject_refs = SubjectRefs("kind", "record_id", on_merge=OnMerge.MOVE, on_erase=OnErase.DELETE)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=models.Q(until__isnull=True),
                name="subjectalias_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="subjectalias_in_order",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "record_id"], name="subjectalias_by_record"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} is {self.kind}:{self.record_id}"
