"""The page about the sites: numbers of a period beside the one before, machines in none of them."""

import datetime as dt
import json
import re
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tandem.capture.edge import read_event
from tandem.insight.rules import change
from tandem.kernel.actor import Actor
from tandem.kernel.ids import new_public_id
from tandem.lake.actions import flush
from tandem.lake.queries import ask_events
from tandem.lake.rules.agents import number_of, record_of
from tandem.measures.queries import today, value
from tandem.measures.rules import Period, before

pytestmark = pytest.mark.django_db

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CRAWLER = "AhrefsBot/7.0"
SITE = "https://shop.example"
WINTER = f"{SITE}/tins?utm_source=news&utm_medium=email&utm_campaign=winter"


@pytest.fixture(autouse=True)
def lake(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def happened(
    visitor: str, *urls: str, days: float = 0, name: str = "page", agent: str = "", **more: str
) -> None:
    """Store a visit that began so many days ago: a page each minute."""
    begun = timezone.now() - dt.timedelta(days=days, minutes=10)
    with connection.cursor() as cursor:
        if agent:
            cursor.execute("SELECT lake_note_agents(%s::json)", [json.dumps([record_of(agent)])])
        for minutes, url in enumerate(urls):
            raw = {"id": str(new_public_id()), "name": name, "url": url, "visitor": visitor, **more}
            at = begun + dt.timedelta(minutes=minutes)
            number = number_of(agent) if agent else None
            record = read_event({**raw, "at": at.isoformat()}, at, agent=number)
            cursor.execute("SELECT lake_store(%s::json)", [f"[{record}]"])


@pytest.fixture
def told(make_user):
    """What the page says, as a viewer: its text, its figures, its tables by title."""
    client = Client()
    client.force_login(make_user("viewer"), backend=BACKEND)

    def look(query: str = "", *, status: int = 200):
        answer = client.get(f"/sites{query}")
        assert answer.status_code == status
        return answer.text

    return look


def figures(text: str) -> dict[str, str]:
    found = re.findall(
        r'<span class="k">(.*?)</span><b class="v"><a href="[^"]*">(.*?)</a></b>'
        r"<small>(.*?)</small>",
        text,
    )
    return {label: f"{number} ({note})" for label, number, note in found}


def tables(text: str) -> dict[str, list[tuple[str, str, str, str]]]:
    return {
        unescape(title): [
            (unescape(name), *rest)
            for name, *rest in re.findall(
                r'<td class="t-medium"[^>]*>(.*?)</td>.*?aria-label=[^>]*>(.*?)</a></td>'
                r'<td class="n t-3">(.*?)</td><td class="n t-3 nowrap">(.*?)</td>',
                section,
                re.DOTALL,
            )
        ]
        for title, section in re.findall(
            r'<section class="stack is-tight"><div class="c-head"><h2>(.*?)</h2>(.*?)</section>',
            text,
            re.DOTALL,
        )
    }


def test_a_page_without_events_says_so(told):
    text = told()
    assert figures(text) == dict.fromkeys(
        ("Visitors", "Visits", "Page views", "Forms sent"), "0 (0 before)"
    )
    assert "Nothing happened in these days" in text
    assert tables(text) == {}


def test_pages_of_several_sites_are_told_with_their_site(told):
    happened("ann", f"{SITE}/", "https://blog.example/", "https://blog.example")
    assert sorted(
        name for name, *_rest in tables(told("?show=pages"))["Pages that were opened"]
    ) == [
        "blog.example",
        "blog.example/",
        "shop.example/",
    ]


def test_a_period_stands_beside_the_one_before_and_machines_in_neither(told, system: Actor):
    happened("ann", f"{SITE}/", WINTER, f"{SITE}/contact#top")
    happened("bob", WINTER, days=3)
    happened("", f"{SITE}/", days=1)
    happened("carl", f"{SITE}/", f"{SITE}/", days=8)
    happened("spider", *[f"{SITE}/"] * 9, days=2, agent=CRAWLER)
    flush(system)
    happened("dora", f"{SITE}/contact", name="price list opened")
    week = f"from={today() - dt.timedelta(days=6)}&to={today()}"
    text = told(f"?{week}")
    assert figures(text) == {
        "Visitors": "3 (1 before)",
        "Visits": "3 (1 before)",
        "Page views": "5 (2 before)",
        "Forms sent": "0 (0 before)",
    }
    found = tables(text)
    assert found["Where visits came from"] == [("Direct", "2", "1", ""), ("E-mail", "1", "0", "")]
    assert found["Who sent events"] == [("Machine", "9", "0", ""), ("Unknown", "6", "2", "")]
    pages = tables(told(f"?show=pages&{week}"))
    assert pages == {
        "Page views": [],
        "Pages that were opened": [
            ("/", "2", "2", ""),
            ("/tins", "2", "0", ""),
            ("/contact", "1", "0", ""),
        ],
        "Where visits began": [
            ("/", "1", "1", ""),
            ("/contact", "1", "0", ""),
            ("/tins", "1", "0", ""),
        ],
        "Where visits ended": [
            ("/contact", "2", "0", ""),
            ("/tins", "1", "0", ""),
            ("/", "0", "1", ""),
        ],
    }
    campaigns = tables(told(f"?show=campaigns&{week}"))
    assert campaigns["Visitors by campaign"] == [
        ("No campaign", "2", "1", ""),
        ("winter", "2", "0", ""),
    ]
    goals = tables(told(f"?show=goals&{week}"))
    assert goals["What people did"] == [
        ("Page opened", "5", "2", ""),
        ("price list opened", "1", "0", ""),
    ]
    assert tables(told(f"?show=sources&{week}"))["Visits by source"] == [
        ("No source told", "2", "1", ""),
        ("news", "1", "0", ""),
    ]


def test_a_number_opens_its_measure_narrowed_to_it(told):
    happened("ann", WINTER)
    text = told("?show=campaigns")
    first = today() - dt.timedelta(days=29)
    link = f"/measures/sessions?from={first}&to={today()}&by=campaign&filter=campaign%3Awinter"
    assert f'href="{link}"' in unescape(text)


def test_many_pages_are_cut_and_the_rest_is_a_link(told):
    happened("ann", *[f"{SITE}/{number:02}" for number in range(15)])
    text = told("?show=pages")
    assert len(tables(text)["Pages that were opened"]) == 12
    assert "3 more" in text


@pytest.mark.parametrize(
    "query",
    ["?show=nonsense", "?from=yesterday", "?from=2026-11-22&to=2026-11-01", "?to=1-1-1"],
)
def test_what_cannot_be_read_is_refused_in_words(told, query):
    assert 'role="alert"' in told(query, status=422)


def test_days_beyond_any_calendar_are_taken_as_the_first_that_can_be(told):
    assert "Nothing happened in these days" in told("?from=0001-01-01&to=0001-01-01", status=200)


def test_a_long_time_is_drawn_by_months(told):
    happened("ann", f"{SITE}/")
    year = f"?from={today() - dt.timedelta(days=364)}&to={today()}"
    assert 12 <= told(year).count('<rect class="f-mkt"') + 12 <= 14


def test_the_end_of_a_visit_that_goes_on_past_the_period_is_not_in_it(system: Actor):
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        for minutes in (-10, 10):
            at = midnight + dt.timedelta(minutes=minutes) - dt.timedelta(days=1)
            raw = {"id": str(new_public_id()), "name": "page", "url": SITE, "visitor": "v"}
            record = read_event({**raw, "at": at.isoformat()}, timezone.now())
            cursor.execute("SELECT lake_store(%s::json)", [f"[{record}]"])
    day = midnight.date() - dt.timedelta(days=2)
    first, second = (Period(one, one) for one in (day, day + dt.timedelta(days=1)))
    admin = system

    def number(key: str, period: Period) -> Decimal | None:
        return value(admin, key, period=period).value

    assert [number("sessions", one) for one in (first, second)] == [1, 0]
    assert [number("session_ends", one) for one in (first, second)] == [0, 1]


def test_the_period_before_is_as_long_and_ends_where_the_other_begins():
    day = dt.date(2026, 3, 1)
    assert before(Period(day, day)) == Period(dt.date(2026, 2, 28), dt.date(2026, 2, 28))
    assert before(Period(day, day + dt.timedelta(days=6))) == Period(
        dt.date(2026, 2, 22), dt.date(2026, 2, 28)
    )


@pytest.mark.parametrize(
    ("now", "earlier", "expected"),
    [
        (5, 0, None),
        (5, 9, None),
        (12, 10, "0.2"),
        (5, 10, "-0.5"),
        (0, 10, "-1"),
        (100, 10, "9"),
        (101, 10, None),
    ],
)
def test_a_change_is_told_where_there_is_enough_to_say_so(now, earlier, expected):
    assert change(now, earlier) == (Decimal(expected) if expected is not None else None)


def test_a_page_reads_events_once_for_people_and_once_for_all_senders(told, monkeypatch):
    happened("ann", WINTER)
    read: list[bool] = []

    def ask(question, **asked):
        read.append(asked["with_machines"])
        return ask_events(question, **asked)

    monkeypatch.setattr("tandem.lake.queries.counting.ask_events", ask)
    told()
    assert read == [False, True]
    told("?show=pages")
    assert read == [False, True, False]


def test_forms_are_told_by_the_name_that_they_have(told, touch, person):
    for day in (3, 4):
        touch(person("Ann"), day, "email")
    text = told("?show=goals&from=2026-11-01&to=2026-11-30")
    assert figures(text)["Forms sent"] == "2 (0 before)"
    assert tables(text)["Forms sent"] == [("F", "2", "0", "")]
