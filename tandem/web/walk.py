"""Walk the seam: the demo's first page, a visitor and both teams beside each other.

It is there only where the demo runs (TANDEM_DEMO). The left half is the public landing page, the
right half the pages of the teams, each in a frame; what is told around them is read from the
record, like everywhere else.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.db.models import F
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tandem.accounts.models import User
from tandem.accounts.rules import Role
from tandem.campaigns.models import Campaign
from tandem.campaigns.queries import campaign_of
from tandem.capture.models import Submission
from tandem.capture.queries import submissions_visible_to
from tandem.deals.models import Deal
from tandem.deals.queries import deals_of_lead, money_of
from tandem.handoff.models import Handoff, HandoffState, Lead
from tandem.handoff.queries import handoffs_visible_to, leads_visible_to
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, public_page
from tandem.kernel.errors import Missing
from tandem.kernel.refs import RecordRef
from tandem.measures.queries import Row, value
from tandem.people.views.panels import journey
from tandem.timeline.queries import story_of
from tandem.ui import formats
from tandem.ui.navigation import NavItem, Section, register
from tandem.ui.responses import render, see_other

PAGE, CAMPAIGN = "winter-tins", "winter-tins-2026"
COMES_BY = f"utm_source=newsletter&utm_medium=email&utm_campaign={CAMPAIGN}"
SINCE = "walk_since"
LOOKS_BACK = dt.timedelta(hours=1)
STORY_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Walked:
    """How far the last visitor of the page has come."""

    submission: Submission | None = None
    lead: Lead | None = None
    handoff: Handoff | None = None
    deal: Deal | None = None

    @property
    def is_accepted(self) -> bool:
        return self.handoff is not None and self.handoff.accepted_at is not None

    @property
    def is_rejected(self) -> bool:
        return self.handoff is not None and self.handoff.state == HandoffState.REJECTED

    @property
    def is_won(self) -> bool:
        return self.deal is not None and self.deal.status == "won"

    @property
    def seconds_to_arrive(self) -> float | None:
        """From the form to the offer in the seller's inbox."""
        if self.handoff is None or self.submission is None:
            return None
        return max((self.handoff.offered_at - self.submission.at).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the walk: what to do, or what was done; ``url`` opens in the right frame."""

    title: Any
    text: str
    state: str  # done, now, ahead
    url: str = ""
    link: Any = ""


@require_GET
@public_page(reason="the first page of the demo; elsewhere it is not there")
def walk(request: ActorRequest) -> HttpResponseBase:
    _require_demo()
    if not request.actor.is_known:
        return render(request, "web/walk_start.html", {"page_title": _("Walk the seam")})
    campaign = campaign_of(utm_campaign=CAMPAIGN)
    if campaign is None:
        raise Missing()
    walked = walked_since(request.actor, _since(request))
    context = {
        "page_title": _("Walk the seam"),
        "visitor_url": f"/p/{PAGE}?{COMES_BY}",
        "team_url": reverse("handoff:inbox"),
        "rooms": _rooms(campaign),
        "steps": _steps(walked, campaign),
        "walked": walked,
        "figures": _figures(request.actor, campaign),
        **_story(request.actor, walked),
    }
    part = "person" if request.GET.get("part") == "person" else "told"
    return render(request, "web/walk.html", context, fragment=part)


@require_POST
@public_page(reason="signs in as the leader of the demo company; elsewhere it is not there")
def start(request: ActorRequest) -> HttpResponseBase:
    """Begin the walk, or begin it again; who is not signed in becomes the demo's leader."""
    _require_demo()
    if not request.actor.is_known:
        leader = User.objects.active().filter(role=Role.ADMIN).order_by("id").first()
        if leader is None:
            raise Missing()
        login(request, leader, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[SINCE] = timezone.now().isoformat()
    return see_other(request, reverse("web:walk"))


def walked_since(actor: Actor, since: dt.datetime) -> Walked:
    """The last form of the walk's page since a moment, and what became of it; five queries."""
    submission = (
        submissions_visible_to(actor)
        .filter(page__slug=PAGE, at__gte=since, person__isnull=False)
        # What was simulated was written at another time than it says that it came.
        .filter(created_at__lte=F("at") + dt.timedelta(minutes=1))
        .select_related("person")
        .order_by("-at")
        .first()
    )
    if submission is None or submission.person_id is None:
        return Walked()
    leads = leads_visible_to(actor).filter(person_id=submission.person_id)
    lead = leads.order_by("-opened_at").first()
    if lead is None:
        return Walked(submission)
    handoff = handoffs_visible_to(actor).filter(lead=lead).order_by("-offered_at").first()
    return Walked(submission, lead, handoff, deals_of_lead(actor, lead.pk).first())


def _require_demo() -> None:
    if not settings.TANDEM_DEMO:
        raise Missing()


def _since(request: ActorRequest) -> dt.datetime:
    kept = request.session.get(SINCE)
    return dt.datetime.fromisoformat(kept) if kept else timezone.now() - LOOKS_BACK


def _rooms(campaign: Campaign) -> list[tuple[str, str, str]]:
    """What the right frame can show: address, name, side."""
    return [
        (reverse("handoff:inbox"), _("Hand-offs"), "sales"),
        (reverse("handoff:sent"), _("Marketing’s side"), "mkt"),
        (reverse("deals:board"), _("Deals"), "sales"),
        (_campaign_url(campaign), _("Campaign"), "mkt"),
    ]


def _campaign_url(campaign: Campaign) -> str:
    return reverse("records:record", args=["campaigns", campaign.public_id])


def _steps(walked: Walked, campaign: Campaign) -> list[Step]:
    steps = [_asked(walked), _answered(walked)]
    if walked.is_rejected:
        return [*steps, _replied(walked)]
    return [*steps, _closed(walked), _counted(walked, campaign)]


def _asked(walked: Walked) -> Step:
    title = _("A visitor asks")
    if walked.submission is None:
        text = _(
            "Send the form on the left: any name and address will do. No mail leaves this machine."
        )
        return Step(title, text, "now")
    person = walked.submission.person
    return Step(title, _("%(name)s sent it.") % {"name": person.name if person else ""}, "done")


def _answered(walked: Walked) -> Step:
    title, inbox = _("Sales answers"), reverse("handoff:inbox")
    handoff = walked.handoff
    if handoff is None:
        text = _("The hand-off comes to the inbox by itself, with evidence and a clock.")
        return Step(title, text, "ahead")
    if handoff.state == HandoffState.OFFERED:
        text = _(
            "It came after %(seconds).1f s. Accept it (A), or reject it (R) with a reason."
        ) % {"seconds": walked.seconds_to_arrive or 0.0}
        return Step(title, text, "now", inbox, _("Open the inbox"))
    if walked.is_rejected:
        return Step(title, _("Rejected, with a reason."), "done", inbox, _("Open the inbox"))
    owner = handoff.owner.name if handoff.owner else ""
    return Step(title, _("Accepted; %(owner)s has it.") % {"owner": owner}, "done")


def _replied(walked: Walked) -> Step:
    title, ledger = _("Marketing replies"), reverse("handoff:sent")
    assert walked.handoff is not None
    if walked.handoff.reply_at is None:
        text = _("A rejection is never silent: marketing agrees, disagrees or mends it.")
        return Step(title, text, "now", ledger, _("Open marketing’s side"))
    text = _("Answered, and sales sees it. Begin again to win a deal.")
    return Step(title, text, "done", ledger, _("Open marketing’s side"))


def _closed(walked: Walked) -> Step:
    title = _("The deal is won")
    if not walked.is_accepted:
        return Step(title, _("An accepted hand-off becomes a deal."), "ahead")
    if walked.deal is None:
        text = _("Open a deal from the hand-off: person and company come along.")
        return Step(title, text, "now", _lead_url(walked), _("Open the lead"))
    url = reverse("records:record", args=["deals", walked.deal.public_id])
    if not walked.is_won:
        return Step(title, _("Give it an amount, then win it."), "now", url, _("Open the deal"))
    amount = money_of(walked.deal)
    return Step(title, _("Won, and booked:"), "done", url, formats.money(amount) if amount else "")


def _lead_url(walked: Walked) -> str:
    assert walked.lead is not None
    return reverse("records:record", args=["leads", walked.lead.public_id])


def _counted(walked: Walked, campaign: Campaign) -> Step:
    title = _("The campaign counts it")
    text = _("Cost and revenue on one page:")
    state = "done" if walked.is_won else "ahead"
    return Step(title, text, state, _campaign_url(campaign), campaign.name)


def _figures(actor: Actor, campaign: Campaign) -> list[tuple[Any, Row]]:
    """The numbers of the campaign, each by its definition."""
    only = {"campaign": campaign.code}
    return [
        (label, value(actor, key, filters=only).rows[0])
        for key, label in (
            ("leads", gettext_lazy("Leads")),
            ("deals_won", gettext_lazy("Won deals")),
            ("revenue_net", gettext_lazy("Revenue")),
            ("cost", gettext_lazy("Cost")),
        )
    ]


def _story(actor: Actor, walked: Walked) -> Mapping[str, Any]:
    person = walked.submission.person if walked.submission else None
    if person is None:
        return {"person": None}
    story = story_of(actor, RecordRef("person", person.pk), limit=STORY_SHOWN)
    return {
        "person": person,
        "person_url": reverse("records:record", args=["people", person.public_id]),
        "journey": journey("person", person.pk, is_wide=True),
        "days": story.days,
    }


if settings.TANDEM_DEMO:
    register(
        NavItem(
            key="walk",
            label=gettext_lazy("Walk the seam"),
            icon="route",
            url_name="web:walk",
            section=Section.TOP,
            order=5,
        ),
    )
