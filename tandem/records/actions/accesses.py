"""The log of who saw personal data and who took data out.

A look is no deed: it changes no record, has no change set and cannot be undone. It is one INSERT,
and the same look in the same hour is one row.
"""

import hmac
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.ids import new_public_id
from tandem.records.models import Access, AccessDeed
from tandem.records.queries import ListQuery
from tandem.records.queries.accesses import words_of
from tandem.records.slots import ObjectType, Privacy

HOUR = 3600

_NOTE = """
    INSERT INTO records_access
        (user_id, actor_label, source, deed, kind, record_id, about, count, once)
    VALUES (%s, left(%s, 200), %s, %s, %s, %s, left(%s, 400), %s, %s)
    ON CONFLICT (once) DO NOTHING
"""


def note_seen(actor: Actor, object_type: ObjectType, record_id: int) -> None:
    """Somebody opened a record; nothing is written where its kind is not personal."""
    if object_type.privacy is Privacy.PERSONAL:
        note_access(actor, AccessDeed.SEEN, kind=object_type.kind, record_id=record_id)


def note_search(actor: Actor, object_type: ObjectType, query: ListQuery) -> None:
    """Somebody narrowed a list of personal records: how, not which rows were found."""
    words = words_of(query) if object_type.privacy is Privacy.PERSONAL else ""
    if words:
        note_access(actor, AccessDeed.SEARCHED, kind=object_type.kind, about=words)


def note_access(
    actor: Actor,
    deed: AccessDeed,
    *,
    kind: str = "",
    record_id: int | None = None,
    about: str = "",
    count: int | None = None,
) -> None:
    """Add a row to the log; one statement. What takes data out stands there each time, a look once
    an hour for each user and record. Jobs that nobody asked for leave no row."""
    if not actor.is_known or (actor.user_id is None and deed in _LOOKS):
        return
    row = (actor.user_id, actor.label, str(actor.source), str(deed), kind, record_id, about, count)
    when = int(timezone.now().timestamp()) // HOUR if deed in _LOOKS else new_public_id()
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [*row, _once(*row, when)])


_LOOKS = frozenset({AccessDeed.SEEN, AccessDeed.SEARCHED, AccessDeed.FILE})


def _once(*parts: object) -> int:
    """A keyed hash in the 64 bits of a column: what was searched for cannot be guessed from it."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), repr(parts).encode(), "sha256")
    return int.from_bytes(digest[:8], signed=True)


@action(permission="records.see_accesses")
def forget_accesses(actor: Actor, *, older_than_days: int) -> int:
    """Delete what was kept long enough; how many rows. The one way out of the log but erasing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tandem.forgetting', 'on', true)")
        since = timezone.now() - timedelta(days=older_than_days)
        deleted, _by_model = Access.objects.filter(at__lt=since).delete()
        cursor.execute("SELECT set_config('tandem.forgetting', '', true)")
    return deleted
