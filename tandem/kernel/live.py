"""Live pages: an action says what it changed, and the pages that show it ask again.

Topics go to PostgreSQL's notification channel in the action's own transaction, so that nobody
hears of what was rolled back. A topic is the kind of a record (``handoff``) or one record by its
public id (``person:0198…``); it says that something changed, never what.
"""

from django.db import connection

from tandem.kernel.actions import OpenChangeSet, before_commit, current_change_set

CHANNEL = "tandem_live"
# A notification holds at most 8,000 bytes; a topic has at most 60.
TOPICS_PER_NOTICE = 100


def changed(*topics: str) -> None:
    """Say what the running action changes; told once each when it commits."""
    current_change_set().topics.update(topics)


def _notify(change_set: OpenChangeSet) -> None:
    topics = sorted(change_set.topics)
    for first in range(0, len(topics), TOPICS_PER_NOTICE):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_notify(%s, %s)",
                [CHANNEL, ",".join(topics[first : first + TOPICS_PER_NOTICE])],
            )


before_commit(_notify)
