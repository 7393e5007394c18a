"""The way through the sites: visitors by the last step that they did, machines left out."""

import json
import re
from html import unescape
from urllib.parse import quote

import pytest
from django.test import Client

from tandem.lake.actions import flush
from tandem.lake.queries import subjects_where
from tandem.lake.schemas import read_question
from tests.insight.test_sites import BACKEND, CRAWLER, SITE, happened

pytestmark = pytest.mark.django_db

TINS, PRICES = f"{SITE}/tins", f"{SITE}/prices"
WAY = f"?step={quote(f'page:{TINS}')}&step={quote(f'page:{PRICES}')}&step=event:order"


@pytest.fixture(autouse=True)
def lake(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def told(make_user):
    client = Client()
    client.force_login(make_user("viewer"), backend=BACKEND)

    def look(query: str = "", *, status: int = 200) -> str:
        answer = client.get(f"/sites/funnel{query}")
        assert answer.status_code == status
        return str(answer.text)

    return look


def stages(text: str) -> list[tuple[str, str, str, str]]:
    return [
        (unescape(name), *rest)
        for name, *rest in re.findall(
            r'<td class="t-medium is-wrapping"[^>]*>\d+\. (.*?)</td>.*?<td class="n">(.*?)</td>'
            r'<td class="n t-3">(.*?)</td><td class="n t-3">(.*?)</td>',
            text,
            re.DOTALL,
        )
    ]


def crowd(system) -> None:
    """25 see the tins, 8 of them the prices behind a campaign's address, 5 order; two the other
    way round; a machine does all of it."""
    for number in range(25):
        urls = [f"{TINS}?utm_source=news", f"{PRICES}#top"][: 1 + (number < 8)]
        happened(f"v{number}", *urls, days=2)
        if number < 5:
            happened(f"v{number}", "", days=1, name="order")
    for number in range(2):
        happened(f"w{number}", PRICES, f"{SITE}/tinsel", TINS, days=2)
    happened("bot", TINS, PRICES, days=2, agent=CRAWLER)
    happened("bot", "", days=1, name="order", agent=CRAWLER)
    flush(system)


def test_each_step_counts_who_did_those_before_it_first(told, system):
    crowd(system)
    assert stages(told(WAY)) == [
        ("/tins", "27", "–", "–"),
        ("/prices", "8", "30 %", "19"),
        ("order", "5", "too few", "3"),
    ]


def test_a_way_that_took_longer_than_it_may_is_none(told, system):
    happened("ann", TINS, days=6)
    happened("ann", PRICES, days=2)
    happened("bob", TINS, PRICES, days=2)
    way = WAY.partition("&step=event")[0]
    assert [count for _name, count, *_ in stages(told(f"{way}&within=30"))] == ["2", "2"]
    assert [count for _name, count, *_ in stages(told(f"{way}&within=1"))] == ["2", "1"]


def test_what_is_outside_of_the_period_does_not_count(told, system):
    happened("ann", TINS, PRICES, days=40)
    happened("bob", TINS, PRICES, days=2)
    assert [count for _name, count, *_ in stages(told(WAY))] == ["1", "1", "0"]


def test_the_question_that_is_shown_gives_the_number_that_is_shown(told, system):
    crowd(system)
    text = told(WAY)
    (shown,) = map(unescape, re.findall(r"<pre[^>]*>(.*?)</pre>", text, re.DOTALL))
    assert len(subjects_where(read_question(json.loads(shown)))) == 5


def test_steps_can_be_picked_from_what_happened(told, system):
    crowd(system)
    text = told()
    assert "Pick two steps or more" in text
    options = [unescape(one) for one in re.findall(r'<option value="([^"]*)"', text)]
    assert {f"page:{TINS}", f"page:{PRICES}", "event:order"} <= set(options)
    assert stages(told(f"?step={quote(f'page:{TINS}')}")) == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?step=tins&step=event:order", "A step is page: with an address"),
        (f"{WAY}&within=0", "a whole number, 1 to 366"),
        (f"{WAY}&within=soon", "a whole number, 1 to 366"),
        (f"{WAY}&within=367", "a whole number, 1 to 366"),
        (f"{WAY}&within=00030{'0' * 5000}", "a whole number, 1 to 366"),
        ("?from=yesterday", "A day is written"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(told, query, words):
    assert words in told(query, status=422)
