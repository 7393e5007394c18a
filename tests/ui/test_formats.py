import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone, translation

from tandem.kernel.money import Money
from tandem.ui import formats
from tandem.ui.clocks import clock_face
from tandem.ui.naming import initials

THURSDAY = dt.datetime(2026, 11, 19, 10, 42, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _thursday():
    with (
        time_machine.travel(THURSDAY, tick=False),
        translation.override("en-gb"),
        timezone.override(ZoneInfo("Europe/London")),
    ):
        yield


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (THURSDAY - dt.timedelta(minutes=54), "09:48"),
        (THURSDAY - dt.timedelta(days=1), "Wed"),
        (THURSDAY - dt.timedelta(days=5), "Sat"),
        (THURSDAY - dt.timedelta(days=6), "13 Nov"),
        (THURSDAY - dt.timedelta(days=400), "15 Oct 2025"),
        (THURSDAY + dt.timedelta(days=1), "20 Nov"),
    ],
)
def test_a_moment_is_as_short_as_its_distance_allows(moment, said):
    assert formats.when(moment) == said


def test_moments_are_in_the_readers_zone():
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        assert formats.clock_time(THURSDAY) == "19:42"


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (Money(1825000, "GBP"), "£18,250"),
        (Money(1825050, "GBP"), "£18,250.50"),
        (Money(-990, "EUR"), "-€9.90"),
        (Money(4300, "JPY"), "JP¥4,300"),
    ],
)
def test_money_leaves_out_pence_that_are_none(amount, said):
    assert formats.money(amount) == said


def test_exact_money_shows_them():
    assert formats.money(Money(1825000, "GBP"), exact=True) == "£18,250.00"


def test_other_languages_write_otherwise():
    with translation.override("de"):
        assert formats.money(Money(1825050, "EUR")) == "18.250,50\u00a0€"
        assert formats.number(12846) == "12.846"
        assert formats.day(THURSDAY) == "19. Nov."


def test_numbers_and_shares():
    assert formats.number(12846) == "12,846"
    assert formats.number(Decimal("2.5"), places=2) == "2.50"
    assert formats.percent(0.876) == "88 %"
    assert formats.percent(0.0266, places=1) == "2.7 %"
    assert formats.compact_money(Money(105000000, "GBP")) == "£1.05M"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (30, "0 min"),
        (720, "12 min"),
        (3840, "1 h 04"),
        (9060, "2 h 31"),
        (90000, "1 day"),
        (260000, "3 days"),
    ],
)
def test_a_span_has_two_units_at_most(seconds, said):
    assert formats.duration(seconds) == said


def test_sizes_of_files():
    assert [formats.size(n) for n in (12, 4_200_000, 250_000)] == ["12 B", "4.2 MB", "250 KB"]


@pytest.mark.parametrize(
    ("ago", "left", "state", "said", "dash"),
    [
        (dt.timedelta(minutes=89), dt.timedelta(minutes=151), "run", "in 2 h 31", "23.7"),
        (dt.timedelta(minutes=228), dt.timedelta(minutes=12), "soon", "in 12 min", "1.9"),
        (dt.timedelta(hours=5), -dt.timedelta(minutes=64), "over", "over 1 h 04", "0.0"),
        (dt.timedelta(0), dt.timedelta(hours=23), "run", "tomorrow 09:42", "37.7"),
        (dt.timedelta(0), dt.timedelta(days=5), "run", "by 24 Nov", "37.7"),
    ],
)
def test_a_clock_says_what_is_left(ago, left, state, said, dash):
    face = clock_face(due=THURSDAY + left, start=THURSDAY - ago)
    assert (face.state, face.text, face.dash) == (state, said, dash)


def test_a_stopped_clock_says_how_long_it_took():
    face = clock_face(
        due=THURSDAY,
        start=THURSDAY - dt.timedelta(hours=4),
        done=THURSDAY - dt.timedelta(minutes=219),
    )
    assert (face.state, face.text) == ("done", "in 21 min")


def test_no_due_time_is_no_clock():
    assert clock_face(due=None).text == "none"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ann Kowalczyk", "AK"),
        ("Ludwig van Beethoven", "LB"),
        ("Siobhán O’Rourke", "SO"),
        ("Yusuf İnce", "Yİ"),
        ("ann@hhgifts.example", "A"),
        ("bell hooks", "BH"),
        ("Harbour & Hythe Gifts", "HG"),
        ("Madonna", "M"),
        ("", "?"),
    ],
)
def test_initials(name, letters):
    assert initials(name) == letters
