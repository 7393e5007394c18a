"""What the collector took and dropped, and how a site is connected to it."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from tandem.capture import queries
from tandem.capture.rules import Step
from tandem.kernel.doors import ActorRequest, page
from tandem.measures import queries as measures
from tandem.measures.rules import Period
from tandem.ui import formats, navigation
from tandem.ui.charts import Bar, Part
from tandem.ui.navigation import NavItem, Section
from tandem.ui.responses import render

DAY, WEEK = 24, 7 * 24
STEP_LABELS = {
    Step.REQUEST: gettext_lazy("The request can be read"),
    Step.QUOTA: gettext_lazy("Within the quota of its network"),
    Step.SHAPE: gettext_lazy("The event has the right shape and size"),
    Step.CLOCK: gettext_lazy("Its time can be true"),
    Step.ONCE: gettext_lazy("It did not come before"),
    Step.STORE: gettext_lazy("The database has it"),
}
REASON_LABELS = {
    "request_invalid_json": gettext_lazy("no JSON"),
    "request_invalid": gettext_lazy("no list of events"),
    "request_too_large": gettext_lazy("more than 1,000 events or 1 MB at once"),
    "over_quota": gettext_lazy("too many events a minute"),
    "invalid_event": gettext_lazy("no object"),
    "invalid_id": gettext_lazy("no id, or one that is too long"),
    "invalid_name": gettext_lazy("no name, or one that is too long"),
    "invalid_visitor": gettext_lazy("a visitor that is no text, or too long"),
    "invalid_props": gettext_lazy("properties that are no object"),
    "invalid_url": gettext_lazy("an address that is no text"),
    "invalid_referrer": gettext_lazy("a referrer that is no text"),
    "invalid_title": gettext_lazy("a title that is no text"),
    "too_large": gettext_lazy("more than 16 kB in one event"),
    "invalid_at": gettext_lazy("a time that cannot be read"),
    "too_old": gettext_lazy("more than a week old"),
    "replayed": gettext_lazy("sent again: it is stored already"),
    "unstorable": gettext_lazy("holds what cannot be stored"),
    "busy": gettext_lazy("turned away, to be sent again later"),
}

SENDER_REASONS = {
    "browser": gettext_lazy("calls itself a browser of people"),
    "no_agent": gettext_lazy("does not say what it is"),
    "no_browser": gettext_lazy("calls itself something that nobody knows"),
    "one_of_many": gettext_lazy("one of too many to tell apart"),
    "crawler": gettext_lazy("crawler"),
    "automation": gettext_lazy("automated browser"),
    "library": gettext_lazy("program that opened a page"),
    "server": gettext_lazy("server of somebody’s own, which tells what people did"),
}

navigation.register(
    NavItem(
        key="collection",
        label=gettext_lazy("Events from your sites"),
        icon="activity",
        url_name="capture:collection",
        section=Section.SETTINGS,
        order=48,
        permission="capture.view",
    )
)


@require_GET
@page(permission="capture.view")
def collection(request: ActorRequest) -> HttpResponseBase:
    """Settings, events from your sites: of a day, or of a week."""
    hours = WEEK if request.GET.get("span") == "week" else DAY
    found = queries.collected(request.actor, hours=hours)
    context = {
        "is_week": hours == WEEK,
        "found": found,
        "bars": _bars(found, each=7 if hours == WEEK else 1),
        "steps": [_step(one) for one in found.steps],
        "senders": _senders(request),
        "snippet": f'<script defer src="{settings.PUBLIC_URL}/t/tandem.js"></script>',
        "endpoint": f"{settings.PUBLIC_URL}/t/events",
    }
    return render(request, "capture/collection.html", context)


def _bars(found: queries.Collected, *, each: int) -> list[Bar]:
    """One for each hour of a day, for each seven of a week."""
    bars = []
    for at in range(0, len(found.hours), each):
        some = found.hours[at : at + each]
        taken, dropped = sum(one for _h, one, _d in some), sum(one for _h, _t, one in some)
        when = formats.clock_time(some[0][0]) if each == 1 else formats.when(some[0][0])
        title = _("%(when)s: %(taken)s taken, %(dropped)s dropped") % {
            "when": when,
            "taken": formats.number(taken),
            "dropped": formats.number(dropped),
        }
        parts = [Part("mkt", taken), Part("grey", dropped)]
        bars.append(Bar(when if at % (each * 6) == 0 else "", parts, title))
    return bars


def _senders(request: ActorRequest) -> list[dict[str, Any]]:
    """Who sent the events of the last seven days, and by which signs; nobody where none came."""
    today = measures.today()
    result = measures.value(
        request.actor,
        "events_of_all",
        period=Period(today - dt.timedelta(days=6), today),
        by=["sender", "reason"],
    )
    return [
        {
            "label": queries.SENDERS[sender],
            "count": sum(row.count for row in result.rows if row.by["sender"] == sender),
            "reasons": [
                (_sender_reason(row.by["reason"]), row.count)
                for row in sorted(result.rows, key=lambda row: -row.count)
                if row.by["sender"] == sender
            ],
        }
        for sender in (queries.SENDERS if result.rows else ())
    ]


def _sender_reason(code: str) -> str:
    """A reason in words; of what was found in the text of the agent the sign itself."""
    kind, _colon, found = code.partition(":")
    words = str(SENDER_REASONS.get(kind, kind))
    return f"{words}: {found}" if found else words


def _step(passed: queries.Passed) -> dict[str, Any]:
    dropped = sum(passed.dropped.values())
    return {
        "label": STEP_LABELS[passed.step],
        "came": passed.came,
        "dropped": dropped,
        "share": 1 - dropped / passed.came if passed.came else 0,
        "reasons": [
            (REASON_LABELS[reason], count)
            for reason, count in sorted(passed.dropped.items(), key=lambda one: -one[1])
        ],
    }
