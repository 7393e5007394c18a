"""The mail that answers a form: what came in, and the click that a news consent still needs."""

import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from tandem.accounts.queries import company_settings
from tandem.capture.models import Submission, SubmissionState
from tandem.capture.queries import answered, prepare_submissions, submissions_visible_to
from tandem.consent.models import ConsentState
from tandem.consent.queries import confirmation_url, consent_states, pending_of
from tandem.consent.rules import Channel, Purpose
from tandem.delivery import queries
from tandem.delivery.actions.planning import LIVES_FOR, plan_message
from tandem.delivery.models import Message
from tandem.delivery.rules import MessageClass
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.kernel.refs import RecordRef

LONGEST_ANSWER = 400
_SCHEME = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://|\bwww\.", re.IGNORECASE)


@action(permission="delivery.plan")
def confirm_submissions(actor: Actor, submission_ids: Sequence[int]) -> list[Message]:
    """Plan the confirmation of each form that came in, once however often it is asked for.

    What came in days ago (brought over from elsewhere) is answered no more.
    """
    rows = submissions_visible_to(actor).filter(
        pk__in=submission_ids,
        state=SubmissionState.ACCEPTED,
        person__isnull=False,
        at__gt=timezone.now() - LIVES_FOR[MessageClass.TRANSACTIONAL],
    )
    found = list(prepare_submissions(rows).order_by("pk"))
    states = consent_states([row.person_id for row in found if row.person_id is not None])
    return [_confirm(actor, row, states.get(row.person_id or 0, ())) for row in found]


def _confirm(actor: Actor, submission: Submission, states: Sequence[ConsentState]) -> Message:
    assert submission.person is not None
    waiting = [
        (row.channel, row.topic, row.purpose)
        for row in pending_of(states)
        if row.channel == Channel.EMAIL and row.purpose == Purpose.MARKETING
    ]
    is_asked = submission.has_consent and bool(waiting)
    context = _context(submission)
    if is_asked:
        context["confirm_url"] = confirmation_url(
            submission.person.public_id, submission.address, waiting
        )
        context["confirm_words"] = _("You ticked: “%(words)s”") % {
            "words": submission.consent_wording
        }
    return plan_message(
        actor,
        message_class=MessageClass.TRANSACTIONAL,
        purpose=Purpose.SERVICE,
        to=submission.address,
        subject=context["subject"],
        text=render_to_string("delivery/confirmation.txt", context),
        html=render_to_string("delivery/confirmation.html", context),
        send_key=f"confirm:{submission.public_id}",
        person_id=submission.person_id,
        about=RecordRef("submission", submission.pk),
    )


def _context(submission: Submission) -> dict[str, Any]:
    company = company_settings().name or queries.sender().name
    name = submission.person.name if submission.person else ""
    hails = bool(name) and "@" not in name
    return {
        "language": settings.LANGUAGE_CODE.split("-")[0],
        "company": company,
        "imprint": queries.imprint(),
        "subject": _("%(form)s: we have your message") % {"form": submission.form.name},
        "greeting": _("Dear %(name)s,") % {"name": defused(name)} if hails else _("Good day,"),
        "opening": _("thank you for writing to %(company)s. Your message has arrived.")
        % {"company": company},
        "answers": _answers(submission),
        "confirm_url": "",
    }


def _answers(submission: Submission) -> list[tuple[str, str]]:
    """What was answered, under the words of its question."""
    return [
        (question, defused(words)) for question, words in answered(submission, submission.answers)
    ]


def defused(text: str) -> str:
    """Words of somebody who may be a stranger to the mailbox: short, and no links to click."""
    plain = _SCHEME.sub("", text)
    return plain if len(plain) <= LONGEST_ANSWER else f"{plain[:LONGEST_ANSWER]}…"
