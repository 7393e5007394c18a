"""Consent by API: what holds, and recording what people said."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tandem.consent.actions import create_consent
from tandem.consent.models import ConsentState
from tandem.consent.queries import consents_visible_to
from tandem.consent.schemas import ConsentOut, NewConsent
from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.errors import Missing

router = Router(tags=["Consent"])

PAGE_SIZE = 50
MAX_PAGE_SIZE = 200


class ConsentsIn(Schema):
    """Of whom, and which page: ``cursor`` is the ``next`` of the page before."""

    person: UUID | None = None
    limit: int = Field(PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE)
    cursor: Annotated[str, Field(max_length=20, pattern=r"^[0-9]*$")] = ""


class ConsentsOut(Schema):
    """A page of what holds, the latest first."""

    items: list[ConsentOut]
    next: str | None = None


@router.get("", response={200: ConsentsOut, **REFUSALS}, operation_id="consent_list")
@asks_for("consent.view")
def list_consents(request: HttpRequest, params: Query[ConsentsIn]) -> Any:
    """What holds for the persons whom the caller may see."""
    rows = consents_visible_to(actor_of(request)).order_by("-pk")
    if params.person is not None:
        rows = rows.filter(person__public_id=params.person)
    if params.cursor:
        rows = rows.filter(pk__lt=min(int(params.cursor), 2**63 - 1))
    found = list(rows[: params.limit + 1])
    shown = found[: params.limit]
    more = str(shown[-1].pk) if len(found) > params.limit else None
    return {"items": [_out(row) for row in shown], "next": more}


@router.post(
    "", response={200: ConsentOut, 201: ConsentOut, **REFUSALS}, operation_id="consent_create"
)
@asks_for("consent.record")
def record(request: HttpRequest, data: NewConsent) -> Any:
    """Record one thing that a person said; 200 where something was known of it before."""
    held, is_new = create_consent(actor_of(request), data=data)
    row = consents_visible_to(actor_of(request)).get(pk=held.pk)
    return Status(201 if is_new else 200, _out(row))


@router.get("/{uuid:public_id}", response={200: ConsentOut, **REFUSALS}, operation_id="consent_get")
@asks_for("consent.view")
def get_consent(request: HttpRequest, public_id: UUID) -> Any:
    """What holds for one person, channel, topic and purpose."""
    row = consents_visible_to(actor_of(request)).filter(public_id=public_id).first()
    if row is None:
        raise Missing()
    return _out(row)


def _out(row: ConsentState) -> dict[str, Any]:
    return ConsentOut(
        id=row.public_id,
        person=row.person.public_id,
        channel=row.channel,
        topic=row.topic,
        purpose=row.purpose,
        state=row.state,
        basis=row.basis,
        since=row.since,
        wording=row.event.wording.text,
    ).model_dump()
