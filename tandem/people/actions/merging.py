"""What merging does with rows of this room that are no plain pointers."""

from tandem.people import queries
from tandem.people.models import Company, LifecycleState
from tandem.people.rules import Stage, rank


def merge_lifecycle(kind: str, survivor_id: int, absorbed_id: int) -> None:
    """Where both stand in one motion, the further of the two is where they stand now.

    Nobody becomes a newcomer again because a second record of them was one.
    """
    theirs = LifecycleState.objects.filter(subject_kind=kind, subject_id=absorbed_id)
    own = {
        state.motion: state
        for state in LifecycleState.objects.filter(subject_kind=kind, subject_id=survivor_id)
    }
    for state in theirs.order_by("motion"):
        kept = own.get(state.motion)
        if kept is None:
            continue
        now = max((kept, state), key=lambda one: rank(Stage(one.stage)))
        best = max((kept, state), key=lambda one: rank(Stage(one.furthest_stage)))
        LifecycleState.objects.filter(pk=kept.pk).update(
            stage=now.stage,
            since=now.since,
            furthest_stage=best.furthest_stage,
            furthest_at=best.furthest_at,
            entry_count=kept.entry_count + state.entry_count,
        )
    theirs.filter(motion__in=list(own)).delete()
    theirs.update(subject_id=survivor_id)


def merge_parents(kind: str, survivor_id: int, absorbed_id: int) -> None:
    """The companies below the absorbed one come below the survivor, which never comes below
    itself: where it stood below the absorbed one, it takes over the place above that."""
    above = Company.objects.get(pk=absorbed_id).parent_id
    own = Company.objects.get(pk=survivor_id).parent_id
    if own is not None and absorbed_id in queries.ancestors_of(own):
        own = above
        Company.objects.filter(pk=survivor_id).update(parent_id=own)
    Company.objects.filter(parent_id=absorbed_id).exclude(pk=survivor_id).update(
        parent_id=survivor_id
    )
    if own is not None and survivor_id in queries.ancestors_of(own):
        Company.objects.filter(pk=survivor_id).update(parent_id=None)
