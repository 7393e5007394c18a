"""Rows of leads and hand-offs: found and locked, moved from one state to the next, told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from tandem.handoff import queries
from tandem.handoff.errors import HandoffAnswered, HandoffOver
from tandem.handoff.models import Handoff, HandoffState, Lead, LeadStatus
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.kernel.jobs import enqueue
from tandem.kernel.live import changed
from tandem.kernel.models import Record
from tandem.kernel.refs import RecordRef
from tandem.people.actions import record_stage
from tandem.people.rules import Stage
from tandem.records.slots import tell_story

AnyRecord = TypeVar("AnyRecord", bound=Record)


def locked(rows: QuerySet[AnyRecord], public_id: UUID) -> AnyRecord:
    """The row of this id, locked until the action ends. Raises Missing."""
    found = rows.filter(public_id=public_id).select_for_update(of=("self",)).first()
    if found is None:
        raise Missing()
    return found


def move(handoff: Handoff, *, of: Collection[HandoffState], **columns: Any) -> Handoff:
    """Write columns if the hand-off is still in one of these states: of two at once one does.

    Raises HandoffAnswered where another was faster, HandoffOver where the time for it is past.
    """
    moved = Handoff.objects.filter(
        pk=handoff.pk, state__in=list(of), row_version=handoff.row_version, deleted_at__isnull=True
    ).update(**columns, updated_at=Now(), row_version=F("row_version") + 1)
    if not moved:
        now = Handoff.objects.get(pk=handoff.pk)
        raise HandoffAnswered() if now.row_version != handoff.row_version else HandoffOver()
    return queries.prepare_handoffs(Handoff.objects.filter(pk=handoff.pk)).get()


def write_lead(lead: Lead, **columns: Any) -> None:
    """Write columns of a lead, and that it changed."""
    Lead.objects.filter(pk=lead.pk).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )


def close_lead(lead: Lead, status: LeadStatus, *, reason: str, at: datetime) -> None:
    """End a lead."""
    write_lead(lead, status=status, close_reason=reason[:40], closed_at=at)


def tell(
    actor: Actor,
    lead: Lead,
    kind: str,
    payload: Mapping[str, Any],
    *,
    handoff: Handoff | None = None,
    is_automatic: bool = False,
) -> None:
    """Put it into the stories of person, company, lead and hand-off, and let open pages know."""
    refs = [RecordRef("person", lead.person_id), RecordRef("lead", lead.pk)]
    if lead.company_id is not None:
        refs.append(RecordRef("company", lead.company_id))
    if handoff is not None:
        refs.append(RecordRef("handoff", handoff.pk))
        payload = {**payload, "handoff": str(handoff.public_id)}
    tell_story(actor, refs, kind=kind, payload=payload, is_automatic=is_automatic)
    changed("handoff", "lead", f"person:{lead.person.public_id}")


def step(
    actor: Actor, lead: Lead, *stages: Stage, cause: str, evidence: Sequence[str] = ()
) -> None:
    """Note stages of the person's lifecycle; whoever has a deal or bought does not go back."""
    motion = lead.motion.key
    if queries.is_past_leads(lead.person_id, motion):
        return
    for stage in stages:
        record_stage(
            actor, [lead.person_id], stage=stage, cause=cause, motion=motion, evidence=evidence
        )


def watch(due: datetime | None) -> None:
    """Look at the clocks right when one is due; a sweep each minute does so too."""
    if due is not None:
        enqueue("handoff.mark_overdue", at=due)
