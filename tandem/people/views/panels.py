"""What stands beside a record: a person's company and who else is there, a company's people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.kernel.actor import Actor
from tandem.kernel.compiled import compiled
from tandem.people import queries
from tandem.people.models import (
    REACH_LABELS,
    STAGE_LABELS,
    TIE_LABELS,
    Company,
    Employment,
    Person,
)
from tandem.people.rules import Reach
from tandem.people.views.parts import PARTS
from tandem.people.views.stories import job_name
from tandem.records.slots import RECORD_PANELS, ObjectType
from tandem.ui import formats

SHOWN = 8
SHOWN_JOBS = 4


class PeopleThere:
    """Who else works at a person's company; who works at a company."""

    order = 30
    in_peek = False
    tells: tuple[str, ...] = ("person.company",)

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind in ("person", "company")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        company = _employer(record) if isinstance(record, Person) else record
        people: list[tuple[Person, str]] = []
        if company is not None:
            people = [
                (person, reverse("records:record", args=["people", person.public_id]))
                for person in _colleagues(actor, company=company.pk, but=_own_pk(record))
            ]
        context = {
            "people": people[:SHOWN],
            "tells_title": not actor.hides("person", "title"),
            "has_more": len(people) > SHOWN,
            "of_person": isinstance(record, Person),
        }
        return SafeString(render_to_string("people/there.html", context, request=request))


@compiled
def _colleagues(actor: Actor, *, company: int, but: int) -> QuerySet[Person]:
    return queries.people_at(actor, company).exclude(pk=but)[: SHOWN + 1]


def _employer(person: Person) -> Company | None:
    return person.primary_job.company if person.primary_job else None


def _own_pk(record: Any) -> int:
    return record.pk if isinstance(record, Person) else 0


@dataclass(frozen=True)
class Line:
    """One thing that belongs to a record, and where it is changed; empty where it is not."""

    id: str
    text: str
    note: Any = ""
    url: str = ""
    chip: Any = ""
    tone: str = ""
    edit_url: str = ""
    change_url: str = ""
    main_url: str = ""
    remove_url: str = ""


class ReachPanel:
    """At the left of a person's page all mail addresses or phone numbers; a company's domains. The
    main one is the field of that name, and changed in its place."""

    in_peek = False

    def __init__(
        self, key: str, kind: str, field: str, titles: tuple[Any, Any], order: int
    ) -> None:
        self.key, self.kind, self.order = key, kind, order
        self.stands_for = field
        self.tells: tuple[str, ...] = (f"{kind}.{field}",)
        self.title, self.add_label = titles

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == self.kind

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        may_edit = actor.may("people.edit")
        found = _parts(actor, self.key, of=record.public_id)
        rows = [self._line(record, one, may_edit=may_edit) for one in found]
        if not rows and not may_edit:
            return SafeString("")
        context = {
            "title": self.title,
            "field": PARTS[self.key].label,
            "place": self.key,
            "add_label": self.add_label,
            "rows": rows,
            "add_url": _add_url(self.key, record, may_edit=may_edit),
        }
        return SafeString(render_to_string("people/reach.html", context, request=request))

    def _line(self, record: Any, one: Any, *, may_edit: bool) -> Line:
        status = getattr(one, "status", "ok")
        urls = _urls(self.key, record, one.pk, may_edit=may_edit, with_main=not one.is_primary)
        if self.key == "domains":
            urls.pop("change_url", None)
        if one.is_primary and may_edit:
            at = [PARTS[self.key].slug, record.public_id, self.stands_for]
            urls["edit_url"] = reverse("records:field", args=at)
        shared = _("free mail") if getattr(one, "is_shared", False) else ""
        return Line(
            id=f"{self.key}-{one.pk}",
            text=str(one),
            note=_("main") if one.is_primary else shared,
            chip=REACH_LABELS[Reach(status)] if status != Reach.OK else "",
            tone="bad",
            **urls,
        )


@compiled
def _parts(actor: Actor, key: str, *, of: UUID) -> QuerySet[Any]:
    rows: QuerySet[Any] = PARTS[key].of(actor, of)
    return rows


class JobsPanel:
    """Beside a person: the jobs, those of today first, with their dates; old ones fold away."""

    order = 20
    in_peek = True
    tells: tuple[str, ...] = tuple(f"person.{one}" for one in queries.JOB_FIELDS)

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "person"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        may_edit = actor.may("people.edit")
        jobs = _parts(actor, "employments", of=record.public_id)
        visible = dict(_visible_companies(actor, ids=[job.company_id for job in jobs]))
        rows = [_job_line(record, job, visible, may_edit=may_edit) for job in jobs]
        if not rows and not may_edit:
            return SafeString("")
        context = {
            "title": _("Jobs"),
            "place": "employments",
            "is_firm": "1",
            "rows": rows[:SHOWN_JOBS],
            "more": rows[SHOWN_JOBS:],
            "add_label": _("Add a job"),
            "add_url": _add_url("employments", record, may_edit=may_edit),
        }
        return SafeString(render_to_string("people/beside.html", context, request=request))


@compiled
def _visible_companies(actor: Actor, *, ids: Sequence[int]) -> QuerySet[Company, tuple[int, UUID]]:
    seen = queries.companies_visible_to(actor).filter(pk__one_of=ids)
    return seen.values_list("pk", "public_id")


class TiesPanel:
    """Beside a person: how they stand to others, in words from their side, and the ways to them."""

    order = 35
    in_peek = False
    tells: tuple[str, ...] = ()

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "person"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        may_edit = actor.may("people.edit")
        rows = [
            Line(
                id=f"tie-{one.id}",
                text=one.person.name,
                note=", ".join(filter(None, [str(TIE_LABELS[one.tie]), one.note])),
                url=reverse("records:record", args=["people", one.person.public_id]),
                **_urls("relationships", record, one.id, may_edit=may_edit),
            )
            for one in queries.known_to(actor, record)
        ]
        context = {
            "title": _("Relationships"),
            "place": "relationships",
            "add_label": _("Add a relationship"),
            "rows": rows[:SHOWN],
            "more": rows[SHOWN:],
            "count": len(rows),
            "add_url": _add_url("relationships", record, may_edit=may_edit),
            "ways_url": reverse("people:introductions", args=[record.public_id]),
        }
        return SafeString(render_to_string("people/beside.html", context, request=request))


class FamilyPanel:
    """Beside a company: who stands above and below it, and what they come to together."""

    order = 22
    in_peek = False
    tells: tuple[str, ...] = ("company.parent",)

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "company"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        family = queries.family_of(actor, record)
        context = {
            "family": family,
            "above": [(one, _company_url(one)) for one in reversed(family.above)],
            "below": [(one, _company_url(one), count) for one, count in family.below[:SHOWN]],
            "hidden": max(len(family.below) - SHOWN, 0),
            "told": _("%(companies)s below, %(people)s people in all")
            % {"companies": family.companies, "people": family.people},
        }
        return SafeString(render_to_string("people/family.html", context, request=request))


class PeopleBefore:
    """Beside a company: who worked there and where they are now."""

    order = 32
    in_peek = False
    tells: tuple[str, ...] = tuple(f"person.{one}" for one in queries.JOB_FIELDS)

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "company"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = list(queries.people_before(actor, record.pk)[: SHOWN + 1])
        context = {
            "people": [
                (one, reverse("records:record", args=["people", one.public_id]), _now(one))
                for one in found[:SHOWN]
            ],
            "has_more": len(found) > SHOWN,
        }
        return SafeString(render_to_string("people/before.html", context, request=request))


def _now(person: Person) -> str:
    job = person.primary_job
    if job is None:
        return ""
    where = job_name(job.title, job.company.name if job.company else "")
    return _("now %(job)s") % {"job": where} if where else ""


def _company_url(company: Company) -> str:
    return reverse("records:record", args=["companies", company.public_id])


def _add_url(key: str, record: Any, *, may_edit: bool) -> str:
    return reverse(f"people:{key}-add", args=[record.public_id]) if may_edit else ""


def _urls(
    key: str, record: Any, number: int, *, may_edit: bool, with_main: bool = False
) -> dict[str, str]:
    """Where a thing is changed, made the main one and removed."""
    if not may_edit:
        return {}
    args = [record.public_id, number]
    return {
        "change_url": reverse(f"people:{key}-change", args=args),
        "remove_url": reverse(f"people:{key}-remove", args=args),
        "main_url": reverse(f"people:{key}-main", args=args) if with_main else "",
    }


def _job_line(person: Any, job: Employment, visible: Mapping[int, Any], *, may_edit: bool) -> Line:
    company = job.company
    is_held = job.ended_on is None
    public_id = visible.get(job.company_id) if job.company_id else None
    words = [
        job.title if company else "",
        job.seniority,
        _span(job),
    ]
    return Line(
        id=f"job-{job.pk}",
        text=company.name if company else job.title,
        note=", ".join(filter(None, words)),
        url=reverse("records:record", args=["companies", public_id]) if public_id else "",
        **_urls(
            "employments",
            person,
            job.pk,
            may_edit=may_edit,
            with_main=is_held and not job.is_primary,
        ),
    )


def _span(job: Employment) -> str:
    """From when to when a job was held; empty where nobody knows."""
    since = formats.day(job.started_on) if job.started_on else ""
    until = formats.day(job.ended_on) if job.ended_on else ""
    if since and until:
        return _("%(since)s to %(until)s") % {"since": since, "until": until}
    if since:
        return _("since %(day)s") % {"day": since}
    return _("until %(day)s") % {"day": until} if until else ""


class JourneyPanel:
    """Beside a person or company: the way from stranger to advocate as one line."""

    order = 5
    in_peek = True
    tells: tuple[str, ...] = ()

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind in ("person", "company")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        return journey(object_type.kind, record.pk)


def journey(kind: str, record_id: int, *, is_wide: bool = False) -> SafeString:
    """The way of a record, drawn; wide with a name and a moment under each step."""
    way = queries.way_of(kind, record_id)
    context = {
        "way": way,
        "is_wide": is_wide,
        "steps": [(one, STAGE_LABELS[one.stage]) for one in way.milestones],
        "stage": STAGE_LABELS[way.stage] if way.stage else "",
        "furthest": STAGE_LABELS[way.furthest]
        if way.furthest and way.furthest is not way.stage
        else "",
    }
    return SafeString(render_to_string("people/journey.html", context))


RECORD_PANELS.register("people.journey", JourneyPanel())
RECORD_PANELS.register(
    "people.emails",
    ReachPanel(
        "emails",
        "person",
        "email",
        (gettext_lazy("Mail addresses"), gettext_lazy("Add a mail address")),
        order=10,
    ),
)
RECORD_PANELS.register(
    "people.phones",
    ReachPanel(
        "phones",
        "person",
        "phone",
        (gettext_lazy("Phone numbers"), gettext_lazy("Add a phone number")),
        order=11,
    ),
)
RECORD_PANELS.register(
    "people.domains",
    ReachPanel(
        "domains",
        "company",
        "domain",
        (gettext_lazy("Domains"), gettext_lazy("Add a domain")),
        order=12,
    ),
)
RECORD_PANELS.register("people.jobs", JobsPanel())
RECORD_PANELS.register("people.family", FamilyPanel())
RECORD_PANELS.register("people.ties", TiesPanel())
RECORD_PANELS.register("people.before", PeopleBefore())
RECORD_PANELS.register("people.there", PeopleThere())
