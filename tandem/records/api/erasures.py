"""Erasing for good by API: asking for it, refusing it, and the certificates."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import BaseModel, ConfigDict, StringConstraints

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.records.actions import ask_erasure, refuse_erasure, withdraw_refusal
from tandem.records.models import Erasure, ErasureBasis, ErasureState
from tandem.records.queries import MAX_PAGE_SIZE
from tandem.records.queries.erasing import erasure_by_public_id, erasures_visible_to
from tandem.records.slots import ObjectType

Words = Annotated[
    str,
    StringConstraints(min_length=1, max_length=400, strip_whitespace=True, pattern=r"^[^\x00]*$"),
]

router = Router(tags=["Erasures"])


class ErasureIn(BaseModel):
    """``name`` is the record's name, written out to confirm."""

    model_config = ConfigDict(extra="forbid")

    name: Words
    basis: ErasureBasis = ErasureBasis.REQUEST


class RefusalIn(BaseModel):
    """Why a record may not be erased."""

    model_config = ConfigDict(extra="forbid")

    reason: Words


class ErasureOut(Schema):
    """An erasure or a refusal, which names nobody; ``certificate`` and ``seal`` once it is done."""

    id: UUID
    kind: str
    state: ErasureState
    basis: str
    refusal: str
    by: str
    asked_at: datetime
    progress: UUID | None
    certificate: dict[str, Any]
    seal: str


class ErasuresOut(Schema):
    """Erasures and refusals, the latest first; 200 at most."""

    items: list[ErasureOut]


@router.get("", response={200: ErasuresOut, **REFUSALS}, operation_id="erasure_list")
@asks_for("records.erase")
def list_erasures(request: HttpRequest) -> Any:
    """What was erased, and what may not be."""
    found = erasures_visible_to(actor_of(request))[:MAX_PAGE_SIZE]
    return {"items": [_out(one) for one in found]}


@router.get("/{uuid:public_id}", response={200: ErasureOut, **REFUSALS}, operation_id="erasure_get")
@asks_for("records.erase")
def get_erasure(request: HttpRequest, public_id: UUID) -> Any:
    """How far an erasure is, then its certificate."""
    return _out(erasure_by_public_id(actor_of(request), public_id))


@router.post(
    "/{uuid:public_id}/withdrawal",
    response={200: ErasureOut, **REFUSALS},
    operation_id="erasure_withdraw",
)
@asks_for("records.erase")
def withdraw(request: HttpRequest, public_id: UUID) -> Any:
    """Say that what stood against erasing does not any more."""
    actor = actor_of(request)
    withdraw_refusal(actor, public_id)
    return _out(erasure_by_public_id(actor, public_id))


def add_erasing(kinds: Router, object_type: ObjectType) -> None:
    """The operations on one record of a kind that can be erased."""
    name = object_type.kind

    @kinds.post(
        "/{uuid:public_id}/erasure",
        response={202: ErasureOut, **REFUSALS},
        operation_id=f"{name}_erase",
    )
    @asks_for("records.erase")
    def erase_record(request: HttpRequest, public_id: UUID, data: ErasureIn) -> Any:
        """Have a worker erase a record for good, with all that hangs on it."""
        asked = ask_erasure(
            actor_of(request), object_type, public_id, typed=data.name, basis=data.basis
        )
        return Status(202, _out(asked))

    @kinds.post(
        "/{uuid:public_id}/erasure/refusal",
        response={201: ErasureOut, **REFUSALS},
        operation_id=f"{name}_refuse_erasure",
    )
    @asks_for("records.erase")
    def refuse(request: HttpRequest, public_id: UUID, data: RefusalIn) -> Any:
        """Write down why a record may not be erased; it holds until it is withdrawn."""
        made = refuse_erasure(actor_of(request), object_type, public_id, reason=data.reason)
        return Status(201, _out(made))


def _out(found: Erasure) -> dict[str, Any]:
    return {
        "id": found.public_id,
        "kind": found.kind,
        "state": found.state,
        "basis": found.basis,
        "refusal": found.refusal,
        "by": found.actor_label,
        "asked_at": found.asked_at,
        "progress": found.progress,
        "certificate": found.certificate or {},
        "seal": found.seal,
    }
