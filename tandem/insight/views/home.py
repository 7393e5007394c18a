"""The shared home, "this month, both sides": the seam, the promises, the money, the clocks."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise as Lazy
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tandem.accounts.queries import base_currency
from tandem.handoff.models import HandoffState
from tandem.insight import queries
from tandem.insight.queries import Promise, Seam
from tandem.kernel.actor import Actor
from tandem.kernel.money import Money
from tandem.measures import queries as measures
from tandem.measures.queries import Row
from tandem.measures.rules import Grain, Period, month_of, months_until
from tandem.measures.slots import MEASURES
from tandem.records.slots import OBJECT_TYPES
from tandem.ui import formats
from tandem.ui.charts import Bar, Part
from tandem.ui.home import HOME_PANELS, Place

Text = str | Lazy

MONTHS_DRAWN = 12
CLOCKS_SHOWN = 6
LONG_OVER = dt.timedelta(days=14)  # clocks that ran out before are counted, not listed
REVENUE = "revenue_net"
# From the visitor to the won deal; a measure that nobody has registered is left out.
WAY: Sequence[tuple[str, Text, str]] = (
    ("visitors", gettext_lazy("Visitors"), "mkt"),
    ("leads", gettext_lazy("Leads"), "mkt"),
    ("handoffs_offered", gettext_lazy("Offered"), "handoff"),
    ("leads_accepted", gettext_lazy("Accepted"), "handoff"),
    ("deals_opened", gettext_lazy("Deals"), "sales"),
    ("deals_won", gettext_lazy("Won"), "sales"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of the funnel: its count, its share of the one before, where it is shown."""

    key: str
    label: Text
    side: str
    value: int
    share: str
    url: str
    width: float


class SeamPanel:
    """One sentence, and the funnel with the hand-off as its middle and the way back."""

    place = Place.TOP
    order = 10
    topics = "order deal handoff lead campaign"
    tells: tuple[str, ...] = ("order.net", "deal.amount")

    def shows(self, actor: Actor) -> bool:
        return actor.may("insight.view") and actor.may("measures.view")

    def render(self, request: HttpRequest) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        period = _this_month()
        found = queries.seam(actor, period=period)
        steps = _steps(actor, period)
        news, beside = _sentence(actor, period, found)
        context = {
            "news": news,
            "beside": beside,
            "steps": steps,
            "sides": {
                side: [step for step in steps if step.side == side]
                for side in ("mkt", "handoff", "sales")
            },
            "bands": _bands(steps),
            "back": _way_back(steps),
            "seam": found,
            "month": month_name(period),
        }
        return SafeString(render_to_string("insight/home_seam.html", context, request=request))


class PromisesPanel:
    """What each side owes the other this month, and how much of it was kept."""

    place = Place.MAIN
    order = 10
    topics = "handoff lead"
    tells: tuple[str, ...] = ("handoff.state", "handoff.rejection_code")

    def shows(self, actor: Actor) -> bool:
        return actor.may("insight.view") and actor.may("handoff.view")

    def render(self, request: HttpRequest) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        found = queries.seam(actor, period=_this_month())
        marketing = [_owed(_("Rejections answered in time"), found.reply, "mkt")]
        sales = [
            _owed(_("Offers answered in time"), found.answer, "sales"),
            _owed(_("First touch in time"), found.touch, "sales"),
            _owed(_("Outcome told in time"), found.outcome, "sales"),
        ]
        quality = found.accepted + found.rejected
        context = {
            "marketing": marketing,
            "sales": sales,
            "quality": found.accepted / quality if quality else None,
            "accepted": found.accepted,
            "answered": quality,
        }
        return SafeString(render_to_string("insight/home_promises.html", context, request=request))


class MoneyPanel:
    """Revenue and what marketing cost, this month and the eleven before."""

    place = Place.MAIN
    order = 20
    topics = "order campaign"
    tells: tuple[str, ...] = ("order.net", "cost.amount")

    def shows(self, actor: Actor) -> bool:
        return actor.may("measures.view") and MEASURES.get(REVENUE) is not None

    def render(self, request: HttpRequest) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        months = months_until(measures.today(), MONTHS_DRAWN)
        period = Period(months[0], month_of(months[-1]).last)
        rows = measures.value(actor, REVENUE, period=period, by=[Grain.MONTH]).rows
        currency = _main_currency(rows)
        by_month = {row.by[Grain.MONTH]: row.money for row in rows if row.currency == currency}
        zero = Money(0, currency)
        amounts = [(month, by_month.get(month.isoformat(), zero)) for month in months]
        costs = measures.value(actor, "cost", period=_this_month()).rows
        most = max((amount for _month, amount in amounts), key=lambda one: one.minor)
        context = {
            "revenue": amounts[-1][1],
            "revenue_url": _behind(REVENUE, _this_month()),
            "others": sorted({row.currency for row in rows} - {currency}),
            "cost": next((row.money for row in costs if row.currency == currency), zero),
            "cost_url": _behind("cost", _this_month()),
            "bars": [_bar(month, amount) for month, amount in amounts],
            "most": formats.compact_money(most) if most.minor > 0 else "",
            "month": month_name(_this_month()),
        }
        return SafeString(render_to_string("insight/home_money.html", context, request=request))


class ClocksPanel:
    """The clocks that run out next, of both sides."""

    place = Place.ASIDE
    order = 10
    topics = "handoff"
    tells: tuple[str, ...] = ("handoff.state", "handoff.accept_due")

    def shows(self, actor: Actor) -> bool:
        return actor.may("insight.view") and actor.may("handoff.view")

    def render(self, request: HttpRequest) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        since = timezone.now() - LONG_OVER
        rows = queries.open_clocks(actor).filter(due__gte=since)[:CLOCKS_SHOWN]
        context = {
            "clocks": [(row, _duty(row), _record_url(row)) for row in rows],
            "long_over": queries.open_clocks(actor).filter(due__lt=since).count(),
        }
        return SafeString(render_to_string("insight/home_clocks.html", context, request=request))


HOME_PANELS.register("seam", SeamPanel())
HOME_PANELS.register("promises", PromisesPanel())
HOME_PANELS.register("money", MoneyPanel())
HOME_PANELS.register("clocks", ClocksPanel())


# --- the funnel -----------------------------------------------------------------------------------


def month_name(period: Period) -> str:
    """The month of a period that is one."""
    assert period.first is not None
    return formats.month(period.first)


def _this_month() -> Period:
    return month_of(measures.today())


def _behind(key: str, period: Period) -> str:
    query = urlencode({"from": str(period.first), "to": str(period.last), "by": Grain.DAY})
    return f"{reverse('measures:measure', args=[key])}?{query}"


def _steps(actor: Actor, period: Period) -> list[Step]:
    counts = []
    for key, label, side in WAY:
        measure = MEASURES.get(key)
        if measure is not None and actor.may(measure.permission):
            found = measures.value(actor, key, period=period).value
            counts.append((key, label, side, int(found or 0)))
    most = max((value for *_rest, value in counts), default=0) or 1
    steps: list[Step] = []
    for key, label, side, value in counts:
        before = steps[-1].value if steps else 0
        share = formats.percent(Decimal(value) / before) if 0 < value <= before else ""
        url = _behind(key, period)
        steps.append(Step(key, label, side, value, share, url, value / most))
    return steps


ZONE = {"mkt": 2.0, "handoff": 2.2, "sales": 2.0}  # as wide as the zones of c-funnel.is-zones
FILL = {"mkt": "mkt", "handoff": "brand", "sales": "sales"}


def _bands(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The stages as the drawing takes them; those of a zone share its width."""
    inside = [step.side for step in steps]
    return [
        {
            "value": step.value,
            "side": FILL[step.side],
            "columns": ZONE[step.side] / inside.count(step.side),
        }
        for step in steps
    ]


def _way_back(steps: Sequence[Step]) -> str:
    """Where the arrow of what came back ends: in the middle of marketing's last stage."""
    brought = sum(step.side == "mkt" for step in steps)
    if not brought:
        return ""
    zone = 1000 * ZONE["mkt"] / sum(ZONE.values())
    return f"{zone - zone / brought / 2:.0f}"


def _sentence(actor: Actor, period: Period, found: Seam) -> tuple[str, str]:
    """What the month comes to so far, and who owes whom."""
    owed_by_sales = found.answer.late + found.touch.late + found.outcome.late
    owed_by_marketing = found.reply.late
    beside = _("Nobody is late with an answer.")
    if owed_by_sales or owed_by_marketing:
        sales = ngettext("%(n)s answer", "%(n)s answers", owed_by_sales)
        marketing = ngettext("%(n)s reply", "%(n)s replies", owed_by_marketing)
        words = {
            "sales": sales % {"n": formats.number(owed_by_sales)},
            "marketing": marketing % {"n": formats.number(owed_by_marketing)},
        }
        if owed_by_sales and owed_by_marketing:
            beside = _("Sales is late with %(sales)s, marketing with %(marketing)s.") % words
        elif owed_by_sales:
            beside = _("Sales is late with %(sales)s, marketing with nothing.") % words
        else:
            beside = _("Marketing is late with %(marketing)s, sales with nothing.") % words
    return _money_news(actor, period), beside


def _money_news(actor: Actor, period: Period) -> str:
    if MEASURES.get(REVENUE) is None:
        return _("%(month)s so far.") % {"month": month_name(period)}
    now = _revenue_of(actor, period)
    last = _same_days_before(period)
    before = _revenue_of(actor, last)
    words = {"revenue": formats.money(now), "last": month_name(last)}
    if before.minor <= 0 or now.minor <= 0:
        return _("%(revenue)s net revenue this month.") % words
    change = Decimal(now.minor) / before.minor - 1
    words["change"] = formats.percent(abs(change))
    if round(change, 2) == 0:
        return _("%(revenue)s net this month, as much as in the same days of %(last)s.") % words
    if change > 0:
        return (
            _("%(revenue)s net this month, %(change)s more than in the same days of %(last)s.")
            % words
        )
    return (
        _("%(revenue)s net this month, %(change)s less than in the same days of %(last)s.") % words
    )


def _revenue_of(actor: Actor, period: Period) -> Money:
    rows = measures.value(actor, REVENUE, period=period).rows
    currency = _main_currency(rows)
    return next((row.money for row in rows if row.currency == currency), Money(0, currency))


def _same_days_before(period: Period) -> Period:
    """The days of the month before, up to the day that it is today."""
    today = measures.today()
    before = month_of(today.replace(day=1) - dt.timedelta(days=1))
    assert before.last is not None
    return Period(before.first, before.last.replace(day=min(today.day, before.last.day)))


# --- promises, clocks, money ----------------------------------------------------------------------


def _owed(label: Text, promise: Promise, side: str) -> dict[str, Any]:
    share = promise.share
    if promise.late:
        words = {"late": formats.number(promise.late), "open": formats.number(promise.open)}
        say, tone = _("%(late)s late, %(open)s open") % words, "bad"
    elif promise.open:
        say, tone = _("%(open)s open, none late") % {"open": formats.number(promise.open)}, ""
    elif promise.kept < promise.due:
        missed = formats.number(promise.due - promise.kept)
        say, tone = _("nothing open, %(missed)s came too late") % {"missed": missed}, "warn"
    else:
        say, tone = (_("all kept"), "ok") if promise.due else (_("nothing fell due yet"), "")
    return {
        "label": label,
        "share": share,
        "of": _("%(kept)s of %(due)s")
        % {"kept": formats.number(promise.kept), "due": formats.number(promise.due)},
        "say": say,
        "tone": tone,
        "side": side,
        "is_due": promise.due > 0,
    }


_DUTIES = {
    HandoffState.OFFERED: gettext_lazy("Accept or reject"),
    HandoffState.ACCEPTED: gettext_lazy("First touch"),
    HandoffState.TOUCHED: gettext_lazy("Say how it went"),
    HandoffState.REJECTED: gettext_lazy("Reply to the rejection"),
}


def _duty(row: Any) -> str:
    """What is owed, and by whom where somebody answers for it."""
    duty = str(_DUTIES[HandoffState(row.state)])
    who = row.owner if row.state != HandoffState.REJECTED else None
    return f"{duty}, {who}" if who else duty


def _record_url(row: Any) -> str:
    kind = OBJECT_TYPES.get("handoff")
    if kind is None:
        return ""
    try:
        return reverse("records:record", args=[kind, row.public_id])
    except NoReverseMatch:
        return ""


def _main_currency(rows: Sequence[Row]) -> str:
    """The currency that most of the money is in; ours where there is none."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row.currency] = sums.get(row.currency, Decimal(0)) + abs(row.value or Decimal(0))
    ours = base_currency()
    return max(sums, key=lambda one: (sums[one], one == ours), default=ours) or ours


def _bar(month: dt.date, amount: Money) -> Bar:
    name = formats.month(month)
    said = f"{name}: {formats.money(amount)}"
    return Bar(name, [Part("sales", float(amount.major))], title=said)
