"""Moving a deal to another stage of its pipeline, or to another place in its column."""

from uuid import UUID

from django.utils.translation import gettext as _

from tandem.deals import queries
from tandem.deals.actions import closing
from tandem.deals.actions.rows import (
    check_seen,
    enter_stage,
    locked,
    note_value,
    tell,
    tell_pages,
    touch,
)
from tandem.deals.actions.stages import stage_named
from tandem.deals.errors import DealClosed
from tandem.deals.facts import DealMoved
from tandem.deals.models import Category, Deal, Stage
from tandem.deals.rules import GAP, place_between
from tandem.deals.schemas import LoseDeal, MoveDeal, WinDeal
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import FieldError, Invalid
from tandem.kernel.facts import publish
from tandem.records.slots import refuse_hidden


@action(permission="deals.edit")
def move_deal(actor: Actor, public_id: UUID, *, data: MoveDeal) -> Deal:
    """Put a deal into a stage of its pipeline; the stage's category decides what that means.

    A stage for won or lost deals wins or loses it (see there), with what was sent along; within
    one stage only the place changes. Raises Missing, DealMoved and VersionConflict with where the
    deal is now, DealClosed, StageUnknown, FieldHidden, and what win_deal and lose_deal raise.
    """
    refuse_hidden(actor, "deal.stage")
    deal = locked(actor, public_id)
    stage = stage_named(deal.pipeline_id, data.stage)
    if stage.category == Category.WON:
        return closing.win_deal(actor, public_id, data=_to_win(data))
    if stage.category == Category.LOST:
        return closing.lose_deal(actor, public_id, data=_to_lose(data))
    check_seen(deal, data)
    if deal.status != Category.OPEN:
        raise DealClosed()
    position = _position(actor, deal, stage, data.after)
    if stage.pk == deal.stage_id:
        if data.after is not None and position != deal.position:
            touch(deal, position=position)
            tell_pages(deal, ())
        return deal
    moment = enter_stage(actor, deal, stage)
    touch(deal, stage_id=stage.pk, position=position)
    note_value(deal.pk, at=moment)
    tell(actor, deal, "deals.moved", payload={"from": deal.stage.name, "to": stage.name})
    publish(DealMoved(current_change_set().id, (deal.pk,)))
    return Deal.objects.get(pk=deal.pk)


def _to_win(data: MoveDeal) -> WinDeal:
    return WinDeal(**data.model_dump(include=set(WinDeal.model_fields), mode="json"))


def _to_lose(data: MoveDeal) -> LoseDeal:
    if data.reason is None:
        raise Invalid(errors=[FieldError("reason", "missing", _("Say why the deal is lost."))])
    return LoseDeal(**data.model_dump(include=set(LoseDeal.model_fields), mode="json"))


def _position(actor: Actor, deal: Deal, stage: Stage, after: UUID | None) -> float:
    """A place in the column: below the named deal, else on top."""
    above = None
    if after is not None:
        above = queries.deals_visible_to(actor).filter(public_id=after, stage_id=stage.pk).first()
    if above is None or above.pk == deal.pk:
        first = queries.first_position(stage.pk)
        return 0.0 if first is None else first - GAP
    below = queries.position_after(stage.pk, above.position, above.pk, but=deal.pk)
    place = place_between(above.position, below)
    if place is None:
        place = _spread(stage, above, but=deal.pk)
    return place


def _spread(stage: Stage, above: Deal, *, but: int) -> float:
    """Put the deals of a column apart again where there is no room; the place below ``above``."""
    rows = Deal.objects.filter(stage_id=stage.pk, status=Category.OPEN).exclude(pk=but)
    place = 0.0
    ordered = rows.select_for_update().order_by("position", "pk").values_list("pk", flat=True)
    for at, pk in enumerate(ordered):
        Deal.objects.filter(pk=pk).update(position=at * GAP)
        if pk == above.pk:
            place = at * GAP + GAP / 2
    return place
