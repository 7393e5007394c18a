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


# Who was moved by a change set and not since goes back to where they stood; the log tells both.
_BACK = """
    WITH first AS (
        SELECT DISTINCT ON (subject_id, motion) id, subject_id, motion, from_stage
        FROM people_lifecycleevent
        WHERE subject_kind = %(kind)s AND subject_id = ANY (%(ids)s) AND created_in_id = %(made)s
        ORDER BY subject_id, motion, id
    ), back AS (
        SELECT f.*, l.stage, best.to_stage AS furthest, best.at AS furthest_at, last.at AS since
        FROM first f
        JOIN people_lifecyclestate l ON l.subject_kind = %(kind)s
            AND l.subject_id = f.subject_id AND l.motion = f.motion
        LEFT JOIN LATERAL (
            SELECT e.to_stage, e.at FROM people_lifecycleevent e
            WHERE e.subject_kind = %(kind)s AND e.subject_id = f.subject_id
              AND e.motion = f.motion AND e.id < f.id AND {counts}
            ORDER BY array_position(%(ranks)s::text[], e.to_stage::text) DESC NULLS LAST, e.id
            LIMIT 1
        ) best ON true
        LEFT JOIN LATERAL (
            SELECT e.at FROM people_lifecycleevent e
            WHERE e.subject_kind = %(kind)s AND e.subject_id = f.subject_id
              AND e.motion = f.motion AND e.id < f.id AND {counts}
            ORDER BY e.id DESC LIMIT 1
        ) last ON true
        WHERE NOT EXISTS (
            SELECT FROM people_lifecycleevent e
            WHERE e.subject_kind = %(kind)s AND e.subject_id = f.subject_id
              AND e.motion = f.motion AND e.id > f.id AND e.created_in_id <> %(made)s)
    ), told AS (
        INSERT INTO people_lifecycleevent
            (subject_kind, subject_id, motion, from_stage, to_stage, at, cause, evidence, is_first)
        SELECT %(kind)s, subject_id, motion, stage, from_stage, now(), %(cause)s, '[]', false
        FROM back WHERE from_stage <> ''
    ), gone AS (
        DELETE FROM people_lifecyclestate l USING back b
        WHERE b.from_stage = '' AND l.subject_kind = %(kind)s
          AND l.subject_id = b.subject_id AND l.motion = b.motion
    )
    UPDATE people_lifecyclestate l
    SET stage = b.from_stage, since = coalesce(b.since, l.since),
        furthest_stage = coalesce(b.furthest, b.from_stage),
        furthest_at = coalesce(b.furthest_at, l.furthest_at), entry_count = l.entry_count - 1
    FROM back b
    WHERE b.from_stage <> '' AND l.subject_kind = %(kind)s
      AND l.subject_id = b.subject_id AND l.motion = b.motion
""".replace(
    "{counts}",  # neither a step that was taken back nor the step back
    "NOT EXISTS (SELECT FROM kernel_changeset u WHERE u.undo_of_id = e.created_in_id)"
    " AND NOT EXISTS (SELECT FROM kernel_changeset u"
    "                 WHERE u.id = e.created_in_id AND u.undo_of_id IS NOT NULL)",
)


def take_back_stages(made_in: int, ids: Sequence[int], *, cause: str, kind: str = "person") -> None:
    """Part of a running action: persons (or companies) go back from the stage that a change set
    brought them to, unless they have moved since. One statement."""
    current_change_set()
    ranks = sorted((one for one in Stage if rank(one) >= 0), key=rank)
    with connection.cursor() as cursor:
        cursor.execute(
            _BACK,
            {
                "made": made_in,
                "ids": list(ids),
                "cause": cause[:200],
                "kind": kind,
                "ranks": [str(one) for one in ranks],
            },
        )
