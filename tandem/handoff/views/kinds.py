"""Leads and hand-offs as kinds of record, and the entries in the navigation."""

from typing import Any

from django.utils.translation import gettext_lazy

from tandem.handoff import actions, queries
from tandem.handoff.models import Handoff, Lead
from tandem.handoff.schemas import (
    ChangeHandoff,
    ChangeLead,
    HandoffOut,
    LeadOut,
    NewHandoff,
    NewLead,
    ReasonOut,
)
from tandem.handoff.views import words
from tandem.handoff.views.offers import TOLD, WORKPLACE
from tandem.kernel.actor import Actor
from tandem.people.rules import SEARCHED
from tandem.people.schemas import RefOut
from tandem.records.slots import (
    OBJECT_TYPES,
    Field,
    FieldType,
    ObjectType,
    Permissions,
    Relation,
    relate,
)
from tandem.ui import navigation
from tandem.ui.navigation import Count, NavItem, Section

LEAD_PERMISSIONS = Permissions(
    view="handoff.view", create="handoff.create", edit="handoff.create", delete="handoff.assign"
)
HANDOFF_PERMISSIONS = Permissions(
    view="handoff.view", create="handoff.create", edit="handoff.assign", delete="handoff.create"
)
_T = FieldType


def _reasons(lead: Lead) -> list[ReasonOut]:
    names = ReasonOut.model_fields
    return [ReasonOut(**{name: one[name] for name in names}) for one in lead.reasons]


def _ref(record: Any) -> RefOut:
    return RefOut(id=record.public_id, name=record.name)


def lead_output(lead: Lead) -> dict[str, Any]:
    """A lead as the API answers it."""
    return LeadOut(
        id=lead.public_id,
        person=_ref(lead.person),
        company=RefOut.of(lead.company),
        motion=lead.motion.key,
        campaign=RefOut.of(lead.campaign),
        origin=lead.origin,
        kind=lead.kind,
        status=lead.status,
        owner=RefOut.of(lead.owner),
        asked_for=lead.asked_for or None,
        score=lead.score,
        reasons=_reasons(lead),
        evidence=lead.evidence,
        opened_at=lead.opened_at,
        closed_at=lead.closed_at,
        close_reason=lead.close_reason or None,
        version=lead.row_version,
    ).model_dump()


_MARKS = ("accept", "first_touch", "outcome", "reply")


def handoff_output(handoff: Handoff) -> dict[str, Any]:
    """A hand-off as the API answers it."""
    lead = handoff.lead
    return HandoffOut(
        id=handoff.public_id,
        lead=lead.public_id,
        person=_ref(lead.person),
        company=RefOut.of(lead.company),
        kind=handoff.kind,
        state=handoff.state,
        owner=RefOut.of(handoff.owner),
        score=lead.score,
        reasons=_reasons(lead),
        routing=handoff.routing,
        opener=handoff.opener,
        consent=handoff.consent,
        last_message=handoff.last_message,
        offered_at=handoff.offered_at,
        accept_due=handoff.accept_due,
        accepted_at=handoff.accepted_at,
        first_touch_due=handoff.first_touch_due,
        first_touch_at=handoff.first_touch_at,
        outcome_due=handoff.outcome_due,
        outcome_at=handoff.outcome_at,
        overdue=[name for name in _MARKS if getattr(handoff, f"{name}_overdue_at") is not None],
        rejection_code=handoff.rejection_code or None,
        rejection_note=handoff.rejection_note or None,
        route=handoff.route or None,
        reply_due=handoff.reply_due,
        reply_at=handoff.reply_at,
        reply_verdict=handoff.reply_verdict or None,
        reply_text=handoff.reply_text or None,
        version=handoff.row_version,
    ).model_dump()


def _lead_subtitle(lead: Lead) -> str:
    return ", ".join(filter(None, [str(lead.company or ""), lead.asked_for]))


LEAD = ObjectType(
    kind="lead",
    slug="leads",
    model=Lead,
    label=gettext_lazy("Lead"),
    label_plural=gettext_lazy("Leads"),
    icon="focus-2",
    shortcut="l",
    permissions=LEAD_PERMISSIONS,
    fields=(
        Field("name", gettext_lazy("Person"), _T.TEXT, source="person__name",
              sort="person__sort_key", width="w-name"),
        Field("company", gettext_lazy("Company"), _T.RECORD, source="company__name",
              sort="company__sort_key"),
        Field("asked_for", gettext_lazy("Asked for"), _T.TEXT, is_editable=True),
        Field("status", gettext_lazy("Status"), _T.CHOICE, choices=words.status_choices,
              width="w-chip"),
        Field("kind", gettext_lazy("How"), _T.CHOICE, choices=words.kind_choices, width="w-mid"),
        Field("score", gettext_lazy("Score"), _T.NUMBER, width="w-num"),
        Field("campaign", gettext_lazy("Campaign"), _T.RECORD, source="campaign__name",
              sort="campaign__sort_key", width="w-mid"),
        Field("owner", gettext_lazy("Seller"), _T.USER, sort="owner__name", width="w-name"),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
        Field("opened_at", gettext_lazy("Opened"), _T.MOMENT, width="w-when"),
        Field("closed_at", gettext_lazy("Closed"), _T.MOMENT, width="w-when"),
    ),
    default_columns=("name", "company", "asked_for", "status", "score", "campaign", "owner",
                     "opened_at"),
    default_sort="-opened_at",
    is_scoped=True,
    visible_to=queries.leads_visible_to,
    prepare=queries.prepare_leads,
    search=queries.search_leads,
    name_of=lambda lead: lead.person.name,
    subtitle_of=_lead_subtitle,
    subtitle_fields=("company", "asked_for"),
    searched_fields=("company", *SEARCHED),
    input_schema=NewLead,
    change_schema=ChangeLead,
    output_schema=LeadOut,
    output=lead_output,
    create=actions.create_lead,
    update=actions.change_lead,
    delete=actions.delete_lead,
)  # fmt: skip


def _handoff_subtitle(handoff: Handoff) -> str:
    return ", ".join(filter(None, [str(handoff.lead.company or ""), handoff.lead.asked_for]))


HANDOFF = ObjectType(
    kind="handoff",
    slug="handoffs",
    model=Handoff,
    label=gettext_lazy("Hand-off"),
    label_plural=gettext_lazy("Hand-offs"),
    icon="arrows-exchange",
    shortcut="f",
    permissions=HANDOFF_PERMISSIONS,
    fields=(
        Field("name", gettext_lazy("Person"), _T.TEXT, source="lead__person__name",
              sort="lead__person__sort_key", width="w-name"),
        Field("company", gettext_lazy("Company"), _T.RECORD, source="lead__company__name",
              sort="lead__company__sort_key"),
        Field("state", gettext_lazy("State"), _T.CHOICE, choices=words.state_choices,
              width="w-chip"),
        Field("rejection_code", gettext_lazy("Reason"), _T.CHOICE, choices=words.code_choices,
              width="w-mid"),
        Field("owner", gettext_lazy("Seller"), _T.USER, sort="owner__name", width="w-name"),
        Field("offered_at", gettext_lazy("Offered"), _T.MOMENT, width="w-when"),
        Field("accept_due", gettext_lazy("Accept by"), _T.MOMENT, width="w-when"),
        Field("accepted_at", gettext_lazy("Accepted"), _T.MOMENT, width="w-when"),
        Field("first_touch_at", gettext_lazy("First touch"), _T.MOMENT, width="w-when"),
        Field("tags", gettext_lazy("Tags"), _T.TAGS),
    ),
    default_columns=("name", "company", "state", "rejection_code", "owner", "offered_at"),
    default_sort="-offered_at",
    is_scoped=True,
    visible_to=queries.handoffs_visible_to,
    prepare=queries.prepare_handoffs,
    search=queries.search_handoffs,
    name_of=lambda handoff: handoff.lead.person.name,
    subtitle_of=_handoff_subtitle,
    subtitle_fields=("company", "lead.company", "lead.asked_for"),
    searched_fields=("company", *SEARCHED),
    input_schema=NewHandoff,
    change_schema=ChangeHandoff,
    output_schema=HandoffOut,
    output=handoff_output,
    told=TOLD,
    create=actions.offer_lead,
    update=actions.change_handoff,
    delete=actions.withdraw_handoff,
)  # fmt: skip

for object_type in (LEAD, HANDOFF):
    OBJECT_TYPES.register(object_type.kind, object_type)


def _count(actor: Actor) -> Count | None:
    if actor.hides_any(*WORKPLACE):
        return None
    waiting = queries.waiting_for(actor)
    return Count(waiting.count, due=True) if waiting.count else None


navigation.register(
    NavItem(
        key="handoffs",
        label=gettext_lazy("Hand-offs"),
        icon="arrows-exchange",
        url_name="handoff:inbox",
        section=Section.TOP,
        order=20,
        permission="handoff.view",
        shortcut="f",
        count=_count,
        tab=True,
    ),
    NavItem(
        key="leads",
        label=gettext_lazy("Leads"),
        icon="focus-2",
        url_name="records:list",
        args=("leads",),
        section=Section.SALES,
        order=10,
        permission="handoff.view",
        shortcut="l",
    ),
)

relate(
    Relation(
        kind="person",
        key="leads",
        label=gettext_lazy("Leads"),
        to="lead",
        own="pk",
        theirs="person_id",
    )
)
