"""What happens when somebody sends a form, and what may be done with what came in."""

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from django.core.cache import caches
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from prometheus_client import Counter

from tandem.capture import queries
from tandem.capture.actions.answers import read_answers
from tandem.capture.actions.publishing import form_called, locked
from tandem.capture.actions.senders import OWN, person_for, record_consents
from tandem.capture.errors import NotPublished, StateInvalid, TooManyForms
from tandem.capture.facts import FormSubmitted
from tandem.capture.models import Form, LandingPage, Publication, Submission, SubmissionState
from tandem.capture.rules import Origin, suspicions
from tandem.capture.schemas import ChangeSubmission, NewSubmission, SubmissionIn
from tandem.kernel.actions import action, current_change_set
from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.facts import publish
from tandem.kernel.refs import RecordRef
from tandem.lake.actions import link_subject
from tandem.lake.rules import moment_of_id
from tandem.people.actions import record_stage
from tandem.people.rules import Stage, normalize_email
from tandem.records.slots import tell_story

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
    links = {one.key for one in queries.questions_of(form) if one.control == "link"}
    odd, is_spam = suspicions(
        {key: str(value) for key, value in answers.items() if key not in links},
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
    form = form_called(actor, data.form)
    given = {name: value for name, value in data.model_dump().items() if value and name != "form"}
    asked = {field["key"] for field in form.fields}
    answers = {name: value for name, value in given.items() if name in asked or name in OWN}
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
    found: Submission = locked(queries.submissions_visible_to(actor), public_id)
    if found.state != SubmissionState.QUARANTINED:
        raise StateInvalid()
    found.state = SubmissionState.ACCEPTED
    _accept(PUBLIC, found)
    return found


@action(permission="capture.moderate")
def delete_submission(actor: Actor, public_id: UUID) -> None:
    """Take a submission away; the person whom it made stays. Raises Missing."""
    found = locked(queries.submissions_visible_to(actor), public_id)
    Submission.objects.filter(pk=found.pk).update(
        deleted_at=Now(), updated_at=Now(), row_version=F("row_version") + 1
    )


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
    person = person_for(actor, made)
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
    record_consents(actor, made)
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
