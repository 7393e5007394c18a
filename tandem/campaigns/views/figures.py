"""The figures of a campaign, each asked of its measure, and the sentence that they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.campaigns.models import Campaign
from tandem.campaigns.rules import time_passed
from tandem.capture.rules import Channel
from tandem.kernel.actor import Actor
from tandem.kernel.money import Money
from tandem.measures import queries as measures
from tandem.measures.queries import Result, Row
from tandem.measures.slots import MEASURES
from tandem.ui import formats

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the way from a visitor to a won deal, and the measure that counts it."""

    key: str
    label: Text
    side: str


# In the order of the way; a measure that nobody has registered is left out.
STAGES = (
    Stage("visitors", gettext_lazy("Visitors"), "mkt"),
    Stage("leads", gettext_lazy("Leads"), "mkt"),
    Stage("leads_accepted", gettext_lazy("Accepted"), "handoff"),
    Stage("deals_opened", gettext_lazy("Deals"), "sales"),
    Stage("deals_won", gettext_lazy("Won"), "sales"),
)
CHANNEL_COLUMNS = (
    ("cost", gettext_lazy("Cost")),
    ("visitors", gettext_lazy("Visitors")),
    ("leads", gettext_lazy("Leads")),
    ("leads_accepted", gettext_lazy("Accepted")),
)
REVENUE = "campaign_revenue"
# The channels that capture tells apart; what somebody wrote of a cost stands as it was written.
CHANNEL_LABELS: Mapping[str, Text] = {
    Channel.PAID: gettext_lazy("Advertising"),
    Channel.ORGANIC: gettext_lazy("Search"),
    Channel.SOCIAL: gettext_lazy("Social networks"),
    Channel.EMAIL: gettext_lazy("E-mail"),
    Channel.REFERRAL: gettext_lazy("Other sites"),
    Channel.DIRECT: gettext_lazy("Direct"),
    Channel.UNKNOWN: gettext_lazy("Channel not known"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a campaign: as the page writes it, raw for counting up, where its rows are."""

    key: str
    label: Text
    side: str
    text: str
    raw: str
    note: str
    url: str


class Figures:
    """What the measures say of one campaign; each is asked once."""

    def __init__(self, actor: Actor, campaign: Campaign) -> None:
        self.actor = actor
        self.campaign = campaign
        self._asked: dict[tuple[str, ...], Result | None] = {}

    def result(self, key: str, *by: str) -> Result | None:
        """The answer of a measure for this campaign; None where nobody measures it."""
        place = (key, *by)
        if place not in self._asked:
            self._asked[place] = self._ask(key, by)
        return self._asked[place]

    def row(self, key: str) -> Row | None:
        """The number in the campaign's own currency, or without one."""
        found = self.result(key)
        if found is None:
            return None
        own = self.campaign.currency
        return next((row for row in found.rows if row.currency in ("", own)), None)

    def money(self, key: str) -> Money:
        """The amount in the campaign's own currency; nothing is zero."""
        row = self.row(key)
        return row.money if row and row.currency else Money(0, self.campaign.currency)

    def others(self, key: str) -> list[Money]:
        """The amounts in other currencies, which are never added."""
        found = self.result(key)
        own = self.campaign.currency
        rows = found.rows if found else ()
        return [row.money for row in rows if row.currency not in ("", own) and row.value]

    def count(self, key: str) -> int:
        row = self.row(key)
        return int(row.value or 0) if row else 0

    def url(self, key: str) -> str:
        """Where the numbers behind a figure are."""
        query = urlencode({"filter": f"campaign:{self.campaign.code}", "by": "month"})
        return f"{reverse('measures:measure', args=[key])}?{query}"

    def _ask(self, key: str, by: Sequence[str]) -> Result | None:
        measure = MEASURES.get(key)
        if measure is None or not self.actor.may(measure.permission):
            return None
        if measures.is_hidden_from(self.actor, measure):
            return None
        ways, _filters = measures.ways_for(self.actor, measure)
        if not {"campaign", *by} <= set(ways):
            return None
        filters = {"campaign": self.campaign.code}
        return measures.value(self.actor, key, by=by, filters=filters)


def stages(figures: Figures) -> list[Figure]:
    """The way from visitor to won deal, each with its share of the step before."""
    found: list[Figure] = []
    before = 0
    for stage in STAGES:
        if figures.result(stage.key) is None:
            continue
        count = figures.count(stage.key)
        share = formats.percent(Decimal(count) / before) if before and count <= before else ""
        found.append(
            Figure(
                key=stage.key,
                label=stage.label,
                side=stage.side,
                text=formats.number(count),
                raw=str(count),
                note=share,
                url=figures.url(stage.key),
            )
        )
        before = count
    return found


def goal(figures: Figures) -> dict[str, Any]:
    """Revenue and cost against goal, budget and time; what a lead cost, where that can be said."""
    campaign = figures.campaign
    passed = time_passed(measures.today(), starts_on=campaign.starts_on, ends_on=campaign.ends_on)
    revenue, cost = figures.money(REVENUE), figures.money("cost")
    return {
        "passed": passed,
        "revenue": revenue,
        "revenue_url": figures.url(REVENUE) if figures.result(REVENUE) else "",
        "revenue_others": figures.others(REVENUE),
        "reached": _share(revenue, campaign.goal),
        "cost": cost,
        "cost_url": figures.url("cost") if figures.result("cost") else "",
        "cost_others": figures.others("cost"),
        "spent": _share(cost, campaign.budget),
        "per_lead": _ratio(figures, "cost_per_accepted_lead") or _ratio(figures, "cost_per_lead"),
        "roi": _ratio(figures, "roi"),
    }


def sentence(figures: Figures) -> tuple[str, str]:
    """What the figures come to: the news, and what stands beside it."""
    campaign = figures.campaign
    revenue, cost = figures.money(REVENUE), figures.money("cost")
    if revenue.minor:
        said = (
            _("%(revenue)s came of it for %(cost)s.")
            if cost.minor
            else _("%(revenue)s came of it.")
        )
    elif figures.count("leads"):
        said = _("%(leads)s leads so far, and no revenue yet.")
    elif cost.minor:
        said = _("%(cost)s spent, and no lead yet.")
    else:
        said = _("Nothing has come of it yet.")
    words = {
        "revenue": formats.money(revenue),
        "cost": formats.money(cost),
        "leads": formats.number(figures.count("leads")),
    }
    return said % words, _against_goal(campaign, revenue)


def channels(figures: Figures) -> dict[str, Any]:
    """What each channel cost and brought; the columns that are measured by channel."""
    columns = [(key, label) for key, label in CHANNEL_COLUMNS if figures.result(key, "channel")]
    cells: dict[str, dict[str, str]] = {}
    order: dict[str, Decimal] = {}
    for key, _label in columns:
        found = figures.result(key, "channel")
        for row in found.rows if found else ():
            if row.currency not in ("", figures.campaign.currency):
                continue
            name = row.by["channel"]
            cells.setdefault(name, {})[key] = _cell(row)
            order[name] = order.get(name, Decimal(0)) + (row.value or 0)
    rows = [
        (CHANNEL_LABELS.get(name, name), [cells[name].get(key, "") for key, _label in columns])
        for name in sorted(cells, key=lambda name: (name == "", -order[name], name))
    ]
    return {"columns": [label for _key, label in columns], "rows": rows}


def _cell(row: Row) -> str:
    if row.currency:
        return formats.money(row.money)
    return formats.number(row.value or 0)


def _share(part: Money, whole: Money | None) -> float | None:
    if whole is None or not whole.minor:
        return None
    return part.minor / whole.minor


def _ratio(figures: Figures, key: str) -> Mapping[str, Any] | None:
    """A number that another divides; without enough to divide by that is said."""
    found = figures.result(key)
    if found is None:
        return None
    row = figures.row(key)
    known = row is not None and row.value is not None and found.enough_data
    return {
        "known": known,
        "value": (row.money if row.currency else row.value) if row and known else None,
        "url": figures.url(key),
        "label": found.measure.label,
    }


def _against_goal(campaign: Campaign, revenue: Money) -> str:
    passed = time_passed(measures.today(), starts_on=campaign.starts_on, ends_on=campaign.ends_on)
    reached = _share(revenue, campaign.goal)
    if reached is None:
        return ""
    words = {
        "reached": formats.percent(reached),
        "goal": formats.money(campaign.goal) if campaign.goal else "",
        "time": formats.percent(passed or 0),
    }
    if passed is None:
        return _("That is %(reached)s of the goal of %(goal)s.") % words
    return _("That is %(reached)s of the goal of %(goal)s, at %(time)s of the time.") % words
