"""Who is in a segment and why, by API; segments themselves come from their kind."""

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from tandem.accounts.schemas import WHOLE, Moment
from tandem.kernel.answers import REFUSALS, actor_of, asks_for
from tandem.kernel.errors import Missing
from tandem.people.queries import people_visible_to
from tandem.people.schemas import RefOut
from tandem.segments import queries
from tandem.segments.queries.reasons import reasons
from tandem.segments.schemas import MembersOut, WhyOut

router = Router(tags=["Segments"])

PAGE = 200


class Members(BaseModel):
    """Which members: those behind a person (``after``), those of a moment (``at``)."""

    model_config = ConfigDict(extra="forbid")

    after: UUID | None = None
    at: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE), WHOLE] = 50


class Whose(BaseModel):
    """About whom: a person's public id."""

    model_config = ConfigDict(extra="forbid")

    person: UUID


@router.get(
    "/{uuid:public_id}/members",
    response={200: MembersOut, **REFUSALS},
    operation_id="segment_members",
)
@asks_for("segments.view")
def list_members(request: HttpRequest, public_id: UUID, params: Query[Members]) -> Any:
    """The persons in a segment whom you may see, in the order of their making; ``at`` a moment
    those who were in it then."""
    actor = actor_of(request)
    actor.require("people.view")
    segment = queries.segment_by_public_id(actor, public_id)
    persons = queries.persons_at(segment, params.at) if params.at else queries.persons_in(segment)
    total = queries.count_for(actor, persons)
    rows = queries.people_among(actor, persons).order_by("pk")
    if params.after:
        last = people_visible_to(actor).filter(public_id=params.after).first()
        if last is None:
            raise Missing()
        rows = rows.filter(pk__gt=last.pk)
    found = list(rows[: params.limit + 1])
    shown = found[: params.limit]
    following = shown[-1].public_id if len(found) > len(shown) else None
    return {"total": total, "items": [RefOut.of(one) for one in shown], "next": following}


@router.get(
    "/{uuid:public_id}/reasons",
    response={200: WhyOut, **REFUSALS},
    operation_id="segment_reasons",
)
@asks_for("segments.view")
def tell_reasons(request: HttpRequest, public_id: UUID, params: Query[Whose]) -> Any:
    """Why a person is in a segment or not: each condition of what is published, with what speaks
    for it, and when time alone will change it."""
    actor = actor_of(request)
    segment = queries.segment_by_public_id(actor, public_id)
    person = people_visible_to(actor).filter(public_id=params.person).first()
    if person is None:
        raise Missing()
    lines = reasons(actor, segment, person, segment.who) if segment.who else []
    return {
        "is_in": person.pk in queries.persons_in(segment),
        "conditions": [
            {
                "place": one.place,
                "words": one.words,
                "holds": one.holds,
                "evidence": [said for said in one.evidence if said],
                "until": one.until,
            }
            for one in lines
        ],
    }
