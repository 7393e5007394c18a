"""What people said about being contacted, what holds now, and the stop list."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tandem.consent.rules import Basis, Channel, Purpose, State, StopReason
from tandem.kernel.history import tracked
from tandem.kernel.models import PublicIdField, Record, Tracked
from tandem.kernel.refs import OnErase, OnMerge, SubjectKey
from tandem.people.models import Person

CHANNEL_LABELS = {
    Channel.EMAIL: _("Mail"),
    Channel.PHONE: _("Phone"),
    Channel.SMS: _("Text message"),
    Channel.POST: _("Post"),
}
PURPOSE_LABELS = {
    Purpose.MARKETING: _("Marketing"),
    Purpose.SALES: _("Sales"),
    Purpose.SERVICE: _("Service"),
}
STATE_LABELS = {
    State.GRANTED: _("Granted"),
    State.PENDING: _("Not yet confirmed"),
    State.WITHDRAWN: _("Withdrawn"),
    State.DENIED: _("Refused"),
}
BASIS_LABELS = {
    Basis.CONSENT: _("consent"),
    Basis.REQUEST: _("own request"),
    Basis.CONTRACT: _("contract"),
    Basis.INTEREST: _("legitimate interest"),
}
STOP_LABELS = {
    StopReason.UNSUBSCRIBED: _("Unsubscribed"),
    StopReason.BOUNCED: _("Bounced"),
    StopReason.COMPLAINED: _("Complained"),
    StopReason.INVALID: _("No such mailbox"),
    StopReason.MANUAL: _("Put here by hand"),
    StopReason.ERASED: _("Erased"),
}

_CHANNELS = [(str(key), label) for key, label in CHANNEL_LABELS.items()]
_PURPOSES = [(str(key), label) for key, label in PURPOSE_LABELS.items()]
_STATES = [(str(key), label) for key, label in STATE_LABELS.items()]
_BASES = [(str(key), label) for key, label in BASIS_LABELS.items()]
_STOPS = [(str(key), label) for key, label in STOP_LABELS.items()]

# Erasing a person is the one deed that may touch what was said; it says so in its transaction.
_UNLESS_ERASING = """
    IF coalesce(current_setting('tandem.erasing', true), '') <> 'on' {unless} THEN
        RAISE EXCEPTION 'What was said about consent is never changed or deleted.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
"""


def _append_only(*, unless: str = "") -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name="append_only",
        when=pgtrigger.Before,
        operation=pgtrigger.Update | pgtrigger.Delete,
        func=_UNLESS_ERASING.format(unless=unless),
    )


class Wording(Tracked):
    """A text that people agreed to, as they saw it; the same text is one row for ever."""

    text = models.TextField()
    digest = models.CharField(max_length=64, unique=True)
    first_shown_at = models.DateTimeField()

    class Meta:
        triggers: ClassVar = [_append_only()]

    @property
    def version(self) -> int:
        """The number by which people name the text; a changed text is another one."""
        number: int = self.pk
        return number

    def __str__(self) -> str:
        return f"wording {self.version}"


class ConsentEvent(Tracked):
    """One thing that a person said. Append-only, and each is tied to the one before it.

    No foreign key constraints here and below: what these rows point to cannot be deleted (a trigger
    or soft deletion sees to it), and each check costs a bulk write 3 us a row.

    The chain holds digests only, salted with what stands in the erasable ConsentEvidence: after
    an erasure the chain still holds and says nothing.
    """

    id = models.BigAutoField(primary_key=True)
    public_id = PublicIdField()
    person = SubjectKey(
        Person,
        on_delete=models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,  # consentevent_by_person
        related_name="+",
        on_merge=OnMerge.STAY,  # who said it then; what holds is joined in ConsentState
        on_erase=OnErase.BLANK,
    )
    channel = models.CharField(max_length=10, choices=_CHANNELS)
    topic = models.CharField(max_length=40)
    purpose = models.CharField(max_length=10, choices=_PURPOSES)
    basis = models.CharField(max_length=10, choices=_BASES)
    state = models.CharField(max_length=10, choices=_STATES)
    at = models.DateTimeField()
    wording = models.ForeignKey(
        Wording, on_delete=models.PROTECT, db_constraint=False, related_name="events"
    )
    chain = models.PositiveSmallIntegerField()
    position = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    link = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chain", "position"], name="consentevent_once"),
            models.CheckConstraint(
                condition=Q(position=1, previous="") | (Q(position__gt=1) & ~Q(previous="")),
                name="consentevent_chained",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "-id"], name="consentevent_by_person"),
        ]
        triggers: ClassVar = [_append_only()]

    def __str__(self) -> str:
        return f"{self.channel}/{self.topic}/{self.purpose}: {self.state}"


class ConsentEvidence(Tracked):
    """How we know what a person said, and the salt of its digest. Erased with the person."""

    event = models.OneToOneField(
        ConsentEvent,
        on_delete=models.PROTECT,
        primary_key=True,
        db_constraint=False,
        related_name="evidence",
    )
    person = SubjectKey(
        Person,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        on_merge=OnMerge.STAY,
        on_erase=OnErase.DELETE,
    )
    salt = models.BinaryField()
    said_by = models.CharField(max_length=36)  # the person's public id, when it was said
    source = models.CharField(max_length=60)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=400, blank=True)
    url = models.TextField(blank=True)
    reference = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        triggers: ClassVar = [_append_only()]

    def __str__(self) -> str:
        return f"evidence of {self.event_id}"


class ConsentState(Record):
    """What holds for a person on a channel, for a topic and a purpose: the fold of the events."""

    person = SubjectKey(
        Person,
        db_constraint=False,
        db_index=False,  # consentstate_once
        related_name="+",
        on_merge=OnMerge.KEEP_STRICTEST,
        on_erase=OnErase.DELETE,
    )
    channel = models.CharField(max_length=10, choices=_CHANNELS)
    topic = models.CharField(max_length=40)
    purpose = models.CharField(max_length=10, choices=_PURPOSES)
    basis = models.CharField(max_length=10, choices=_BASES)
    state = models.CharField(max_length=10, choices=_STATES)
    since = models.DateTimeField()
    event = models.ForeignKey(
        ConsentEvent, on_delete=models.PROTECT, db_constraint=False, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "channel", "topic", "purpose"], name="consentstate_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "topic", "channel"], name="consentstate_by_state"),
            models.Index(fields=["-since", "-id"], name="consentstate_by_since"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}/{self.topic}/{self.purpose}: {self.state}"


@tracked(root=("suppression", "id"), exclude=("key",))
class Suppression(Record):
    """An address that is not written to. It stands alone, so that it outlives its person.

    ``key`` is a keyed hash of the address; ``address`` is empty once its owner was erased.
    """

    key = models.CharField(max_length=64)
    address = models.CharField(max_length=254, blank=True)
    reason = models.CharField(max_length=12, choices=_STOPS)
    note = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key", "reason"],
                condition=Q(deleted_at__isnull=True),
                name="suppression_once",
            ),
            models.CheckConstraint(
                condition=Q(address="") | ~Q(reason="erased"),
                name="suppression_erased_is_blank",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["address", "id"], name="suppression_by_address"),
            models.Index(fields=["-created_at", "-id"], name="suppression_by_created"),
        ]

    def __str__(self) -> str:
        return self.address or self.key[:8]
