"""Who works where: jobs present and past, and changes of the one that a person has now."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.errors import Missing
from tandem.people import queries
from tandem.people.actions.changes import Changes, Columns, Step
from tandem.people.actions.companies import company_for
from tandem.people.actions.parts import person_with, tell_part
from tandem.people.errors import DatesTurned, JobEmpty
from tandem.people.models import Employment, Party, Person
from tandem.people.schemas import ChangeEmployment, NewEmployment


@action(permission="people.edit")
def add_employment(actor: Actor, person_id: UUID, *, data: NewEmployment) -> Employment:
    """Give a person one more job, present or past; one held today is the main one where there is
    no other, or where it is said. With ``ends_current`` the main one ends where this begins, or
    today. Raises Missing, FieldHidden, CompanyUnknown, DatesTurned.
    """
    person = person_with(actor, person_id, *queries.JOB_FIELDS)
    company = company_for(actor, data.company) if data.company else None
    current = _current_job(person.pk)
    if current is not None and data.ends_current and data.ended_on is None:
        _end(current, data.started_on or timezone.localdate())
        current = None
    is_main = data.ended_on is None and (current is None or data.is_primary)
    if is_main and current is not None:
        _jobs(person.pk).filter(pk=current.pk).update(is_primary=False)
    made = Employment.objects.create(
        person=person,
        company=company,
        title=data.title or "",
        function=data.function or "",
        seniority=data.seniority or "",
        started_on=data.started_on,
        ended_on=data.ended_on,
        is_primary=is_main,
    )
    _tell(actor, person, made, "added")
    return made


@action(permission="people.edit")
def employ(
    actor: Actor, person_id: UUID, *, company: str, title: str = "", function: str = ""
) -> Employment:
    """Give a person a new job from today; the one before ends, it is not overwritten.

    ``company`` is a name or public id; Missing and CompanyUnknown are raised.
    """
    data = NewEmployment.model_validate(
        {
            "company": company,
            "title": title,
            "function": function,
            "started_on": timezone.localdate(),
            "ends_current": True,
        }
    )
    return add_employment(actor, person_id, data=data)


@action(permission="people.edit")
def change_employment(
    actor: Actor, person_id: UUID, number: int, *, data: ChangeEmployment
) -> Employment:
    """Change the given fields of a job. Where the main one ends, the oldest that is left and held
    today becomes it. Raises Missing, FieldHidden, CompanyUnknown, DatesTurned, JobEmpty.
    """
    person = person_with(actor, person_id, *queries.JOB_FIELDS)
    job = _job(person.pk, number)
    given = data.given
    columns: dict[str, Any] = {
        name: str(given[name] or "") for name in ("title", "function", "seniority") if name in given
    }
    columns |= {name: given[name] for name in ("started_on", "ended_on") if name in given}
    if "company" in given:
        named = given["company"]
        company = company_for(actor, named, keep=job.company) if named else None
        columns["company_id"] = company.pk if company else None
    started, ended = (columns.get(one, getattr(job, one)) for one in ("started_on", "ended_on"))
    if started and ended and ended < started:
        raise DatesTurned(field="ended_on")
    if not (columns.get("title", job.title) or columns.get("company_id", job.company_id)):
        raise JobEmpty(field="company")
    columns = {name: one for name, one in columns.items() if getattr(job, name) != one}
    is_ending = columns.get("ended_on") is not None
    if is_ending:
        columns["is_primary"] = False
    if columns:
        _jobs(person.pk).filter(pk=job.pk).update(**columns)
    is_asked = given.get("is_primary") and not job.is_primary and not ended
    if is_asked:
        _jobs(person.pk).filter(is_primary=True).update(is_primary=False)
        _jobs(person.pk).filter(pk=job.pk).update(is_primary=True)
    else:
        _keep_one_main(person.pk)
    changed = _job(person.pk, number)
    if columns or is_asked:
        _tell(actor, person, changed, "ended" if is_ending else "changed")
    return changed


@action(permission="people.edit")
def remove_employment(actor: Actor, person_id: UUID, number: int) -> None:
    """Take a job away that never was; one that is over gets an end instead. Raises Missing,
    FieldHidden."""
    person = person_with(actor, person_id, *queries.JOB_FIELDS)
    job = _job(person.pk, number)
    _jobs(person.pk).filter(pk=job.pk).update(deleted_at=timezone.now())
    _keep_one_main(person.pk)
    _tell(actor, person, job, "removed")


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


def of_job(name: str) -> Step:
    """The step of a column of a person's current job; one who has no job gets one."""

    def step(actor: Actor, person: Party, value: Any, changes: Changes) -> Columns:
        job = _current_job(person.pk)
        if changes.note(name, getattr(job, name) if job else "", value):
            _put_job(person.pk, job, **{name: str(value or "")})
        return {}

    return step


def _jobs(person_id: int) -> Any:
    return queries.live_parts(Employment, person_id=person_id)


def _job(person_id: int, number: int) -> Employment:
    found: Employment | None = _jobs(person_id).filter(pk=number).select_related("company").first()
    if found is None:
        raise Missing()
    return found


def _current_job(person_id: int) -> Employment | None:
    jobs = Employment.objects.filter(person_id=person_id, is_primary=True)
    return queries.current_jobs(jobs).select_related("company").first()


def _end(job: Employment, day: Any) -> None:
    ended = max(day, job.started_on) if job.started_on else day
    Employment.objects.filter(pk=job.pk).update(ended_on=ended, is_primary=False)


def _keep_one_main(person_id: int) -> None:
    """Where a person has jobs today and none is the main one, the oldest becomes it."""
    held = _jobs(person_id).filter(ended_on__isnull=True)
    first = held.order_by("pk").first()
    if first is not None and not held.filter(is_primary=True).exists():
        held.filter(pk=first.pk).update(is_primary=True)


def _put_job(person_id: int, job: Employment | None, **values: Any) -> None:
    if job is None:
        Employment.objects.create(person_id=person_id, **values)
    else:
        Employment.objects.filter(pk=job.pk).update(**values)


def _tell(actor: Actor, person: Person, job: Employment, verb: str) -> None:
    said = {"title": job.title, "company": job.company.name if job.company else ""}
    tell_part(actor, person, "job", verb, queries.JOB_FIELDS, **said)
