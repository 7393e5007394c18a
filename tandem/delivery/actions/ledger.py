"""The moves of a message through the ledger; each is one transaction with no network inside.

plan -> reserve (may it go?) -> hand (written before the first byte) -> [wire] -> settle.
A worker that dies leaves messages in its hand; ``recover`` takes them back when its lease is over.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Exists, F
from django.db.models.functions import Now
from django.utils import timezone

from tandem.consent.actions import suppress
from tandem.consent.queries import Standing, Subject, standings
from tandem.consent.rules import Purpose, StopReason, may_contact
from tandem.delivery.models import Message
from tandem.delivery.rules import Answer, MessageClass, MessageState, Reply, after
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.installation import installation
from tandem.kernel.models import Installation
from tandem.kernel.refs import RecordRef
from tandem.records.slots import tell_story

# Longer than the longest that one message can take on the wire (transports.smtp).
LEASE = dt.timedelta(seconds=120)
PAUSE = dt.timedelta(seconds=30)  # after a server that could not be spoken to
S = MessageState


@dataclass(frozen=True, slots=True)
class Lease:
    """A message that a worker has in its hand, until a later epoch takes it."""

    message: Message
    epoch: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one look at the ledger gave: those that may go, and how many were looked at."""

    leases: tuple[Lease, ...]
    seen: int


@action(permission="delivery.send")
def reserve(actor: Actor, *, worker: str, channel: str, limit: int) -> Reservation:
    """Take the next messages that are due, and decide about each for the last time.

    Consent, stop list and expiry are read and held in this transaction: a withdrawal that was
    committed before it always wins. Transactional messages go first. A held installation takes
    none. Six queries, however many.
    """
    held = installation()
    if held.is_sending_held:
        return Reservation((), 0)
    now = timezone.now()
    due = list(
        Message.objects.filter(state=S.PLANNED, channel=channel, next_attempt_at__lte=now)
        .order_by("-message_class", "next_attempt_at", "id")
        .select_for_update(skip_locked=True, of=("self",))[:limit]
    )
    if not due:
        return Reservation((), 0)
    epoch = _next_epoch()
    found = standings([_subject(message) for message in due])
    moves = []
    for message, standing in zip(due, found, strict=True):
        decision = _decide(message, standing, now, installation_epoch=held.epoch)
        message.decision = decision
        message.state = S.RESERVED if decision["allowed"] else S.WITHHELD
        message.reason = "" if decision["allowed"] else decision["reason"]
        moves.append(message)
    _write_decisions(moves, epoch=epoch, worker=worker, now=now)
    _tell_withheld(actor, [message for message in moves if message.state == S.WITHHELD])
    leases = (Lease(message, epoch) for message in moves if message.state == S.RESERVED)
    return Reservation(tuple(leases), len(due))


@action(permission="delivery.send")
def hand(actor: Actor, lease: Lease) -> bool:
    """Write down that the message is about to go; False when it is no longer ours, or held."""
    now = timezone.now()
    held = Installation.objects.filter(is_sending_held=True)
    moved = (
        _ours(lease, S.RESERVED)
        .filter(leased_until__gt=now)
        .exclude(Exists(held))
        .update(
            state=S.HANDED,
            attempts=F("attempts") + 1,
            handed_at=now,
            leased_until=now + LEASE,
            **_touched(),
        )
    )
    return bool(moved)


@action(permission="delivery.send")
def settle(actor: Actor, lease: Lease, reply: Reply) -> MessageState | None:
    """Write down what the server said; where the message is now, None when it is not ours.

    Late news about a message that was given up as unknown is still news.
    """
    message = _ours(lease, S.HANDED, S.UNKNOWN).select_for_update().first()
    if message is None:
        return None
    if message.state == S.UNKNOWN and reply.answer not in (Answer.ACCEPTED, Answer.REFUSED):
        return S.UNKNOWN
    return _apply(actor, message, reply)


@action(permission="delivery.send")
def refuse_malformed(actor: Actor, lease: Lease, *, words: str) -> None:
    """Give up a message that cannot be made into a mail, so that it holds up no other."""
    _ours(lease, S.RESERVED).update(
        state=S.REFUSED, reason="malformed", reply=words[:300], **_settled(lease.message)
    )


@action(permission="delivery.send")
def release(actor: Actor, leases: Sequence[Lease], *, words: str) -> int:
    """Give messages back that never went, because the server could not be spoken to."""
    for_epoch = {lease.epoch for lease in leases}
    return Message.objects.filter(
        pk__in=[lease.message.pk for lease in leases], epoch__in=for_epoch, state=S.RESERVED
    ).update(
        state=S.PLANNED,
        reason="unreachable",
        reply=words[:300],
        next_attempt_at=timezone.now() + PAUSE,
        **_put_down(),
    )


@action(permission="delivery.send")
def recover(actor: Actor) -> int:
    """Take back what dead workers had in their hands; how many.

    What was only reserved never went. Of what was handed nobody knows: marketing stays unknown,
    a transactional message is sent again with the same Message-ID.
    """
    lost = list(
        Message.objects.filter(
            state__in=[S.RESERVED, S.HANDED], leased_until__lt=timezone.now()
        ).select_for_update(skip_locked=True)[:500]
    )
    reserved = [message.pk for message in lost if message.state == S.RESERVED]
    Message.objects.filter(pk__in=reserved).update(state=S.PLANNED, **_put_down())
    for message in lost:
        if message.state == S.HANDED:
            _apply(actor, message, Reply(Answer.UNKNOWN, words="The worker died."))
    return len(lost)


# --- deciding -------------------------------------------------------------------------------------


def _subject(message: Message) -> Subject:
    return Subject(
        message.person_id, message.to_address, message.channel, message.topic, message.purpose
    )


def _decide(
    message: Message, standing: Standing, now: dt.datetime, *, installation_epoch: int
) -> dict[str, Any]:
    """The decision about one message as it is kept with it."""
    if message.message_class == MessageClass.MARKETING:
        purpose = Purpose.SALES if message.purpose == Purpose.SALES else Purpose.MARKETING
    else:
        purpose = Purpose(message.purpose)
    verdict = may_contact(standing.state, standing.stops, purpose=purpose)
    is_late = now > message.not_after
    return {
        "allowed": verdict.allowed and not is_late,
        "reason": "expired" if is_late else str(verdict.reason),
        "consent": str(standing.event) if standing.event else None,
        "state": str(standing.state) if standing.state else None,
        "stops": sorted(str(stop) for stop in standing.stops),
        "purpose": str(purpose),
        "topic": message.topic,
        "at": now.isoformat(),
        "installation_epoch": installation_epoch,
    }


def _next_epoch() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('delivery_epoch')")
        return int(cursor.fetchone()[0])


def _write_decisions(
    messages: Sequence[Message], *, epoch: int, worker: str, now: dt.datetime
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE delivery_message AS m SET
                state = d.state, reason = d.reason, decision = d.decision::jsonb,
                epoch = CASE d.state WHEN 'reserved' THEN %(epoch)s END,
                worker = CASE d.state WHEN 'reserved' THEN %(worker)s ELSE '' END,
                leased_until = CASE d.state WHEN 'reserved' THEN %(until)s::timestamptz END,
                settled_at = CASE d.state WHEN 'withheld' THEN %(now)s::timestamptz END,
                text = CASE WHEN d.state = 'withheld' AND is_confidential THEN '' ELSE text END,
                html = CASE WHEN d.state = 'withheld' AND is_confidential THEN '' ELSE html END,
                updated_at = statement_timestamp(), row_version = row_version + 1
            FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[],
                        %(decisions)s::text[]) AS d (id, state, reason, decision)
            WHERE m.id = d.id
            """,
            {
                "epoch": epoch,
                "worker": worker[:80],
                "until": now + LEASE,
                "now": now,
                "ids": [message.pk for message in messages],
                "states": [str(message.state) for message in messages],
                "reasons": [message.reason for message in messages],
                "decisions": [json.dumps(message.decision) for message in messages],
            },
        )


# --- moving ---------------------------------------------------------------------------------------


def _ours(lease: Lease, *states: MessageState) -> Any:
    return Message.objects.filter(
        pk=lease.message.pk, epoch=lease.epoch, state__in=[str(state) for state in states]
    )


def _apply(actor: Actor, message: Message, reply: Reply) -> MessageState:
    ambiguous = message.ambiguous + (reply.answer is Answer.UNKNOWN)
    then = after(
        MessageClass(message.message_class),
        reply.answer,
        attempts=message.attempts,
        ambiguous=ambiguous,
    )
    columns: dict[str, Any] = {
        "state": then.state,
        "reason": then.reason,
        "reply": reply.words,
        "reply_code": reply.code or None,
        "ambiguous": ambiguous,
    }
    if then.state is S.PLANNED:
        wait = dt.timedelta(seconds=then.wait_seconds)
        columns |= {"next_attempt_at": timezone.now() + wait, **_put_down()}
    else:
        columns |= _settled(message)
    Message.objects.filter(pk=message.pk).update(**columns)
    message.state = then.state
    if then.state is not S.PLANNED:
        _tell(actor, message, f"mail.{then.state}", reason=then.reason)
    if reply.is_bad_address:
        suppress(actor, address=message.to_address, reason=StopReason.INVALID, note=reply.words)
    return then.state


def _touched() -> dict[str, Any]:
    return {"updated_at": Now(), "row_version": F("row_version") + 1}


def _put_down() -> dict[str, Any]:
    return {"epoch": None, "worker": "", "leased_until": None, **_touched()}


def _settled(message: Message) -> dict[str, Any]:
    # The epoch stays: who had it in hand may still bring late news.
    blotted = {"text": "", "html": ""} if message.is_confidential else {}
    return {"leased_until": None, "settled_at": timezone.now(), **blotted, **_touched()}


# --- telling --------------------------------------------------------------------------------------


def _tell_withheld(actor: Actor, messages: Sequence[Message]) -> None:
    for message in messages:
        _tell(actor, message, "mail.withheld", reason=message.reason)


def _tell(actor: Actor, message: Message, kind: str, *, reason: str) -> None:
    refs = [RecordRef("message", message.pk)]
    if message.person_id is not None:
        refs.append(RecordRef("person", message.person_id))
    payload = {
        "message": str(message.public_id),
        "subject": message.subject,
        "to": message.to_address,
        "message_id": message.message_id,
        "message_class": message.message_class,
        "reason": reason,
    }
    tell_story(actor, refs, kind=kind, payload=payload, is_automatic=True)
