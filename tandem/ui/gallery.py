"""Made-up data of the development page. Shown only where a developer asked for it."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from django.db.models import TextChoices
from django.http import QueryDict
from django.utils import timezone
from pydantic import BaseModel, Field

from tandem.kernel.money import Money
from tandem.ui.forms import Form, submit
from tandem.ui.palette import PaletteEntry, PaletteGroup

PARTS = ("components", "list", "record", "sign-in", "settings", "error")


class Reason(TextChoices):
    """Why not."""

    BUDGET = "budget", "Budget next period"
    TIMING = "timing", "No project now"
    SIZE = "size", "Too small"


class Sample(BaseModel):
    """A form with a field of every kind."""

    company: Annotated[str, Field(min_length=1, max_length=120)]
    amount: Annotated[Decimal, Field(gt=0)]
    closes: dt.date
    meeting: dt.datetime | None = None
    reason: Reason = Reason.BUDGET
    channels: list[Reason] = [Reason.TIMING]
    password: str = ""
    tell: bool = True
    note: Annotated[str, Field(max_length=2000)] = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the list."""

    name: str
    firm: str
    title: str
    stage: str
    tone: str
    owner: str
    owner_side: str
    mark: str
    touch: str
    when: str


PEOPLE = (
    Person(
        "Ann Kowalczyk",
        "Harbour & Hythe Gifts",
        "Buyer",
        "Accepted",
        "handoff",
        "Priya Nair",
        "sales",
        "mkt",
        "Opened price list",
        "09:48",
    ),
    Person(
        "Rosalind Achterberg",
        "Galerie Achterberg",
        "Owner",
        "Offered",
        "handoff",
        "Priya Nair",
        "sales",
        "mkt",
        "Asked for a call",
        "10:14",
    ),
    Person(
        "Marit Solberg",
        "Nordlys Interiør",
        "Head of buying",
        "Opportunity",
        "sales",
        "Tom Okafor",
        "sales",
        "sales",
        "Replied to quote",
        "08:31",
    ),
    Person(
        "Dafydd Pryce",
        "Lowther Castle Shop",
        "Shop manager",
        "Accepted",
        "handoff",
        "Tom Okafor",
        "sales",
        "mkt",
        "Sample request",
        "Wed",
    ),
    Person(
        "Camille Verdier",
        "Maison Verdier",
        "Buying director",
        "Opportunity",
        "sales",
        "Priya Nair",
        "sales",
        "sales",
        "Call, 14 min",
        "Wed",
    ),
    Person(
        "Joan Birtwistle",
        "Bramble Lane Stores",
        "Owner",
        "MQL",
        "mkt",
        "Hanna Lindqvist",
        "mkt",
        "mkt",
        "Trade form, phone missing",
        "Wed",
    ),
    Person(
        "Gordon McAllister",
        "Kelso Garden Centres",
        "Category buyer",
        "Customer",
        "ok",
        "Tom Okafor",
        "sales",
        "sales",
        "Won, £26,200",
        "Wed",
    ),
    Person(
        "Siobhán O’Rourke",
        "Wexford Pantry",
        "Buyer",
        "Engaged",
        "mkt",
        "Isla Fraser",
        "mkt",
        "mkt",
        "Clicked “Winter Tins”",
        "Tue",
    ),
    Person(
        "Theo Hartnell",
        "Pentland Museums Trust",
        "Retail lead",
        "Returned",
        "mkt",
        "Isla Fraser",
        "mkt",
        "handoff",
        "Rejected, too small",
        "Wed",
    ),
    Person(
        "Yusuf İnce",
        "Anatolia Home",
        "Managing director",
        "Engaged",
        "mkt",
        "",
        "",
        "mkt",
        "4 page views",
        "Mon",
    ),
    Person(
        "Eleanor Whitby",
        "Abbey Gate Books",
        "Assistant buyer",
        "Subscriber",
        "mkt",
        "Hanna Lindqvist",
        "mkt",
        "mkt",
        "Opted in to catalogue",
        "16 Nov",
    ),
    Person(
        "Luc Bastien",
        "Comptoir du Lac",
        "Buyer",
        "SQL",
        "sales",
        "Priya Nair",
        "sales",
        "sales",
        "Budget answered",
        "16 Nov",
    ),
    Person(
        "Hettie Gale",
        "Cotswold Larder Co.",
        "Co-owner",
        "Customer",
        "ok",
        "Tom Okafor",
        "sales",
        "mkt",
        "Reordered on the web",
        "13 Nov",
    ),
    Person(
        "Agnes Fairweather",
        "Lindisfarne Heritage",
        "Shop buyer",
        "MQL",
        "mkt",
        "Isla Fraser",
        "mkt",
        "mkt",
        "Fair badge scan",
        "13 Nov",
    ),
    Person(
        "Pieter Kuiper",
        "De Tinnen Doos",
        "Owner",
        "Engaged",
        "mkt",
        "Hanna Lindqvist",
        "mkt",
        "mkt",
        "Price list, twice",
        "12 Nov",
    ),
    Person(
        "Nell Wainwright",
        "Saltmarsh Interiors",
        "Buyer",
        "SQL",
        "sales",
        "Priya Nair",
        "sales",
        "sales",
        "Meeting booked, 24 Nov",
        "12 Nov",
    ),
    Person(
        "Oskar Brandt",
        "Kontor & Krone",
        "Purchasing",
        "Recycled",
        "mkt",
        "Isla Fraser",
        "mkt",
        "handoff",
        "Budget returns in March",
        "11 Nov",
    ),
)

FUNNEL = (
    {"label": "Visitors", "value": 48210, "side": "mkt", "note": "+6 % on October"},
    {"label": "Known people", "value": 1312, "side": "mkt", "note": "2.7 % of visitors"},
    {"label": "Leads", "value": 214, "side": "mkt", "note": "16 % of known"},
    {"label": "Offered", "value": 186, "side": "brand", "columns": 1.1, "note": "87 % of leads"},
    {
        "label": "Accepted",
        "value": 143,
        "side": "brand",
        "columns": 1.1,
        "note": "82 % of answered",
    },
    {"label": "Qualified", "value": 88, "side": "sales", "note": "62 % of accepted"},
    {"label": "Deals", "value": 61, "side": "sales", "note": "69 % of qualified"},
    {"label": "Won", "value": 24, "side": "sales", "note": "£142,680"},
)


def template_of(part: str) -> str:
    """Template of one page of the gallery."""
    return f"ui/gallery/{part if part in PARTS else 'components'}.html"


def context() -> dict[str, object]:
    """What the pages of the gallery show."""
    now = timezone.now()
    refused = QueryDict("company=&amount=9.900,00&closes=soon&reason=weather")
    return {
        "part_names": PARTS,
        "people": PEOPLE,
        "total": 12846,
        "form": Form(Sample, initial={"company": "Atelier Roskilde", "amount": Decimal(9900)}),
        "refused_form": submit(Sample, refused),
        "reasons": [
            ("budget", "Budget next period"),
            ("project", "No project now"),
            ("size", "Too small"),
        ],
        "clock": {
            "start": now - dt.timedelta(hours=1, minutes=29),
            "run": now + dt.timedelta(hours=2, minutes=31, seconds=30),
            "soon": now + dt.timedelta(minutes=12, seconds=30),
            "over": now - dt.timedelta(hours=1, minutes=4, seconds=30),
            "done": now - dt.timedelta(hours=1, minutes=8),
            "tomorrow": now + dt.timedelta(hours=23),
            "now": now,
        },
        "job": {
            "label": "online_retail.csv.gz",
            "state": "running",
            "done": 335984,
            "total": 541909,
            "unit": "lines",
            "share": 0.62,
            "rate_per_second": 24100,
            "seconds_left": 9,
        },
        "series": [1012, 1031, 1050, 1080, 1071, 1110, 1139, 1128, 1164, 1195, 1246, 1284],
        "funnel": FUNNEL,
        "amount": Money(1825000, "GBP"),
        "exact": Money(1825050, "EUR"),
        "palette": (
            PaletteGroup(
                "On Ann Kowalczyk, open now",
                (
                    PaletteEntry("Log a call with Ann Kowalczyk", "#", "phone", keys="l"),
                    PaletteEntry("Note", "#", "note", keys="n"),
                ),
            ),
            PaletteGroup(
                "People",
                (
                    PaletteEntry(
                        "Ann Kowalczyk", "#", note="Harbour & Hythe Gifts", face="Ann Kowalczyk"
                    ),
                    PaletteEntry("Jan Kowalski", "#", note="Kontor & Krone", face="Jan Kowalski"),
                ),
            ),
            PaletteGroup(
                "Go to", (PaletteEntry("Hand-offs, 3 for you", "#", "arrows-exchange", keys="g h"),)
            ),
        ),
    }
