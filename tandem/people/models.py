"""Tables of persons and companies, their addresses and who works where."""

from collections.abc import Mapping
from typing import ClassVar, Optional

import pgtrigger
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tandem.kernel.history import tracked
from tandem.kernel.models import Record, Tracked
from tandem.kernel.refs import OnErase, OnMerge, SubjectKey, SubjectRefs
from tandem.people.rules import KEPT_TIES, Reach, SizeBand, Stage, Tie
from tandem.records.models import Customisable

_LIVE = Q(deleted_at__isnull=True)

SIZE_LABELS: Mapping[SizeBand, str | Promise] = {
    SizeBand.MICRO: _("1 to 9"),
    SizeBand.SMALL: _("10 to 49"),
    SizeBand.MEDIUM: _("50 to 249"),
    SizeBand.LARGE: _("250 to 999"),
    SizeBand.ENTERPRISE: _("1,000 and more"),
}

TIE_LABELS: Mapping[Tie, str | Promise] = {
    Tie.REPORTS_TO: _("reports to"),
    Tie.LEADS: _("leads"),
    Tie.ASSISTANT_OF: _("is assistant of"),
    Tie.ASSISTED_BY: _("has as assistant"),
    Tie.INTRODUCED_BY: _("was introduced by"),
    Tie.INTRODUCED: _("introduced"),
    Tie.WORKED_WITH: _("worked with"),
    Tie.FAMILY: _("is family of"),
    Tie.KNOWS: _("knows"),
}

STAGE_LABELS: Mapping[Stage, str | Promise] = {
    Stage.VISITOR: _("Visitor"),
    Stage.KNOWN: _("Known"),
    Stage.SUBSCRIBER: _("Subscriber"),
    Stage.ENGAGED: _("Engaged"),
    Stage.RECYCLED: _("Back in nurture"),
    Stage.MQL: _("Lead"),
    Stage.OFFERED: _("Offered"),
    Stage.RETURNED: _("Returned by sales"),
    Stage.SAL: _("Accepted"),
    Stage.SQL: _("Qualified"),
    Stage.OPPORTUNITY: _("Deal"),
    Stage.LOST: _("Lost"),
    Stage.CUSTOMER: _("Customer"),
    Stage.ONBOARDING: _("Onboarding"),
    Stage.ACTIVE: _("Active"),
    Stage.AT_RISK: _("At risk"),
    Stage.CHURNED: _("Gone"),
    Stage.LOYAL: _("Loyal"),
    Stage.EVANGELIST: _("Advocate"),
}


REACH_LABELS: Mapping[Reach, str | Promise] = {
    Reach.OK: _("Works"),
    Reach.BOUNCED: _("Bounced"),
    Reach.COMPLAINED: _("Complained"),
    Reach.INVALID: _("Invalid"),
}
_REACH = [(str(one), label) for one, label in REACH_LABELS.items()]


class Party(Customisable, Record):
    """What persons and companies share: a name and its keys, owner, country, merging.

    ``search_key`` and ``sort_key`` are derived; the actions keep them, an undo makes them anew.
    """

    name = models.CharField(max_length=200)
    search_key = models.TextField()
    sort_key = models.CharField(max_length=200)
    country = models.CharField(max_length=2, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


@tracked(root=("person", "id"), exclude=("search_key", "sort_key"))
class Person(Party):
    """A human being, here once, whatever marketing and sales know of them."""

    given_name = models.CharField(max_length=200, blank=True)
    family_name = models.CharField(max_length=200, blank=True)
    salutation = models.CharField(max_length=40, blank=True, default="", db_default="")
    locale = models.CharField(max_length=20, blank=True)
    time_zone = models.CharField(max_length=60, blank=True)

    # Filled by queries.prepare_people, one row of each at most.
    primary_email: Optional["PersonEmail"] = None
    primary_phone: Optional["PersonPhone"] = None
    primary_job: Optional["Employment"] = None

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="person_not_into_itself",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["sort_key", "id"], name="person_by_name", condition=_LIVE),
            models.Index(fields=["created_at", "id"], name="person_by_created", condition=_LIVE),
            models.Index(fields=["updated_at", "id"], name="person_by_updated", condition=_LIVE),
            GinIndex(fields=["search_key"], opclasses=["gin_trgm_ops"], name="person_search"),
        ]


@tracked(root=("person", "person"))
class PersonEmail(Tracked):
    """A mail address of a person; one address has one person, whatever happens at once."""

    person = SubjectKey(
        Person, related_name="emails", on_merge=OnMerge.UNION, on_erase=OnErase.DELETE
    )
    address = models.CharField(max_length=254)
    normalized = models.CharField(max_length=254)
    is_primary = models.BooleanField(default=True)
    status = models.CharField(max_length=10, choices=_REACH, default="ok")
    verified_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=40, blank=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["normalized"], condition=_LIVE, name="personemail_once"
            ),
            models.UniqueConstraint(
                fields=["person"],
                condition=_LIVE & Q(is_primary=True),
                name="personemail_one_primary",
            ),
        ]

    def __str__(self) -> str:
        return self.address


@tracked(root=("person", "person"))
class PersonPhone(Tracked):
    """A phone number of a person; several persons may share one."""

    person = SubjectKey(
        Person,
        related_name="phones",
        on_merge=OnMerge.UNION,
        on_erase=OnErase.DELETE,
        same_by=("normalized",),
    )
    number = models.CharField(max_length=40)
    normalized = models.CharField(max_length=20)
    is_primary = models.BooleanField(default=True)
    status = models.CharField(max_length=10, choices=_REACH, default="ok")
    verified_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=40, blank=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"],
                condition=_LIVE & Q(is_primary=True),
                name="personphone_one_primary",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["normalized"], name="personphone_by_number"),
        ]

    def __str__(self) -> str:
        return self.number


# The library has no types for this one.
_OF_PARENT = pgtrigger.UpdateOf("parent_id")  # type: ignore[no-untyped-call]
NO_CIRCLE = """
    PERFORM pg_advisory_xact_lock(hashtextextended('people.parents', 0));
    IF EXISTS (
        WITH RECURSIVE above AS (
            SELECT c.parent_id AS id FROM people_company c WHERE c.id = NEW.id
            UNION SELECT c.parent_id FROM people_company c JOIN above a ON c.id = a.id
        ) SELECT FROM above WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'company % would stand above itself', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'company_no_circle';
    END IF;
    RETURN NULL;
"""


@tracked(root=("company", "id"), exclude=("search_key", "sort_key"))
class Company(Party):
    """An organisation that people work for."""

    industry = models.CharField(max_length=120, blank=True)
    size_band = models.CharField(
        max_length=10,
        blank=True,
        choices=[(str(band), label) for band, label in SIZE_LABELS.items()],
    )
    tier = models.CharField(max_length=20, blank=True)
    parent = SubjectKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        related_name="children",
        on_merge=OnMerge.CUSTOM,  # moved, but never below itself
        on_erase=OnErase.BLANK,
    )

    # Filled by queries.prepare_companies.
    primary_domain: Optional["CompanyDomain"] = None

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="company_not_into_itself",
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")),
                name="company_not_its_own_parent",
            ),
        ]
        triggers: ClassVar = [
            # Looks when the transaction ends, so that a merge may turn things round in between, and
            # waits for whoever else moves companies at this moment: an undo is no action of ours.
            pgtrigger.Trigger(
                name="no_circle",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | _OF_PARENT,
                timing=pgtrigger.Deferred,
                condition=pgtrigger.Q(new__parent__isnull=False),
                func=NO_CIRCLE,
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["sort_key", "id"], name="company_by_name", condition=_LIVE),
            models.Index(fields=["created_at", "id"], name="company_by_created", condition=_LIVE),
            models.Index(fields=["updated_at", "id"], name="company_by_updated", condition=_LIVE),
            GinIndex(fields=["search_key"], opclasses=["gin_trgm_ops"], name="company_search"),
        ]


@tracked(root=("company", "company"))
class CompanyDomain(Tracked):
    """A registrable domain of a company; a shared one (free mail) does not say whose it is."""

    company = SubjectKey(
        Company,
        related_name="domains",
        on_merge=OnMerge.UNION,
        on_erase=OnErase.DELETE,
        same_by=("domain",),
    )
    domain = models.CharField(max_length=253)
    is_primary = models.BooleanField(default=True)
    is_shared = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["domain"],
                condition=_LIVE & Q(is_shared=False),
                name="companydomain_once",
            ),
            models.UniqueConstraint(
                fields=["company"],
                condition=_LIVE & Q(is_primary=True),
                name="companydomain_one_primary",
            ),
        ]

    def __str__(self) -> str:
        return self.domain


@tracked(root=("person", "person"))
class Employment(Tracked):
    """A person's work, at a company where it is known; ended ones stay."""

    person = SubjectKey(
        Person,
        related_name="employments",
        on_merge=OnMerge.UNION,
        on_erase=OnErase.DELETE,
        same_by=("company", "title", "ended_on"),
    )
    company = SubjectKey(
        Company,
        on_delete=models.SET_NULL,
        null=True,
        related_name="employments",
        on_merge=OnMerge.MOVE,
        on_erase=OnErase.BLANK,
    )
    title = models.CharField(max_length=120, blank=True)
    function = models.CharField(max_length=60, blank=True)
    seniority = models.CharField(max_length=30, blank=True)
    started_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    is_primary = models.BooleanField(default=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"],
                condition=_LIVE & Q(is_primary=True, ended_on__isnull=True),
                name="employment_one_primary",
            ),
            models.CheckConstraint(
                condition=Q(started_on__isnull=True)
                | Q(ended_on__isnull=True)
                | Q(ended_on__gte=F("started_on")),
                name="employment_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"employment {self.pk}"


@tracked(root=("person", "from_person"))
class Relationship(Tracked):
    """How one person stands to another, in the words of the first; one of a type between two."""

    from_person = SubjectKey(
        Person, related_name="ties_from", on_merge=OnMerge.CUSTOM, on_erase=OnErase.DELETE
    )
    to_person = SubjectKey(
        Person, related_name="ties_to", on_merge=OnMerge.CUSTOM, on_erase=OnErase.DELETE
    )
    type = models.CharField(
        max_length=20, choices=[(str(tie), TIE_LABELS[tie]) for tie in KEPT_TIES]
    )
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                Least("from_person", "to_person"),
                Greatest("from_person", "to_person"),
                "type",
                name="relationship_once",
            ),
            models.CheckConstraint(
                condition=~Q(from_person=F("to_person")), name="relationship_of_two"
            ),
            models.CheckConstraint(
                condition=Q(type__in=[str(tie) for tie in KEPT_TIES]), name="relationship_type"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_person_id} {self.type} {self.to_person_id}"


class LifecycleState(Tracked):
    """Where a person or company stands in a motion now, and the furthest they ever came.

    One row per subject and motion, written only by ``actions.record_stage``; derived from the
    events below and so without a history of its own.
    """

    subject_kind = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    motion = models.SlugField(max_length=40)
    stage = models.CharField(max_length=20)
    since = models.DateTimeField()
    furthest_stage = models.CharField(max_length=20)
    furthest_at = models.DateTimeField()
    entry_count = models.PositiveIntegerField(default=1)

    subject_refs = SubjectRefs(
        "subject_kind", "subject_id", on_merge=OnMerge.CUSTOM, on_erase=OnErase.DELETE
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id", "motion"], name="lifecyclestate_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["motion", "stage"], name="lifecyclestate_by_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind}:{self.subject_id} {self.stage}"


class LifecycleEvent(Tracked):
    """One step of a lifecycle, with its cause and evidence. Append-only: a trigger refuses more."""

    subject_kind = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    motion = models.SlugField(max_length=40)
    from_stage = models.CharField(max_length=20)
    to_stage = models.CharField(max_length=20)
    at = models.DateTimeField()
    cause = models.CharField(max_length=200)
    evidence = models.JSONField(default=list)
    is_first = models.BooleanField()  # the first time that this stage was reached

    subject_refs = SubjectRefs(
        "subject_kind", "subject_id", on_merge=OnMerge.STAY, on_erase=OnErase.DELETE
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["subject_kind", "subject_id", "motion", "-at"],
                name="lifecycleevent_by_subject",
            ),
            models.Index(fields=["motion", "to_stage", "at"], name="lifecycleevent_by_stage"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update),
        ]

    def __str__(self) -> str:
        return f"{self.subject_kind}:{self.subject_id} {self.from_stage} -> {self.to_stage}"
