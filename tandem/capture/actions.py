"""What may be done with forms and pages, and what happens when somebody sends one."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.core.cache import caches
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from prometheus_client import Counter
from pydantic import ValidationError

from tandem.accounts.queries import company_settings
from tandem.accounts.schemas import countries
from tandem.capture import queries
from tandem.capture.errors import (
    AnswerUnknown,
    FormInUse,
    FormUnknown,
    NotPublished,
    SlugTaken,
    StateInvalid,
    TooManyForms,
)
from tandem.capture.facts import FormSubmitted
from tandem.capture.models import Form, LandingPage, Publication, Submission, SubmissionState
from tandem.capture.rules import Origin, suspicions
from tandem.capture.schemas import (
    ChangeForm,
    ChangePage,
    ChangeSubmission,
    NewForm,
    NewPage,
    NewSubmission,
    SubmissionIn,
    answers_schema,
    given_answers,
)
from tandem.consent.actions import record_consent
from tandem.consent.rules import Basis, Channel, Purpose, State
from tandem.consent.schemas import ConsentEntry, ConsentEvidenceIn
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.errors import FieldError, Invalid, Missing
from tandem.kernel.facts import publish
from tandem.kernel.refs import RecordRef
from tandem.lake.actions import link_subject
from tandem.lake.rules import moment_of_id
from tandem.people.actions import change_person, create_person, record_stage
from tandem.people.errors import VersionConflict
from tandem.people.models import Person
from tandem.people.queries import people_visible_to, prepare_people
from tandem.people.rules import Stage, normalize_email
from tandem.people.schemas import ChangePerson, NewPerson
from tandem.records.slots import tell_story
from tandem.ui.complaints import sentence

Published = TypeVar("Published", Form, LandingPage)

# The public, when it sends a form: it may do this much, and is told nothing.
PUBLIC = job_actor(
    "website form",
    frozenset(
        {
            "capture.submit",
            "people.create",
            "people.edit",
            "people.stage",
            "consent.record",
            "lake.link",
        }
    ),
)

PER_ADDRESS = 20
PER_NETWORK = 120
RATE_SECONDS = 3600
SUBMISSIONS = Counter("tandem_forms_total", "Forms sent in, by what became of them.", ["outcome"])


# --- forms and pages ------------------------------------------------------------------------------


@action(permission="capture.create")
def create_form(actor: Actor, *, data: NewForm) -> tuple[Form, bool]:
    """Make a form. Raises SlugTaken."""
    with _free_slug():
        made = Form.objects.create(**data.model_dump())
    tell_story(actor, [RecordRef("form", made.pk)], kind="capture.created", payload={})
    return made, True


@action(permission="capture.edit")
def change_form(
    actor: Actor, public_id: UUID, *, data: ChangeForm, version: int | None = None
) -> Form:
    """Change the given fields of a form. Raises Missing, SlugTaken, FormInUse."""
    form: Form = _locked(queries.forms_visible_to(actor), public_id)
    if data.given.get("status") == Publication.DRAFT:
        _refuse_in_use(form)
    return _changed(actor, form, data.given, version=version or data.version)


@action(permission="capture.delete")
def delete_form(actor: Actor, public_id: UUID) -> None:
    """Delete a form; what came in by it stays. Raises Missing, FormInUse."""
    form = _locked(queries.forms_visible_to(actor), public_id)
    _refuse_in_use(form)
    _retire(actor, form)


@action(permission="capture.create")
def create_page(actor: Actor, *, data: NewPage) -> tuple[LandingPage, bool]:
    """Make a landing page. Raises SlugTaken, FormUnknown."""
    values = data.model_dump()
    values["form"] = _form_called(actor, data.form) if data.form else None
    with _free_slug():
        made = LandingPage.objects.create(**values)
    tell_story(actor, [RecordRef("page", made.pk)], kind="capture.created", payload={})
    return made, True


@action(permission="capture.edit")
def change_page(
    actor: Actor, public_id: UUID, *, data: ChangePage, version: int | None = None
) -> LandingPage:
    """Change the given fields of a landing page. Raises Missing, SlugTaken, FormUnknown."""
    page: LandingPage = _locked(queries.pages_visible_to(actor), public_id)
    values = data.given
    if "form" in values:
        values["form"] = _form_called(actor, values["form"]) if values["form"] else None
    return _changed(actor, page, values, version=version or data.version)


@action(permission="capture.delete")
def delete_page(actor: Actor, public_id: UUID) -> None:
    """Delete a landing page; what came in by it stays. Raises Missing."""
    page = _locked(queries.pages_visible_to(actor), public_id)
    _retire(actor, page)


def _locked(rows: Any, public_id: UUID) -> Any:
    found = rows.filter(public_id=public_id).select_for_update(of=("self",)).first()
    if found is None:
        raise Missing()
    return found


def _changed(
    actor: Actor, record: Published, values: Mapping[str, Any], *, version: int | None
) -> Published:
    """Write what differs and tell it. Raises VersionConflict, SlugTaken."""
    if version is not None and version != record.row_version:
        raise VersionConflict()
    new = {name: value for name, value in values.items() if getattr(record, name) != value}
    if not new:
        return record
    with _free_slug():
        _write(record, new)
    payload = {"fields": sorted(new), "status": str(new.get("status", ""))}
    tell_story(actor, [_ref(record)], kind="capture.changed", payload=payload)
    return type(record).objects.get(pk=record.pk)


def _retire(actor: Actor, record: Form | LandingPage) -> None:
    _write(record, {"deleted_at": Now()})
    tell_story(actor, [_ref(record)], kind="capture.deleted", payload={})


def _write(record: Form | LandingPage, columns: Mapping[str, Any]) -> None:
    type(record).objects.filter(pk=record.pk).update(
        **columns, updated_at=Now(), row_version=F("row_version") + 1
    )


def _ref(record: Form | LandingPage) -> RecordRef:
    return RecordRef("form" if isinstance(record, Form) else "page", record.pk)


@contextmanager
def _free_slug() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise SlugTaken(field="slug") from error


def _refuse_in_use(form: Form) -> None:
    pages = form.pages.filter(deleted_at__isnull=True, status=Publication.PUBLISHED)
    if pages.exists():
        raise FormInUse()


def _form_called(actor: Actor, named: str) -> Form:
    rows = queries.forms_visible_to(actor)
    try:
        found = rows.filter(public_id=UUID(named)).first()
    except ValueError:
        found = rows.filter(slug=named).first() or rows.filter(name=named).first()
    if found is None:
        raise FormUnknown(field="form")
    return found


# --- what comes in --------------------------------------------------------------------------------


@action(permission="capture.submit")
def submit_form(actor: Actor, *, data: SubmissionIn) -> Submission:
    """Take a form that the public sends; the one that came with the same token before, if any.

    The person who has the address is found or made, and of one who was here only what is empty is
    filled in. What looks like spam is kept aside, without a person. Raises TokenInvalid,
    TokenExpired, NotPublished, TooManyForms, Invalid (with the questions that are answered
    wrongly), and leaves nothing behind then.
    """
    token = queries.read_token(data.token)
    _wait_in_line(token.nonce)
    earlier = Submission.objects.filter(nonce=token.nonce).select_related("form", "page").first()
    if earlier is not None:
        _count("repeated")
        return earlier
    form = Form.objects.filter(
        public_id=token.form, deleted_at__isnull=True, status=Publication.PUBLISHED
    ).first()
    if form is None:
        raise NotPublished()
    _keep_rate("network", data.network, PER_NETWORK)
    answers = read_answers(form, data.answers)
    _keep_rate("address", normalize_email(answers["email"]), PER_ADDRESS)
    page = LandingPage.objects.filter(public_id=token.page).first() if token.page else None
    now = timezone.now()
    odd, is_spam = suspicions(
        {key: str(value) for key, value in answers.items()},
        is_trapped=data.is_trapped,
        seconds=(now - token.at).total_seconds(),
    )
    made = _submission(form, answers, origin=token.origin, nonce=token.nonce)
    made.page, made.at, made.suspicions = page, now, [str(one) for one in odd]
    made.has_consent = data.has_consent and bool(form.consent_wording)
    made.visitor = data.visitor if moment_of_id(data.visitor) is not None else ""
    if is_spam:
        made.state = SubmissionState.QUARANTINED
        made.save(force_insert=True)
        for one in odd:
            _count(f"kept_aside_{one}")
        return made
    _accept(actor, made)
    _count("accepted")
    return made


@action(permission="capture.enter")
def enter_submission(actor: Actor, *, data: NewSubmission) -> tuple[Submission, bool]:
    """Write down an enquiry by hand, as if it had come by its form. Raises FormUnknown, Invalid."""
    form = _form_called(actor, data.form)
    given = {name: value for name, value in data.model_dump().items() if value and name != "form"}
    asked = {field["key"] for field in form.fields}
    answers = {name: value for name, value in given.items() if name in asked or name in _OWN}
    made = _submission(form, answers, origin=Origin(), nonce=uuid4())
    if data.message and "message" not in asked:
        made.answers = {**made.answers, "message": data.message}
    made.at = timezone.now()
    _accept(PUBLIC, made)
    return made, True


@action(permission="capture.moderate")
def release_submission(
    actor: Actor, public_id: UUID, *, data: ChangeSubmission, version: int | None = None
) -> Submission:
    """Accept what was kept aside, as if it came in now. Raises Missing, StateInvalid."""
    found: Submission = _locked(queries.submissions_visible_to(actor), public_id)
    if found.state != SubmissionState.QUARANTINED:
        raise StateInvalid()
    found.state = SubmissionState.ACCEPTED
    _accept(PUBLIC, found)
    return found


@action(permission="capture.moderate")
def delete_submission(actor: Actor, public_id: UUID) -> None:
    """Take a submission away; the person whom it made stays. Raises Missing."""
    found = _locked(queries.submissions_visible_to(actor), public_id)
    Submission.objects.filter(pk=found.pk).update(
        deleted_at=Now(), updated_at=Now(), row_version=F("row_version") + 1
    )


def read_answers(form: Form, answers: Mapping[str, str]) -> dict[str, Any]:
    """The answers to a form as they are kept; raises Invalid, each error with its question."""
    schema = answers_schema(form.fields, region=company_settings().default_country)
    asked = set(schema.model_fields)
    errors = [
        FieldError(key, AnswerUnknown.code, AnswerUnknown.message)
        for key in answers
        if key not in asked
    ]
    try:
        read = schema.model_validate({k: v for k, v in answers.items() if k in asked})
    except ValidationError as refused:
        errors += [
            FieldError(
                str(error["loc"][0]) if error["loc"] else "",
                error["type"],
                sentence(error["type"], error.get("ctx", {}), error["msg"]),
            )
            for error in refused.errors(include_url=False)
        ]
        raise Invalid(errors=errors) from refused
    if errors:
        raise Invalid(errors=errors)
    return given_answers(read)


def _submission(
    form: Form, answers: Mapping[str, Any], *, origin: Origin, nonce: UUID
) -> Submission:
    return Submission(
        form=form,
        nonce=nonce,
        answers=dict(answers),
        address=str(answers["email"]),
        raises_hand=form.raises_hand,
        contact_kind=form.contact_kind,
        consent_wording=form.consent_wording,
        consent_topic=form.consent_topic,
        utm_source=origin.source,
        utm_medium=origin.medium,
        utm_campaign=origin.campaign,
        utm_term=origin.term,
        utm_content=origin.content,
        channel=str(origin.channel),
        url=origin.url,
        referrer=origin.referrer,
    )


def _accept(actor: Actor, made: Submission) -> None:
    """All that a form brings: person, consent, alias, story, fact."""
    person = _person_for(actor, made)
    made.person = person
    made.save()
    record_stage(
        actor,
        [person.pk],
        stage=Stage.KNOWN,
        cause=f"form {made.form.name}",
        evidence=[f"submission {made.public_id}"],
        only_forward=True,
    )
    _record_consent(actor, made)
    since = moment_of_id(made.visitor)
    if since is not None:
        link_subject(
            actor,
            made.visitor,
            to=RecordRef("person", person.pk),
            since=since,
            proof=f"submission {made.public_id}",
        )
    tell_story(
        actor,
        [RecordRef("person", person.pk)],
        kind="capture.submitted",
        payload={
            "submission": str(made.public_id),
            "form": made.form.name,
            "page": made.page.name if made.page else "",
            "asked": made.contact_kind,
            "raises_hand": made.raises_hand,
            "campaign": made.utm_campaign,
            "channel": made.channel,
            "url": made.url,
            "words": str(made.answers.get("message", ""))[:1000],
        },
    )
    publish(FormSubmitted(current_change_set().id, (made.pk,)))


# --- the person -----------------------------------------------------------------------------------

# Answers that are a person's own fields.
_OWN = ("name", "email", "phone", "company", "title", "country")


def _person_for(actor: Actor, made: Submission) -> Person:
    """The person who has the address, made where there is none; only empty fields are filled."""
    given = _own_fields(made.answers)
    address = given["email"]
    person, is_new = create_person(actor, data=NewPerson(**{"name": address, **given}))
    if is_new:
        return person
    shown = prepare_people(people_visible_to(actor)).get(pk=person.pk)
    job = shown.primary_job
    empty = {
        "name": shown.name == address,
        "phone": shown.primary_phone is None,
        "title": job is None or not job.title,
        "company": job is None or job.company is None,
        "country": not shown.country,
    }
    fill = {name: value for name, value in given.items() if empty.get(name)}
    if fill:
        change_person(actor, person.public_id, data=ChangePerson(**fill))
    return person


def _own_fields(answers: Mapping[str, Any]) -> dict[str, str]:
    own = {name: str(answers[name]) for name in _OWN if answers.get(name)}
    if own.get("country", "").upper() in countries():
        own["country"] = own["country"].upper()
    else:
        own.pop("country", None)
    if _is_uuid(own.get("company", "")):
        own.pop("company")  # a name is asked for; an id would name one of our records
    return own


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


# --- consent --------------------------------------------------------------------------------------


def _record_consent(actor: Actor, made: Submission) -> None:
    """Keep what was ticked, until it is confirmed from the mailbox; and the request for contact."""
    assert made.person_id is not None
    evidence = ConsentEvidenceIn(source="form", url=made.url[:2000], reference=str(made.public_id))
    if made.has_consent:
        entry = ConsentEntry(
            channel=Channel.EMAIL,
            topic=made.consent_topic or "news",
            purpose=Purpose.MARKETING,
            basis=Basis.CONSENT,
            state=State.PENDING,
        )
        record_consent(
            actor, made.person_id, entries=[entry], wording=made.consent_wording, evidence=evidence
        )
    if made.raises_hand:
        ways = [Channel.EMAIL] + ([Channel.PHONE] if made.answers.get("phone") else [])
        entries = [
            ConsentEntry(
                channel=way,
                topic=CONTACT,
                purpose=Purpose.SALES,
                basis=Basis.REQUEST,
                state=State.GRANTED,
            )
            for way in ways
        ]
        words = made.form.intro or str(made.form.get_contact_kind_display())
        record_consent(actor, made.person_id, entries=entries, wording=words, evidence=evidence)


CONTACT = "contact"  # the topic of being written to or called about what one asked for


# --- order and rate -------------------------------------------------------------------------------


def _wait_in_line(nonce: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"capture.form:{nonce}"]
        )


def _keep_rate(what: str, key: str, most: int) -> None:
    """Count one more of this hour in this process. Raises TooManyForms."""
    if not key:
        return
    counters = caches["process"]
    name = f"capture:{what}:{key}:{int(time.time() // RATE_SECONDS)}"
    counters.add(name, 0, RATE_SECONDS)
    if counters.incr(name) > most:
        _count(f"too_many_{what}")
        raise TooManyForms()


def _count(outcome: str) -> None:
    SUBMISSIONS.labels(outcome).inc()
