"""The log of accesses by API: read, never written."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from tandem.accounts.schemas import Day
from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.errors import Invalid, Missing
from tandem.kernel.refs import RecordRef
from tandem.records.models import AccessDeed
from tandem.records.queries import MAX_PAGE_SIZE, PAGE_SIZE
from tandem.records.queries.accesses import AccessQuery, page_of_accesses
from tandem.records.queries.changes import records_named
from tandem.records.slots import object_type

router = Router(tags=["Access log"])


class AccessIn(Schema):
    """Whose accesses, to which person, of which kind, between which days (both included)."""

    user: UUID | None = None
    person: UUID | None = None
    deed: AccessDeed | None = None
    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: Annotated[str, Field(max_length=18, pattern=r"^[0-9]*$")] = ""


class AccessOut(Schema):
    """One access: ``record`` where the caller sees it, ``count`` where records went out."""

    at: datetime
    user: UUID | None
    who: str
    source: str
    deed: AccessDeed
    kind: str
    record: UUID | None
    about: str
    count: int | None


class AccessesOut(Schema):
    """A page of the log, the latest first."""

    items: list[AccessOut]
    next: str | None


@router.get("", response={200: AccessesOut, **REFUSALS}, operation_id="access_list")
@asks_for("records.see_accesses")
def list_accesses(request: HttpRequest, params: Query[AccessIn]) -> Any:
    """Who opened personal records, searched them, fetched files and exports."""
    actor = actor_of(request)
    if params.first and params.last and params.first > params.last:
        raise Invalid(field="from")
    query = AccessQuery(
        user=params.user,
        record=_person(params.person),
        deed=str(params.deed or ""),
        first=params.first,
        last=params.last,
        after=int(params.cursor or 0),
    )
    rows, after = page_of_accesses(actor, query, limit=params.limit)
    wanted: dict[str, set[int]] = {}
    for row in rows:
        wanted.setdefault(row.kind, set()).add(row.record_id or 0)
    named = records_named(actor, wanted)
    return {
        "items": [
            {
                "at": row.at,
                "user": row.user.public_id if row.user else None,
                "who": row.actor_label,
                "source": row.source,
                "deed": row.deed,
                "kind": row.kind,
                "record": named[key][1].public_id if key in named else None,
                "about": row.about,
                "count": row.count,
            }
            for row in rows
            for key in [(row.kind, row.record_id or 0)]
        ],
        "next": str(after) if after else None,
    }


def _person(public_id: UUID | None) -> RecordRef | None:
    """The person who is asked about, deleted ones too: what was seen of them was seen."""
    if public_id is None:
        return None
    kind = object_type("person")
    found = kind.model._default_manager.filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return kind.ref(found)
