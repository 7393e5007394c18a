"""What erasing does with messages: that one was sent stays, what it said and to whom does not."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from tandem.accounts.models import User
from tandem.delivery.actions import withhold_erased
from tandem.delivery.models import Message
from tandem.people.models import PersonEmail
from tandem.records.slots import ERASED_TABLES, ERASERS, ErasedTable


def _to_their_address(kind: str, ids: Sequence[int]) -> Sequence[QuerySet[Any]]:
    """Messages to an address of theirs that nobody tied to them."""
    if kind != "person":
        return []
    addresses = PersonEmail.objects.filter(person_id__in=ids).values("normalized")
    return [
        Message.objects.filter(person__isnull=True, to_address__in=addresses).exclude(
            to_address__in=User.everyone.values("email")
        )
    ]


ERASED_TABLES.register(
    "delivery.message",
    ErasedTable(
        gettext_lazy("Messages"),
        clears={
            "to_address": "",
            "subject": "",
            "text": "",
            "html": "",
            "in_reply_to": "",
            "references": "",
            "thread_key": "",
            "reply": "",
            "decision": {},
            "about_kind": "",
        },
        # Made by us: what kind of message it was, from whom, and how it ended.
        keeps=frozenset(
            "send_key message_class purpose channel topic from_name from_address message_id state"
            " reason worker".split()
        ),
        because=gettext_lazy("That a message was sent and how it ended stays for the reports."),
        further=_to_their_address,
    ),
)
ERASERS.register("delivery", withhold_erased)
