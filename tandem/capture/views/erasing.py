"""What erasing takes along of forms and events, though nothing in them points to the person."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy

from tandem.capture.models import Submission
from tandem.lake.models import Event, SubjectAlias
from tandem.people.models import PersonEmail
from tandem.records.slots import ERASED_TABLES, ErasedTable


def _held_as_spam(kind: str, ids: Sequence[int]) -> Sequence[QuerySet[Any]]:
    """Forms from an address of theirs that were kept aside."""
    if kind != "person":
        return []
    addresses = PersonEmail.objects.filter(person_id__in=ids)
    told = list(addresses.values_list("address", flat=True))
    told += addresses.values_list("normalized", flat=True)
    return [Submission.objects.filter(person__isnull=True, address__in=told)]


def _events(kind: str, ids: Sequence[int]) -> Sequence[QuerySet[Any]]:
    """What their browsers did: all of it, where no other person used the same one."""
    aliases = SubjectAlias.objects.filter(kind=kind, record_id__in=ids)
    others = SubjectAlias.objects.filter(subject=OuterRef("subject")).exclude(
        kind=kind, record_id__in=ids
    )
    alone = aliases.exclude(Exists(others)).values("subject")
    window = aliases.filter(subject=OuterRef("visitor"), since__lte=OuterRef("at")).filter(
        Q(until__isnull=True) | Q(until__gt=OuterRef("at"))
    )
    return [Event.objects.exclude(visitor="").filter(Q(visitor__in=alone) | Exists(window))]


ERASED_TABLES.register(
    "capture.submission", ErasedTable(gettext_lazy("Forms sent"), further=_held_as_spam)
)
ERASED_TABLES.register("lake.event", ErasedTable(gettext_lazy("Events"), further=_events))
