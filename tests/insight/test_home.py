"""The shared home: what the month comes to, who owes whom; with nothing, with one, by rights."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tandem.handoff.models import Handoff, Lead, Motion
from tandem.insight.queries import Promise, open_clocks, seam
from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.measures.rules import Period
from tandem.people.models import Person
from tandem.ui.charts import Bar, Part, bar_chart
from tests.insight.conftest import day

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
NOVEMBER = Period(dt.date(2026, 11, 1), dt.date(2026, 11, 30))
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def offer(system: Actor, person: Callable[..., Person]) -> Callable[..., Handoff]:
    """An offered hand-off of a new lead: ``offer(2, state="accepted", accepted_at=…)``."""

    @action(permission="handoff.create")
    def make(actor: Actor, /, at: float, **fields: Any) -> Handoff:
        motion = Motion.objects.first() or Motion.objects.create(key="new", name="New")
        lead = Lead.objects.create(
            person=person(fields.pop("name", "Ann")),
            motion=motion,
            origin="form",
            kind="mql",
            opened_at=day(at),
        )
        fields.setdefault("accept_due", day(at) + HOUR)
        return Handoff.objects.create(lead=lead, kind="mql", offered_at=day(at), **fields)

    return lambda *args, **more: make(system, *args, **more)


def accepted(at: float, after: float = 0.5) -> dict[str, Any]:
    return {"state": "accepted", "accepted_at": day(at) + after * HOUR}


def rejected(at: float, after: float = 0.5) -> dict[str, Any]:
    moment = day(at) + after * HOUR
    return {
        "state": "rejected",
        "closed_at": moment,
        "rejection_code": "too_small",
        "reply_due": moment + 4 * HOUR,
    }


@time_machine.travel(NOW, tick=False)
def test_the_outcomes_of_the_offers_add_up(offer, system):
    offer(1, **accepted(1))
    offer(2, **rejected(2), reply_at=day(2) + HOUR)
    offer(3, **rejected(3))
    offer(4, state="expired")
    offer(21.95)
    offer(5, state="reassigned")
    offer(-10, **accepted(-10))
    found = seam(system, period=NOVEMBER)
    assert found.offered == 5
    assert found.offered == found.waiting + found.accepted + found.rejected + found.expired
    assert (found.waiting, found.accepted, found.rejected, found.expired) == (1, 1, 2, 1)
    assert found.replied == 1


@time_machine.travel(NOW, tick=False)
def test_a_promise_is_due_once_it_was_kept_or_its_time_has_run_out(offer, system):
    late_due = {"first_touch_due": NOW - HOUR}
    open_due = {"first_touch_due": NOW + HOUR}
    offer(1, **accepted(1), **late_due, first_touch_at=NOW - 2 * HOUR)
    offer(2, **accepted(2, after=2), **late_due, first_touch_at=NOW)
    offer(3, **accepted(3), **late_due)
    offer(4, **accepted(4), **open_due)
    offer(5, state="expired")
    offer(6)
    offer(7, accept_due=NOW + HOUR)
    offer(8, **rejected(8), reply_at=day(8) + HOUR)
    offer(9, **rejected(9))
    found = seam(system, period=NOVEMBER)
    # Five answered, of which one too late; one expired and one still waits beyond its time.
    assert found.answer == Promise(due=8, kept=5, open=2, late=1)
    assert found.touch == Promise(due=3, kept=1, open=2, late=1)
    assert found.outcome == Promise(due=0, kept=0, open=0, late=0)
    assert found.reply == Promise(due=2, kept=1, open=1, late=1)
    assert (found.touch.share, found.outcome.share) == (1 / 3, None)


@time_machine.travel(NOW, tick=False)
def test_the_next_clocks_are_those_of_both_sides(offer, system):
    offer(1, name="Late touch", **accepted(1), first_touch_due=NOW - HOUR)
    offer(2, name="Reply", **rejected(2))
    offer(3, name="Answered", **rejected(3), reply_at=NOW)
    offer(22, name="Offer", accept_due=NOW + HOUR)
    offer(4, name="Expired", state="expired")
    found = [(row.lead.person.name, row.side) for row in open_clocks(system)]
    assert found == [("Reply", "mkt"), ("Late touch", "sales"), ("Offer", "sales")]


def test_with_nobody_here_home_welcomes(client: Client, make_user):
    client.force_login(make_user("manager", name="Mara Quinn"))
    page = client.get("/").content.decode()
    assert "Welcome, Mara" in page
    assert 'id="home-seam"' not in page
    client.force_login(make_user("viewer"))
    assert 'href="/people/new"' not in client.get("/").content.decode()


@time_machine.travel(NOW, tick=False)
def test_with_one_person_and_no_offer_nothing_is_claimed(client: Client, make_user, person):
    person("Ann")
    client.force_login(make_user("manager"))
    page = client.get("/").content.decode()
    assert "Nobody is late with an answer." in page
    assert "not enough data" in page
    assert "Nobody waits for an answer." in page
    assert "%" not in page.partition('id="home-promises"')[2].partition("</section>")[0].replace(
        'width="0.0%"', ""
    ).replace('width="100%"', "")


@time_machine.travel(NOW, tick=False)
def test_home_says_what_the_month_comes_to_and_who_is_late(client: Client, make_user, offer, order):
    offer(1, name="Ann Kowalczyk", **accepted(1), first_touch_due=NOW - HOUR)
    offer(2, **rejected(2))
    order("1", 3, "150")
    order("2", -25, "100")
    order("3", -3, "1000")
    client.force_login(make_user("manager"))
    page = client.get("/").content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "1 more are over for longer than two weeks" in page
    assert "£150 net this month, 50 % more than in the same days of Oct 2026." in page
    assert "Sales is late with 1 answer, marketing with 1 reply." in page
    assert "1 came back with a reason, 0 answered" in page
    assert "1 late, 1 open" in page
    assert "Ann Kowalczyk" in page
    assert "<title>Oct 2026: £1,100</title>" in page
    assert "Heights on a log scale" in page


@time_machine.travel(NOW, tick=False)
def test_a_panel_comes_alone_for_a_page_that_heard_of_a_change(client: Client, make_user, offer):
    offer(1, **accepted(1))
    client.force_login(make_user("seller"))
    answer = client.get("/home/seam", headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert page.startswith('<section class="c-homepanel" id="home-seam"')
    assert 'hx-get="/home/seam"' in page
    assert client.get("/home/seam").status_code == 303
    assert client.get("/home/nothing").status_code == 404
    assert Client().get("/home/seam").status_code == 302


# --- the drawing ----------------------------------------------------------------------------------


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=40))
def test_bars_stay_in_their_box(values):
    chart = bar_chart([Bar(str(at), [Part("mkt", value)]) for at, value in enumerate(values)])
    if not any(values):
        assert chart is None
        return
    assert chart is not None
    assert len(chart.boxes) == sum(value != 0 for value in values)
    for box in chart.boxes:
        assert -2 <= float(box.y) <= 120
        assert float(box.y) + float(box.height) <= 122
        assert 0 <= float(box.x) <= 1000


def test_pieces_are_stacked_and_what_is_below_zero_hangs_down():
    chart = bar_chart([Bar("a", [Part("mkt", 3), Part("sales", 1), Part("grey", -2)])])
    assert chart is not None
    assert [(box.fill, box.y, box.height) for box in chart.boxes] == [
        ("f-mkt", "20.0", "60.0"),
        ("f-sales", "0.0", "20.0"),
        ("f-grey", "80.0", "40.0"),
    ]
    assert chart.zero == "80.0"
    assert bar_chart([Bar("a", [])]) is None
