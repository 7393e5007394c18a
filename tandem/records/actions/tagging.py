"""Tags on many records at once."""

from django.db import connection
from psycopg import sql

from tandem.kernel.actions import current_change_set
from tandem.kernel.actor import Actor
from tandem.records.models import Tag
from tandem.records.rules import normalized_tag


def tag_staged(actor: Actor, *, kind: str, table: str) -> list[int]:
    """Put the tags of a temporary table (``record_id``, ``name``) on records of a kind.

    In the running action; a tag that is there already stays once. The records that got one, each
    as often as it got one. Raises Refused.
    """
    actor.require("records.tag")
    current_change_set()
    staged = sql.Identifier(table)
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT DISTINCT name FROM {} ORDER BY 1").format(staged))
        names = [row[0] for row in cursor.fetchall()]
        tags = {normalized_tag(name): name for name in reversed(names)}
        Tag.objects.bulk_create(
            [Tag(name=name, normalized=key) for key, name in tags.items()], ignore_conflicts=True
        )
        known = dict(Tag.objects.filter(normalized__in=tags).values_list("normalized", "pk"))
        cursor.execute(
            sql.SQL(
                """
                INSERT INTO records_taglink (tag_id, kind, record_id, created_in_id)
                SELECT DISTINCT g.id, %s, t.record_id, (SELECT tandem_change_set()) FROM {} t
                JOIN unnest(%s::text[], %s::bigint[]) AS g (name, id) ON g.name = t.name
                ON CONFLICT DO NOTHING RETURNING record_id
                """
            ).format(staged),
            [kind, names, [known[normalized_tag(name)] for name in names]],
        )
        return [row[0] for row in cursor.fetchall()]


def forget_unused_tags(change_set_id: int) -> None:
    """Delete the tags that a change set added and that are on nothing, in the running action."""
    current_change_set()
    Tag.objects.filter(created_in_id=change_set_id, links__isnull=True).delete()
