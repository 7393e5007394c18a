"""The verbs of deals and the stages of pipelines by API; the rest comes from their kinds."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Status
from ninja.schema import Schema

from tandem.deals import actions, queries
from tandem.deals.models import DealContact
from tandem.deals.schemas import (
    ChangeStage,
    ContactIn,
    ContactOut,
    DealOut,
    LoseDeal,
    MoveDeal,
    NewStage,
    PipelineOut,
    ReopenDeal,
    WinDeal,
)
from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.people.schemas import RefOut
from tandem.records.queries import written_record
from tandem.records.schemas import partly
from tandem.records.slots import object_type, refuse_hidden

deals = Router(tags=["Deals"])
pipelines = Router(tags=["Pipelines"])


class ContactsOut(Schema):
    """The persons in a deal, the main one first."""

    items: list[ContactOut]


@deals.post(
    "/{uuid:public_id}/stage",
    response={200: partly(DealOut), **REFUSALS},
    exclude_unset=True,
    operation_id="deal_move",
)
@asks_for("deals.edit")
def move(request: HttpRequest, public_id: UUID, data: MoveDeal) -> Any:
    """Move a deal to a stage; one for won or lost deals wins or loses it."""
    actions.move_deal(actor_of(request), public_id, data=data)
    return _deal(request, public_id)


@deals.post(
    "/{uuid:public_id}/win",
    response={200: partly(DealOut), **REFUSALS},
    exclude_unset=True,
    operation_id="deal_win",
)
@asks_for("deals.close")
def win(request: HttpRequest, public_id: UUID, data: WinDeal) -> Any:
    """Win a deal; amount and buyer may be given with it where they are missing."""
    actions.win_deal(actor_of(request), public_id, data=data)
    return _deal(request, public_id)


@deals.post(
    "/{uuid:public_id}/loss",
    response={200: partly(DealOut), **REFUSALS},
    exclude_unset=True,
    operation_id="deal_lose",
)
@asks_for("deals.close")
def lose(request: HttpRequest, public_id: UUID, data: LoseDeal) -> Any:
    """Lose a deal, with the reason and whose words it is."""
    actions.lose_deal(actor_of(request), public_id, data=data)
    return _deal(request, public_id)


@deals.post(
    "/{uuid:public_id}/reopening",
    response={200: partly(DealOut), **REFUSALS},
    exclude_unset=True,
    operation_id="deal_reopen",
)
@asks_for("deals.close")
def reopen(request: HttpRequest, public_id: UUID, data: ReopenDeal) -> Any:
    """Open a closed deal again; what was booked for a won one is reversed."""
    actions.reopen_deal(actor_of(request), public_id, data=data)
    return _deal(request, public_id)


@deals.get(
    "/{uuid:public_id}/contacts",
    response={200: ContactsOut, **REFUSALS},
    operation_id="deal_contacts",
)
@asks_for("deals.view")
def list_contacts(request: HttpRequest, public_id: UUID) -> Any:
    """The persons in a deal whom the caller may see."""
    actor = actor_of(request)
    refuse_hidden(actor, "deal.person")
    deal = queries.deal_by_public_id(actor, public_id)
    return {"items": [_contact(one) for one in queries.contacts_of(actor, deal)]}


@deals.post(
    "/{uuid:public_id}/contacts",
    response={200: ContactOut, **REFUSALS},
    operation_id="deal_put_contact",
)
@asks_for("deals.edit")
def put_contact(request: HttpRequest, public_id: UUID, data: ContactIn) -> Any:
    """Put a person into a deal, or give one who is in it another role."""
    return _contact(actions.put_contact(actor_of(request), public_id, data=data))


@deals.delete(
    "/{uuid:public_id}/contacts/{uuid:person}",
    response={204: None, **REFUSALS},
    operation_id="deal_remove_contact",
)
@asks_for("deals.edit")
def remove_contact(request: HttpRequest, public_id: UUID, person: UUID) -> Any:
    """Take a person out of a deal."""
    actions.remove_contact(actor_of(request), public_id, person=person)
    return Status(204, None)


@pipelines.post(
    "/{uuid:public_id}/stages",
    response={201: partly(PipelineOut), **REFUSALS},
    exclude_unset=True,
    operation_id="pipeline_add_stage",
)
@asks_for("deals.settings")
def add_stage(request: HttpRequest, public_id: UUID, data: NewStage) -> Any:
    """Add an open stage behind the last open one."""
    actions.add_stage(actor_of(request), public_id, data=data)
    return Status(201, _pipeline(request, public_id))


@pipelines.patch(
    "/{uuid:public_id}/stages/{uuid:stage_id}",
    response={200: partly(PipelineOut), **REFUSALS},
    exclude_unset=True,
    operation_id="pipeline_change_stage",
)
@asks_for("deals.settings")
def change_stage(request: HttpRequest, public_id: UUID, stage_id: UUID, data: ChangeStage) -> Any:
    """Change a stage's name, chance, days or place."""
    actions.change_stage(actor_of(request), public_id, stage_id, data=data)
    return _pipeline(request, public_id)


@pipelines.delete(
    "/{uuid:public_id}/stages/{uuid:stage_id}",
    response={204: None, **REFUSALS},
    operation_id="pipeline_delete_stage",
)
@asks_for("deals.settings")
def delete_stage(request: HttpRequest, public_id: UUID, stage_id: UUID) -> Any:
    """Delete an open stage in which no deal stands."""
    actions.delete_stage(actor_of(request), public_id, stage_id)
    return Status(204, None)


def _deal(request: HttpRequest, public_id: UUID) -> Any:
    kind = object_type("deal")
    actor = actor_of(request)
    return kind.output_for(actor, written_record(kind, actor, public_id))


def _pipeline(request: HttpRequest, public_id: UUID) -> Any:
    kind = object_type("pipeline")
    actor = actor_of(request)
    return kind.output_for(actor, queries.pipeline_by_public_id(actor, public_id))


def _contact(contact: DealContact) -> dict[str, Any]:
    return ContactOut(
        person=RefOut(id=contact.person.public_id, name=contact.person.name),
        role=contact.role or None,
        stance=contact.stance,
        is_primary=contact.is_primary,
    ).model_dump()
