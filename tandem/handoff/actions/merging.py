"""What merging two persons does with their leads."""

from django.db.models import F
from django.db.models.functions import Now

from tandem.handoff import queries
from tandem.handoff.models import OPEN_STATUSES, Handoff, HandoffState, Lead, LeadStatus
from tandem.handoff.rules.reasons import Code


def merge_leads(kind: str, survivor_id: int, absorbed_id: int) -> None:
    """One open lead of a motion goes on: the one that is worked on, else the older one. The other
    is closed as a duplicate, and what is on offer of it is withdrawn."""
    is_open = Lead.objects.filter(
        person_id__in=[survivor_id, absorbed_id],
        status__in=OPEN_STATUSES,
        deleted_at__isnull=True,
    )
    order = (F("status").desc(), "opened_at", "pk")  # working stands after new
    seen: set[int] = set()
    closed: list[int] = []
    for lead in is_open.order_by(*order):
        if lead.motion_id in seen:
            closed.append(lead.pk)
        seen.add(lead.motion_id)
    now = queries.now()
    Handoff.objects.filter(
        lead_id__in=closed, state__in=queries.OPEN_STATES, deleted_at__isnull=True
    ).update(
        state=HandoffState.WITHDRAWN,
        closed_at=now,
        updated_at=Now(),
        row_version=F("row_version") + 1,
    )
    Lead.objects.filter(pk__in=closed).update(
        status=LeadStatus.DISQUALIFIED,
        close_reason=str(Code.DUPLICATE),
        closed_at=now,
        updated_at=Now(),
        row_version=F("row_version") + 1,
    )
    Lead.objects.filter(person_id=absorbed_id).update(person_id=survivor_id)
