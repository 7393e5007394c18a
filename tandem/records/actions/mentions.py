"""Colleagues in what people write about a record."""

from typing import Any

from tandem.accounts.models import User
from tandem.accounts.queries import visible_users
from tandem.kernel.actor import Actor
from tandem.records.errors import MentionOutOfSight, MentionUnknown, TooManyMentions
from tandem.records.queries.mentions import colleagues, sees
from tandem.records.rules.mentions import MOST, kept, mentioned_in
from tandem.records.slots import ObjectType


def read_mentions(
    actor: Actor, object_type: ObjectType, record: Any, text: str
) -> tuple[str, list[User]]:
    """A text as it is kept, and whom it mentions.

    Raises MentionUnknown, TooManyMentions, and MentionOutOfSight where one of them does not see the
    record: nobody is told of what is not theirs to see, nor waits for an answer that cannot come.
    """
    text = kept(text, colleagues(actor)) if "@" in text else text
    wanted = mentioned_in(text)
    if len(wanted) > MOST:
        raise TooManyMentions(field="text")
    if not wanted:
        return text, []
    users = list(visible_users(actor).active().filter(public_id__in=wanted))
    if len(users) != len(wanted):
        raise MentionUnknown(field="text")
    blind = [user for user in users if not sees(object_type, record, user)]
    if blind:
        raise MentionOutOfSight.of([user.name or user.email for user in blind])
    return text, users
