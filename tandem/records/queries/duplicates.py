"""Reads of what may be here twice: only where the actor sees both."""

from uuid import UUID

from django.db.models import Q, QuerySet

from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.records.models import DuplicatePair, MergeEvent, PairState
from tandem.records.slots import OBJECT_TYPES, ObjectType


def searched_kinds(actor: Actor) -> list[ObjectType]:
    """The kinds of record of which doubles are looked for, as far as the actor may open them."""
    return [
        one
        for one in OBJECT_TYPES
        if one.merging is not None
        and one.merging.alike is not None
        and actor.may(one.permissions.view)
    ]


def open_pairs(actor: Actor, kind: ObjectType) -> QuerySet[DuplicatePair]:
    """Pairs that wait for an answer, of records that the actor sees; the likeliest first."""
    return _visible(actor, kind).filter(state=PairState.OPEN).order_by("-score", "pk")


def pair_for(actor: Actor, kind: ObjectType, public_id: UUID) -> DuplicatePair:
    """One pair, answered or not; Missing when the actor does not see both."""
    found = _visible(actor, kind).filter(public_id=public_id).first()
    if found is None:
        raise Missing()
    return found


def pair_of(actor: Actor, kind: ObjectType, one: int, other: int) -> DuplicatePair | None:
    """What is known of two records that the actor sees: whether they are asked about."""
    first, second = sorted((one, other))
    return _visible(actor, kind).filter(one_id=first, other_id=second).first()


def neighbours_of(
    actor: Actor, kind: ObjectType, pair: DuplicatePair
) -> tuple[DuplicatePair | None, DuplicatePair | None]:
    """The open pairs before and after one in the queue; two queries."""
    rows = open_pairs(actor, kind).exclude(pk=pair.pk)
    before = Q(score__gt=pair.score) | Q(score=pair.score, pk__lt=pair.pk)
    after = Q(score__lt=pair.score) | Q(score=pair.score, pk__gt=pair.pk)
    return rows.filter(before).order_by("score", "-pk").first(), rows.filter(after).first()


def last_merges(actor: Actor, kind: ObjectType) -> QuerySet[MergeEvent]:
    """What was made one and can be two again, of records that the actor sees; newest first."""
    rows = kind.visible_to(actor).order_by().values("pk")
    done = MergeEvent.objects.filter(kind=kind.kind, undone_in__isnull=True)
    return done.filter(survivor_id__in=rows).order_by("-pk")


def _visible(actor: Actor, kind: ObjectType) -> QuerySet[DuplicatePair]:
    rows = kind.visible_to(actor).order_by().values("pk")
    return DuplicatePair.objects.filter(kind=kind.kind, one_id__in=rows, other_id__in=rows)
