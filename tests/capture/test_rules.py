"""Where visitors come from, visits and touches, how forms and pages are written, spam."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.capture.rules import (
    LineOdd,
    Touch,
    Visit,
    blocks_from_text,
    fields_from_text,
    network_of,
    origin_of,
    suspicions,
    text_of_blocks,
    text_of_fields,
    touches,
    visits_of,
)

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "referrer", "channel"),
    [
        ("", "", "direct"),
        ("utm_medium=cpc&utm_source=google", "", "paid"),
        ("gclid=1", "https://www.google.com/", "paid"),
        ("msclkid=1", "", "paid"),
        ("utm_medium=paid-social&utm_source=facebook", "", "paid"),
        ("utm_medium=email", "https://www.google.com/", "email"),
        ("utm_source=newsletter", "", "email"),
        ("", "https://mail.google.com/", "email"),
        ("", "https://outlook.live.com/", "email"),
        ("", "https://www.google.co.uk/", "organic"),
        ("", "https://duckduckgo.com/", "organic"),
        ("utm_medium=organic", "", "organic"),
        ("", "https://l.facebook.com/", "social"),
        ("", "https://t.co/abc", "social"),
        ("fbclid=1", "", "social"),
        ("utm_medium=social", "", "social"),
        ("utm_source=linkedin", "", "social"),
        ("", "https://fair.example/exhibitors", "referral"),
        ("utm_medium=partner", "", "referral"),
        ("utm_source=leaflet", "", "unknown"),
        ("utm_medium=print&utm_source=leaflet", "", "unknown"),
    ],
)
def test_the_channel_of_a_visit(query, referrer, channel):
    assert origin_of(f"https://shop.example/p/tins?{query}", referrer).channel == channel


def test_an_origin_keeps_the_campaign_and_nothing_personal():
    origin = origin_of(
        "https://ann:pw@shop.example/p?utm_source=News&utm_campaign=W%00inter&email=a@b.example",
        "https://fair.example/list?user=ann#top",
    )
    assert origin.url == "https://shop.example/p?utm_source=News&utm_campaign=Winter"
    assert origin.referrer == "https://fair.example/list"
    assert (origin.source, origin.campaign) == ("News", "winter")


def test_a_page_of_our_own_before_is_no_referral_but_lends_its_campaign():
    origin = origin_of(
        "https://shop.example/f/a", "https://www.shop.example/p?utm_source=x&utm_medium=email"
    )
    assert (origin.channel, origin.source, origin.referrer) == ("email", "x", "")
    assert origin_of("https://shop.example/f/a", "https://shop.example/p").channel == "unknown"


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_address_has_an_origin_that_can_be_kept(url, referrer):
    origin = origin_of(url, referrer)
    for text in (origin.url, origin.referrer, origin.campaign):
        assert "\x00" not in text
        assert len(text) <= 2048
    assert len(origin.campaign) <= 120


def touch(minutes: float, *, channel: str = "direct", campaign: str = "", kind: str = "visit"):
    at = AT + timedelta(minutes=minutes)
    return Touch(at, channel, "", "", campaign, "", "", kind)


def test_a_pause_or_another_campaign_begins_a_visit():
    late = touch(45, channel="email", campaign="a")
    events = [touch(0), touch(10), touch(41), late, touch(50, channel="email", campaign="b")]
    found = [(visit.events, visit.first.campaign) for visit in visits_of(events)]
    assert found == [(2, ""), (2, "a"), (1, "b")]


def test_a_visit_speaks_by_the_first_event_that_says_where_from():
    [visit] = visits_of([touch(0), touch(1, channel="paid", campaign="a")])
    assert (visit.first.at, visit.first.channel, visit.first.campaign) == (AT, "paid", "a")


@given(st.lists(st.integers(0, 600), max_size=30))
def test_visits_hold_each_event_once_and_in_order(minutes):
    found = visits_of([touch(minute) for minute in sorted(minutes)])
    assert sum(visit.events for visit in found) == len(minutes)
    for before, after in pairwise(found):
        assert after.first.at - before.ended_at > timedelta(minutes=30)


def visit(minutes: float, *, until: float | None = None, **how: str) -> Visit:
    end = AT + timedelta(minutes=minutes if until is None else until)
    return Visit(touch(minutes, **how), end, 1)


def test_a_form_within_a_visit_is_one_touch_with_it():
    form = touch(5, channel="email", campaign="w", kind="form")
    assert touches([visit(0, until=4)], [form]) == [form]
    paid = visit(0, until=4, channel="paid", campaign="p")
    plain = touch(5, kind="form")
    assert touches([paid], [plain]) == [paid.first]
    assert touches([paid], [form]) == [paid.first, form]
    assert touches([visit(-300)], [form]) == [visit(-300).first, form]
    assert touches([], []) == []


WRITTEN = "name | Your name * | text\nabout | What? | choice: Tins, Cards\nsay | Words | long 500"


def test_fields_are_read_as_they_are_written():
    assert fields_from_text(WRITTEN) == [
        {"key": "name", "label": "Your name", "required": True, "type": "text"},
        {
            "key": "about",
            "label": "What?",
            "required": False,
            "type": "choice",
            "options": ["Tins", "Cards"],
        },
        {"key": "say", "label": "Words", "required": False, "type": "long", "max_length": 500},
    ]
    assert text_of_fields(fields_from_text(WRITTEN)) == WRITTEN


def test_a_date_and_several_choices_are_read_as_they_are_written():
    written = "day | Which day? * | date\nwants | What may we send? | choices: Tins, Cards"
    assert fields_from_text(written) == [
        {"key": "day", "label": "Which day?", "required": True, "type": "date"},
        {
            "key": "wants",
            "label": "What may we send?",
            "required": False,
            "type": "choices",
            "options": ["Tins", "Cards"],
        },
    ]
    assert text_of_fields(fields_from_text(written)) == written


@pytest.mark.parametrize("text", ["name", "a | b | c | d", "a | b | long 123456"])
def test_a_line_that_cannot_be_read_is_named(text):
    with pytest.raises(LineOdd, match="line 2"):
        fields_from_text(f"ok | Fine\n{text}")


BODY = """# Why tins

They stack, they ship.

- One
- Two

+ Fast: two days
+ Plain

> Sold out in a week — Ann Lee, Harbour Gifts"""


def test_a_body_is_read_as_it_is_written():
    blocks = blocks_from_text(BODY)
    assert [block["kind"] for block in blocks] == ["heading", "text", "list", "cards", "quote"]
    assert blocks[3]["items"] == [
        {"title": "Fast", "text": "two days"},
        {"title": "Plain", "text": ""},
    ]
    assert blocks[4]["who"] == "Ann Lee, Harbour Gifts"
    assert text_of_blocks(blocks) == BODY


@given(st.text(max_size=200))
def test_any_body_can_be_read_and_says_the_same_when_written_again(text):
    once = text_of_blocks(blocks_from_text(text))
    assert text_of_blocks(blocks_from_text(once)) == once


@pytest.mark.parametrize(
    ("words", "trapped", "seconds", "odd", "is_spam"),
    [
        ("hello", False, 10, [], False),
        ("hello", False, 0.2, ["fast"], False),
        ("hello", True, 10, ["trap"], True),
        ("see https://a.example", False, 10, ["links"], False),
        ("see https://a.example", False, 0.2, ["fast", "links"], True),
        ("www.a www.b [url=c] ", False, 60, ["links"], True),
    ],
)
def test_what_looks_like_spam(words, trapped, seconds, odd, is_spam):
    found = suspicions({"message": words}, is_trapped=trapped, seconds=seconds)
    assert found == (odd, is_spam)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", ""),  # for documentation: private to the library
        ("8.8.8.8", "8.8.8.8"),
        ("2a00:1450:4001:82a::200e", "2a00:1450:4001:82a::/64"),
        ("127.0.0.1", ""),
        ("10.0.0.3", ""),
        ("nonsense", ""),
    ],
)
def test_the_network_of_a_caller(address, network):
    assert network_of(address) == network
