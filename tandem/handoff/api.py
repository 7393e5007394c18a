"""The answers to hand-offs by API; leads and hand-offs themselves come from their kinds."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status

from tandem.handoff import actions, queries
from tandem.handoff.schemas import Acceptance, HandoffOut, Rejection, Reply, TouchIn
from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.records.schemas import partly
from tandem.records.slots import object_type

router = Router(tags=["Hand-offs"])


@router.post(
    "/{uuid:public_id}/acceptance",
    response={200: partly(HandoffOut), **REFUSALS},
    exclude_unset=True,
    operation_id="handoff_accept",
)
@asks_for("handoff.answer")
def accept(request: HttpRequest, public_id: UUID, data: Acceptance | None = None) -> Any:
    """Take an offered lead on; 409 when somebody was faster."""
    actions.accept_handoff(actor_of(request), public_id)
    return _answer(request, public_id)


@router.post(
    "/{uuid:public_id}/rejection",
    response={200: partly(HandoffOut), **REFUSALS},
    exclude_unset=True,
    operation_id="handoff_reject",
)
@asks_for("handoff.answer")
def reject(request: HttpRequest, public_id: UUID, data: Rejection) -> Any:
    """Give a hand-off back with a reason."""
    actions.reject_handoff(actor_of(request), public_id, data=data)
    return _answer(request, public_id)


@router.post(
    "/{uuid:public_id}/reply",
    response={200: partly(HandoffOut), **REFUSALS},
    exclude_unset=True,
    operation_id="handoff_reply",
)
@asks_for("handoff.reply")
def reply(request: HttpRequest, public_id: UUID, data: Reply) -> Any:
    """Answer a rejection, once."""
    actions.reply_to_rejection(actor_of(request), public_id, data=data)
    return _answer(request, public_id)


@router.post(
    "/{uuid:public_id}/touches",
    response={201: partly(HandoffOut), **REFUSALS},
    exclude_unset=True,
    operation_id="handoff_touch",
)
@asks_for("handoff.answer")
def touch(request: HttpRequest, public_id: UUID, data: TouchIn) -> Any:
    """Log a contact, or a try at one; the first stops the clock of the first touch."""
    actions.log_touch(actor_of(request), public_id, data=data)
    return Status(201, _answer(request, public_id))


def _answer(request: HttpRequest, public_id: UUID) -> Any:
    actor = actor_of(request)
    handoff = queries.handoff_by_public_id(actor, public_id)
    return object_type("handoff").output_for(actor, handoff)
