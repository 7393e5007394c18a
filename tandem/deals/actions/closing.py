"""Winning, losing and reopening a deal."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from tandem.deals import queries
from tandem.deals.actions.contacts import put_main_contact
from tandem.deals.actions.lifecycle import reach, reach_after_loss, reach_after_reopening
from tandem.deals.actions.rows import (
    Columns,
    check_seen,
    enter_stage,
    locked,
    note_value,
    person_named,
    tell,
    touch,
)
from tandem.deals.actions.stages import first_stage, stage_named
from tandem.deals.errors import (
    AmountMissing,
    BuyerMissing,
    DealClosed,
    DealOpen,
    StageUnknown,
    WinIncomplete,
)
from tandem.deals.facts import DealLost, DealReopened, DealWon
from tandem.deals.models import Category, Deal, Stage
from tandem.deals.rules import GAP, OUTCOME, missing_to_win
from tandem.deals.schemas import LoseDeal, ReopenDeal, WinDeal
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import FieldError
from tandem.kernel.facts import publish
from tandem.kernel.money import Money
from tandem.people.actions.companies import company_for
from tandem.people.rules import Stage as LifecycleStage
from tandem.records.slots import refuse_hidden


@action(permission="deals.close")
def win_deal(actor: Actor, public_id: UUID, *, data: WinDeal) -> Deal:
    """Win an open deal; amount and buyer may be given with it where they are missing.

    Raises Missing, DealMoved and VersionConflict with where the deal is now, DealClosed, and
    WinIncomplete with one error for each field that is missing.
    """
    refuse_hidden(actor, *OUTCOME)
    deal = locked(actor, public_id)
    check_seen(deal, data)
    if deal.status != Category.OPEN:
        raise DealClosed()
    columns = _given(actor, deal, data)
    _require_complete(deal, columns)
    stage = first_stage(deal.pipeline_id, Category.WON)
    moment = enter_stage(actor, deal, stage)
    touch(
        deal,
        **columns,
        stage_id=stage.pk,
        status=Category.WON,
        closed_at=moment,
        close_reason="",
        close_note="",
        close_said_by="",
    )
    note_value(deal.pk, at=moment)
    deal = _again(deal)
    tell(actor, deal, "deals.won", payload=_worth(deal))
    reach(actor, deal, LifecycleStage.CUSTOMER, cause=_("Deal won: %(deal)s") % {"deal": deal.name})
    publish(DealWon(current_change_set().id, (deal.pk,)))
    return deal


@action(permission="deals.close")
def lose_deal(actor: Actor, public_id: UUID, *, data: LoseDeal) -> Deal:
    """Lose an open deal, with the reason and whose words it is.

    Raises Missing, DealMoved and VersionConflict with where the deal is now, DealClosed.
    """
    refuse_hidden(actor, *OUTCOME)
    deal = locked(actor, public_id)
    check_seen(deal, data)
    if deal.status != Category.OPEN:
        raise DealClosed()
    stage = first_stage(deal.pipeline_id, Category.LOST)
    moment = enter_stage(actor, deal, stage)
    touch(
        deal,
        stage_id=stage.pk,
        status=Category.LOST,
        closed_at=moment,
        close_reason=data.reason,
        close_note=data.note,
        close_said_by=data.said_by,
    )
    note_value(deal.pk, at=moment)
    deal = _again(deal)
    said = {"reason": str(data.reason), "said_by": str(data.said_by), "note": data.note}
    tell(actor, deal, "deals.lost", payload={**_worth(deal), **said})
    reach_after_loss(actor, deal, cause=_("Deal lost: %(deal)s") % {"deal": deal.name})
    publish(DealLost(current_change_set().id, (deal.pk,)))
    return deal


@action(permission="deals.close")
def reopen_deal(actor: Actor, public_id: UUID, *, data: ReopenDeal | None = None) -> Deal:
    """Open a closed deal again, in the open stage it was in last or in a named one.

    What was booked for a won deal is reversed by whoever booked it. Raises Missing, DealMoved,
    VersionConflict, DealOpen, StageUnknown.
    """
    data = data or ReopenDeal()
    refuse_hidden(actor, *OUTCOME)
    deal = locked(actor, public_id)
    check_seen(deal, data)
    if deal.status == Category.OPEN:
        raise DealOpen()
    stage = _stage_to_reopen(deal, data.stage)
    was = deal.status
    moment = enter_stage(actor, deal, stage)
    first = queries.first_position(stage.pk)
    touch(
        deal,
        stage_id=stage.pk,
        status=Category.OPEN,
        closed_at=None,
        close_reason="",
        close_note="",
        close_said_by="",
        position=0.0 if first is None else first - GAP,
    )
    note_value(deal.pk, at=moment)
    deal = _again(deal)
    tell(actor, deal, "deals.reopened", payload={"was": was, "to": stage.name})
    cause = _("Deal reopened: %(deal)s") % {"deal": deal.name}
    reach_after_reopening(actor, deal, cause=cause)
    publish(DealReopened(current_change_set().id, (deal.pk,)))
    return deal


def _again(deal: Deal) -> Deal:
    return Deal.objects.select_related("company", "stage", "motion").get(pk=deal.pk)


def _given(actor: Actor, deal: Deal, data: WinDeal) -> Columns:
    """What winning was told besides: columns of the deal; a person becomes its main contact."""
    columns: Columns = {}
    if data.amount is not None:
        columns["amount_minor"] = Money.from_major(data.amount, deal.currency).minor
    if data.company:
        columns["company_id"] = company_for(actor, data.company).pk
    if data.person:
        put_main_contact(deal, person_named(actor, data.person))
    return columns


def _require_complete(deal: Deal, columns: Columns) -> None:
    worth = columns.get("amount_minor", deal.amount_minor)
    firm = columns.get("company_id", deal.company_id)
    has_buyer = firm is not None or bool(queries.contact_ids(deal.pk))
    missing = missing_to_win(amount_minor=worth, has_buyer=has_buyer)
    if not missing:
        return
    said = {"amount": ("amount", AmountMissing), "buyer": ("company", BuyerMissing)}
    raise WinIncomplete(
        errors=[
            FieldError(field, refusal.code, refusal.message)
            for field, refusal in (said[name] for name in missing)
        ]
    )


def _worth(deal: Deal) -> dict[str, Any]:
    money = queries.money_of(deal)
    return {"amount": str(money.major) if money else "", "currency": deal.currency}


def _stage_to_reopen(deal: Deal, named: str | None) -> Stage:
    if named:
        stage = stage_named(deal.pipeline_id, named)
        if stage.category != Category.OPEN:
            raise StageUnknown(field="stage")
        return stage
    live = {stage.pk: stage for stage in queries.stages_of(deal.pipeline_id)}
    for stay in reversed(queries.stays_of(deal.pk)):
        found = live.get(stay.stage_id)
        if found is not None and found.category == Category.OPEN:
            return found
    return first_stage(deal.pipeline_id)
