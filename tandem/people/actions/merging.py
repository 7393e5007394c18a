"""What merging does with rows of this room that are no plain pointers."""

from django.db import connection

from tandem.people import queries
from tandem.people.models import Company, LifecycleState
from tandem.people.rules import Stage, rank

# One statement for all motions; a stage that is on no way is behind all others.
_FURTHER = """
    WITH pair AS (
        SELECT own.id, own.stage AS own_stage, own.since AS own_since,
               own.furthest_stage AS own_furthest, own.furthest_at AS own_furthest_at,
               other.stage, other.since, other.furthest_stage, other.furthest_at,
               own.entry_count + other.entry_count AS entries,
               coalesce(array_position(%(ranks)s::text[], other.stage::text), 0)
                   > coalesce(array_position(%(ranks)s::text[], own.stage::text), 0) AS is_now,
               coalesce(array_position(%(ranks)s::text[], other.furthest_stage::text), 0)
                   > coalesce(array_position(%(ranks)s::text[], own.furthest_stage::text), 0)
                   AS is_best
        FROM people_lifecyclestate own
        JOIN people_lifecyclestate other
          ON other.subject_kind = own.subject_kind AND other.motion = own.motion
        WHERE own.subject_kind = %(kind)s AND own.subject_id = %(survivor)s
          AND other.subject_id = %(absorbed)s
    )
    UPDATE people_lifecyclestate s
    SET stage = CASE WHEN p.is_now THEN p.stage ELSE p.own_stage END,
        since = CASE WHEN p.is_now THEN p.since ELSE p.own_since END,
        furthest_stage = CASE WHEN p.is_best THEN p.furthest_stage ELSE p.own_furthest END,
        furthest_at = CASE WHEN p.is_best THEN p.furthest_at ELSE p.own_furthest_at END,
        entry_count = p.entries
    FROM pair p WHERE s.id = p.id
"""


def merge_lifecycle(kind: str, survivor_id: int, absorbed_id: int) -> None:
    """Where both stand in one motion, the further of the two is where they stand now.

    Nobody becomes a newcomer again because a second record of them was one.
    """
    ranks = sorted((one for one in Stage if rank(one) >= 0), key=rank)
    with connection.cursor() as cursor:
        cursor.execute(
            _FURTHER,
            {
                "kind": kind,
                "survivor": survivor_id,
                "absorbed": absorbed_id,
                "ranks": [str(one) for one in ranks],
            },
        )
    states = LifecycleState.objects.filter(subject_kind=kind)
    own = states.filter(subject_id=survivor_id).values("motion")
    theirs = states.filter(subject_id=absorbed_id)
    theirs.filter(motion__in=own).delete()
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
