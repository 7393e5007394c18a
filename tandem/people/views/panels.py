"""What stands beside a record: a person's company and who else is there, a company's people."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from tandem.kernel.actor import Actor
from tandem.people import queries
from tandem.people.models import STAGE_LABELS, Company, Person
from tandem.records.slots import RECORD_PANELS, ObjectType

SHOWN = 8


class CompanyPanel:
    """Beside a person: the company and who else works there. Beside a company: who is above it."""

    order = 20
    in_peek = True

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind in ("person", "company")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        company = _employer(record) if isinstance(record, Person) else record.parent
        context: dict[str, Any] = {"company": None, "of_person": isinstance(record, Person)}
        if company is not None:
            context["company"] = company
            context["url"] = _address(actor, company)
        return SafeString(render_to_string("people/company.html", context, request=request))


class PeopleThere:
    """Who else works at a person's company; who works at a company."""

    order = 30
    in_peek = False

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind in ("person", "company")

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        company = _employer(record) if isinstance(record, Person) else record
        people: list[tuple[Person, str]] = []
        if company is not None:
            there = queries.people_at(actor, company.pk).exclude(pk=_own_pk(record))
            people = [
                (person, reverse("records:record", args=["people", person.public_id]))
                for person in there[: SHOWN + 1]
            ]
        context = {
            "people": people[:SHOWN],
            "has_more": len(people) > SHOWN,
            "of_person": isinstance(record, Person),
        }
        return SafeString(render_to_string("people/there.html", context, request=request))


def _employer(person: Person) -> Company | None:
    return person.primary_job.company if person.primary_job else None


def _own_pk(record: Any) -> int:
    return record.pk if isinstance(record, Person) else 0


def _address(actor: Actor, company: Company) -> str:
    """Where the company's page is, empty for who may not see it."""
    if not queries.companies_visible_to(actor).filter(pk=company.pk).exists():
        return ""
    return reverse("records:record", args=["companies", company.public_id])


class JourneyPanel:
    """Beside a person or company: the way from stranger to advocate as one line."""

    order = 5
    in_peek = True

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
RECORD_PANELS.register("people.company", CompanyPanel())
RECORD_PANELS.register("people.there", PeopleThere())
