"""Confirming and unsubscribing, from a mail, signed out. GET shows, POST acts."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tandem.accounts.queries import company_settings
from tandem.consent import queries
from tandem.consent.actions import confirm_consent, set_preferences, stop_all, stop_topics
from tandem.consent.errors import LinkExpired, LinkInvalid
from tandem.consent.models import ConsentState
from tandem.consent.queries import MailLink
from tandem.consent.rules import Channel, State
from tandem.consent.schemas import ConsentEvidenceIn
from tandem.consent.views.labels import topic_name
from tandem.kernel.actor import Source, job_actor
from tandem.kernel.doors import public_page
from tandem.people.models import Person
from tandem.ui.responses import render

# The person at the other end of a link, who needs no account.
READER = job_actor(
    "the person, by mail", frozenset({"consent.record", "consent.suppress"})
).through(Source.UI)
View = Callable[..., HttpResponseBase]


def for_readers(view: View) -> View:
    """A page behind a signed link; mail programs post to it without a cookie (RFC 8058)."""

    @wraps(view)
    def show(request: HttpRequest, token: str) -> HttpResponseBase:
        try:
            response = view(request, token)
        except (LinkInvalid, LinkExpired) as refused:
            response = _page(request, "consent/refused.html", {"refused": refused}, refused.status)
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex"
        return response

    ways = require_http_methods(["GET", "HEAD", "POST"])
    return public_page(reason="For the reader of a mail alone: the link is signed.")(
        csrf_exempt(never_cache(ways(show)))
    )


@for_readers
def confirmation(request: HttpRequest, token: str) -> HttpResponseBase:
    link = queries.read_confirmation(token)
    if request.method == "POST":
        confirm_consent(
            READER,
            _person_id(link),
            address=queries.address_of(link),
            topics=[(Channel(channel), topic, purpose) for channel, topic, purpose in link.topics],
            evidence=_evidence(request, link, "confirmation"),
        )
    asked = [row for row in _states(link) if (row.channel, row.topic, row.purpose) in link.topics]
    context = {
        "asked": [(topic_name(row.topic), row.event.wording.text, row.state) for row in asked],
        "is_waiting": any(row.state == State.PENDING for row in asked),
        "is_granted": any(row.state == State.GRANTED for row in asked),
        "is_done": request.method == "POST",
        "more_url": queries.unsubscribe_path(link),
    }
    return _page(request, "consent/confirmation.html", context)


@for_readers
def preferences(request: HttpRequest, token: str) -> HttpResponseBase:
    link = queries.read_preferences(token)
    done = ""
    if request.method == "POST":
        done = _chosen(request, link)
    offered = queries.preferences_of(link)
    context = {
        "offered": [(topic_name(one.topic), one, one.state is State.GRANTED) for one in offered],
        "topics": [topic_name(topic) for _channel, topic, _purpose in link.topics],
        "hears_something": any(one.state is State.GRANTED for one in offered),
        "done": done,
    }
    return _page(request, "consent/preferences.html", context)


def _chosen(request: HttpRequest, link: MailLink) -> str:
    """Do what was asked for; the words for what was done."""
    one_click = "List-Unsubscribe" in request.POST
    if request.POST.get("what") == "all" or (one_click and not link.topics):
        stop_all(READER, link, wording=_("Unsubscribe from everything"))
        return _("You will get no more such mails from us.")
    if one_click or request.POST.get("what") == "stop":
        names = ", ".join(topic_name(topic) for _channel, topic, _purpose in link.topics)
        stop_topics(READER, link, wording=_("Unsubscribe from %(topics)s") % {"topics": names})
        return _("You are unsubscribed from: %(topics)s.") % {"topics": names}
    picked = set(request.POST.getlist("topic"))
    wanted = {
        (one.channel, one.topic, one.purpose)
        for one in queries.preferences_of(link)
        if one.value in picked
    }
    set_preferences(READER, link, wanted=wanted, wording=_("What would you like to hear from us?"))
    return _("Saved. We keep to it from now on.")


def _person_id(link: MailLink) -> int:
    found = Person.objects.filter(public_id=link.person).values_list("pk", flat=True).first()
    if found is None:
        raise LinkInvalid()
    return found


def _states(link: MailLink) -> tuple[ConsentState, ...]:
    person_id = _person_id(link)
    return queries.consent_states([person_id])[person_id]


def _evidence(request: HttpRequest, link: MailLink, source: str) -> ConsentEvidenceIn:
    agent = request.headers.get("User-Agent", "").replace("\x00", "")[:400]
    return ConsentEvidenceIn(source=source, user_agent=agent, reference=link.key)


def _page(
    request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    company = company_settings().name or "Tandem"
    return render(request, template, {"company": company, **context}, status=status)
