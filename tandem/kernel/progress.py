"""Progress: how far a long job is, what it has left, and the wish to stop it.

One row per job, written on a connection of its own, so that it is seen while the job's own
transaction is still open. The same row is shown by page, command and API.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tandem.kernel.actor import Actor
from tandem.kernel.errors import DomainError, Missing
from tandem.kernel.models import ProgressRecord, ProgressState

# The same database over a second connection, outside of the job's transaction (settings).
ALIAS = "progress"
WRITE_EVERY_SECONDS = 0.5
# A job that writes nothing for this long has died with its worker.
SILENT_AFTER = timedelta(seconds=60)


class Cancelled(DomainError):
    """The user asked to stop the job; what belongs together was rolled back."""

    code = "cancelled"
    status = 409
    message = _("Stopped on request.")


class Progress:
    """The running side: a job counts what it has done and learns whether to stop."""

    def __init__(
        self, record: ProgressRecord, listener: Callable[[ProgressRecord], None] | None = None
    ) -> None:
        self.record = record
        self._listener = listener
        self._written_at = 0.0

    @property
    def public_id(self) -> UUID:
        public_id: UUID = self.record.public_id
        return public_id

    def advance(self, by: int = 1, *, message: str | None = None) -> None:
        """Count ``by`` more units as done; raises Cancelled when the user asked to stop."""
        self.record.done += by
        if message is not None:
            self.record.message = message[:400]
        now = time.monotonic()
        if message is not None or now - self._written_at >= WRITE_EVERY_SECONDS:
            self._written_at = now
            self._write()

    def expect(self, total: int) -> None:
        """Say how many units there are in all, once that is known."""
        self.record.total = total
        self._write()

    def _write(self) -> None:
        record = self.record
        record.updated_at = timezone.now()
        if self._listener is not None:
            self._listener(record)
        rows = ProgressRecord.objects.using(ALIAS).filter(pk=record.pk, state=ProgressState.RUNNING)
        rows.update(
            done=record.done,
            total=record.total,
            message=record.message,
            updated_at=record.updated_at,
        )
        if rows.filter(cancel_requested=True).exists():
            raise Cancelled()


def announce(actor: Actor, *, kind: str, label: str, unit: str, total: int) -> ProgressRecord:
    """Show a job from the moment that it is asked for, in the caller's transaction.

    The job goes on with it: ``tracking(..., announced=its public id)``.
    """
    record = ProgressRecord.objects.create(
        kind=kind,
        label=label[:200],
        unit=unit,
        total=total,
        actor_id=actor.user_id,
        message=str(_("Waiting for a worker.")),
    )
    record.refresh_from_db()
    return record


@contextmanager
def tracking(
    actor: Actor,
    *,
    kind: str,
    label: str,
    unit: str,
    total: int | None = None,
    listener: Callable[[ProgressRecord], None] | None = None,
    announced: UUID | None = None,
) -> Iterator[Progress]:
    """Show a long job while it runs; its end, good or bad, is written when the block ends.

    ``unit`` is the plural of what is counted (rows, people); results go into
    ``progress.record.result`` as plain JSON. A command passes a ``listener`` that draws its bar.
    """
    rows = ProgressRecord.objects.using(ALIAS)
    if announced is None:
        record = rows.create(
            kind=kind, label=label[:200], unit=unit, total=total, actor_id=actor.user_id
        )
        record.refresh_from_db()
    else:  # what a worker that died had counted is counted anew
        record = rows.get(public_id=announced)
        record.state, record.done, record.message = ProgressState.RUNNING, 0, ""
        record.started_at, record.finished_at = timezone.now(), None
        record.save(update_fields=["state", "done", "message", "started_at", "finished_at"])
    progress = Progress(record, listener)
    state, message = ProgressState.FAILED, ""
    try:
        yield progress
        state = ProgressState.DONE
    except Cancelled as stop:
        state, message = ProgressState.CANCELLED, str(stop)
        raise
    except DomainError as error:
        message = str(error)
        raise
    finally:
        now = timezone.now()
        ProgressRecord.objects.using(ALIAS).filter(pk=record.pk).update(
            state=state,
            done=record.done,
            total=record.total,
            message=message or record.message,
            result=record.result,
            updated_at=now,
            finished_at=now,
        )


def progress_of(actor: Actor, public_id: UUID) -> ProgressRecord:
    """One job as its owner (or who may operate the installation) sees it; Missing otherwise."""
    record = ProgressRecord.objects.filter(public_id=public_id).first()
    if record is None or not (
        actor.may("kernel.operate")
        or (actor.user_id is not None and record.actor_id == actor.user_id)
    ):
        raise Missing()
    return record


def settle(record: ProgressRecord, *, state: ProgressState, message: str = "") -> None:
    """Write the end of a job whose worker could not, as it is known from elsewhere."""
    ProgressRecord.objects.filter(pk=record.pk, state=ProgressState.RUNNING).update(
        state=state, message=message[:400], finished_at=timezone.now()
    )


def recent_progress(actor: Actor, *, limit: int = 20) -> list[ProgressRecord]:
    """The actor's own last jobs, newest first; everybody's for who operates the installation."""
    rows = ProgressRecord.objects.order_by("-id")
    if not actor.may("kernel.operate"):
        rows = rows.filter(actor_id=actor.user_id)
    return list(rows[:limit])


def request_cancel(actor: Actor, public_id: UUID) -> ProgressRecord:
    """Ask a running job to stop at its next step."""
    record = progress_of(actor, public_id)
    ProgressRecord.objects.filter(pk=record.pk, state=ProgressState.RUNNING).update(
        cancel_requested=True
    )
    record.refresh_from_db()
    return record


def describe(record: ProgressRecord, *, now: datetime) -> Mapping[str, Any]:
    """What page, command and API show: state, share 0 to 1, rate a second, seconds left.

    ``state`` is ``interrupted`` when a running job has been silent for a minute.
    """
    ended_at = record.finished_at or now
    seconds = max((ended_at - record.started_at).total_seconds(), 0.001)
    rate = record.done / seconds
    left = None
    if record.total is not None and record.state == ProgressState.RUNNING and record.done:
        left = max(record.total - record.done, 0) / rate
    silent = record.state == ProgressState.RUNNING and now - record.updated_at > SILENT_AFTER
    return {
        "id": str(record.public_id),
        "kind": record.kind,
        "label": record.label,
        "unit": record.unit,
        "state": "interrupted" if silent else str(record.state),
        "done": record.done,
        "total": record.total,
        "share": min(record.done / record.total, 1.0) if record.total else None,
        "rate_per_second": round(rate, 1),
        "seconds_left": round(left, 1) if left is not None else None,
        "message": record.message,
        "result": record.result,
        "can_cancel": record.state == ProgressState.RUNNING and not record.cancel_requested,
    }
