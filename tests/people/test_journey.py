"""The way as one line: what is reached, where somebody stands, and the furthest they came."""

import datetime as dt

import pytest
from django.test import Client

from tandem.kernel.actor import Actor
from tandem.people.actions import create_person, record_stage
from tandem.people.models import Person
from tandem.people.queries import way_of
from tandem.people.rules import Stage
from tandem.people.schemas import NewPerson

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 19, 12, tzinfo=dt.UTC)


@pytest.fixture
def ann(system: Actor) -> Person:
    return create_person(system, data=NewPerson(name="Ann Kowalczyk"))[0]


def walked(system: Actor, ann: Person, *stages: Stage) -> None:
    for hours, stage in enumerate(stages):
        at = NOON + dt.timedelta(hours=hours)
        record_stage(system, [ann.pk], stage=stage, cause="test", at=at)


def test_a_stranger_has_reached_nothing(ann: Person) -> None:
    way = way_of("person", ann.pk)
    assert (way.stage, way.furthest) == (None, None)
    assert [one.stage for one in way.milestones if one.is_reached or one.is_current] == []


def test_what_was_skipped_is_reached_without_a_moment(system: Actor, ann: Person) -> None:
    walked(system, ann, Stage.KNOWN, Stage.OFFERED)
    reached = {one.stage: one.at for one in way_of("person", ann.pk).milestones if one.is_reached}
    assert reached == {
        Stage.VISITOR: None,
        Stage.KNOWN: NOON,
        Stage.MQL: None,
        Stage.OFFERED: NOON + dt.timedelta(hours=1),
    }


def test_between_two_milestones_the_passed_one_is_current(system: Actor, ann: Person) -> None:
    walked(system, ann, Stage.SAL, Stage.SQL)
    current = [one.stage for one in way_of("person", ann.pk).milestones if one.is_current]
    assert current == [Stage.SAL]


def test_who_came_back_keeps_what_was_reached(system: Actor, ann: Person) -> None:
    walked(system, ann, Stage.OFFERED, Stage.RETURNED)
    way = way_of("person", ann.pk)
    assert (way.stage, way.furthest) == (Stage.RETURNED, Stage.OFFERED)
    assert [one.stage for one in way.milestones if one.is_current] == []


def test_the_page_tells_the_way(client: Client, make_user, system: Actor, ann: Person) -> None:
    walked(system, ann, Stage.OFFERED, Stage.RETURNED)
    client.force_login(make_user("manager"))
    page = client.get(f"/people/{ann.public_id}").content.decode()
    assert "Returned by sales" in page
    assert "furthest: Offered" in page
