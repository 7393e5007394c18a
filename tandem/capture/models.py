"""Tables of forms, landing pages and what came in through them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tandem.capture.rules import text_of_blocks, text_of_fields
from tandem.kernel.history import tracked
from tandem.kernel.models import Record
from tandem.kernel.refs import OnErase, OnMerge, SubjectKey
from tandem.people.models import Person

_LIVE = Q(deleted_at__isnull=True)


class Publication(models.TextChoices):
    """Whether the public sees a form or page."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")


class ContactKind(models.TextChoices):
    """What somebody asks for with a form."""

    DEMO = "demo", _("Demo or sample")
    PRICING = "pricing", _("Prices")
    CALL_BACK = "call_back", _("Call back")
    CATALOGUE = "catalogue", _("Catalogue")
    NEWSLETTER = "newsletter", _("Newsletter")
    CONTACT = "contact", _("Something else")


class SubmissionState(models.TextChoices):
    """Whether a form that came in counts."""

    ACCEPTED = "accepted", _("Accepted")
    QUARANTINED = "quarantined", _("Kept aside")


@tracked(root=("form", "id"))
class Form(Record):
    """What the public can send us: its questions, the consent it asks for, and its thanks.

    ``raises_hand`` says that who sends it wants to talk to sales.
    """

    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Publication, default=Publication.DRAFT)
    fields = models.JSONField(default=list)
    raises_hand = models.BooleanField(default=False)
    contact_kind = models.CharField(max_length=12, choices=ContactKind, default=ContactKind.CONTACT)
    intro = models.TextField(blank=True)
    button = models.CharField(max_length=60, blank=True)
    consent_wording = models.TextField(blank=True)
    consent_topic = models.CharField(max_length=40, blank=True)
    thanks = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["slug"], condition=_LIVE, name="form_slug_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def fields_text(self) -> str:
        """The questions as they are written, one a line."""
        return text_of_fields(self.fields)


@tracked(root=("page", "id"))
class LandingPage(Record):
    """A page that a campaign leads to, mostly with a form in it."""

    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Publication, default=Publication.DRAFT)
    headline = models.CharField(max_length=160)
    lead = models.TextField(blank=True)
    blocks = models.JSONField(default=list)
    form = models.ForeignKey(Form, on_delete=models.PROTECT, null=True, related_name="pages")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["slug"], condition=_LIVE, name="page_slug_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def blocks_text(self) -> str:
        """The body as it is written."""
        return text_of_blocks(self.blocks)


@tracked(root=("submission", "id"))
class Submission(Record):
    """One form as it came in, with the origin that its own page told. Never edited.

    ``nonce`` is the form token's: a token is good for one submission. What looks like spam is kept
    aside without a person until somebody releases it. No network address is kept.
    """

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="submissions")
    page = models.ForeignKey(
        LandingPage, on_delete=models.SET_NULL, null=True, related_name="submissions"
    )
    person = SubjectKey(
        Person, null=True, related_name="+", on_merge=OnMerge.MOVE, on_erase=OnErase.DELETE
    )
    nonce = models.UUIDField(unique=True)
    at = models.DateTimeField()
    state = models.CharField(
        max_length=12, choices=SubmissionState, default=SubmissionState.ACCEPTED
    )
    suspicions = models.JSONField(default=list)
    answers = models.JSONField(default=dict)
    address = models.CharField(max_length=254)
    raises_hand = models.BooleanField(default=False)
    contact_kind = models.CharField(max_length=12, choices=ContactKind)
    has_consent = models.BooleanField(default=False)
    consent_wording = models.TextField(blank=True)
    consent_topic = models.CharField(max_length=40, blank=True)
    utm_source = models.CharField(max_length=120, blank=True)
    utm_medium = models.CharField(max_length=120, blank=True)
    utm_campaign = models.CharField(max_length=120, blank=True)
    utm_term = models.CharField(max_length=120, blank=True)
    utm_content = models.CharField(max_length=120, blank=True)
    channel = models.CharField(max_length=16, blank=True)
    url = models.CharField(max_length=2048, blank=True)
    referrer = models.CharField(max_length=2048, blank=True)
    visitor = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state=SubmissionState.QUARANTINED) | Q(person__isnull=False),
                name="submission_accepted_of_person",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["at", "id"], name="submission_by_time", condition=_LIVE),
            models.Index(fields=["utm_campaign", "at"], name="submission_by_campaign"),
        ]

    def __str__(self) -> str:
        return self.address


class Intake(models.Model):
    """How many events of an hour were taken (no reason) or dropped (for a reason of
    ``rules.STEPS``). Written by the database function ``capture_count`` alone, which the collector
    calls without Django; a request that could not be read counts as one."""

    pk = models.CompositePrimaryKey("hour", "reason")
    hour = models.DateTimeField()
    reason = models.CharField(max_length=40, blank=True)
    count = models.BigIntegerField()

    class Meta:
        db_table = "capture_intake"

    def __str__(self) -> str:
        return f"{self.reason or 'taken'} at {self.hour}"
