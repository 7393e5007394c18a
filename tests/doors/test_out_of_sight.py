"""What is out of sight is not there: with it or without it, every answer is the same to the byte.

A seller reads every address of the product twice: before records of a colleague of another team
are made, and after. Lists, counts, sums, boards, stories, search, measures and files: nothing may
tell that they exist.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.core.cache import caches
from django.test import Client

from tandem.accounts.actions import add_token
from tandem.accounts.models import User
from tandem.accounts.queries import actor_for
from tandem.accounts.schemas import NewToken
from tandem.kernel.actor import Actor
from tests.doors.routes import readings
from tests.doors.world import AT, Things, World, found_world, furnish

# Hundreds of requests in each test: on a busy machine that takes its time.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3600)]

# What differs from answer to answer whatever is shown: secrets against forgery, traces.
FLEETING = re.compile(
    r'name="(?:csrfmiddlewaretoken|_token)" value="[^"]*"'
    r'|name="csrf-token" content="[^"]*"'
    r'|<span class="c-code"(?: data-verbatim)?>[0-9A-F-]+</span>'  # the trace of a refusal
)
FOREIGN = "Zfar"


@pytest.fixture(autouse=True)
def _kept(settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("tandem.accounts.api.REQUESTS_PER_MINUTE", 1_000_000)


@pytest.fixture
def world(system: Actor, make_user: Callable[..., User]) -> Iterator[World]:
    caches["process"].clear()
    with time_machine.travel(AT, tick=False):
        yield found_world(system, make_user)


def reader(user: User) -> Callable[[str], tuple[int, str]]:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    token = add_token(actor_for(user), NewToken(name="reading")).raw

    def read(address: str) -> tuple[int, str]:
        bearer = {"Authorization": f"Bearer {token}"} if address.startswith("/api/") else {}
        answer = client.get(address, headers=bearer)
        body = b"".join(answer) if answer.streaming else answer.content
        return answer.status_code, FLEETING.sub("", body.decode(errors="replace"))

    return read


def tom_adds(system: Actor, world: World) -> Things:
    return furnish(system, world.users["tom"], mark=FOREIGN, form=world.form, points_at=world.own)


def test_foreign_records_change_no_answer(system, world):
    priya = world.users["priya"]
    read = reader(priya)
    addresses = list(dict.fromkeys(readings(world.own, actor=actor_for(priya))))
    for address in ("/api/v1/me", *addresses[:3]):
        read(address)  # the first answers fill caches, and say when a token was used
    before = {address: read(address) for address in addresses}
    looked_at = [one for one in addresses if before[one][0] != 405]
    assert sum(status == 200 for status, _body in before.values()) > 300
    assert [one for one in addresses if before[one][0] >= 500] == []
    tom_adds(system, world)
    changed = [one for one in looked_at if read(one) != before[one]]
    assert changed == []


def test_what_is_out_of_sight_is_told_to_who_sees_all(system, world, make_user):
    """The other side of the coin: these addresses do show what there is."""
    boss = make_user("manager", name="Boss")
    tom_adds(system, world)
    read = reader(boss)
    addresses = [one for one in readings(world.own, actor=actor_for(boss)) if "/timeline" in one]
    addresses += ["/people", "/companies", "/deals", "/orders", "/search?q=Zfar", "/duplicates"]
    told = [one for one in addresses if FOREIGN in read(one)[1]]
    assert len(told) > 12
