"""Who works where: a new job, and changes of the one that a person has."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.facts import publish
from tandem.people import queries
from tandem.people.actions.changes import Changes, Columns, tell_change
from tandem.people.actions.companies import company_for
from tandem.people.actions.rows import locked, touch
from tandem.people.facts import PeopleChanged
from tandem.people.models import Employment, Party, Person


@action(permission="people.edit")
def employ(
    actor: Actor, person_id: UUID, *, company: str, title: str = "", function: str = ""
) -> Employment:
    """Give a person a new job from today; the one before ends, it is not overwritten.

    ``company`` is a name or public id; Missing and CompanyUnknown are raised.
    """
    person = locked(queries.people_visible_to(actor), person_id)
    employer = company_for(actor, company)
    job, today = _current_job(person.pk), timezone.now().date()
    if job is not None:
        Employment.objects.filter(pk=job.pk).update(ended_on=today, is_primary=False)
    made = Employment.objects.create(
        person=person, company=employer, title=title, function=function, started_on=today
    )
    changes = Changes()
    changes.note("company", job.company if job else "", employer)
    changes.note("title", job.title if job else "", title)
    touch(Person, [person.pk])
    tell_change(actor, "person", person.pk, changes)
    publish(PeopleChanged(current_change_set().id, (person.pk,), ("company", "title")))
    return made


def change_title(actor: Actor, person: Party, value: Any, changes: Changes) -> Columns:
    """The step that gives a person's current job a title; one who has no job gets one."""
    job = _current_job(person.pk)
    if changes.note("title", job.title if job else "", value):
        _put_job(person.pk, job, title=value or "")
    return {}


def change_employer(actor: Actor, person: Party, value: Any, changes: Changes) -> Columns:
    """The step that corrects the company of a person's current job. Raises CompanyUnknown."""
    job = _current_job(person.pk)
    before = job.company if job else None
    after = company_for(actor, value, keep=before) if value else None
    if (before.pk if before else None) == (after.pk if after else None):
        return {}
    changes.values["company"] = (str(before or ""), str(after or ""))
    _put_job(person.pk, job, company_id=after.pk if after else None)
    return {}


def _current_job(person_id: int) -> Employment | None:
    jobs = Employment.objects.filter(person_id=person_id, is_primary=True)
    return queries.current_jobs(jobs).select_related("company").first()


def _put_job(person_id: int, job: Employment | None, **values: Any) -> None:
    if job is None:
        Employment.objects.create(person_id=person_id, **values)
    else:
        Employment.objects.filter(pk=job.pk).update(**values)
