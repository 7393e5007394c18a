"""What a deal does to the lifecycle of its persons and its company."""

from collections.abc import Mapping, Sequence

from tandem.deals import queries
from tandem.deals.models import Deal
from tandem.kernel.actor import Actor
from tandem.people.actions.lifecycle import record_stage
from tandem.people.rules import Stage


def reach(actor: Actor, deal: Deal, stage: Stage, *, cause: str) -> None:
    """Everybody in a deal reached a stage; who is further already stays there."""
    for kind, ids in _subjects(deal).items():
        _record(actor, deal, kind, ids, stage, cause=cause, only_forward=True)


def reach_after_loss(actor: Actor, deal: Deal, *, cause: str) -> None:
    """Who stood at this deal, and has no other one open or won, has lost it."""
    for kind, ids in _subjects(deal).items():
        left = queries.without_other_deals(kind, ids, deal=deal)
        standing = queries.standing_at(kind, left, Stage.OPPORTUNITY, motion=deal.motion.key)
        _record(actor, deal, kind, standing, Stage.LOST, cause=cause)


def reach_after_reopening(actor: Actor, deal: Deal, *, cause: str) -> None:
    """Who was a customer or lost by this deal alone has an opportunity again."""
    for kind, ids in _subjects(deal).items():
        left = queries.without_other_wins(kind, ids, deal=deal)
        back = queries.standing_at(kind, left, Stage.CUSTOMER, Stage.LOST, motion=deal.motion.key)
        _record(actor, deal, kind, back, Stage.OPPORTUNITY, cause=cause)


def go_back(
    actor: Actor, deal: Deal, *, persons: Sequence[int], undone_id: int, cause: str
) -> None:
    """Who had an opportunity by this deal alone, now taken back, stands where they stood before.

    ``persons`` were in the deal, and may be no more; ``undone_id`` is the change set taken back.
    """
    firm = _subjects(deal)["company"]
    for kind, ids in (("person", persons), ("company", firm)):
        left = queries.without_other_deals(kind, ids, deal=deal)
        standing = queries.standing_at(kind, left, Stage.OPPORTUNITY, motion=deal.motion.key)
        before = queries.stages_before(
            kind, standing, motion=deal.motion.key, change_set_id=undone_id
        )
        for stage, those in before.items():
            _record(actor, deal, kind, those, stage, cause=cause)


def _subjects(deal: Deal) -> Mapping[str, Sequence[int]]:
    firm = [deal.company_id] if deal.company_id is not None else []
    return {"person": queries.contact_ids(deal.pk), "company": firm}


def _record(
    actor: Actor,
    deal: Deal,
    kind: str,
    ids: Sequence[int],
    stage: Stage,
    *,
    cause: str,
    only_forward: bool = False,
) -> None:
    if ids:
        record_stage(
            actor,
            ids,
            stage=stage,
            cause=cause,
            kind=kind,
            motion=deal.motion.key,
            evidence=[f"deal:{deal.public_id}"],
            only_forward=only_forward,
        )
