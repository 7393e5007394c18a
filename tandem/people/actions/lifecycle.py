"""The lifecycle: a log of steps with their causes, and where everybody stands after it."""

import json
from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.utils import timezone

from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Invalid
from tandem.kernel.facts import publish
from tandem.people.facts import StageReached
from tandem.people.rules import NEW_BUSINESS, Stage, rank

# One statement for any number of subjects: who moves, their events, their new state.
_STEP = """
    WITH subject AS (
        SELECT DISTINCT unnest(%(ids)s::bigint[]) AS id
    ), stood AS (
        SELECT s.id, l.stage, l.furthest_stage, l.furthest_at,
               coalesce(array_position(%(ranks)s::text[], l.stage::text), 0) AS stood_rank,
               coalesce(array_position(%(ranks)s::text[], l.furthest_stage::text), 0) AS best
        FROM subject s LEFT JOIN people_lifecyclestate l
            ON l.subject_kind = %(kind)s AND l.subject_id = s.id AND l.motion = %(motion)s
    ), moving AS (
        SELECT * FROM stood
        WHERE stage IS DISTINCT FROM %(stage)s
          AND (NOT %(forward)s OR stage IS NULL OR %(rank)s > stood_rank)
    ), told AS (
        INSERT INTO people_lifecycleevent
            (subject_kind, subject_id, motion, from_stage, to_stage, at, cause, evidence, is_first)
        SELECT %(kind)s, id, %(motion)s, coalesce(stage, ''), %(stage)s, %(at)s,
               left(%(cause)s, 200), %(evidence)s::jsonb,
               NOT EXISTS (SELECT FROM people_lifecycleevent e
                           WHERE e.subject_kind = %(kind)s AND e.subject_id = moving.id
                             AND e.motion = %(motion)s AND e.to_stage = %(stage)s)
        FROM moving
    )
    INSERT INTO people_lifecyclestate
        (subject_kind, subject_id, motion, stage, since, furthest_stage, furthest_at, entry_count)
    SELECT %(kind)s, id, %(motion)s, %(stage)s, %(at)s, %(stage)s, %(at)s, 1 FROM moving
    ON CONFLICT (subject_kind, subject_id, motion) DO UPDATE SET
        stage = excluded.stage,
        since = excluded.since,
        furthest_stage = CASE WHEN %(rank)s > coalesce(array_position(
            %(ranks)s::text[], people_lifecyclestate.furthest_stage::text), 0)
            THEN excluded.stage ELSE people_lifecyclestate.furthest_stage END,
        furthest_at = CASE WHEN %(rank)s > coalesce(array_position(
            %(ranks)s::text[], people_lifecyclestate.furthest_stage::text), 0)
            THEN excluded.since ELSE people_lifecyclestate.furthest_at END,
        entry_count = people_lifecyclestate.entry_count + 1
    RETURNING subject_id
"""


@action(permission="people.stage")
def record_stage(
    actor: Actor,
    subject_ids: Sequence[int],
    /,
    *,
    stage: Stage,
    cause: str,
    kind: str = "person",
    motion: str = NEW_BUSINESS,
    evidence: Sequence[str] = (),
    at: datetime | None = None,
    only_forward: bool = False,
) -> tuple[int, ...]:
    """Note that persons (or companies) reached a stage; who stands there already stays.

    With ``only_forward`` nobody goes back: a customer who fills a form is no newcomer again. The
    ids of those who moved are answered. One statement. Raises Invalid without a cause.
    """
    if not cause.strip():
        raise Invalid(field="cause")
    if not subject_ids:
        return ()
    ranks = sorted((one for one in Stage if rank(one) >= 0), key=rank)
    with connection.cursor() as cursor:
        # Two steps of one subject at once would both see the old state; one after the other.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s || ':' || id, 7))"
            " FROM (SELECT DISTINCT unnest(%s::bigint[]) AS id ORDER BY 1) AS s",
            [f"{kind}:{motion}", list(subject_ids)],
        )
        cursor.execute(
            _STEP,
            {
                "ids": list(subject_ids),
                "kind": kind,
                "motion": motion,
                "stage": str(stage),
                "rank": rank(stage) + 1,
                "ranks": [str(one) for one in ranks],
                "forward": only_forward,
                "at": at or timezone.now(),
                "cause": cause,
                "evidence": json.dumps(list(evidence)),
            },
        )
        moved = tuple(sorted(row[0] for row in cursor.fetchall()))
    if moved:
        publish(StageReached(current_change_set().id, kind, moved, motion, str(stage)))
    return moved
