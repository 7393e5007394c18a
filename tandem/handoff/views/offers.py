"""What the page of one hand-off shows: reasons that sum to the score, consent, routing, history."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from tandem.handoff import queries
from tandem.handoff.models import Handoff, HandoffState, Lead
from tandem.handoff.rules.reasons import ANSWERS, TRIES_FOR_EFFORT, Code, needs_tries
from tandem.handoff.rules.scoring import Behaviour
from tandem.handoff.views import words
from tandem.kernel.actor import Actor
from tandem.people.queries import companies_visible_to, people_visible_to
from tandem.records.slots import object_type_by_slug
from tandem.ui import formats

# What the pages tell on which hand-offs are worked: without these they are not there.
WORKPLACE = (
    "handoff.state",
    "handoff.offered_at",
    "handoff.accept_due",
    "handoff.accepted_at",
    "handoff.first_touch_at",
)
# What a hand-off tells of other kinds of record, by the part of it; where a field is hidden, so is
# the part, in the inbox as in the API.
TOLD: Mapping[str, tuple[str, ...]] = {
    "opener": ("lead.asked_for",),
    "last_message": ("person.email", "message.to"),
    "consent": ("person.email", "person.phone"),
    "routing": ("lead.*", "person.*", "company.*"),
    "reasons": ("lead.score",),
    "score": ("lead.score",),
    "kind": ("lead.kind",),
}
_FIT = {Behaviour.COMPANY, Behaviour.PHONE}


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """A reason as the page shows it."""

    points: str
    tone: str
    words: str
    note: str
    url: str
    link: str


def offer_context(request: HttpRequest, handoff: Handoff) -> dict[str, Any]:
    """All that a hand-off's page needs. About ten queries."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    lead = handoff.lead
    person = queries.whole_person(lead.person_id)
    sees_person = people_visible_to(actor).filter(pk=person.pk).exists()
    is_open = handoff.state in queries.OPEN_STATES
    may_answer = actor.may("handoff.answer") and is_open
    routing = [] if actor.hides_any(*TOLD["routing"]) else handoff.routing
    tells_score = not actor.hides_any(*TOLD["score"])
    tells_contacts = not actor.hides_any(*TOLD["consent"])
    tells_message = not actor.hides_any(*TOLD["last_message"])
    return {
        "offer": handoff,
        "lead": lead,
        "person": person,
        "job": None if actor.hides_any("person.title", "person.company") else person.primary_job,
        "company_url": _company_url(actor, lead),
        "person_url": _url("people", person.public_id) if sees_person else "",
        "clock": clock_of(handoff),
        "clock_says": words.clock_says(handoff),
        "asked_for": about(actor, lead),
        "opener": "" if actor.hides_any(*TOLD["opener"]) else handoff.opener,
        "kind_words": kind_words(actor, handoff),
        "tells_score": tells_score,
        "reasons": [_reason(lead, one, sees_person) for one in lead.reasons if tells_score],
        "sum": _sum(lead) if tells_score else "",
        "routed": words.routing_words(routing[-1]) if routing else "",
        "routing": [(step["matched"], words.routing_words(step)) for step in routing],
        "tells_contacts": tells_contacts,
        "contacts": _contacts(handoff, lead, person) if tells_contacts else [],
        "tells_message": tells_message,
        "message": _message(queries.last_message_of(person.pk)) if tells_message else {},
        "hidden": actor.hidden_of("handoff"),
        "campaign": None if actor.hides("lead", "campaign") else lead.campaign,
        "may_answer": may_answer,
        "can_accept": may_answer and handoff.state == HandoffState.OFFERED,
        "can_touch": may_answer and handoff.state in queries.WORKED,
        "answers": _answers(handoff) if may_answer else [],
        "routes": [(str(key), label) for key, label in words.ROUTES.items()],
        "channels": [(str(key), label) for key, label in words.CHANNELS.items()],
        "outcomes": [(str(key), label) for key, label in words.OUTCOMES.items()],
        "may_reply": _waits_for_reply(handoff) and actor.may("handoff.reply"),
        "waits_for_reply": _waits_for_reply(handoff),
        "rejection": words.said(words.CODES, handoff.rejection_code),
        "followed": words.said(words.FOLLOWED, handoff.route),
        "verdict": words.said(words.VERDICTS, handoff.reply_verdict),
        "may_assign": actor.may("handoff.assign") and is_open,
        "sellers": queries.seller_choices() if actor.may("handoff.assign") and is_open else [],
        "may_withdraw": actor.may("handoff.create") and handoff.state == HandoffState.OFFERED,
        "lead_url": _url("leads", lead.public_id),
    }


def about(actor: Actor, lead: Lead) -> str:
    """What the person asked for, to who may know it."""
    return "" if actor.hides("lead", "asked_for") else lead.asked_for


def company_of(actor: Actor, lead: Lead) -> str:
    """The name of their company, to who may know it."""
    return "" if actor.hides_any("lead.company", "handoff.company") else str(lead.company or "")


def kind_words(actor: Actor, handoff: Handoff) -> str:
    """How the lead came about, to who may know it."""
    return "" if actor.hides("lead", "kind") else words.said(words.KINDS, handoff.kind)


def clock_of(handoff: Handoff) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The clock that runs: since when, until when."""
    return {
        HandoffState.OFFERED: (handoff.offered_at, handoff.accept_due),
        HandoffState.ACCEPTED: (handoff.accepted_at, handoff.first_touch_due),
        HandoffState.TOUCHED: (handoff.first_touch_at, handoff.outcome_due),
    }.get(
        HandoffState(handoff.state),
        (handoff.closed_at, handoff.reply_due) if _waits_for_reply(handoff) else (None, None),
    )


def _waits_for_reply(handoff: Handoff) -> bool:
    return handoff.state == HandoffState.REJECTED and handoff.reply_at is None


def _reason(lead: Lead, reason: Mapping[str, Any], sees_person: bool) -> ReasonLine:
    points = reason["points"]
    url, link = _evidence(lead, reason, sees_person)
    return ReasonLine(
        points=f"{points:+d}".replace("-", "−"),
        tone="is-less" if points < 0 else "is-fit" if reason["key"] in _FIT else "",
        words=words.reason_words(reason),
        note=reason.get("note", ""),
        url=url,
        link=link,
    )


def _evidence(lead: Lead, reason: Mapping[str, Any], sees_person: bool) -> tuple[str, str]:
    """Where the proof of a reason stands, and what the link says."""
    key, ids = reason["key"], reason["evidence"]
    if key in (Behaviour.HAND_RAISE, Behaviour.FORM) and ids and object_type_by_slug("submissions"):
        return _url("submissions", ids[-1]), _("See the form")
    if key == Behaviour.COMPANY and ids:
        return _url("companies", ids[0]), _("Company")
    if sees_person:
        return _url("people", lead.person.public_id), _("See the person")
    return "", ""


def _sum(lead: Lead) -> str:
    """``40 + 26 − 5 = 61``"""
    terms = [one["points"] for one in lead.reasons]
    if len(terms) < 2:
        return ""
    text = str(terms[0]) + "".join(f" {'−' if one < 0 else '+'} {abs(one)}" for one in terms[1:])
    return f"{text} = {lead.score}"


def _contacts(handoff: Handoff, lead: Lead, person: Any) -> list[dict[str, Any]]:
    """What may be done now, on each channel."""
    labels = {"phone": _("Phone"), "email": _("Mail")}
    now = queries.may_contact_now(person, has_asked=queries.has_asked(lead))
    found = []
    for channel, standing in now.items():
        href = {"phone": "tel:", "email": "mailto:"}[channel] + standing["address"]
        found.append(
            {
                "label": labels[channel],
                "allowed": standing["allowed"],
                "why": _why(standing),
                "address": standing["address"] if standing["allowed"] else "",
                "href": href.replace(" ", "") if standing["allowed"] else "",
            }
        )
    return found


def _why(standing: Mapping[str, Any]) -> str:
    reason = standing["reason"]
    if reason == "no_address":
        return _("we have none")
    if reason == "consent":
        said = _("asked for it") if standing["basis"] == "request" else standing["topic"]
        since = standing["since"]
        day = formats.day(dt.datetime.fromisoformat(since)) if since else ""
        return ", ".join(filter(None, [said, day]))
    if reason.startswith("suppressed"):
        return _("on the stop list")
    return {
        "withdrawn": _("took the permission back"),
        "denied": _("said no"),
        "pending": _("not yet confirmed"),
    }.get(reason, _("did not agree to be contacted by sales"))


def _message(found: Mapping[str, Any]) -> dict[str, Any]:
    """The last mail as the page shows it."""
    if not found:
        return {}
    is_marketing = found["class"] == "marketing"
    return {
        **found,
        "at": dt.datetime.fromisoformat(found["at"]),
        "side": "mkt" if is_marketing else "system",
        "what": _("Marketing mail") if is_marketing else _("Automatic mail"),
    }


def _answers(handoff: Handoff) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The reasons in their columns: key, code, words; what needs tries only after them."""
    tries = queries.touches_logged(handoff.pk)
    shown = [code for code in Code if not needs_tries(code) or tries >= TRIES_FOR_EFFORT]
    return [
        (
            str(title),
            [
                (ANSWERS[code].key, str(code), str(words.CODES[code]))
                for code in shown
                if ANSWERS[code].group in groups
            ],
        )
        for title, groups in words.COLUMNS
    ]


def _company_url(actor: Actor, lead: Lead) -> str:
    company = lead.company
    if company is None or not companies_visible_to(actor).filter(pk=company.pk).exists():
        return ""
    return _url("companies", company.public_id)


def _url(slug: str, public_id: Any) -> str:
    return reverse("records:record", args=[slug, public_id])
