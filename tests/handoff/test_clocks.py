"""Clocks run without anybody saving anything; a breach is marked and told once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from procrastinate.contrib.django.models import ProcrastinateJob

from tandem.handoff.actions import (
    accept_handoff,
    create_lead,
    log_touch,
    mark_overdue,
    reject_handoff,
    reply_to_rejection,
)
from tandem.handoff.models import Handoff
from tandem.handoff.schemas import NewLead, Rejection, Reply, TouchIn
from tandem.kernel.actions import action
from tandem.kernel.actor import job_actor
from tandem.kernel.models import PublishedFact
from tandem.timeline.models import TimelineEntry
from tests.handoff.conftest import the_handoff

WATCH = job_actor("clocks", frozenset({"handoff.automate"}))
HOUR = 3600


def breaches():
    rows = PublishedFact.objects.filter(name="handoff.HandoffOverdue").order_by("pk")
    return [row.payload["clock"] for row in rows]


@pytest.mark.django_db
def test_a_breach_is_told_once_when_its_time_has_come(offered, clock):
    clock.shift(HOUR)
    assert mark_overdue(WATCH) == {}  # exactly due is not late
    version = the_handoff().row_version
    clock.shift(1)
    assert mark_overdue(WATCH) == {"accept": [offered.pk]}
    assert mark_overdue(WATCH) == {}

    handoff = the_handoff()
    assert (handoff.state, handoff.row_version) == ("offered", version)
    assert handoff.accept_overdue_at is not None
    assert breaches() == ["accept"]
    told = TimelineEntry.objects.filter(kind="handoff.overdue", subject_kind="person").get()
    assert told.payload["who"] == "Priya Nair"


@pytest.mark.django_db
def test_each_clock_of_the_way_is_watched(offered, priya, isla, clock):
    accept_handoff(priya, offered.public_id)
    clock.shift(4 * HOUR + 1)
    assert mark_overdue(WATCH) == {"first_touch": [offered.pk]}
    log_touch(priya, offered.public_id, data=TouchIn(channel="call", outcome="reached"))
    clock.shift(30 * 24 * HOUR)
    assert mark_overdue(WATCH) == {"outcome": [offered.pk]}
    reject_handoff(priya, offered.public_id, data=Rejection(code="bound"))
    clock.shift(7 * 24 * HOUR)
    assert mark_overdue(WATCH) == {"reply": [offered.pk]}
    reply_to_rejection(isla, offered.public_id, data=Reply(verdict="agree"))
    clock.shift(7 * 24 * HOUR)
    assert mark_overdue(WATCH) == {}
    assert breaches() == ["first_touch", "outcome", "reply"]


@pytest.mark.django_db
def test_who_answers_in_time_is_never_late(offered, priya, clock):
    accept_handoff(priya, offered.public_id)
    log_touch(priya, offered.public_id, data=TouchIn(channel="call", outcome="reached"))
    clock.shift(5 * HOUR)
    assert mark_overdue(WATCH) == {}
    assert breaches() == []


@pytest.mark.django_db
def test_the_clocks_are_looked_at_when_one_is_due(offered, priya):
    accept_handoff(priya, offered.public_id)

    rows = ProcrastinateJob.objects.filter(task_name="handoff.mark_overdue").order_by("id")
    assert [row.scheduled_at for row in rows] == [
        offered.accept_due,
        the_handoff().first_touch_due,
    ]


@pytest.mark.django_db(transaction=True)
def test_watchers_at_once_tell_a_breach_once(isla, add, make_user):
    make_user("seller")
    for number in range(3):
        create_lead(isla, data=NewLead(person=add(f"P {number}").public_id))
    late = the_handoff().offered_at.replace(year=2020)

    @action(permission="handoff.automate")
    def make_late(actor):
        Handoff.objects.update(accept_due=late)

    make_late(WATCH)
    start = Barrier(4)

    def watch(_number):
        try:
            start.wait()
            return len(mark_overdue(WATCH).get("accept", ()))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(watch, range(4)))

    assert sum(found) == 3
    assert TimelineEntry.objects.filter(kind="handoff.overdue", subject_kind="person").count() == 3
