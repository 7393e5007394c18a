"""Scanners of every kind raise no score: neither hot nor filed does a machine make a visit."""

import datetime as dt
import json

import pytest
from django.db import connection

from tandem.capture.edge import read_event
from tandem.handoff.queries import seen_of
from tandem.handoff.rules.scoring import Behaviour
from tandem.kernel.ids import new_public_id
from tandem.kernel.refs import RecordRef
from tandem.lake.actions import flush, link_subject
from tandem.lake.rules.agents import number_of, record_of
from tests.handoff.conftest import NOW

pytestmark = pytest.mark.django_db

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0"
    " Safari/537.36"
)
MACHINES = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; GPTBot/1.3; +https://openai.com/gptbot)",
    "facebookexternalhit/1.1",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    CHROME.replace("Chrome/", "HeadlessChrome/"),
    "curl/8.15.0",
    "python-requests/2.32.5",
)


def seen_by(agent: str, *, hours: int) -> None:
    raw = {"id": str(new_public_id()), "name": "page", "visitor": "v"}
    at = NOW - dt.timedelta(hours=hours)
    with connection.cursor() as cursor:
        cursor.execute("SELECT lake_note_agents(%s::json)", [json.dumps([record_of(agent)])])
        record = read_event({**raw, "at": at.isoformat()}, NOW, agent=number_of(agent))
        cursor.execute("SELECT lake_store(%s::json)", [f"[{record}]"])


def visits(person) -> int:
    [found] = [
        one for one in seen_of(person, since=None).contributions if one.behaviour == Behaviour.VISIT
    ]
    return found.count


def test_scanners_of_every_kind_raise_no_score(clock, system, add, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    person = add()
    since = NOW - dt.timedelta(days=2)
    link_subject(system, "v", to=RecordRef("person", person.pk), since=since, proof="test")
    for hours, machine in enumerate(MACHINES, 1):
        seen_by(machine, hours=hours)
    assert visits(person) == 0
    flush(system)
    assert visits(person) == 0
    seen_by(CHROME, hours=20)
    assert visits(person) == 1
