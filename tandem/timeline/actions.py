"""Writing the story, and keeping its table in parts of a month."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from tandem.accounts.rules import Side as UserSide
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing, Refused
from tandem.kernel.ids import new_public_id
from tandem.kernel.partitions import make_part
from tandem.kernel.refs import RecordRef
from tandem.records.slots import STORY
from tandem.timeline import queries
from tandem.timeline.errors import TooManyPins
from tandem.timeline.models import Pin, StoryMark, StoryReader, Visibility
from tandem.timeline.rules import Marks, Side, month_name, months_from, next_month
from tandem.timeline.slots import ENTRY_KINDS

MONTHS_AHEAD = 3
PINS = 10


def write(
    actor: Actor,
    refs: Sequence[RecordRef],
    *,
    kind: str,
    payload: Mapping[str, Any],
    is_automatic: bool = False,
    at: datetime | None = None,
    visibility: Visibility = Visibility.ALL,
    dedupe_key: str = "",
) -> None:
    """Write one event into the story of each record, in the running action; one statement
    for each kind of record.

    The lane is the kind's, else the side of the acting user, kept as it is now. An event with a
    ``dedupe_key`` that a record has at the same moment is not written twice.
    """
    ids: dict[str, list[int]] = {}
    for ref in refs:
        ids.setdefault(ref.kind, []).append(ref.id)
    event, moment = new_public_id(), at or timezone.now()
    with connection.cursor() as cursor:
        for of, some in ids.items():
            cursor.execute(
                _ENTRIES + ("ON CONFLICT DO NOTHING" if dedupe_key else ""),
                {
                    "of": of,
                    "ids": f"{{{','.join(map(str, some))}}}",
                    "at": moment,
                    "event": event,
                    "kind": kind,
                    "side": _fixed_side(kind, is_automatic=is_automatic),
                    "marketing": str(UserSide.MARKETING),
                    "sales": str(UserSide.SALES),
                    "user": actor.user_id,
                    "actor_kind": str(actor.kind),
                    "label": actor.label,
                    "payload": json.dumps(payload),
                    "visibility": str(visibility),
                    "source": str(actor.source),
                    "automatic": is_automatic,
                    "dedupe": dedupe_key,
                },
            )


_ENTRIES = """
    INSERT INTO timeline_entry (subject_kind, subject_id, at, event_id, kind, side,
        actor_kind, actor_user_id, actor_label, payload, visibility, source,
        is_automatic, dedupe_key, change_set_id)
    SELECT %(of)s, id, %(at)s, %(event)s, %(kind)s,
        coalesce(%(side)s, (
            SELECT CASE side WHEN %(marketing)s THEN 'mkt' WHEN %(sales)s THEN 'sales' END
            FROM accounts_user WHERE id = %(user)s), 'system'),
        %(actor_kind)s, %(user)s, left(%(label)s, 200), %(payload)s::jsonb, %(visibility)s,
        %(source)s, %(automatic)s, %(dedupe)s, (SELECT tandem_change_set())
    FROM unnest(%(ids)s::bigint[]) AS s (id)
"""


def _fixed_side(kind: str, *, is_automatic: bool) -> str | None:
    known = ENTRY_KINDS.get(kind)
    if known is not None and known.side is not None:
        return str(known.side)
    return str(Side.SYSTEM) if is_automatic else None


class Storyteller:
    """The writer that the record rooms below reach through their slot."""

    def write(
        self,
        actor: Actor,
        refs: Sequence[RecordRef],
        *,
        kind: str,
        payload: Mapping[str, Any],
        is_automatic: bool = False,
    ) -> None:
        write(actor, refs, kind=kind, payload=payload, is_automatic=is_automatic)


STORY.register("timeline", Storyteller())


@action(permission="timeline.pin")
def pin(actor: Actor, ref: RecordRef, *, event: UUID) -> None:
    """Put an event on top of the story of a record; one that is there stays there once.

    Raises Missing where the actor does not see the record or its story has no such event, and
    TooManyPins.
    """
    entry = queries.entry_of(actor, ref, event)
    if entry is None:
        raise Missing()
    pins = Pin.objects.filter(subject_kind=ref.kind, subject_id=ref.id)
    if not pins.filter(event_id=event).exists() and pins.count() >= PINS:
        raise TooManyPins()
    _pin, is_new = pins.get_or_create(
        subject_kind=ref.kind, subject_id=ref.id, event_id=event, defaults={"at": entry.at}
    )
    if is_new:
        write(actor, [ref], kind="timeline.pinned", payload={"event": str(event)})


@action(permission="timeline.pin")
def unpin(actor: Actor, ref: RecordRef, *, event: UUID) -> None:
    """Take an event down from the top of a story, where it stays in its place."""
    if queries.entry_of(actor, ref, event) is None:
        raise Missing()
    pins = Pin.objects.filter(subject_kind=ref.kind, subject_id=ref.id, event_id=event)
    if not pins.delete()[0]:
        raise Missing()
    write(actor, [ref], kind="timeline.unpinned", payload={"event": str(event)})


@action(permission="timeline.view")
def order_story(actor: Actor, *, is_oldest_first: bool) -> None:
    """Let the actor read every story from its beginning, or from its end."""
    if actor.user_id is None:
        raise Refused()
    StoryReader.objects.update_or_create(
        user_id=actor.user_id, defaults={"is_oldest_first": is_oldest_first}
    )


def mark_read(actor: Actor, ref: RecordRef, marks: Marks) -> None:
    """Remember that the actor reads a story: a mark of the reader's, not written in an action. One
    statement, at most once a minute."""
    now = timezone.now()
    if actor.user_id is None or not marks.is_due(now):
        return
    StoryMark.objects.bulk_create(
        [
            StoryMark(
                user_id=actor.user_id,
                subject_kind=ref.kind,
                subject_id=ref.id,
                seen_at=now,
                before_at=marks.since(now),
            )
        ],
        update_conflicts=True,
        unique_fields=["user", "subject_kind", "subject_id"],
        update_fields=["seen_at", "before_at"],
    )


@action(permission="timeline.maintain")
def ensure_partitions(actor: Actor, *, today: date | None = None) -> list[str]:
    """Make the parts of this month and the next three; the names of those that are new.

    A month of which entries stand in the default part already (written ahead of time) stays there.
    """
    return [
        month_name(month)
        for month in months_from(today or timezone.now().date(), count=1 + MONTHS_AHEAD)
        if _is_made(month)
    ]


def _is_made(month: date) -> bool:
    return make_part("timeline_entry", month_name(month), first=month, until=next_month(month))
