"""Putting messages into the ledger, and setting up from whom they come."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Never

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from pydantic import ValidationError

from tandem.consent.queries import normal
from tandem.delivery import queries
from tandem.delivery.errors import HeaderInvalid, NoMailServer, TopicMissing, WrittenByNobody
from tandem.delivery.models import MailSettings, Message
from tandem.delivery.rules import MessageClass
from tandem.delivery.schemas import MailSettingsInput, MailTest, NewMessage
from tandem.delivery.slots import transport_for
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import FieldError, Invalid
from tandem.kernel.ids import new_public_id
from tandem.kernel.jobs import enqueue_once
from tandem.kernel.refs import RecordRef

# Later than this after it was planned, a message says something that no longer holds.
LIVES_FOR: Mapping[MessageClass, dt.timedelta] = {
    MessageClass.TRANSACTIONAL: dt.timedelta(days=3),
    MessageClass.MARKETING: dt.timedelta(days=1),
}
MAX_REFERENCES = 20


@action(permission="delivery.plan")
def plan_message(
    actor: Actor,
    *,
    message_class: str,
    purpose: str,
    to: str,
    subject: str,
    text: str,
    send_key: str,
    html: str = "",
    channel: str = "email",
    topic: str = "",
    person_id: int | None = None,
    about: RecordRef | None = None,
    in_reply_to: str | None = None,
    not_after: dt.datetime | None = None,
    from_name: str = "",
    from_address: str = "",
    is_confidential: bool = False,
) -> Message:
    """Plan one message; the one that is there already where ``send_key`` is known.

    It goes out soon after commit. Whether it may is decided then, not now. Never sent later than
    ``not_after`` (without: three days, marketing one). A confidential one is blotted out once sent.
    Raises Invalid with the fields: a header with a line break, an address that is none, marketing
    without a topic and a person.
    """
    data = _checked(
        {
            "message_class": message_class,
            "purpose": purpose,
            "channel": channel,
            "topic": topic or None,
            "to": to,
            "subject": subject,
            "text": text,
            "html": html,
            "send_key": send_key,
            "in_reply_to": in_reply_to or "",
            "from_name": from_name,
            "from_address": from_address or None,
            "is_confidential": is_confidential,
            "has_person": person_id is not None,
        }
    )
    _insert(data, person_id=person_id, about=about, not_after=not_after)
    enqueue_once("delivery.send_due")
    return Message.objects.get(send_key=data.send_key)


def _checked(given: Mapping[str, Any]) -> NewMessage:
    try:
        return NewMessage.model_validate(given)
    except ValidationError as error:
        faults = [
            FieldError(".".join(map(str, one["loc"])), one["type"], one["msg"])
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        for refusal in (HeaderInvalid, TopicMissing):
            if any(fault.code == refusal.code for fault in faults):
                raise refusal(errors=faults) from error
        raise Invalid(errors=faults) from error


def _insert(
    data: NewMessage,
    *,
    person_id: int | None,
    about: RecordRef | None,
    not_after: dt.datetime | None,
) -> None:
    """Put the row in unless its key is there already, whoever asks at the same moment."""
    usual = queries.sender()
    address = data.from_address or usual.address
    public_id = new_public_id()
    message_id = f"<{public_id.hex}@{address.partition('@')[2]}>"
    references, thread = _thread(data.in_reply_to, message_id)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO delivery_message (public_id, send_key, message_class, purpose, channel,
                topic, person_id, about_kind, about_id, to_address, from_name, from_address,
                subject, text, html, is_confidential, message_id, in_reply_to, "references",
                thread_key, state, reason, reply, decision, not_after, attempts, ambiguous, worker,
                created_in_id)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
                'planned', '', '', '{}', %s, 0, 0, '', tandem_change_set())
            ON CONFLICT (send_key) DO NOTHING
            """,
            [
                public_id,
                data.send_key,
                str(data.message_class),
                str(data.purpose),
                str(data.channel),
                data.topic or "",
                person_id,
                about.kind if about else "",
                about.id if about else None,
                normal(data.to),
                data.from_name or usual.name,
                address,
                data.subject,
                data.text,
                data.html,
                data.is_confidential,
                message_id,
                data.in_reply_to,
                references,
                thread,
                not_after or timezone.now() + LIVES_FOR[data.message_class],
            ],
        )


def _thread(in_reply_to: str, message_id: str) -> tuple[str, str]:
    """The references of an answer and the key of its thread (RFC 5322, 3.6.4)."""
    if not in_reply_to:
        return "", message_id
    before = (
        Message.objects.filter(message_id=in_reply_to)
        .values_list("references", "thread_key")
        .first()
    )
    if before is None:
        return in_reply_to, in_reply_to[:200]
    references = [*before[0].split(), in_reply_to]
    return " ".join([*references[:1], *references[1:][-MAX_REFERENCES:]]), before[1]


@action(permission="delivery.operate")
def change_mail_settings(actor: Actor, *, data: MailSettingsInput) -> MailSettings:
    """Say from whom mails come from now on; what is planned already keeps its sender."""
    values = {
        "from_name": data.from_name,
        "from_address": normal(data.from_address) if data.from_address else "",
        "imprint": data.imprint,
    }
    if not MailSettings.objects.filter(pk=1).update(**values):
        return MailSettings.objects.create(pk=1, **values)
    return MailSettings.objects.get(pk=1)


@action(permission="delivery.operate")
def send_test(actor: Actor, *, data: MailTest) -> Message:
    """Plan a test mail that goes the way of all mails. Raises NoMailServer."""
    if transport_for("email") is None:
        raise NoMailServer()
    sent = queries.sender()
    text = _(
        "This is a test from Tandem.\n\nIt went the way of every mail: into the ledger, checked "
        "against the stop list, over the mail server. It comes from %(name)s <%(address)s>.\n"
    ) % {"name": sent.name, "address": sent.address}
    return plan_message(
        actor,
        message_class=MessageClass.TRANSACTIONAL,
        purpose="service",
        to=data.to,
        subject=_("A test from Tandem"),
        text=text,
        send_key=f"test:{new_public_id()}",
        not_after=timezone.now() + dt.timedelta(hours=1),
    )


@action(permission="delivery.write")
def written_by_nobody(actor: Actor, *_given: Any, **_more: Any) -> Never:
    """Refuse: the ledger is written by what is done elsewhere. Raises WrittenByNobody."""
    raise WrittenByNobody()
