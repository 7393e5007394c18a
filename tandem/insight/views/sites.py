"""What happens on the sites: visits, where from, which pages, which campaigns, which goals.

Every number is a measure's, of a period and of the one before it, and opens the measure's page.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET
from pydantic import ValidationError

from tandem.campaigns.queries import visible_to
from tandem.capture.queries import EVENT_LABELS, SENDERS, forms_visible_to
from tandem.insight.rules import change
from tandem.insight.schemas import Show, SitesIn
from tandem.insight.views.attribution import CHANNEL_LABELS
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Invalid
from tandem.measures.queries import Ask, Result, Row, today, values
from tandem.measures.rules import Grain, Period, before, month_of
from tandem.ui import formats
from tandem.ui.charts import Bar, Part
from tandem.ui.navigation import NavItem, Section, register
from tandem.ui.responses import render

Text = str | Promise
Answers = Mapping[tuple[str, Period, str], Result]
"""The numbers of a page by measure, period and dimension."""

USUAL_DAYS = 30
LONGEST_DAYS = 366 * 5
EARLIEST = dt.date(2000, 1, 1)
DRAWN_BY_DAY = 93
ROWS_SHOWN = 12

SHOWN: Mapping[Show, Text] = {
    Show.OVERVIEW: gettext_lazy("Overview"),
    Show.SOURCES: gettext_lazy("Sources"),
    Show.PAGES: gettext_lazy("Pages"),
    Show.CAMPAIGNS: gettext_lazy("Campaigns"),
    Show.GOALS: gettext_lazy("Goals"),
}
FIGURES: Sequence[tuple[str, Text]] = (
    ("visitors", gettext_lazy("Visitors")),
    ("sessions", gettext_lazy("Visits")),
    ("page_views", gettext_lazy("Page views")),
    ("submissions", gettext_lazy("Forms sent")),
)


@dataclass(frozen=True, slots=True)
class Split:
    """A measure that a page shows split by one of its dimensions."""

    key: str
    by: str
    title: Text
    head: Text
    side: str = "mkt"


_CHANNEL, _PAGE = gettext_lazy("Channel"), gettext_lazy("Page")
_CAMPAIGN = gettext_lazy("Campaign")
SPLITS: Mapping[Show, Sequence[Split]] = {
    Show.OVERVIEW: (
        Split("sessions", "channel", gettext_lazy("Where visits came from"), _CHANNEL),
        Split(
            "events_of_all",
            "sender",
            gettext_lazy("Who sent events"),
            gettext_lazy("Sender"),
            "grey",
        ),
    ),
    Show.SOURCES: (
        Split("sessions", "channel", gettext_lazy("Visits by channel"), _CHANNEL),
        Split("sessions", "source", gettext_lazy("Visits by source"), gettext_lazy("Source")),
        Split("submissions", "channel", gettext_lazy("Forms sent by channel"), _CHANNEL),
    ),
    Show.PAGES: (
        Split("page_views", "page", gettext_lazy("Pages that were opened"), _PAGE),
        Split("sessions", "page", gettext_lazy("Where visits began"), _PAGE),
        Split("session_ends", "page", gettext_lazy("Where visits ended"), _PAGE),
    ),
    Show.CAMPAIGNS: (
        Split("sessions", "campaign", gettext_lazy("Visits by campaign"), _CAMPAIGN),
        Split("visitors", "campaign", gettext_lazy("Visitors by campaign"), _CAMPAIGN),
        Split("submissions", "campaign", gettext_lazy("Forms sent by campaign"), _CAMPAIGN),
    ),
    Show.GOALS: (
        Split("submissions", "form", gettext_lazy("Forms sent"), gettext_lazy("Form")),
        Split("events", "name", gettext_lazy("What people did"), gettext_lazy("Event")),
    ),
}
NOTHING: Mapping[str, Text] = {
    "campaign": gettext_lazy("No campaign"),
    "channel": gettext_lazy("Channel not known"),
    "page": gettext_lazy("No address"),
    "source": gettext_lazy("No source told"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a period beside that of the one before: in words, and where it is shown."""

    label: Text
    value: str
    url: str
    note: str
    is_nothing: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table; ``share`` is of the largest one, ``is_named`` that users gave the name."""

    name: Text
    is_named: bool
    now: int
    before: int
    change: str
    share: Decimal
    url: str


@dataclass(frozen=True, slots=True)
class Table:
    """A measure split, its largest rows first; ``more`` rows are left out."""

    split: Split
    lines: Sequence[Line]
    more: int
    url: str


@require_GET
@page(permission="insight.view")
def report(request: ActorRequest) -> HttpResponseBase:
    error, asked = "", SitesIn()
    try:
        asked = asked_of(request.GET)
        period = period_of(asked)
    except DomainError as refused:
        error, period = str(refused), period_of(SitesIn())
    answers = _answers(request.actor, SPLITS[asked.show], period)
    figures = [_figure(answers, key, label, period) for key, label in FIGURES]
    context = {
        "page_title": _("Sites"),
        "error": error,
        "period": period,
        "earlier": before(period),
        "periods": periods_to_pick(period),
        "asked": asked,
        "shown": [(str(show), label, show is asked.show) for show, label in SHOWN.items()],
        "figures": figures,
        "is_empty": all(one.is_nothing for one in figures),
        "bars": list(_bars(answers, period)),
        "tables": [_table(request.actor, answers, split, period) for split in SPLITS[asked.show]],
    }
    return render(request, "insight/sites.html", context, status=422 if error else 200)


def _answers(actor: Actor, splits: Sequence[Split], period: Period) -> Answers:
    """All numbers of the page, of one moment."""
    both = (period, before(period))
    keys = [(key, one, "") for key, _label in FIGURES for one in both]
    keys += [(split.key, one, split.by) for split in splits for one in both]
    keys.append(("page_views", period, _grain(period)))
    asks = [Ask(key, one, [by] if by else []) for key, one, by in keys]
    return dict(zip(keys, values(actor, asks), strict=True))


def _figure(answers: Answers, key: str, label: Text, period: Period) -> Figure:
    now, earlier = (int(answers[key, one, ""].value or 0) for one in (period, before(period)))
    said = _("%(number)s before") % {"number": formats.number(earlier)}
    changed = _changed(now, earlier)
    return Figure(
        label=label,
        value=formats.number(now),
        url=_link(key, period, by=_grain(period)),
        note=f"{changed} · {said}" if changed else said,
        is_nothing=not now and not earlier,
    )


def _table(actor: Actor, answers: Answers, split: Split, period: Period) -> Table:
    now, earlier = (
        {row.by[split.by]: _count(row) for row in answers[split.key, one, split.by].rows}
        for one in (period, before(period))
    )
    keys = sorted({*now, *earlier}, key=lambda key: (-now.get(key, 0), -earlier.get(key, 0), key))
    named = _namer(actor, split.by, keys)
    most = max(now.values(), default=0)
    return Table(
        split=split,
        lines=[
            Line(
                name=named(key) if key else NOTHING.get(split.by, "–"),
                is_named=bool(key)
                and split.by not in ("channel", "sender")
                and key not in EVENT_LABELS,
                now=now.get(key, 0),
                before=earlier.get(key, 0),
                change=_changed(now.get(key, 0), earlier.get(key, 0)),
                share=Decimal(now.get(key, 0)) / (most or 1),
                url=_link(split.key, period, by=split.by, only=key),
            )
            for key in keys[:ROWS_SHOWN]
        ],
        more=max(0, len(keys) - ROWS_SHOWN),
        url=_link(split.key, period, by=split.by),
    )


def _count(row: Row) -> int:
    return int(row.value or 0)


def pages_named(addresses: Sequence[str]) -> Callable[[str], str]:
    """How pages are called: by their path alone where all are of one site."""
    sites = {_site(one) for one in addresses if one}
    return lambda one: one.removeprefix(_site(one)) if len(sites) == 1 else _bare(one)


def _namer(actor: Actor, by: str, keys: Sequence[str]) -> Callable[[str], Text]:
    """How the values of a dimension are called."""
    if by == "page":
        return pages_named(keys)
    names: Mapping[str, Text] = {}
    if by == "channel":
        names = CHANNEL_LABELS
    elif by == "sender":
        names = SENDERS
    elif by == "name":
        names = EVENT_LABELS
    elif by == "campaign":
        names = dict(visible_to(actor).values_list("code", "name"))
    elif by == "form":
        names = dict(forms_visible_to(actor).values_list("slug", "name"))
    return lambda key: names.get(key, key)


def _site(address: str) -> str:
    scheme, mark, rest = address.partition("://")
    host, slash, _path = rest.partition("/")
    return f"{scheme}{mark}{host}" if slash else ""


def _bare(address: str) -> str:
    return address.partition("://")[2] or address


def _changed(now: int, earlier: int) -> str:
    """By how much, where there is enough to say so."""
    found = change(now, earlier)
    if found is None:
        return ""
    sign = "+" if found > 0 else "−" if found < 0 else "±"
    return sign + formats.percent(abs(found))


def _link(key: str, period: Period, *, by: str, only: str = "") -> str:
    """The page of the measure, where the number stands with its definition and its rows."""
    asked = {"from": str(period.first), "to": str(period.last), "by": by}
    if only and "," not in only:
        asked["filter"] = f"{by}:{only}"
    return f"{reverse('measures:measure', args=[key])}?{urlencode(asked)}"


def _bars(answers: Answers, period: Period) -> Iterator[Bar]:
    """Page views by day, of a long time by month."""
    grain = _grain(period)
    found = answers["page_views", period, grain]
    counts = {row.by[grain]: _count(row) for row in found.rows}
    named = formats.day if grain is Grain.DAY else formats.month
    for day in _starts(period, grain):
        count, name = counts.get(day.isoformat(), 0), named(day)
        yield Bar(name, [Part("mkt", count)], title=f"{name}: {formats.number(count)}")


def _starts(period: Period, grain: Grain) -> Iterator[dt.date]:
    assert period.first is not None
    assert period.last is not None
    day = period.first if grain is Grain.DAY else period.first.replace(day=1)
    while day <= period.last:
        yield day
        day = (day if grain is Grain.DAY else _month_end(day)) + dt.timedelta(days=1)


def _month_end(day: dt.date) -> dt.date:
    last = month_of(day).last
    assert last is not None
    return last


# --- the period -----------------------------------------------------------------------------------


def _grain(period: Period) -> Grain:
    assert period.first is not None
    assert period.last is not None
    days = (period.last - period.first).days
    return Grain.DAY if days < DRAWN_BY_DAY else Grain.MONTH


def asked_of(query: Mapping[str, str]) -> SitesIn:
    """What is asked for by an address. Raises Invalid."""
    given = {name: query[name] for name in ("show", "from", "to") if query.get(name)}
    try:
        return SitesIn.model_validate(given)
    except ValidationError as error:
        if any(one["loc"] == ("show",) for one in error.errors()):
            raise Invalid(_("There is no such page about the sites.")) from error
        raise Invalid(_("A day is written 2026-11-22.")) from error


def period_of(asked: SitesIn) -> Period:
    """The days that are asked for, at most five years; without an end until today."""
    last = max(EARLIEST, min(asked.last or today(), today()))
    first = asked.first or last - dt.timedelta(days=USUAL_DAYS - 1)
    return Period(max(first, last - dt.timedelta(days=LONGEST_DAYS)), last)


def periods_to_pick(period: Period) -> list[tuple[Text, Period, bool]]:
    """Periods to pick: name, days, whether it is shown."""
    spans = (
        (_("7 days"), 7),
        (_("30 days"), 30),
        (_("90 days"), 90),
        (_("12 months"), 365),
    )
    found = [(name, Period(today() - dt.timedelta(days=days - 1), today())) for name, days in spans]
    return [(name, one, one == period) for name, one in found]


register(
    NavItem(
        key="sites",
        label=gettext_lazy("Sites"),
        icon="world",
        url_name="insight:sites",
        section=Section.MEASURE,
        order=40,
        permission="insight.view",
    ),
)
