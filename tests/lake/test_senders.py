"""Machines count nowhere, hot or filed; a verdict can change, and no event is lost by it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tandem.kernel.actor import NOBODY, Actor
from tandem.kernel.errors import DomainError
from tandem.kernel.refs import RecordRef
from tandem.lake.actions import (
    agents,
    erase_events,
    flush,
    forget_agents,
    judge_agents,
    link_subject,
    merge_day,
)
from tandem.lake.engine import duck as engine
from tandem.lake.models import Agent, Event, EventFile
from tandem.lake.queries import Counted, count_events, events_of
from tandem.lake.rules import COLUMNS, SCHEMA_VERSION
from tandem.lake.rules.agents import (
    MAX_AGENT,
    ONE_OF_MANY,
    Kind,
    Verdict,
    number_of,
    record_of,
)
from tests.lake.scene import NOON, NOW, event, store

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SHOP = "python-requests/2.32.5"


def note(*texts: str, from_page: bool = True) -> bool:
    """Note agents as the collector does; whether there is room for more."""
    told = [record_of(text, from_page=from_page) for text in texts]
    with connection.cursor() as cursor:
        cursor.execute("SELECT lake_note_agents(%s::json)", [json.dumps(told)])
        return bool(cursor.fetchone()[0])


def sent_by(text: str, *, from_page: bool = True, **fields: Any) -> dict[str, Any]:
    return event(agent=number_of(text, from_page=from_page), **fields)


def some_events() -> None:
    """A person, a crawler that never tires, a shop's own server, and somebody of long ago."""
    note(FIREFOX, GOOGLEBOT)
    note(SHOP, from_page=False)
    store(
        sent_by(FIREFOX, visitor="ann", url="/a"),
        sent_by(FIREFOX, visitor="ann", url="/b", at=NOON + timedelta(hours=2)),
        *(
            sent_by(GOOGLEBOT, visitor="ann", url="/c", at=NOON + timedelta(hours=hours))
            for hours in range(4, 10)
        ),
        sent_by(GOOGLEBOT, visitor="crawler"),
        sent_by(SHOP, from_page=False, visitor="bob", name="order"),
        event(visitor="carl"),
    )


def counted(what: Counted, **asked: Any) -> dict[tuple[str, ...], int]:
    return {values: number for values, number, _events in count_events(what, **asked)}


def answers() -> dict[str, Any]:
    pause = timedelta(minutes=30)
    return {
        "events": counted(Counted.EVENTS),
        "visitors": counted(Counted.VISITORS),
        "sessions": counted(Counted.SESSIONS, pause=pause),
        "senders": counted(Counted.EVENTS, by=["sender"]),
        "people": counted(Counted.EVENTS, only={"sender": "human"}),
        "all": counted(Counted.EVENTS, with_machines=True),
        "reasons": counted(Counted.EVENTS, by=["sender", "reason"], with_machines=True),
        "visits of all": counted(Counted.SESSIONS, pause=pause, with_machines=True),
    }


WITHOUT_MACHINES = {
    "events": {(): 4},
    "visitors": {(): 3},
    "sessions": {(): 4},
    "senders": {("human",): 2, ("unknown",): 2},
    "people": {(): 2},
    "all": {(): 11},
    "reasons": {
        ("human", "browser"): 2,
        ("machine", "crawler:search-engine"): 7,
        ("unknown", "no_agent"): 1,
        ("unknown", "server:python-requests"): 1,
    },
    "visits of all": {(): 11},
}


def test_machines_are_left_out_of_every_count_hot_and_filed(system: Actor):
    some_events()
    assert answers() == WITHOUT_MACHINES
    flush(system)
    assert (Event.objects.count(), answers()) == (0, WITHOUT_MACHINES)


def test_the_story_of_a_person_holds_nothing_that_a_machine_did(system: Actor):
    some_events()
    link_subject(system, "ann", to=RecordRef("person", 7), since=NOON, proof="test")
    hot = events_of("person", [7])
    assert [one.url for one in hot[7]] == ["/a", "/b"]
    flush(system)
    assert events_of("person", [7]) == hot
    many = [
        link_subject(system, f"v{n}", to=RecordRef("person", n), since=NOON, proof="t")
        for n in range(20)
    ]
    store(*(sent_by(GOOGLEBOT, visitor=one.subject) for one in many))
    flush(system)
    assert events_of("person", [*range(20)]) == hot


def test_a_verdict_that_changes_brings_events_back_or_takes_them_out(system: Actor, monkeypatch):
    some_events()
    flush(system)
    assert judge_agents(system) == 0
    monkeypatch.setattr(agents, "VERSION", "2/next")
    monkeypatch.setattr(
        agents,
        "judge",
        lambda text, from_page: (
            Verdict(Kind.MACHINE, 0.2, ("learnt",))
            if text == FIREFOX
            else Verdict(Kind.HUMAN, 0.9, ("sorry",))
        ),
    )
    assert judge_agents(system) == 3
    assert judge_agents(system) == 0
    assert counted(Counted.EVENTS) == {(): 9}
    assert counted(Counted.EVENTS, by=["reason"], with_machines=True) == {
        ("learnt",): 2,
        ("no_agent",): 1,
        ("sorry",): 8,
    }
    row = Agent.objects.get(text=FIREFOX)
    assert (row.kind, row.p_human, row.reasons, row.version) == (
        "machine",
        0.2,
        ["learnt"],
        "2/next",
    )


def test_a_file_of_before_tells_of_senders_whom_nobody_knows(system: Actor, monkeypatch):
    """What older versions wrote has no column for senders; it counts, also beside newer files."""
    old = tuple(one for one in COLUMNS if one.since == 1)
    with monkeypatch.context() as before:
        before.setattr(engine, "COLUMNS", old)
        before.setattr("tandem.lake.actions.flushing.COLUMNS", old)
        before.setattr("tandem.lake.actions.files.SCHEMA_VERSION", 1)
        store(event(visitor="ann", url="/old"))
        flush(system)
    link_subject(system, "ann", to=RecordRef("person", 7), since=NOON, proof="test")
    assert counted(Counted.EVENTS, by=["sender", "reason"]) == {("unknown", "no_agent"): 1}
    some_events()
    flush(system)
    assert EventFile.objects.filter(schema_version=1).count() == 1
    assert counted(Counted.EVENTS) == {(): 5}
    assert [one.url for one in events_of("person", [7])[7]] == ["/a", "/old", "/b"]
    assert merge_day(system, NOON.date()) == 2
    assert EventFile.objects.get(retired_at__isnull=True).schema_version == SCHEMA_VERSION
    assert counted(Counted.EVENTS) == {(): 5}
    assert counted(Counted.EVENTS, with_machines=True) == {(): 12}


def test_an_event_that_comes_back_from_a_file_keeps_its_sender(system: Actor):
    note(GOOGLEBOT)
    store(sent_by(GOOGLEBOT, url="/?mail=zqx@host.example"))
    flush(system)
    erase_events([], ["zqx@host.example"])
    assert Event.objects.get().agent == number_of(GOOGLEBOT)
    assert counted(Counted.EVENTS) == {(): 0}


def test_an_agent_is_noted_once_and_marked_as_seen_once_a_day():
    assert note(FIREFOX, FIREFOX, GOOGLEBOT)
    seen = dict(Agent.objects.values_list("text", "seen_at"))
    Agent.objects.filter(text=GOOGLEBOT).update(seen_at=NOW - timedelta(days=2), kind=Kind.HUMAN)
    assert note(FIREFOX, GOOGLEBOT)
    again = dict(Agent.objects.values_list("text", "seen_at"))
    assert (again[FIREFOX], again[GOOGLEBOT] >= seen[GOOGLEBOT]) == (seen[FIREFOX], True)
    assert Agent.objects.get(text=GOOGLEBOT).kind == Kind.HUMAN  # the judge alone changes it
    assert Agent.objects.count() == 2


def test_names_that_somebody_makes_up_fill_no_table():
    note(FIREFOX)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO lake_agent SELECT g, 'x', true, 'unknown', 0.5, '{}', 'x'"
            " FROM generate_series(1001, 100999) g"
        )
    assert Agent.objects.count() == 100_000
    Agent.objects.filter(text=FIREFOX).update(seen_at=NOW - timedelta(days=2))
    assert not note(GOOGLEBOT, FIREFOX)
    assert Agent.objects.count() == 100_000
    assert Agent.objects.get(text=FIREFOX).seen_at > NOW - timedelta(days=1)


def test_who_is_one_of_many_is_left_out_by_what_they_are_likely_to_be():
    store(*(event(agent=ONE_OF_MANY[kind]) for kind in (Kind.MACHINE, Kind.MACHINE, Kind.HUMAN)))
    assert counted(Counted.EVENTS, by=["sender", "reason"]) == {("human", "one_of_many"): 1}
    assert counted(Counted.EVENTS, with_machines=True) == {(): 3}


def test_agents_go_when_none_of_their_events_can_be_left(system: Actor, settings):
    settings.LAKE_KEEP_DAYS = 3
    note(FIREFOX, GOOGLEBOT)
    Agent.objects.filter(text=GOOGLEBOT).update(seen_at=NOW - timedelta(days=13))
    Agent.objects.filter(text=FIREFOX).update(seen_at=NOW - timedelta(days=11))
    assert forget_agents(system, now=NOW) == 1
    assert Agent.objects.values_list("text").get() == (FIREFOX,)


def test_who_may_not_maintain_the_lake_judges_nobody():
    note(FIREFOX)
    Agent.objects.filter(text=FIREFOX).update(version="0")
    for act in (judge_agents, forget_agents):
        with pytest.raises(DomainError):
            act(NOBODY)
    assert Agent.objects.get(text=FIREFOX).version == "0"


def test_the_text_of_an_agent_has_room(system: Actor):
    note("é" * MAX_AGENT)
    assert Agent.objects.get().text == "é" * MAX_AGENT
