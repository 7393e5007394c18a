"""What becomes of messages when a person is erased."""

from collections.abc import Sequence

from django.db.models import F, Q
from django.db.models.functions import Now

from tandem.delivery.models import Message
from tandem.delivery.rules import MessageState
from tandem.records.slots import Traces


def withhold_erased(kind: str, ids: Sequence[int], traces: Traces) -> None:
    """What still waits to be sent to somebody who is erased is not sent."""
    if kind != "person":
        return
    theirs = Q(person_id__in=ids) | Q(to_address__in=traces.addresses)
    Message.objects.filter(theirs, state=MessageState.PLANNED).update(
        state=MessageState.WITHHELD,
        reason="erased",
        settled_at=Now(),
        updated_at=Now(),
        row_version=F("row_version") + 1,
    )
