"""Opening, changing and deleting a deal."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.accounts.models import User
from tandem.accounts.queries import base_currency
from tandem.deals import queries
from tandem.deals.actions.changes import STEPS, VALUES
from tandem.deals.actions.lifecycle import reach
from tandem.deals.actions.pipelines import ensure_pipeline
from tandem.deals.actions.rows import (
    Columns,
    check_version,
    enter_stage,
    locked,
    note_value,
    person_named,
    tell,
    tell_pages,
    touch,
)
from tandem.deals.actions.stages import first_stage, pipeline_for, pipeline_named, stage_named
from tandem.deals.errors import DealWonStays, LeadHasDeal, StageUnknown
from tandem.deals.facts import DealOpened
from tandem.deals.models import Category, Deal, DealContact, DealLead, LeadKind, Pipeline, Stage
from tandem.deals.rules import GAP
from tandem.deals.schemas import ChangeDeal, NewDeal
from tandem.handoff.actions import qualify_lead
from tandem.handoff.models import OPEN_STATUSES, Lead
from tandem.handoff.queries import lead_by_public_id
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.kernel.money import Money
from tandem.kernel.refs import RecordRef
from tandem.people.actions.changes import Changes
from tandem.people.actions.companies import company_for
from tandem.people.actions.owners import owner_named
from tandem.people.models import Company, Person
from tandem.people.rules import Stage as LifecycleStage
from tandem.people.rules import sort_key
from tandem.records.facts import OwnersGiven
from tandem.records.slots import tell_story


@action(permission="deals.create")
def open_deal(actor: Actor, *, data: NewDeal) -> tuple[Deal, bool]:
    """Open a deal, from a lead or by hand; (the deal, True).

    From a lead come person, company, owner and motion, unless they are given; the lead is the
    deal's source, and qualified by it: its hand-off is done. Without a pipeline it goes to the one
    of the motion, else to the default one, which is set up when there is none yet. Raises Missing
    (of the lead), LeadHasDeal, PipelineUnknown, StageUnknown, PersonUnknown, CompanyUnknown,
    OwnerUnknown.
    """
    lead = _lead_for(actor, data.lead) if data.lead else None
    person, company = _parties(actor, data, lead)
    pipeline = _pipeline_for(actor, data, lead)
    stage = _open_stage(pipeline, data.stage)
    name = data.name or _name_of(company, person, lead)
    currency = data.currency or base_currency()
    now = timezone.now()
    first = queries.first_position(stage.pk)
    deal = Deal.objects.create(
        name=name,
        sort_key=sort_key(name),
        company=company,
        motion_id=pipeline.motion_id,
        pipeline=pipeline,
        stage=stage,
        position=0.0 if first is None else first - GAP,
        amount_minor=None if data.amount is None else Money.from_major(data.amount, currency).minor,
        currency=currency,
        expected_close=data.expected_close,
        owner_id=_owner_id(actor, data, lead),
        next_step=data.next_step or "",
        next_step_on=data.next_step_on,
        opened_at=now,
    )
    enter_stage(actor, deal, stage, at=now)
    note_value(deal.pk, at=now)
    if person is not None:
        DealContact.objects.create(deal=deal, person=person, is_primary=True)
    if lead is not None:
        DealLead.objects.create(deal=deal, lead=lead, kind=LeadKind.SOURCE)
        if lead.status in OPEN_STATUSES:
            qualify_lead(actor, lead.public_id, cause=f"deal {deal.public_id}")
    _tell_opening(actor, deal, stage, lead)
    publish(DealOpened(current_change_set().id, (deal.pk,)))
    publish(OwnersGiven(current_change_set().id, "deal", (deal.pk,)))
    return deal, True


@action(permission="deals.edit")
def change_deal(
    actor: Actor, public_id: UUID, *, data: ChangeDeal, version: int | None = None
) -> Deal:
    """Change the given fields of a deal; what is the same already is no change.

    A change of what it is worth, or of its expected close, is kept with its moment. Raises
    Missing, VersionConflict, DealWonStays (for the worth of a won deal), PersonUnknown,
    CompanyUnknown, OwnerUnknown.
    """
    deal = locked(actor, public_id)
    check_version(deal, version if version is not None else data.version)
    changes, columns = Changes(), Columns()
    given = data.given
    for name in (name for name in STEPS if name in given):
        columns.update(STEPS[name](actor, deal, given[name], changes))
    if not changes.values:
        return deal
    if deal.status == Category.WON and VALUES & set(changes.values):
        raise DealWonStays(field=next(iter(VALUES & set(changes.values))))
    touch(deal, **columns)
    if {*VALUES, "expected_close"} & set(changes.values):
        note_value(deal.pk, at=timezone.now())
    tell_story(
        actor, [RecordRef("deal", deal.pk)], kind="deals.changed", payload=changes.as_payload()
    )
    if "owner" in changes.values:
        publish(OwnersGiven(current_change_set().id, "deal", (deal.pk,)))
    tell_pages(deal, queries.contact_ids(deal.pk))
    return Deal.objects.get(pk=deal.pk)


@action(permission="deals.delete")
def delete_deal(actor: Actor, public_id: UUID) -> None:
    """Delete a deal; undo brings it back. Raises Missing, DealWonStays."""
    deal = locked(actor, public_id)
    if deal.status == Category.WON:
        raise DealWonStays()
    touch(deal, deleted_at=timezone.now())
    tell(actor, deal, "deals.deleted")


def _lead_for(actor: Actor, public_id: UUID) -> Lead:
    """The lead, locked: two who open a deal from it at once make one."""
    found = lead_by_public_id(actor, public_id)
    Lead.objects.select_for_update().get(pk=found.pk)
    if queries.lead_has_deal(found.pk):
        raise LeadHasDeal(field="lead")
    return found


def _parties(
    actor: Actor, data: NewDeal, lead: Lead | None
) -> tuple[Person | None, Company | None]:
    person = person_named(actor, data.person) if data.person else None
    company = company_for(actor, data.company) if data.company else None
    if lead is not None:
        return person or lead.person, company or lead.company
    return person, company


def _pipeline_for(actor: Actor, data: NewDeal, lead: Lead | None) -> Pipeline:
    if data.pipeline:
        return pipeline_named(actor, data.pipeline)
    ensure_pipeline(actor)
    return pipeline_for(actor, lead.motion_id if lead is not None else None)


def _open_stage(pipeline: Pipeline, named: str | None) -> Stage:
    if not named:
        return first_stage(pipeline.pk)
    stage = stage_named(pipeline.pk, named)
    if stage.category != Category.OPEN:
        raise StageUnknown(_("A deal is opened in an open stage."), field="stage")
    return stage


def _owner_id(actor: Actor, data: NewDeal, lead: Lead | None) -> int | None:
    if data.owner:
        return owner_named(actor, data.owner).pk
    if lead is not None and lead.owner_id is not None:
        return lead.owner_id
    is_user = actor.user_id is not None and User.objects.filter(pk=actor.user_id).exists()
    return actor.user_id if is_user else None


def _name_of(company: Company | None, person: Person | None, lead: Lead | None) -> str:
    known = company or person
    name = known.name if known is not None else ""
    asked = lead.asked_for if lead is not None else ""
    return ", ".join(filter(None, [name, asked]))[:200] or _("Deal")


def _tell_opening(actor: Actor, deal: Deal, stage: Stage, lead: Lead | None) -> None:
    money = queries.money_of(deal)
    payload: Mapping[str, Any] = {
        "to": stage.name,
        "amount": str(money.major) if money else "",
        "currency": deal.currency,
        "from_lead": lead is not None,
    }
    tell(actor, deal, "deals.opened", payload=payload)
    cause = _("Deal opened: %(deal)s") % {"deal": deal.name}
    reach(actor, deal, LifecycleStage.OPPORTUNITY, cause=cause)
