"""The ledger: one row per message and receiver, and what holds for all mails."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tandem.consent.rules import Channel, Purpose
from tandem.delivery.rules import TRANSITIONS, MessageClass, MessageState
from tandem.kernel.history import tracked
from tandem.kernel.models import Record, Tracked
from tandem.kernel.refs import OnErase, OnMerge, SubjectKey, SubjectRefs
from tandem.people.models import Person

STATE_LABELS = {
    MessageState.PLANNED: _("Waiting"),
    MessageState.RESERVED: _("About to go"),
    MessageState.HANDED: _("On its way"),
    MessageState.ACCEPTED: _("Accepted"),
    MessageState.REFUSED: _("Refused"),
    MessageState.WITHHELD: _("Withheld"),
    MessageState.UNKNOWN: _("Outcome unknown"),
    MessageState.DELIVERED: _("Delivered"),
    MessageState.BOUNCED: _("Bounced"),
    MessageState.COMPLAINED: _("Complained"),
}
CLASS_LABELS = {
    MessageClass.TRANSACTIONAL: _("Transactional"),
    MessageClass.MARKETING: _("Marketing"),
}

_CLASSES = [(str(key), label) for key, label in CLASS_LABELS.items()]
_STATES = [(str(key), label) for key, label in STATE_LABELS.items()]
_CHANNELS = [(str(key), str(key)) for key in Channel]
_PURPOSES = [(str(key), str(key)) for key in Purpose]
_IN_HAND = [str(MessageState.RESERVED), str(MessageState.HANDED)]
_WITH_REASON = [str(MessageState.WITHHELD), str(MessageState.REFUSED), str(MessageState.UNKNOWN)]
_NEVER_SENT = [str(MessageState.PLANNED), str(MessageState.RESERVED), str(MessageState.WITHHELD)]


class Message(Record):
    """One message to one receiver, from the plan to the last that is known of it.

    ``send_key`` makes it unique, ``message_id`` is made once and kept for every attempt. A worker
    that has it in hand holds ``epoch`` until ``leased_until``; a stale epoch can write nothing.
    """

    send_key = models.CharField(max_length=200, unique=True)
    message_class = models.CharField(max_length=13, choices=_CLASSES)
    purpose = models.CharField(max_length=10, choices=_PURPOSES)
    channel = models.CharField(max_length=10, choices=_CHANNELS)
    topic = models.CharField(max_length=40, blank=True)
    person = SubjectKey(
        Person,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        on_merge=OnMerge.MOVE,
        on_erase=OnErase.ANONYMISE,
    )
    about_kind = models.CharField(max_length=30, blank=True)
    about_id = models.BigIntegerField(null=True)
    to_address = models.CharField(max_length=254)
    from_name = models.CharField(max_length=400, blank=True)
    from_address = models.CharField(max_length=254)
    subject = models.CharField(max_length=400)
    text = models.TextField()
    html = models.TextField(blank=True)
    is_confidential = models.BooleanField(default=False)
    message_id = models.CharField(max_length=200, unique=True)
    in_reply_to = models.CharField(max_length=400, blank=True)
    references = models.TextField(blank=True)
    thread_key = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=_STATES, default=str(MessageState.PLANNED))
    reason = models.CharField(max_length=40, blank=True)
    reply = models.CharField(max_length=300, blank=True)
    reply_code = models.PositiveSmallIntegerField(null=True)
    decision = models.JSONField(default=dict)
    not_after = models.DateTimeField()
    next_attempt_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)
    ambiguous = models.PositiveSmallIntegerField(default=0)
    epoch = models.BigIntegerField(null=True)
    worker = models.CharField(max_length=80, blank=True)
    leased_until = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    about_refs = SubjectRefs(
        "about_kind", "about_id", on_merge=OnMerge.MOVE, on_erase=OnErase.ANONYMISE
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[str(each) for each in MessageState]),
                name="message_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_IN_HAND, epoch__isnull=False, leased_until__isnull=False)
                | ~Q(state__in=_IN_HAND),
                name="message_in_hand_is_leased",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_NEVER_SENT) | Q(attempts__gt=0) | Q(reason="malformed"),
                name="message_sent_was_handed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_WITH_REASON) | ~Q(reason=""),
                name="message_stop_has_reason",
            ),
            models.CheckConstraint(
                condition=~Q(message_class="marketing") | ~Q(topic=""),
                name="message_marketing_has_topic",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["-message_class", "next_attempt_at", "id"],
                name="message_due",
                condition=Q(state="planned"),
            ),
            models.Index(
                fields=["leased_until"], name="message_leased", condition=Q(state__in=_IN_HAND)
            ),
            models.Index(fields=["person", "-id"], name="message_by_person"),
            models.Index(fields=["about_kind", "about_id"], name="message_by_about"),
            models.Index(fields=["-created_at", "-id"], name="message_by_created"),
            models.Index(fields=["thread_key"], name="message_by_thread"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="message_moves",
                field="state",
                transitions=[
                    (str(one), str(other))
                    for one, others in TRANSITIONS.items()
                    for other in sorted(others)
                ],
            )
        ]

    def __str__(self) -> str:
        return self.subject


@tracked(root=("mail_settings", "id"))
class MailSettings(Tracked):
    """From whom mails come. There is no row until someone sets it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    from_name = models.CharField(max_length=120, blank=True)
    from_address = models.CharField(max_length=254, blank=True)
    imprint = models.CharField(max_length=400, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="mailsettings_single"),
        ]

    def __str__(self) -> str:
        return self.from_address
