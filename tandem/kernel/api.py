"""API of what every room shares: undo and long jobs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict, StrictBool

from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.models import ChangeSet, ProgressRecord
from tandem.kernel.progress import describe, progress_of, request_cancel
from tandem.kernel.undo import ask_for_undo, change_set_for

router = Router(tags=["Changes and jobs"])


class ChangeSetOut(Schema):
    """Who did what, through which door, when; ``undone`` once it was taken back."""

    id: UUID
    at: datetime
    actor: str
    source: str
    action: str
    reason: str
    undo_of: UUID | None
    undone: bool


class UndoIn(Schema):
    """How to undo: ``keep_later_edits`` leaves alone what was changed since."""

    model_config = ConfigDict(extra="forbid")

    keep_later_edits: StrictBool = False


class ProgressOut(Schema):
    """How far a long job is; ``share`` is 0 to 1, times are in seconds."""

    id: UUID
    kind: str
    label: str
    unit: str
    state: str
    done: int
    total: int | None
    share: float | None
    rate_per_second: float
    seconds_left: float | None
    message: str
    result: dict[str, Any]
    can_cancel: bool


def _change_set(found: ChangeSet) -> ChangeSetOut:
    return ChangeSetOut(
        id=found.public_id,
        at=found.at,
        actor=found.actor_label,
        source=found.source,
        action=found.action,
        reason=found.reason,
        undo_of=found.undo_of.public_id if found.undo_of else None,
        undone=found.undone_by.exists(),
    )


@router.get(
    "/change-sets/{uuid:public_id}",
    response={200: ChangeSetOut, **REFUSALS},
    operation_id="change_set_get",
)
@asks_for("kernel.undo")
def get_change_set(request: HttpRequest, public_id: UUID) -> ChangeSetOut:
    """One change set of the caller's own; of anyone with the right to undo it."""
    return _change_set(change_set_for(actor_of(request), public_id))


@router.post(
    "/change-sets/{uuid:public_id}/undo",
    response={200: ChangeSetOut, 202: ProgressOut, **REFUSALS},
    operation_id="change_set_undo",
)
@asks_for("kernel.undo")
def undo_change_set(request: HttpRequest, public_id: UUID, data: UndoIn | None = None) -> Any:
    """Take a change set back, whole or not at all; the answer is the undoing change set. Where it
    is of very many rows a worker does it: 202 with how far it is."""
    actor = actor_of(request)
    keep = data is not None and data.keep_later_edits
    undoing = ask_for_undo(actor, public_id, keep_later_edits=keep)
    if isinstance(undoing, ProgressRecord):
        return Status(202, describe(undoing, now=timezone.now()))
    return _change_set(change_set_for(actor, undoing))


@router.get(
    "/progress/{uuid:public_id}",
    response={200: ProgressOut, **REFUSALS},
    operation_id="progress_get",
)
@asks_for("kernel.watch")
def get_progress(request: HttpRequest, public_id: UUID) -> Any:
    """How far a long job is."""
    return describe(progress_of(actor_of(request), public_id), now=timezone.now())


@router.post(
    "/progress/{uuid:public_id}/cancellation",
    response={200: ProgressOut, **REFUSALS},
    operation_id="progress_cancel",
)
@asks_for("kernel.watch")
def cancel_progress(request: HttpRequest, public_id: UUID) -> Any:
    """Ask a long job to stop at its next step."""
    return describe(request_cancel(actor_of(request), public_id), now=timezone.now())
