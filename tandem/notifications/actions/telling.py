"""Telling users: one statement for any number of receivers, one row for each reason and record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg import sql

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.live import changed
from tandem.kernel.models import ChangeSet
from tandem.notifications.slots import REASONS
from tandem.records.slots import object_type

# What happened longer ago than this many times is told no more twice than it is told at all.
CAUSES_KEPT = 100


@dataclass(frozen=True, slots=True)
class Notice:
    """What a user should hear of: the record, and by what it is known again (``cause``)."""

    user_id: int
    kind: str
    record_id: int
    cause: str


@action(permission="notifications.tell")
def notify(
    actor: Actor, reason: str, notices: Sequence[Notice], *, change_set_id: int | None = None
) -> None:
    """Tell users of records. ``change_set_id`` is what was done, of which its author is not told.

    What was told already is not told twice, whoever tells it at the same moment; nor is anything to
    whom it does not interest (Preferences), or who is gone. One statement.
    """
    if not notices:
        return
    source = sql.SQL(
        "SELECT user_id, kind, record_id, array_agg(cause ORDER BY at) AS causes, count(*) AS count"
        " FROM unnest(%(users)s::bigint[], %(kinds)s::text[], %(records)s::bigint[],"
        " %(names)s::text[]) WITH ORDINALITY AS n (user_id, kind, record_id, cause, at)"
        " GROUP BY user_id, kind, record_id"
    )
    given = {
        "users": [one.user_id for one in notices],
        "kinds": [one.kind for one in notices],
        "records": [one.record_id for one in notices],
        "names": [one.cause[:80] for one in notices],
    }
    _tell(reason, source, given, change_set_id=change_set_id)


@action(permission="notifications.tell")
def notify_owners(actor: Actor, kind: str, ids: Sequence[int], *, change_set_id: int) -> None:
    """Tell those who own these records by this change set and still do, unless they did it
    themselves: of one record by name, of many at once and of new ones in one row, so that who
    brings records in one by one does not flood anybody. One statement."""
    if not ids:
        return
    model = object_type(kind).model
    source = sql.SQL(
        """
        SELECT r.owner_id AS user_id, %(kind)s AS kind,
               CASE WHEN count(*) = 1 AND NOT bool_or(r.created_in_id = %(change_set)s)
                    THEN min(r.id) END AS record_id,
               ARRAY[%(change_set)s || ':' || min(r.id)] AS causes, count(*) AS count
        FROM {records} r
        WHERE r.id = ANY (%(ids)s) AND r.deleted_at IS NULL
          AND r.owner_id <> coalesce(%(author)s, 0)
          AND coalesce((SELECT max(c.change_set_id) FROM kernel_recordchange c
               WHERE c.root_kind = %(kind)s AND c.root_id = r.id AND c.model = %(model)s
                 AND jsonb_exists(c.fields, 'owner_id')), r.created_in_id) = %(change_set)s
        GROUP BY r.owner_id
        """
    ).format(records=sql.Identifier(model._meta.db_table))
    given = {"kind": kind, "ids": list(ids), "model": model._meta.label_lower}
    _tell(ASSIGNED, source, given, change_set_id=change_set_id)


ASSIGNED = "assigned"

_TELL = """
    INSERT INTO notifications_notification AS n
        (public_id, user_id, reason, subject_kind, subject_id, causes, count, author_id, at)
    SELECT gen_random_uuid(), s.user_id, %(reason)s, s.kind, s.record_id, s.causes, s.count,
        %(author)s, coalesce(%(at)s::timestamptz, statement_timestamp())
    FROM ({source}) s JOIN accounts_user u ON u.id = s.user_id
    LEFT JOIN notifications_preferences p ON p.user_id = u.id
    WHERE u.is_active AND u.deleted_at IS NULL AND u.id IS DISTINCT FROM %(author)s
      AND coalesce(p.ways ->> %(reason)s, %(way)s) <> 'off'
    ORDER BY s.user_id, s.kind, s.record_id
    ON CONFLICT (user_id, reason, subject_kind, subject_id) DO UPDATE SET
        count = EXCLUDED.count + CASE WHEN n.read_at IS NULL THEN n.count ELSE 0 END,
        causes = (n.causes || EXCLUDED.causes)[
            greatest(1, cardinality(n.causes) + cardinality(EXCLUDED.causes) - %(kept)s + 1):],
        author_id = EXCLUDED.author_id, at = greatest(n.at, EXCLUDED.at),
        read_at = NULL, snoozed_until = NULL
    WHERE NOT n.causes @> EXCLUDED.causes
    RETURNING (SELECT public_id FROM accounts_user WHERE id = n.user_id)
"""


def _tell(
    reason: str, source: sql.Composable, given: dict[str, Any], *, change_set_id: int | None
) -> None:
    described = REASONS.get(reason)
    if described is None:
        raise KeyError(reason)
    done = ChangeSet.objects.filter(pk=change_set_id or 0).values_list("actor_id", "at").first()
    author, at = done or (None, None)
    said = {
        "change_set": change_set_id,
        "author": author,
        "at": at,
        "reason": reason,
        "way": str(described.way),
        "kept": CAUSES_KEPT,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(_TELL).format(source=source), {**given, **said})
        changed(*(topic_of(public_id) for (public_id,) in cursor.fetchall()))


def topic_of(public_id: object) -> str:
    """The topic of live pages by which a user's own are asked for again."""
    return f"notifications:{public_id}"
