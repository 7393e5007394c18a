"""The invented past of the demo company. Pure: the same moment gives the same past.

What is planted here on purpose can be counted here, and tests hold the product to it: how many
leads each campaign brought, which were accepted, what was won and ordered, which customers have
gone silent, and how much of the traffic is machines.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

from tandem.project.demo.words import LAST, PLACES, TRADES

SEED = 20261119

SALES_LED = 275
PEOPLE = 640
MARKETING_LED = 4_300
DUPLICATES = 24  # people who are here twice, by another address and with a slip in the name
ENQUIRIES = 420
DAYS_OF_ORDERS = 730
DAYS_OF_VISITS = 60

# How much is bought, asked and looked at by month: gifts peak in autumn, February is dead.
SEASON = (0.7, 0.5, 0.7, 0.8, 0.9, 0.9, 0.8, 0.9, 1.3, 1.6, 1.8, 1.1)


@dataclass(frozen=True, slots=True)
class Way:
    """How a visit came: what its address and referrer say, and the channel that this is."""

    channel: str
    source: str
    medium: str
    referrer: str = ""


MAIL = Way("email", "newsletter", "email")
SEARCH = Way("paid", "google", "cpc", "https://www.google.com/")
SOCIAL = Way("social", "instagram", "social", "https://www.instagram.com/")
FAIR = Way("referral", "harrogate", "event")
ORGANIC = Way("organic", "", "", "https://www.google.com/")
DIRECT = Way("direct", "", "")


@dataclass(frozen=True, slots=True)
class PlannedCampaign:
    """A campaign; ``starts`` and ``ends`` are days from today, money is whole pounds."""

    code: str
    name: str
    aim: str
    starts: int
    ends: int
    budget: int
    goal: int
    ways: tuple[tuple[Way, int, int], ...]  # way, share of its enquiries, pounds spent in all
    share: int  # of all enquiries while it runs


CAMPAIGNS = (
    PlannedCampaign(
        "winter-tins-2026",
        "Winter Tins 2026",
        "New and lapsed stockists for the gift tins",
        -49,
        12,
        18_000,
        24_000,
        ((MAIL, 40, 1_240), (SEARCH, 30, 6_180), (SOCIAL, 20, 3_420), (FAIR, 10, 2_900)),
        160,
    ),
    PlannedCampaign(
        "own-label",
        "Own label from 300 tins",
        "Design shops that want their own name on the tin",
        -110,
        -30,
        9_000,
        24_000,
        ((SEARCH, 60, 4_870), (SOCIAL, 40, 2_310)),
        30,
    ),
    PlannedCampaign(
        "harrogate-fair",
        "Harrogate trade fair",
        "Buyers who came to the stand",
        -128,
        -121,
        6_000,
        40_000,
        ((FAIR, 100, 5_830),),
        200,
    ),
    PlannedCampaign(
        "spring-catalogue",
        "Spring catalogue",
        "Garden centres and museum shops before Easter",
        -270,
        -200,
        7_500,
        50_000,
        ((MAIL, 70, 2_140), (SEARCH, 30, 3_960)),
        50,
    ),
    PlannedCampaign(
        "trade-search",
        "Trade search, all year",
        "Shops that look for a wholesaler",
        -395,
        120,
        26_000,
        180_000,
        ((SEARCH, 100, 19_400),),
        25,
    ),
)
NO_CAMPAIGN_SHARE = 20

# The reasons of a rejection as the hand-off knows them, how often, and whether marketing agrees.
REJECTIONS = (
    ("too_small", 34),
    ("not_our_market", 20),
    ("no_project", 18),
    ("budget_later", 12),
    ("wrong_data", 10),
    ("duplicate", 6),
)
LOST_REASONS = (("price", 40), ("no_decision", 30), ("competitor", 20), ("timing", 10))
STAGES = ("qualified", "sample", "proposal", "negotiation")


@dataclass(frozen=True, slots=True)
class Touch:
    """One visit of somebody who is known since: the moment, the campaign's code, the way."""

    at: dt.datetime
    campaign: str
    way: Way


@dataclass(frozen=True, slots=True)
class Enquiry:
    """A form that somebody of the known people sent, and what became of it.

    Moments that are not there did not happen yet, or never. ``amount`` is in pence.
    """

    number: int
    person: int
    at: dt.datetime
    form: str
    campaign: str
    way: Way
    touches: tuple[Touch, ...]
    has_consent: bool
    seller: str
    accepted_at: dt.datetime | None = None
    touched_at: dt.datetime | None = None
    rejected_at: dt.datetime | None = None
    rejection: str = ""
    replied_at: dt.datetime | None = None
    expired_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None  # without a deal: back to marketing, for later
    deal_at: dt.datetime | None = None
    stage: str = ""
    amount: int = 0
    won_at: dt.datetime | None = None
    lost_at: dt.datetime | None = None
    lost_reason: str = ""

    @property
    def state(self) -> str:
        """Where its hand-off stands."""
        if self.rejected_at:
            return "rejected"
        if self.expired_at:
            return "expired"
        if self.deal_at or self.ended_at:
            return "outcome"
        if self.touched_at:
            return "touched"
        return "accepted" if self.accepted_at else "offered"


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of the web shop's export; a reversal has a negative quantity and a C number."""

    number: str
    code: str
    description: str
    quantity: int
    at: dt.datetime
    price: Decimal
    customer: int
    country: str


@dataclass(frozen=True, slots=True)
class Visit:
    """An event of the site: of somebody unknown, or of a machine."""

    at: dt.datetime
    visitor: str
    path: str
    campaign: str
    way: Way
    is_machine: bool = False


_PRODUCTS = (
    ("TIN-THISTLE-S", "Thistle tin, small", "2.95"),
    ("TIN-THISTLE-L", "Thistle tin, large", "5.45"),
    ("TIN-ROBIN", "Robin biscuit tin", "6.25"),
    ("TIN-OWN", "Plain tin for own label", "1.85"),
    ("MUG-HERON", "Heron mug", "3.75"),
    ("MUG-HARE", "Hare mug", "3.75"),
    ("TOWEL-BEE", "Tea towel, bees", "2.35"),
    ("TOWEL-FERN", "Tea towel, ferns", "2.35"),
    ("CARD-WREN", "Card, wren, pack of 12", "4.20"),
    ("CARD-SNOW", "Card, snow, pack of 12", "4.20"),
    ("CANDLE-PINE", "Pine candle in a tin", "4.95"),
    ("CANDLE-HEATH", "Heather candle in a tin", "4.95"),
    ("SOAP-OAT", "Oat soap", "1.65"),
    ("TRAY-LINO", "Lino cut tray", "8.40"),
    ("BUNTING", "Bunting, tartan", "3.10"),
    ("LANTERN", "Tin lantern", "7.95"),
)
_COUNTRIES = ("GB",) * 8 + ("IE", "DE", "FR", "NL", "SE", "DK")
_PATHS = ("/", "/tins", "/trade", "/price-list", "/own-label", "/catalogue", "/contact")


@dataclass(frozen=True)
class World:
    """Everything that has happened to the demo company until ``now`` (aware, UTC)."""

    now: dt.datetime
    enquiries: tuple[Enquiry, ...] = field(default=())

    @cached_property
    def orders(self) -> tuple[OrderRow, ...]:
        """The lines of the web shop, in the order of their moments."""
        return tuple(sorted(_orders(self.now), key=lambda row: (row.at, row.number)))

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        """Visits without a known person, the machines among them."""
        return tuple(_visits(self.now))

    # --- what is true by construction ---------------------------------------------------------

    def leads_by_campaign(self) -> Counter[str]:
        """How many leads each campaign brought; empty for those without one."""
        return Counter(one.campaign for one in self.enquiries)

    def states(self) -> Counter[str]:
        """How many hand-offs stand in each state."""
        return Counter(one.state for one in self.enquiries)

    def won_by_campaign(self) -> Counter[str]:
        """Pence of won deals by the campaign of their lead."""
        won: Counter[str] = Counter()
        for one in self.enquiries:
            if one.won_at is not None:
                won[one.campaign] += one.amount
        return won

    def web_revenue(self) -> int:
        """Pence of all lines of the web shop, reversals taken off; each line rounded."""
        return sum(pence(row) for row in self.orders)

    def web_reversals(self) -> int:
        """Pence taken back, below zero."""
        return sum(pence(row) for row in self.orders if row.number.startswith("C"))

    def customers(self) -> set[int]:
        """The numbers of the web shop's customers."""
        return {row.customer for row in self.orders}

    def silent_customers(self, days: int = 90) -> set[int]:
        """Customers who have ordered nothing for so many days."""
        last: dict[int, dt.datetime] = {}
        for row in self.orders:
            if not row.number.startswith("C"):
                last[row.customer] = max(row.at, last.get(row.customer, row.at))
        limit = self.now - dt.timedelta(days=days)
        return {customer for customer, at in last.items() if at < limit}

    def machine_visits(self) -> int:
        """How many events are of scanners."""
        return sum(visit.is_machine for visit in self.visits)


def pence(row: OrderRow) -> int:
    """What a line comes to."""
    return int((row.quantity * row.price * 100).to_integral_value())


COLUMNS = (
    "Invoice",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "Price",
    "Customer ID",
    "Customer Name",
    "Country",
)


def export_row(row: OrderRow) -> tuple[object, ...]:
    """A line as the web shop exports it: moments in the shop's own zone."""
    at = row.at.astimezone(ZoneInfo("Europe/London"))
    return (
        row.number,
        row.code,
        row.description,
        row.quantity,
        f"{at:%Y-%m-%d %H:%M}",
        row.price,
        row.customer,
        customer_name(row.customer),
        row.country,
    )


def customer_name(number: int) -> str:
    """What a customer of the web shop is called; each number has its own name."""
    rest, place = divmod(number, len(PLACES))
    rest, trade = divmod(rest, len(TRADES))
    return f"{LAST[rest % len(LAST)]} of {PLACES[place]}, {TRADES[trade].lower()}"


def simulate(now: dt.datetime) -> World:
    """The past of the demo company as seen from ``now``."""
    random = Random(SEED)  # noqa: S311  (simulation, not secrets)
    people = random.sample(range(PEOPLE), ENQUIRIES)
    moments = sorted(_moments(random, now, ENQUIRIES, days=390))
    return World(
        now,
        tuple(
            _enquiry(random, number, person, at, now)
            for number, (person, at) in enumerate(zip(people, moments, strict=True))
        ),
    )


# --- enquiries ------------------------------------------------------------------------------------


def _moments(random: Random, now: dt.datetime, count: int, *, days: int) -> Iterator[dt.datetime]:
    """Moments in the working hours of the last so many days, by season."""
    whole = [now - dt.timedelta(days=back) for back in range(1, days)]
    weights = [SEASON[day.month - 1] * (0.3 if day.weekday() >= 5 else 1) for day in whole]
    # The last of them are of the hours just past, so that something waits when the demo opens.
    yield from (now - dt.timedelta(minutes=minutes) for minutes in (12, 31, 47))
    for day in random.choices(whole, weights, k=count - 3):
        minutes = random.randint(9 * 60, 17 * 60)
        yield day.replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(minutes=minutes)


def _enquiry(
    random: Random, number: int, person: int, at: dt.datetime, now: dt.datetime
) -> Enquiry:
    campaign = _campaign_at(random, at, now)
    way = _way_of(random, campaign)
    form = random.choices(("trade-samples", "call-back", "price-list"), (50, 30, 20))[0]
    touches = tuple(_touches(random, at, now, campaign))
    begun = Enquiry(
        number=number,
        person=person,
        at=at,
        form=form,
        campaign=campaign.code if campaign else "",
        way=way,
        touches=touches,
        has_consent=random.random() < 0.7,
        seller=random.choice(("priya", "tom")),
    )
    return _continued(random, begun, now)


def _campaign_at(random: Random, at: dt.datetime, now: dt.datetime) -> PlannedCampaign | None:
    back = (at - now).days
    running: list[PlannedCampaign | None] = [
        one for one in CAMPAIGNS if one.starts <= back <= one.ends
    ]
    weights = [one.share for one in running if one is not None]
    return random.choices([*running, None], [*weights, NO_CAMPAIGN_SHARE])[0]


def _way_of(random: Random, campaign: PlannedCampaign | None) -> Way:
    if campaign is None:
        return random.choice((ORGANIC, DIRECT))
    return random.choices(
        [way for way, _share, _cost in campaign.ways],
        [share for _way, share, _cost in campaign.ways],
    )[0]


def _touches(
    random: Random, at: dt.datetime, now: dt.datetime, last: PlannedCampaign | None
) -> Iterator[Touch]:
    """Earlier visits, the first of them at most six weeks before; often of another campaign."""
    count = random.choices((0, 1, 2, 3), (40, 30, 20, 10))[0]
    for days in sorted((random.uniform(0.5, 42) for _ in range(count)), reverse=True):
        before = at - dt.timedelta(days=days)
        campaign = _campaign_at(random, before, now) if random.random() < 0.5 else last
        yield Touch(before, campaign.code if campaign else "", _way_of(random, campaign))


def _continued(random: Random, begun: Enquiry, now: dt.datetime) -> Enquiry:
    """What became of it: answered within the day, mostly; what would lie ahead is left out."""
    age = now - begun.at
    if age < dt.timedelta(hours=1):
        return begun
    answered = begun.at + dt.timedelta(minutes=random.randint(6, 230))
    fate = random.random()
    if fate < 0.05:
        return _changed(begun, expired_at=begun.at + dt.timedelta(hours=8), before=now)
    if fate < 0.22:
        return _rejected(random, begun, answered, now)
    touched = answered + dt.timedelta(minutes=random.randint(20, 1400))
    accepted = _changed(begun, accepted_at=answered, touched_at=touched, before=now)
    if random.random() < 0.62:
        return _with_deal(
            random, accepted, touched + dt.timedelta(days=random.uniform(0.5, 6)), now
        )
    ended = touched + dt.timedelta(days=random.uniform(1, 8))
    return _changed(accepted, ended_at=ended, before=now)


def _rejected(random: Random, begun: Enquiry, at: dt.datetime, now: dt.datetime) -> Enquiry:
    code = _one_of(random, REJECTIONS)
    reply = at + dt.timedelta(hours=random.uniform(1, 30))
    age = now - at
    if age < dt.timedelta(days=2) or (age < dt.timedelta(days=30) and random.random() < 0.08):
        return _changed(begun, rejected_at=at, rejection=code, before=now)
    return _changed(begun, rejected_at=at, rejection=code, replied_at=reply, before=now)


def _with_deal(random: Random, accepted: Enquiry, at: dt.datetime, now: dt.datetime) -> Enquiry:
    if at >= now or accepted.touched_at is None:
        return accepted
    amount = round(random.lognormvariate(8.45, 0.75)) * 100
    deal = _changed(accepted, deal_at=at, amount=amount, stage="", before=now)
    ends = at + dt.timedelta(days=random.uniform(6, 75))
    if ends >= now:
        gone = (now - at) / (ends - at)
        return _changed(deal, stage=STAGES[min(int(gone * 4), 3)], before=now)
    if random.random() < 0.52:
        return _changed(deal, won_at=ends, before=now)
    reason = _one_of(random, LOST_REASONS)
    return _changed(deal, lost_at=ends, lost_reason=reason, before=now)


def _one_of(random: Random, weighted: Sequence[tuple[str, int]]) -> str:
    return random.choices([word for word, _ in weighted], [weight for _, weight in weighted])[0]


def _changed(one: Enquiry, *, before: dt.datetime, **changes: object) -> Enquiry:
    """With what has happened by now: a moment that still lies ahead has not."""
    known = {
        name: value
        for name, value in changes.items()
        if not (isinstance(value, dt.datetime) and value >= before)
    }
    if "rejected_at" in changes and "rejected_at" not in known:
        known.pop("rejection", None)
    return replace(one, **known)  # type: ignore[arg-type]


# --- the web shop ---------------------------------------------------------------------------------


def _orders(now: dt.datetime) -> Iterator[OrderRow]:
    random = Random(SEED + 1)  # noqa: S311
    number = 536_000
    days = [now - dt.timedelta(days=back) for back in range(1, DAYS_OF_ORDERS)]
    weights = [SEASON[day.month - 1] * (0.2 if day.weekday() >= 5 else 1) for day in days]
    for customer in range(20_001, 20_001 + MARKETING_LED):
        country = random.choice(_COUNTRIES)
        often = random.choices((1, 2, 4, 9), (45, 30, 19, 6))[0]
        for day in random.choices(days, weights, k=often):
            number += 1
            at = day.replace(minute=0, second=0, microsecond=0, hour=random.randint(8, 18))
            at += dt.timedelta(minutes=random.randint(0, 59))
            lines = list(_lines(random, str(number), at, customer, country))
            yield from lines
            if random.random() < 0.05:
                yield from _taken_back(random, lines, now)


def _lines(
    random: Random, number: str, at: dt.datetime, customer: int, country: str
) -> Iterator[OrderRow]:
    for code, description, price in random.sample(_PRODUCTS, random.randint(1, 5)):
        quantity = random.choice((6, 12, 12, 24, 24, 48, 96))
        yield OrderRow(number, code, description, quantity, at, Decimal(price), customer, country)


def _taken_back(random: Random, lines: Sequence[OrderRow], now: dt.datetime) -> Iterator[OrderRow]:
    line = random.choice(lines)
    at = line.at + dt.timedelta(days=random.randint(1, 14))
    if at < now:
        quantity = -random.randint(1, line.quantity)
        yield OrderRow(
            f"C{line.number}",
            line.code,
            line.description,
            quantity,
            at,
            line.price,
            line.customer,
            line.country,
        )


# --- the site -------------------------------------------------------------------------------------


def _visits(now: dt.datetime) -> Iterator[Visit]:
    random = Random(SEED + 2)  # noqa: S311
    for back in range(DAYS_OF_VISITS, 0, -1):
        day = now - dt.timedelta(days=back)
        for session in range(round(110 * SEASON[day.month - 1])):
            campaign = _campaign_at(random, day, now)
            way = _way_of(random, campaign)
            at = day - dt.timedelta(minutes=random.randint(0, 1380))
            # Who does not agree has no visitor id: each of their views stands alone.
            visitor = f"{back:03}{session:05}" if random.random() < 0.55 else ""
            for view in range(random.choices((1, 2, 3, 5), (50, 25, 15, 10))[0]):
                yield Visit(
                    at + dt.timedelta(seconds=40 * view),
                    visitor,
                    random.choice(_PATHS),
                    campaign.code if campaign else "",
                    way if view == 0 else DIRECT,
                )
        for scan in range(12):
            at = day - dt.timedelta(minutes=scan)
            yield Visit(at, "", random.choice(_PATHS), "winter-tins-2026", MAIL, is_machine=True)
