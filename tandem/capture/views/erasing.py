"""What erasing takes along of forms and events, though nothing in them points to the person."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy

from tandem.capture.models import Submission
from tandem.lake.actions import Theirs, erase_events
from tandem.lake.models import Event, SubjectAlias
from tandem.lake.storage import FOLDER
from tandem.people.models import PersonEmail
from tandem.records.rules.erasing import is_number, is_telling, pieces_of
from tandem.records.slots import ERASED_TABLES, ERASERS, ErasedTable, OwnErasing, Traces


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


def _filed_events(kind: str, ids: Sequence[int], traces: Traces) -> OwnErasing | None:
    """The same of the files of the lake, and what names them in events of others."""
    pieces = pieces_of(
        {
            *traces.addresses,
            *traces.ids,
            *(one for one in traces.numbers if is_number(one)),
            *(one for one in traces.names if is_telling(one)),
        }
    )
    erased = erase_events(_browsers(kind, ids), pieces)
    if not erased.files:
        return None
    return OwnErasing(
        deleted={"lake.event": erased.events} if erased.events else {},
        files=tuple(f"{FOLDER}/{name}" for name in erased.files),
    )


def _browsers(kind: str, ids: Sequence[int]) -> list[Theirs]:
    aliases = SubjectAlias.objects.filter(kind=kind, record_id__in=ids)
    others = SubjectAlias.objects.filter(subject=OuterRef("subject")).exclude(
        kind=kind, record_id__in=ids
    )
    return [
        Theirs(alias.subject, alias.since, alias.until)
        if alias.is_shared
        else Theirs(alias.subject)
        for alias in aliases.annotate(is_shared=Exists(others))
    ]


ERASED_TABLES.register(
    "capture.submission", ErasedTable(gettext_lazy("Forms sent"), further=_held_as_spam)
)
ERASED_TABLES.register("lake.event", ErasedTable(gettext_lazy("Events"), further=_events))
ERASERS.register("lake", _filed_events)
