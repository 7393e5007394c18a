"""Doubles among the records that are there: found by shared keys, judged by rules, kept to ask."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg import sql

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.jobs import enqueue, is_asked_for
from tandem.kernel.models import ProgressRecord, ProgressState
from tandem.kernel.progress import announce
from tandem.records.errors import NotMergeable
from tandem.records.models import DuplicateKey, DuplicatePair, PairState
from tandem.records.queries.duplicates import pair_for
from tandem.records.rules.alike import likeness
from tandem.records.slots import Alike, ObjectType

# A key that more records than this share says nothing: half a town is called Smith.
MOST_PER_KEY = 40
PART = 5_000
SEARCH = "records.find_duplicates"  # the job, and what its progress is of

# Which pairs share a key; of one side only the given records, where some are given.
_CANDIDATES = """
    WITH useful AS MATERIALIZED (
        SELECT key FROM records_duplicatekey WHERE kind = %(kind)s
        GROUP BY key HAVING count(*) BETWEEN 2 AND %(most)s
    ), kept AS MATERIALIZED (
        SELECT k.record_id, k.key FROM records_duplicatekey k JOIN useful USING (key)
        WHERE k.kind = %(kind)s
    )
    SELECT DISTINCT a.record_id, b.record_id
    FROM kept a JOIN kept b ON b.key = a.key AND a.record_id < b.record_id
    ORDER BY 1, 2
"""
# Of some records: their keys, then only what shares one of them, by the index.
_CANDIDATES_OF = """
    WITH own AS MATERIALIZED (
        SELECT DISTINCT key FROM records_duplicatekey
        WHERE kind = %(kind)s AND record_id = ANY (%(ids)s)
    ), useful AS MATERIALIZED (
        SELECT key FROM own
        WHERE (SELECT count(*) FROM (
            SELECT FROM records_duplicatekey k WHERE k.kind = %(kind)s AND k.key = own.key
            LIMIT %(most)s + 1) few) BETWEEN 2 AND %(most)s
    )
    SELECT DISTINCT least(a.record_id, b.record_id), greatest(a.record_id, b.record_id)
    FROM useful u
    JOIN records_duplicatekey a ON a.kind = %(kind)s AND a.key = u.key
        AND a.record_id = ANY (%(ids)s)
    JOIN records_duplicatekey b ON b.kind = %(kind)s AND b.key = u.key
        AND b.record_id <> a.record_id
    ORDER BY 1, 2
"""
_KEEP = """
    INSERT INTO records_duplicatepair (public_id, kind, one_id, other_id, score, reasons, state)
    SELECT gen_random_uuid(), %(kind)s, (p -> 0)::bigint, (p -> 1)::bigint, (p -> 2)::int,
           p -> 3, 'open'
    FROM jsonb_array_elements(%(pairs)s::jsonb) p
    ON CONFLICT (kind, one_id, other_id) DO UPDATE
        SET score = excluded.score, reasons = excluded.reasons
        WHERE (records_duplicatepair.score, records_duplicatepair.reasons)
            IS DISTINCT FROM (excluded.score, excluded.reasons)
"""
# What was asked about and is alike no more, or is gone: it is asked about no more either.
_FORGET = """
    DELETE FROM records_duplicatepair p
    WHERE p.kind = %(kind)s AND p.state = 'open'
      AND (%(ids)s::bigint[] IS NULL OR p.one_id = ANY (%(ids)s) OR p.other_id = ANY (%(ids)s))
      AND NOT (p.id = ANY (%(kept)s::bigint[]))
"""


@action(permission="records.find_duplicates")
def find_duplicates(
    actor: Actor,
    kind: ObjectType,
    *,
    ids: Collection[int] | None = None,
    step: Callable[[float, str], None] | None = None,
) -> int:
    """Look for doubles among all records of a kind, or of some with all; how many pairs are open.

    What people have answered stays answered. A few statements and one pass over the candidates.
    ``step(share, message)`` hears how far it is. Raises NotMergeable.
    """
    alike = _alike_of(kind)
    say = step or (lambda _share, _message: None)
    say(0.0, "")
    _note_keys(kind, alike, ids)
    say(0.2, "")
    with connection.cursor() as cursor:
        cursor.execute(
            _CANDIDATES if ids is None else _CANDIDATES_OF,
            {"kind": kind.kind, "most": MOST_PER_KEY, "ids": list(ids or ())},
        )
        candidates: list[tuple[int, int]] = cursor.fetchall()
    kept: list[tuple[int, int]] = []
    for start in range(0, len(candidates), PART):
        part = candidates[start : start + PART]
        judged = list(_judged(alike, part))
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, {"kind": kind.kind, "pairs": json.dumps(judged)})
        kept += [(one, other) for one, other, *_why in judged]
        say(0.2 + 0.8 * (start + len(part)) / len(candidates), "")
    _forget(kind, ids, kept)
    return DuplicatePair.objects.filter(kind=kind.kind, state=PairState.OPEN).count()


@action(permission="records.merge")
def keep_apart(actor: Actor, kind: ObjectType, public_id: UUID) -> DuplicatePair:
    """Say that two records are not the same: nobody is asked again. Raises Missing, Refused."""
    actor.require(kind.permissions.edit)
    pair = pair_for(actor, kind, public_id)
    DuplicatePair.objects.filter(pk=pair.pk).update(
        state=PairState.DIFFERENT, decided_at=timezone.now(), decided_by=actor.label[:200]
    )
    return DuplicatePair.objects.get(pk=pair.pk)


@action(permission="records.merge")
def ask_for_search(actor: Actor, kind: ObjectType) -> UUID | None:
    """Have a worker look for doubles among all records of a kind; the progress that tells of it.

    None where somebody else has asked already, and it is under way. Raises NotMergeable.
    """
    _alike_of(kind)
    label = _("Duplicates: %(kind)s") % {"kind": kind.label_plural}
    if is_asked_for(SEARCH, kind=kind.kind):
        own = ProgressRecord.objects.filter(kind=SEARCH, label=label, actor_id=actor.user_id or 0)
        running = own.filter(state=ProgressState.RUNNING).order_by("-pk")
        return running.values_list("public_id", flat=True).first()
    record = announce(actor, kind=SEARCH, label=label, unit=_("percent"), total=100)
    shown: UUID = record.public_id
    enqueue(SEARCH, kind=kind.kind, user_id=actor.user_id, progress=str(shown))
    return shown


@action(permission="records.find_duplicates")
def look_again(actor: Actor, kind: ObjectType, ids: Sequence[int]) -> None:
    """Look for doubles of records that were added or changed. Raises NotMergeable."""
    if ids:
        find_duplicates(actor, kind, ids=ids)


def _alike_of(kind: ObjectType) -> Alike:
    if kind.merging is None or kind.merging.alike is None:
        raise NotMergeable()
    return kind.merging.alike


def _note_keys(kind: ObjectType, alike: Alike, ids: Collection[int] | None) -> None:
    """The keys of all records of the kind, or of some, as they are now."""
    rows = DuplicateKey.objects.filter(kind=kind.kind)
    (rows if ids is None else rows.filter(record_id__in=ids)).delete()
    some = sql.SQL("" if ids is None else " AND k.id = ANY (%(ids)s)")
    statement = sql.SQL(
        "INSERT INTO records_duplicatekey (kind, record_id, key)"
        " SELECT DISTINCT %(kind)s, k.id, hashtextextended(k.key, 0) FROM ({keys}) k"
        " WHERE k.key IS NOT NULL{some}"
    ).format(keys=sql.SQL(alike.keys), some=some)
    with connection.cursor() as cursor:
        cursor.execute(statement, {"kind": kind.kind, "ids": list(ids or ())})


def _judged(
    alike: Alike, pairs: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int, int, tuple[str, ...]]]:
    seen = alike.seen({pk for pair in pairs for pk in pair})
    for one, other in pairs:
        if one not in seen or other not in seen:
            continue
        found = likeness(seen[one], seen[other], is_person=alike.is_person)
        if found.is_worth_asking:
            yield one, other, found.score, found.reasons


def _forget(kind: ObjectType, ids: Collection[int] | None, kept: Sequence[tuple[int, int]]) -> None:
    still = set(kept)
    rows = DuplicatePair.objects.filter(kind=kind.kind, state=PairState.OPEN)
    asked = rows.values_list("pk", "one_id", "other_id")
    alive = [pk for pk, one, other in asked if (one, other) in still]
    with connection.cursor() as cursor:
        cursor.execute(
            _FORGET,
            {"kind": kind.kind, "ids": None if ids is None else list(ids), "kept": alive},
        )
