"""The way through the sites: how many did these steps one after the other, and where they left.

The steps stand in the address of the page, so that a funnel can be kept and sent. The numbers are
answers to questions about events (``lake.schemas``), shown beside them as data.
"""

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.accounts.queries import company_settings
from tandem.capture.queries import EVENT_LABELS
from tandem.insight.rules import LEAST_TO_COMPARE
from tandem.insight.views.sites import (
    asked_of,
    pages_named,
    period_of,
    periods_to_pick,
)
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Invalid
from tandem.lake.queries import how_many_where
from tandem.lake.schemas import Question, read_question, written
from tandem.measures.queries import Ask, values
from tandem.measures.rules import Period
from tandem.ui.responses import render

Text = str | Promise
MOST_STEPS = 6
OFFERED = 40
"""Pages and events that can be picked: the commonest of the period."""

PAGE, EVENT = "page:", "event:"
WITHIN = (1, 7, 30, 90)


@dataclass(frozen=True, slots=True)
class Stage:
    """A step with how many came so far; shares are None where there are too few to tell."""

    name: Text
    count: int
    of_first: Decimal
    of_before: Decimal | None
    left: int


@require_GET
@page(permission="insight.view")
def funnel(request: ActorRequest) -> HttpResponseBase:
    """Visitors by the last of these steps that they did, in a period."""
    error, question = "", None
    steps = [one for one in request.GET.getlist("step") if one][:MOST_STEPS]
    within = request.GET.get("within", "")
    try:
        period = period_of(asked_of(request.GET))
        questions = [_question(steps[: at + 1], within, period) for at in range(len(steps))]
        question = questions[-1] if questions else None
        counts = how_many_where(questions) if len(steps) > 1 else []
    except DomainError as refused:
        error, counts, period = str(refused), [], period_of(asked_of({}))
    offered = _offered(request.actor, period, steps)
    named = _namer([*offered[PAGE], *offered[EVENT]])
    labels = {PAGE: _("Pages"), EVENT: _("Events")}
    context = {
        "page_title": _("Funnel"),
        "error": error,
        "period": period,
        "periods": periods_to_pick(period),
        "picked": [*steps, *[""] * (1 if len(steps) > 1 else 2 - len(steps))][:MOST_STEPS],
        "offered": [
            (labels[mark], [(one, named(one)) for one in known]) for mark, known in offered.items()
        ],
        "within": within,
        "spans": WITHIN,
        "stages": _stages([named(one) for one in steps], counts),
        "are_few": bool(counts) and 0 < counts[0] < LEAST_TO_COMPARE,
        "question": json.dumps(written(question), indent=2) if question and counts else "",
    }
    return render(request, "insight/funnel.html", context, status=422 if error else 200)


def _question(steps: Sequence[str], within: str, period: Period) -> Question:
    """Who did these steps one after the other. Raises Invalid, QuestionInvalid."""
    doings = [_doing(one) for one in steps]
    window = _window(period)
    if len(doings) == 1:
        where: dict[str, Any] = {"kind": "did", "event": doings[0], "window": window}
    else:
        where = {"kind": "in_order", "steps": doings, "window": window}
        if within:
            where["within"] = {"days": _days(within)}
    return read_question({"of": "visitor", "where": where})


def _doing(step: str) -> dict[str, Any]:
    if step.startswith(PAGE):
        address = {"field": "url", "test": "is_page", "value": step.removeprefix(PAGE)}
        return {"name": "page", "where": [address]}
    if step.startswith(EVENT):
        return {"name": step.removeprefix(EVENT)}
    raise Invalid(_("A step is page: with an address, or event: with a name."))


def _days(within: str) -> int:
    is_number = within.isascii() and within.isdigit() and len(within) <= 3
    if not is_number or not 0 < int(within) <= 366:
        raise Invalid(_("Within how many days is a whole number, 1 to 366."))
    return int(within)


def _window(period: Period) -> dict[str, str]:
    """The days of a period in the company's zone."""
    zone = ZoneInfo(company_settings().time_zone)
    assert period.first is not None
    assert period.last is not None
    ends = (period.first, period.last + dt.timedelta(days=1))
    since, until = (dt.datetime.combine(day, dt.time(), zone).isoformat() for day in ends)
    return {"since": since, "until": until}


def _offered(actor: Actor, period: Period, steps: Sequence[str]) -> Mapping[str, list[str]]:
    """What can be picked: pages and events of the period, the commonest first, and what is."""
    pages, events = values(
        actor, [Ask("page_views", period, ["page"]), Ask("events", period, ["name"])]
    )
    found: Mapping[str, list[str]] = {
        mark: [
            f"{mark}{row.by[by]}"
            for row in sorted(result.rows, key=lambda row: -row.count)
            if row.by[by]
        ][:OFFERED]
        for mark, by, result in ((PAGE, "page", pages), (EVENT, "name", events))
    }
    for step in steps:
        for mark, known in found.items():
            if step.startswith(mark) and step not in known:
                known.append(step)
    return found


def _namer(steps: Sequence[str]) -> Callable[[str], Text]:
    page_named = pages_named([one.removeprefix(PAGE) for one in steps if one.startswith(PAGE)])

    def named(step: str) -> Text:
        if step.startswith(PAGE):
            return page_named(step.removeprefix(PAGE))
        name = step.removeprefix(EVENT)
        return EVENT_LABELS.get(name, name)

    return named


def _stages(names: Sequence[Text], counts: Sequence[int]) -> list[Stage]:
    first = counts[0] if counts else 0
    return [
        Stage(
            name=name,
            count=count,
            of_first=Decimal(count) / (first or 1),
            of_before=Decimal(count) / before if before >= LEAST_TO_COMPARE else None,
            left=before - count,
        )
        for name, count, before in zip(names, counts, [first, *counts], strict=False)
    ]
