"""Reads of who saw and took out what."""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from tandem.kernel.actor import Actor, Scope
from tandem.kernel.refs import RecordRef
from tandem.records import rules
from tandem.records.models import Access
from tandem.records.queries import ListQuery
from tandem.records.queries.merging import selves_of
from tandem.records.slots import OBJECT_TYPES

ACCESSES_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class AccessQuery:
    """Whose accesses, to what, between which days of the reader's zone, both included."""

    user: UUID | None = None
    record: RecordRef | None = None
    deed: str = ""
    first: date | None = None
    last: date | None = None
    after: int = 0


def accesses_for(actor: Actor, query: AccessQuery) -> QuerySet[Access]:
    """The log, the latest first, as far as the actor sees the records. Raises Refused.

    Of a record with what was seen of those that were merged into it.
    """
    actor.require("records.see_accesses")
    rows = _of_what_is_seen(actor).select_related("user").order_by("-id")
    if query.user is not None:
        rows = rows.filter(user__public_id=query.user)
    if query.record is not None:
        ids = selves_of(query.record.kind, [query.record.id])
        rows = rows.filter(kind=query.record.kind, record_id__in=ids)
    if query.deed:
        rows = rows.filter(deed=query.deed)
    if query.first is not None:
        rows = rows.filter(at__gte=_midnight(query.first))
    if query.last is not None and query.last < date.max:
        rows = rows.filter(at__lt=_midnight(query.last + timedelta(days=1)))
    return rows.filter(pk__lt=query.after) if query.after else rows


def page_of_accesses(
    actor: Actor, query: AccessQuery, *, limit: int = ACCESSES_A_PAGE
) -> tuple[list[Access], int]:
    """A page of the log, and the row that the next page is behind; 0 on the last one."""
    found = list(accesses_for(actor, query)[: limit + 1])
    shown = found[:limit]
    return shown, shown[-1].pk if len(found) > len(shown) else 0


def words_of(query: ListQuery) -> str:
    """What a list was narrowed by; nothing where it showed all there is."""
    parts = [query.text]
    if not query.filters.is_empty:
        parts.append(json.dumps(rules.as_json(query.filters), ensure_ascii=False))
    return " ".join(filter(None, parts))


def _of_what_is_seen(actor: Actor) -> QuerySet[Access]:
    """Without rows of records that are out of sight; who sees all of a kind also sees deleted."""
    rows = Access.objects.all()
    for kind in OBJECT_TYPES:
        if not actor.may(kind.permissions.view):
            rows = rows.exclude(kind=kind.kind)
        elif actor.scope_of(kind.kind) is not Scope.ALL:
            seen = kind.visible_to(actor).order_by().values("pk")
            rows = rows.filter(~Q(kind=kind.kind) | Q(record_id__in=seen))
    return rows


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
