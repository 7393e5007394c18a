"""What the collector counts, and the page that shows it."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from tandem.accounts.queries import actor_for
from tandem.capture import edge
from tandem.capture.actions import forget_counts
from tandem.capture.edge import Collector
from tandem.capture.models import Intake
from tandem.capture.queries import collected
from tandem.capture.rules import STEPS, TAKEN, Step
from tandem.kernel.ids import new_public_id
from tandem.lake.rules.agents import number_of, record_of
from tests.capture.test_collector import ask, database_url

pytestmark = pytest.mark.django_db(transaction=True)

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
NOW = datetime(2026, 11, 22, 10, 40, tzinfo=UTC)


def body_of(*events: object) -> bytes:
    return json.dumps({"events": events}).encode()


def counted() -> dict[str, int]:
    rows = Intake.objects.values_list("reason", "count")
    return dict(sorted(rows))


def collect(*bodies: bytes) -> None:
    """Send requests to a collector, which tells the database of them when it closes."""

    async def all_of_them() -> None:
        collector = Collector(database_url=database_url(), address_of=lambda _scope: "127.0.0.1")
        for body in bodies:
            await ask(collector, body)
        await collector.close()

    asyncio.run(all_of_them())


def test_each_event_is_counted_once_as_taken_or_by_why_it_was_not():
    good = {"id": str(new_public_id()), "name": "page"}
    collect(
        body_of(good, {"id": "x", "name": ""}, {"name": "page"}),
        body_of(good, {"id": str(new_public_id()), "name": "page", "at": "2020-01-01T00:00:00Z"}),
        b"no json",
        b"{}",
    )
    assert counted() == {
        TAKEN: 1,
        "invalid_id": 1,
        "invalid_name": 1,
        "replayed": 1,
        "request_invalid": 1,
        "request_invalid_json": 1,
        "too_old": 1,
    }


def test_counts_of_several_collectors_add_up_and_an_idle_one_asks_nothing():
    for _each in range(3):
        collect(body_of({"id": str(new_public_id()), "name": "page"}))
    collect()
    assert counted() == {TAKEN: 3}


def test_counts_are_told_while_it_runs(monkeypatch):
    monkeypatch.setattr(edge, "TELL_SECONDS", 0.01)

    async def one() -> None:
        collector = Collector(database_url=database_url(), address_of=lambda _scope: "127.0.0.1")
        await ask(collector, body_of({"id": str(new_public_id()), "name": "page"}))
        for _each in range(200):
            await asyncio.sleep(0.05)
            if not collector._store.counts:
                break
        told.append(await asyncio.to_thread(counted))
        await collector.close()

    told: list[dict[str, int]] = []
    asyncio.run(one())
    assert (told, counted()) == ([{TAKEN: 1}], {TAKEN: 1})


def test_every_reason_of_the_collector_stands_under_a_step():
    source = Path(edge.__file__).read_text()
    known = {reason for reasons in STEPS.values() for reason in reasons}
    for code in ("invalid_event", "invalid_id", "invalid_at", "too_old", "too_large", "unstorable"):
        assert f'"{code}"' in source
        assert code in known
    assert {f"request_{one.code}" for one in (edge.NOT_JSON, edge.NO_EVENTS, edge.TOO_LARGE)} == (
        set(STEPS[Step.REQUEST])
    )


def test_what_comes_to_a_step_is_what_the_one_before_let_through(admin):
    hour = NOW.replace(minute=0)
    for reason, count in ((TAKEN, 90), ("over_quota", 5), ("too_old", 3), ("replayed", 2)):
        Intake.objects.create(hour=hour, reason=reason, count=count)
    Intake.objects.create(hour=hour - timedelta(hours=23), reason=TAKEN, count=7)
    Intake.objects.create(hour=hour - timedelta(hours=24), reason=TAKEN, count=1_000)
    found = collected(admin, hours=24, now=NOW)
    assert (found.taken, found.dropped) == (97, 10)
    assert [(one.step, one.came) for one in found.steps] == [
        (Step.REQUEST, 107),
        (Step.QUOTA, 107),
        (Step.SHAPE, 102),
        (Step.CLOCK, 102),
        (Step.ONCE, 99),
        (Step.STORE, 97),
    ]
    assert (len(found.hours), found.hours[0], found.hours[-1]) == (
        24,
        (hour - timedelta(hours=23), 7, 0),
        (hour, 90, 10),
    )


def test_counts_of_five_weeks_are_kept(system):
    for days in (1, 34, 36):
        Intake.objects.create(hour=NOW - timedelta(days=days), reason=TAKEN, count=days)
    assert forget_counts(system, now=NOW) == 1
    assert sorted(Intake.objects.values_list("count", flat=True)) == [1, 34]


def test_the_page_shows_the_line_to_put_in_and_what_came(make_user, settings):
    client = Client()
    client.force_login(make_user("viewer"), backend=BACKEND)
    empty = client.get("/settings/collection").content.decode()
    assert "No events yet" in empty
    assert f"{settings.PUBLIC_URL}/t/tandem.js" in empty
    this = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    Intake.objects.create(hour=this, reason=TAKEN, count=1234)
    Intake.objects.create(hour=this, reason="too_old", count=2)
    for address in ("/settings/collection", "/settings/collection?span=week"):
        shown = client.get(address).content.decode()
        assert "1,234" in shown
        assert "more than a week old" in shown
        assert "No events yet" not in shown


def test_the_page_shows_who_sent_events_and_by_which_signs(make_user):
    client = Client()
    client.force_login(make_user("viewer"), backend=BACKEND)
    assert "Who sent them" not in client.get("/settings/collection").text
    now = datetime.now(UTC)
    bot, shop = "AhrefsBot/7.0", "python-requests/2.32.5"
    with connection.cursor() as cursor:
        told = [record_of(bot), record_of(shop, from_page=False)]
        cursor.execute("SELECT lake_note_agents(%s::json)", [json.dumps(told)])
        for agent, count in ((number_of(bot), 3), (number_of(shop, from_page=False), 1), (None, 1)):
            for _each in range(count):
                raw = {"id": str(new_public_id()), "name": "page"}
                record = edge.read_event(raw, now, agent=agent)
                cursor.execute("SELECT lake_store(%s::json)", [f"[{record}]"])
    shown = client.get("/settings/collection").text
    cells = re.findall(r"<tr><td>(\w+)(.*?)</td><td class=\"n\">(\d+)</td></tr>", shown)
    signs = {
        sender: (
            int(count),
            re.findall(r"<small class=\"t-2\">(.*?): <span class=\"num\">(\d+)", rest),
        )
        for sender, rest, count in cells
    }
    assert signs == {
        "Human": (0, []),
        "Machine": (3, [("crawler: seo", "3")]),
        "Unknown": (
            2,
            [
                ("does not say what it is", "1"),
                ("server of somebody’s own, which tells what people did: python-requests", "1"),
            ],
        ),
    }


def test_who_may_not_see_forms_sees_no_counts(make_user):
    nobody = actor_for(make_user("viewer"))
    Intake.objects.create(hour=NOW.replace(minute=0), reason=TAKEN, count=5)
    blind = type(nobody)(kind=nobody.kind, label=nobody.label, user_id=nobody.user_id)
    found = collected(blind, hours=24, now=NOW)
    assert (found.taken, found.dropped) == (0, 0)
