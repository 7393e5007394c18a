"""The numbers of the seam, defined once."""

from django.db.models import Count, F, FloatField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from tandem.handoff.models import Handoff, HandoffState, Lead
from tandem.handoff.queries import handoffs_visible_to, leads_visible_to
from tandem.kernel.actor import Actor
from tandem.measures.rules import Unit
from tandem.measures.slots import Measure, Median, Ratio, define
from tandem.people.models import LifecycleEvent
from tandem.people.queries import people_visible_to
from tandem.people.rules import Stage

_OF_LEAD = {
    "campaign": "campaign__code",
    "owner": "owner__name",
    "kind": "kind",
    "reason": "close_reason",
}
_OF_HANDOFF = {
    "campaign": "lead__campaign__code",
    "owner": "owner__name",
    "kind": "kind",
    "reason": "rejection_code",
}
_PERMISSION = "measures.view"


def _accepted(actor: Actor) -> QuerySet[Handoff]:
    return handoffs_visible_to(actor).filter(accepted_at__isnull=False)


def _answered(actor: Actor) -> QuerySet[Handoff]:
    """Offers that came to a verdict: accepted once, or rejected."""
    return handoffs_visible_to(actor).filter(
        Q(accepted_at__isnull=False) | Q(state=HandoffState.REJECTED)
    )


def _rejected(actor: Actor) -> QuerySet[Handoff]:
    return handoffs_visible_to(actor).filter(state=HandoffState.REJECTED)


def _touched(actor: Actor) -> QuerySet[Handoff]:
    rows = handoffs_visible_to(actor).filter(first_touch_minutes__isnull=False)
    return rows.annotate(first_touch_hours=Cast(F("first_touch_minutes"), FloatField()) / 60.0)


def _steps(actor: Actor, stage: Stage) -> QuerySet[LifecycleEvent]:
    """The steps of visible persons to a stage, with the lead that was the newest then."""
    newest = (
        Lead.objects.filter(
            person_id=OuterRef("subject_id"), motion__key=OuterRef("motion"),
            opened_at__lte=OuterRef("at"), deleted_at__isnull=True,
        ).order_by("-opened_at", "-pk")
    )  # fmt: skip
    return LifecycleEvent.objects.filter(
        subject_kind="person",
        subject_id__in=people_visible_to(actor).order_by().values("pk"),
        to_stage=stage,
    ).annotate(
        campaign_code=Subquery(newest.values("campaign__code")[:1]),
        owner_name=Subquery(newest.values("owner__name")[:1]),
        lead_kind=Subquery(newest.values("kind")[:1]),
    )


_OF_STEP = {"campaign": "campaign_code", "owner": "owner_name", "kind": "lead_kind"}
# Of these what is a field.
_OF_A_LEAD = {name: f"lead.{name}" for name in ("campaign", "owner", "kind", "status")}
_OF_A_HANDOFF = {
    **_OF_A_LEAD,
    "owner": "handoff.owner",
    "state": "handoff.state",
    "reason": "handoff.rejection_code",
}

define(
    Measure(
        key="leads",
        label=_("Leads"),
        definition=_("Leads that were opened, by rule or by hand, by the moment of opening."),
        unit=Unit.COUNT,
        rows=leads_visible_to,
        at="opened_at",
        aggregate=Count("pk"),
        dimensions={**_OF_LEAD, "status": "status", "origin": "origin"},
        fields=_OF_A_LEAD,
        permission=_PERMISSION,
    ),
    Measure(
        key="mql",
        label=_("Marketing-qualified leads"),
        definition=_("Steps of persons to the stage MQL, by the moment of the step."),
        unit=Unit.COUNT,
        rows=lambda actor: _steps(actor, Stage.MQL),
        at="at",
        aggregate=Count("pk"),
        dimensions=_OF_STEP,
        fields=_OF_A_LEAD,
        permission=_PERMISSION,
    ),
    Measure(
        key="sql",
        label=_("Sales-qualified leads"),
        definition=_("Steps of persons to the stage SQL, by the moment of the step."),
        unit=Unit.COUNT,
        rows=lambda actor: _steps(actor, Stage.SQL),
        at="at",
        aggregate=Count("pk"),
        dimensions=_OF_STEP,
        fields=_OF_A_LEAD,
        permission=_PERMISSION,
    ),
    Measure(
        key="handoffs_offered",
        label=_("Hand-offs offered"),
        definition=_("Offers of leads to sales, by the moment of the offer."),
        unit=Unit.COUNT,
        rows=handoffs_visible_to,
        at="offered_at",
        aggregate=Count("pk"),
        dimensions={**_OF_HANDOFF, "state": "state"},
        fields=_OF_A_HANDOFF,
        permission=_PERMISSION,
    ),
    Measure(
        key="leads_accepted",
        label=_("Hand-offs accepted"),
        definition=_(
            "Offers that a seller accepted, by the moment of the offer; one that was given back"
            " later was accepted all the same."
        ),
        unit=Unit.COUNT,
        rows=_accepted,
        at="offered_at",
        aggregate=Count("pk"),
        dimensions=_OF_HANDOFF,
        fields=_OF_A_HANDOFF,
        permission=_PERMISSION,
    ),
    Measure(
        key="handoffs_answered",
        label=_("Hand-offs answered"),
        definition=_("Offers that a seller accepted or rejected, by the moment of the offer."),
        unit=Unit.COUNT,
        rows=_answered,
        at="offered_at",
        aggregate=Count("pk"),
        dimensions=_OF_HANDOFF,
        fields=_OF_A_HANDOFF,
        permission=_PERMISSION,
    ),
    Measure(
        key="handoffs_rejected",
        label=_("Hand-offs rejected"),
        definition=_("Hand-offs that a seller gave back, by the moment of the offer."),
        unit=Unit.COUNT,
        rows=_rejected,
        at="offered_at",
        aggregate=Count("pk"),
        dimensions=_OF_HANDOFF,
        fields=_OF_A_HANDOFF,
        permission=_PERMISSION,
    ),
    Ratio(
        key="handoff_acceptance_rate",
        label=_("Acceptance rate"),
        definition=_(
            "Accepted hand-offs over answered ones, 0 to 1, by the moment of the offer; offers"
            " that wait are not counted."
        ),
        unit=Unit.RATE,
        over="leads_accepted",
        under="handoffs_answered",
        permission=_PERMISSION,
    ),
    Measure(
        key="time_to_first_touch",
        label=_("Time to first touch"),
        definition=_(
            "Median of the working hours from the offer to the first call, mail, meeting or chat"
            " of the seller, by the moment of the offer; hand-offs without a touch are left out."
        ),
        unit=Unit.HOURS,
        rows=_touched,
        at="offered_at",
        aggregate=Median("first_touch_hours"),
        dimensions=_OF_HANDOFF,
        fields=_OF_A_HANDOFF,
        permission=_PERMISSION,
        minimum=1,
    ),
)
