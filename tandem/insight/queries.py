"""Revenue shared among the touches before it; numbers that need both teams' records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tandem.campaigns import queries as campaigns
from tandem.capture.queries import touches_of
from tandem.capture.rules import Touch
from tandem.deals.models import DealLead, LeadKind
from tandem.deals.queries import deals_visible_to
from tandem.handoff.models import Handoff, HandoffState
from tandem.handoff.queries import handoffs_visible_to
from tandem.insight.rules import AttributionModel, Piece, Share, TouchPoint, attribute
from tandem.insight.schemas import By
from tandem.kernel.actor import Actor
from tandem.kernel.money import Money, split
from tandem.measures.queries import rows_behind, within
from tandem.measures.rules import ALL_TIME, Period, Unit
from tandem.measures.slots import Measure, Ratio, define
from tandem.revenue.models import Order, OrderLine, ReversalLink
from tandem.revenue.queries import orders_visible_to

REVENUE = "revenue_net"
PERSONS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Attributed:
    """Revenue shared by each model; every model's shares sum to ``revenue``, by currency."""

    by: By
    shares: Mapping[AttributionModel, Sequence[Share]]
    revenue: Sequence[Money]


def attribution(
    actor: Actor,
    *,
    by: By,
    period: Period = ALL_TIME,
    models: Sequence[AttributionModel] = tuple(AttributionModel),
) -> Attributed:
    """The net revenue of a period, shared by each model among channels or campaigns.

    It is the revenue of the measure ``revenue_net``, of orders that the actor may see; an order's
    touches are those of its person, or of the persons of its deal's leads. Eight queries or so,
    whatever the number of orders without a person.
    """
    lines = rows_behind(actor, REVENUE, period=period)
    by_currency = lines.order_by().values_list("order__currency")
    revenue: dict[str, int] = dict(by_currency.annotate(Sum("amount_minor")))
    pieces = _pieces(actor, lines, by)
    # What belongs to nobody whom we know is no piece: it is what is left of the revenue.
    for piece in pieces:
        revenue[piece.amount.currency] -= piece.amount.minor
    rest = [Piece(Money(minor, currency), _NEVER) for currency, minor in revenue.items() if minor]
    everything = [*pieces, *rest]
    totals: dict[str, Money] = {}
    for piece in everything:
        currency = piece.amount.currency
        totals[currency] = totals.get(currency, Money(0, currency)) + piece.amount
    return Attributed(
        by=by,
        shares={model: attribute(everything, model) for model in models},
        revenue=[totals[currency] for currency in sorted(totals)],
    )


_NEVER = datetime.min.replace(tzinfo=UTC)


# --- pieces ---------------------------------------------------------------------------------------

# An amount and the order whose touches it is shared among.
Amount = tuple[int, int]


def _pieces(actor: Actor, lines: QuerySet[OrderLine], by: By) -> list[Piece]:
    """What the lines come to for each order with a person, what was taken back apart."""
    amounts = [*_reversals(lines), *_of_own_order(lines)]
    orders = {
        order.pk: order
        for order in Order.objects.filter(pk__in={order_id for order_id, _minor in amounts})
    }
    persons = _persons(orders.values())
    found = _touch_points(actor, {pk for those in persons.values() for pk in those}, by)
    return [
        Piece(
            Money(minor, orders[order_id].currency),
            orders[order_id].ordered_at,
            [touch for pk in sorted(persons[order_id]) for touch in found.get(pk, ())],
        )
        for order_id, minor in amounts
    ]


def _of_own_order(lines: QuerySet[OrderLine]) -> list[Amount]:
    """The lines that take back nothing that we know, added up by order; those with somebody."""
    links = ReversalLink.objects.filter(original__isnull=False).values("reversing_id")
    somebody = Q(order__person__isnull=False) | Q(order__deal_id__isnull=False)
    return list(
        lines.filter(somebody)
        .exclude(pk__in=links)
        .order_by()
        .values_list("order_id")
        .annotate(Sum("amount_minor"))
        .order_by("order_id")
    )


def _reversals(lines: QuerySet[OrderLine]) -> list[Amount]:
    """The lines that take back others, shared among the orders that they reverse by quantity.

    What a line takes back beyond what we know of belongs to its own order.
    """
    links = (
        ReversalLink.objects.filter(reversing__in=lines)
        .order_by("reversing_id", "pk")
        .values_list(
            "reversing_id",
            "reversing__amount_minor",
            "quantity",
            "original__order_id",
            "order_id",
            "original__order__person_id",
            "original__order__deal_id",
            "order__person_id",
            "order__deal_id",
        )
    )
    by_line: dict[int, list[tuple[Any, ...]]] = {}
    for reversing_id, *rest in links:
        by_line.setdefault(reversing_id, []).append(tuple(rest))
    found: list[Amount] = []
    for rows in by_line.values():
        if all(original is None for _minor, _quantity, original, *_more in rows):
            continue  # counted with its own order
        total = Money(abs(rows[0][0]), "XXX")
        sign = -1 if rows[0][0] < 0 else 1
        parts = split(total, [Decimal(row[1]) for row in rows])
        for row, part in zip(rows, parts, strict=True):
            _minor, _quantity, original, own, *known = row
            somebody = known[:2] if original is not None else known[2:]
            if any(one is not None for one in somebody) and part.minor:
                found.append((original or own, sign * part.minor))
    return found


def _persons(orders: Iterable[Order]) -> dict[int, set[int]]:
    """Whose touches an order has: its person's, else those of the persons of its deal's leads."""
    orders = list(orders)
    deals = {
        order.deal_id: order.pk
        for order in orders
        if order.person_id is None and order.deal_id is not None
    }
    found = {order.pk: {order.person_id} if order.person_id else set() for order in orders}
    leads = DealLead.objects.filter(deal_id__in=deals).values_list("deal_id", "lead__person_id")
    for deal_id, person_id in leads:
        found[deals[deal_id]].add(person_id)
    return found


def _touch_points(actor: Actor, person_ids: set[int], by: By) -> Mapping[int, Sequence[TouchPoint]]:
    ids = sorted(person_ids)
    codes = _codes() if by is By.CAMPAIGN else {}
    found: dict[int, Sequence[TouchPoint]] = {}
    for first in range(0, len(ids), PERSONS_AT_ONCE):
        for person_id, touches in touches_of(ids[first : first + PERSONS_AT_ONCE]).items():
            found[person_id] = [_point(touch, by, codes) for touch in touches]
    return found


def _point(touch: Touch, by: By, codes: Mapping[str, str]) -> TouchPoint:
    if by is By.CHANNEL:
        return TouchPoint(touch.at, touch.channel)
    return TouchPoint(touch.at, codes.get(touch.campaign.strip().lower(), ""))


def _codes() -> Mapping[str, str]:
    """The codes of live campaigns by what addresses carry."""
    return {code.lower(): code for code in campaigns.live_codes()}


# --- measures that need both sides ----------------------------------------------------------------


def campaign_lines(actor: Actor) -> QuerySet[OrderLine]:
    """Order lines whose deal came from a lead of a campaign, and what takes those back, with
    ``campaign_code``; of orders that the actor may see."""
    links = ReversalLink.objects.filter(original__order__deal_id__isnull=False)
    taken = links.filter(reversing=OuterRef("pk")).values("original__order__deal_id")[:1]
    return (
        OrderLine.objects.filter(order__in=orders_visible_to(actor))
        .filter(Q(order__deal_id__isnull=False) | Q(pk__in=links.values("reversing_id")))
        .alias(bought_by=Coalesce(F("order__deal_id"), Subquery(taken)))
        .annotate(campaign_code=_source_code("bought_by"))
        .filter(campaign_code__isnull=False)
    )


def opened_deals(actor: Actor) -> QuerySet[Any]:
    """Deals that the actor may see, with ``campaign_code`` of the lead that they came from."""
    return deals_visible_to(actor).annotate(campaign_code=_source_code("pk"))


def _source_code(deal: str) -> Subquery:
    """The code of the campaign whose lead a deal came from."""
    source = DealLead.objects.filter(
        deal_id=OuterRef(deal), kind=LeadKind.SOURCE, lead__campaign__deleted_at__isnull=True
    )
    return Subquery(source.values("lead__campaign__code")[:1])


define(
    Measure(
        key="campaign_revenue",
        tells=("order.net",),
        label=_("Revenue from campaigns"),
        definition=_(
            "Order lines, less what was taken back, of deals whose lead a campaign brought; by the"
            " moment of the line."
        ),
        unit=Unit.MONEY,
        rows=campaign_lines,
        at="at",
        aggregate=Sum("amount_minor"),
        currency="order__currency",
        dimensions={"campaign": "campaign_code"},
        permission="measures.view",
    ),
    Measure(
        key="deals_opened",
        label=_("Deals opened"),
        definition=_("Deals by the day on which they were opened, whatever became of them."),
        unit=Unit.COUNT,
        rows=opened_deals,
        at="opened_at",
        aggregate=Count("pk"),
        dimensions={"campaign": "campaign_code"},
        permission="measures.view",
    ),
    Ratio(
        key="roi",
        label=_("Return on marketing cost"),
        definition=_(
            "Revenue from campaigns less their cost, over their cost, in one currency: 0 is as much"
            " as was spent, 1 is twice that. Told where there is a cost."
        ),
        unit=Unit.RATE,
        over="campaign_revenue",
        under="cost",
        permission="measures.view",
        less_one=True,
    ),
    Ratio(
        key="cost_per_lead",
        label=_("Cost of one lead"),
        definition=_("Marketing cost over the leads of the same time. Told from one lead on."),
        unit=Unit.MONEY,
        over="cost",
        under="leads",
        permission="measures.view",
    ),
    Ratio(
        key="cost_per_accepted_lead",
        label=_("Cost of one accepted lead"),
        definition=_(
            "Marketing cost over the leads that sales accepted in the same time. Told from one"
            " accepted lead on."
        ),
        unit=Unit.MONEY,
        over="cost",
        under="leads_accepted",
        permission="measures.view",
    ),
)


# --- the promises of both sides -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Promise:
    """What one side owes the other: how many fell due, how many were kept, what is open."""

    due: int
    kept: int
    open: int
    late: int

    @property
    def share(self) -> float | None:
        """The part that was kept, 0 to 1; None where nothing fell due."""
        return self.kept / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Seam:
    """The hand-offs that were offered in a period: how they came out, and the promises."""

    offered: int
    waiting: int
    accepted: int
    rejected: int
    expired: int
    replied: int
    answer: Promise
    touch: Promise
    outcome: Promise
    reply: Promise


def seam(actor: Actor, *, period: Period) -> Seam:
    """The hand-offs offered in a period, of those that the actor may see; one query.

    A promise is due once it was kept or its time has run out; what is open and not late is not
    due yet. Hand-offs that were given to somebody else or withdrawn owe nothing.
    """
    counts = _offered(actor, period).order_by().aggregate(**_counts(timezone.now()))
    found = {name.removeprefix("n_"): count for name, count in counts.items()}
    return Seam(
        offered=found["offered"],
        waiting=found["waiting"],
        accepted=found["accepted"],
        rejected=found["rejected"],
        expired=found["expired"],
        replied=found["replied"],
        answer=_promise(found, "answer"),
        touch=_promise(found, "touch"),
        outcome=_promise(found, "outcome"),
        reply=_promise(found, "reply"),
    )


def _promise(found: Mapping[str, int], name: str) -> Promise:
    return Promise(*(found[f"{name}_{part}"] for part in ("due", "kept", "open", "late")))


def _offered(actor: Actor, period: Period) -> QuerySet[Handoff]:
    rows = within(handoffs_visible_to(actor), "offered_at", period)
    return rows.exclude(state__in=[HandoffState.REASSIGNED, HandoffState.WITHDRAWN])


def _counts(now: datetime) -> dict[str, Count]:
    rejected = Q(state=HandoffState.REJECTED)
    accepted = Q(accepted_at__isnull=False)
    conditions: dict[str, Q] = {
        "offered": Q(),
        "waiting": Q(state=HandoffState.OFFERED),
        "accepted": accepted & ~rejected,
        "rejected": rejected,
        "expired": Q(state=HandoffState.EXPIRED),
        "replied": rejected & Q(reply_at__isnull=False),
    }
    answered_in_time = Q(accepted_at__lte=F("accept_due")) | Q(
        accepted_at__isnull=True, state=HandoffState.REJECTED, closed_at__lte=F("accept_due")
    )
    promises = {
        "answer": (Q(), "accept_due", accepted | rejected, answered_in_time),
        "touch": (
            accepted & ~rejected,
            "first_touch_due",
            Q(first_touch_at__isnull=False),
            Q(first_touch_at__lte=F("first_touch_due")),
        ),
        "outcome": (
            accepted & ~rejected,
            "outcome_due",
            Q(outcome_at__isnull=False),
            Q(outcome_at__lte=F("outcome_due")),
        ),
        "reply": (
            rejected,
            "reply_due",
            Q(reply_at__isnull=False),
            Q(reply_at__lte=F("reply_due")),
        ),
    }
    for name, (whom, due, done, in_time) in promises.items():
        is_late = ~done & Q(**{f"{due}__lt": now})
        promised = whom & Q(**{f"{due}__isnull": False})
        conditions |= {
            f"{name}_due": promised & (done | is_late),
            f"{name}_kept": promised & done & in_time,
            f"{name}_open": promised & ~done & ~Q(state=HandoffState.EXPIRED),
            f"{name}_late": promised & is_late & ~Q(state=HandoffState.EXPIRED),
        }
    return {
        f"n_{name}": Count("pk", filter=condition) if condition else Count("pk")
        for name, condition in conditions.items()
    }


def open_clocks(actor: Actor) -> QuerySet[Any]:
    """The hand-offs with a running clock, the first to run out first, with ``side`` and ``due``:
    who owes what by when."""
    rows = handoffs_visible_to(actor).annotate(
        side=Case(
            When(state=HandoffState.REJECTED, then=Value("mkt")),
            default=Value("sales"),
            output_field=CharField(),
        ),
        due=Case(
            When(state=HandoffState.OFFERED, then=F("accept_due")),
            When(state=HandoffState.ACCEPTED, then=F("first_touch_due")),
            When(state=HandoffState.TOUCHED, then=F("outcome_due")),
            When(state=HandoffState.REJECTED, reply_at__isnull=True, then=F("reply_due")),
        ),
    )
    found = rows.filter(due__isnull=False).select_related("lead__person", "owner")
    return found.order_by("due", "pk")
