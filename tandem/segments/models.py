"""Segments, what their conditions hold, and every step of who came and went.

Sets of persons are roaring bitmaps of dense ids (see ``rules``). A condition that several segments
share is kept once: it is known by the hash of what it says.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tandem.kernel.history import tracked
from tandem.kernel.models import Record
from tandem.segments.rules import Persons, Step

_LIVE = Q(deleted_at__isnull=True)

SetField = models.BinaryField


@tracked(root=("segment", "id"), exclude=("sort_key", "tells"))
class Segment(Record):
    """Who fits a definition.

    ``who`` is the published definition, empty before the first; ``draft`` what is being worked on,
    null where nothing is. ``tells`` names the fields that either asks for (``person.country``):
    from whom one of them is hidden, the segment is. A snapshot holds whom it held when it was
    taken, whatever becomes of them.
    """

    name = models.CharField(max_length=200)
    sort_key = models.CharField(max_length=200)
    note = models.CharField(max_length=1000, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    who = models.JSONField(default=dict)
    draft = models.JSONField(null=True)
    definition_version = models.PositiveIntegerField(default=0)
    is_snapshot = models.BooleanField(default=False)
    tells = ArrayField(models.CharField(max_length=100), default=list)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["sort_key", "id"], name="segment_by_name", condition=_LIVE),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown(self) -> dict[str, Any]:
        """The definition that is looked at: the draft, or what is published."""
        return self.draft or self.who or {"kind": "all", "of": []}


class Condition(models.Model):
    """What one condition holds: the persons of whom it is true, as of ``asked_at``.

    ``key`` is the hash of ``leaf``. Where ``is_rest`` the set holds those of whom it is *not* true:
    of a condition that is true of who did nothing. ``names`` are the events that it hears (``*``
    for any), ``kinds`` the kinds of record that it reads; ``ask_at`` is when it is to be asked of
    everybody again, ``is_stale`` that it is now. ``fault`` says why it could not be asked the last
    time: it then holds what it held.
    """

    key = models.CharField(max_length=64, unique=True)
    leaf = models.JSONField()
    names = ArrayField(models.CharField(max_length=64), default=list)
    kinds = ArrayField(models.CharField(max_length=30), default=list)
    is_rest = models.BooleanField(default=False)
    found = SetField(default=bytes)
    asked_at = models.DateTimeField()
    ask_at = models.DateTimeField(null=True)
    fault = models.CharField(max_length=200, blank=True)
    is_stale = models.BooleanField(default=False)
    used_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.key[:12]

    @property
    def persons(self) -> Persons:
        """The set as it is kept."""
        return persons_of(self.found)

    def holds(self, everyone: Persons) -> Persons:
        """The persons of whom it is true."""
        return everyone - self.persons if self.is_rest else self.persons


class Turn(models.Model):
    """Persons to ask a condition of again at a moment, since a window will have moved on."""

    condition = models.ForeignKey(Condition, on_delete=models.CASCADE, related_name="turns")
    at = models.DateTimeField()
    found = SetField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["condition", "at"], name="turn_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="turn_by_time")]

    def __str__(self) -> str:
        return f"{self.condition_id} at {self.at}"

    @property
    def persons(self) -> Persons:
        return persons_of(self.found)


class Use(models.Model):
    """A condition, or another segment, that a published definition is made of."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="uses")
    condition = models.ForeignKey(
        Condition, on_delete=models.PROTECT, null=True, related_name="uses"
    )
    other = models.ForeignKey(Segment, on_delete=models.PROTECT, null=True, related_name="used_by")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(condition__isnull=True) ^ Q(other__isnull=True), name="use_of_one"
            ),
            models.CheckConstraint(
                condition=Q(other__isnull=True) | ~Q(other=models.F("segment")),
                name="use_not_of_itself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} of {self.condition_id or self.other_id}"


class Membership(models.Model):
    """Who is in a segment now, and since when that is known."""

    segment = models.OneToOneField(
        Segment, on_delete=models.CASCADE, primary_key=True, related_name="membership"
    )
    found = SetField(default=bytes)
    size = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.size} in {self.segment_id}"

    @property
    def persons(self) -> Persons:
        return persons_of(self.found)


class MemberStep(models.Model):
    """Who came into a segment and who left it, at once; with all of them any day can be told."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField()
    definition_version = models.PositiveIntegerField()
    came = SetField()
    went = SetField()
    came_count = models.BigIntegerField()
    went_count = models.BigIntegerField()
    size = models.BigIntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["segment", "at"], name="memberstep_by_time")]

    def __str__(self) -> str:
        return f"+{self.came_count} -{self.went_count} in {self.segment_id}"

    @property
    def step(self) -> Step:
        return Step(persons_of(self.came), persons_of(self.went))


class Touched(models.Model):
    """A change set that has not been looked at yet: written with it, gone once it is."""

    change_set_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return str(self.change_set_id)


class Heard(models.Model):
    """Until when events have been heard; one row."""

    until = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.until)


def persons_of(kept: bytes | memoryview) -> Persons:
    """A set as it stands in a row."""
    return Persons.deserialize(bytes(kept)) if kept else Persons()
