"""The lifecycle: steps with a cause, the furthest stage kept, nobody twice, nobody backwards."""

import datetime as dt
from itertools import count, pairwise

import pytest
from django.db import ProgrammingError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tandem.kernel.actor import Actor, job_actor
from tandem.kernel.errors import Invalid, Refused
from tandem.kernel.permissions import declared
from tandem.people.actions import create_person, record_stage
from tandem.people.models import LifecycleEvent, LifecycleState
from tandem.people.rules import Stage, further, rank
from tandem.people.schemas import NewPerson

_numbers = count(1)
NOON = dt.datetime(2026, 11, 19, 12, tzinfo=dt.UTC)


def person_id(actor: Actor) -> int:
    return create_person(actor, data=NewPerson(name=f"Ann {next(_numbers)}"))[0].pk


def log_of(subject: int) -> list[tuple[str, str, bool]]:
    events = LifecycleEvent.objects.filter(subject_kind="person", subject_id=subject)
    return list(events.order_by("id").values_list("from_stage", "to_stage", "is_first"))


def test_a_step_is_logged_and_the_state_follows(system: Actor, db: None) -> None:
    ann = person_id(system)
    moved = record_stage(system, [ann, ann], stage=Stage.KNOWN, cause="form", at=NOON)
    later = NOON + dt.timedelta(hours=1)
    record_stage(system, [ann], stage=Stage.MQL, cause="hand raised", at=later, evidence=["s:1"])
    state = LifecycleState.objects.get(subject_kind="person", subject_id=ann)

    assert moved == (ann,)
    assert log_of(ann) == [("", "known", True), ("known", "mql", True)]
    assert (state.stage, state.since, state.furthest_stage, state.entry_count) == (
        "mql",
        later,
        "mql",
        2,
    )


def test_who_stands_there_already_stays(system: Actor, db: None) -> None:
    ann = person_id(system)
    record_stage(system, [ann], stage=Stage.KNOWN, cause="form", at=NOON)
    assert record_stage(system, [ann], stage=Stage.KNOWN, cause="again") == ()
    assert log_of(ann) == [("", "known", True)]


def test_a_way_back_keeps_the_furthest(system: Actor, db: None) -> None:
    ann = person_id(system)
    record_stage(system, [ann], stage=Stage.OFFERED, cause="offer", at=NOON)
    record_stage(system, [ann], stage=Stage.RETURNED, cause="rejected: no project")
    state = LifecycleState.objects.get(subject_kind="person", subject_id=ann)
    assert (state.stage, state.furthest_stage, state.furthest_at) == ("returned", "offered", NOON)


def test_only_forward_leaves_a_customer_alone(system: Actor, db: None) -> None:
    ann, bob = person_id(system), person_id(system)
    record_stage(system, [ann], stage=Stage.CUSTOMER, cause="won")
    moved = record_stage(system, [ann, bob], stage=Stage.KNOWN, cause="form", only_forward=True)
    assert moved == (bob,)
    assert [step[1] for step in log_of(ann)] == ["customer"]


def test_a_step_needs_a_cause_and_the_right(system: Actor, viewer: Actor) -> None:
    ann = person_id(system)
    with pytest.raises(Invalid):
        record_stage(system, [ann], stage=Stage.KNOWN, cause=" ")
    with pytest.raises(Refused):
        record_stage(viewer, [ann], stage=Stage.KNOWN, cause="form")
    assert log_of(ann) == []


def test_the_log_cannot_be_rewritten(system: Actor, db: None) -> None:
    ann = person_id(system)
    record_stage(system, [ann], stage=Stage.KNOWN, cause="form")
    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
        LifecycleEvent.objects.filter(subject_id=ann).update(to_stage="customer")
    assert log_of(ann) == [("", "known", True)]


class AnyWay(TestCase):
    """Whatever way somebody goes, the state is what the log says."""

    @given(st.lists(st.tuples(st.sampled_from(list(Stage)), st.booleans()), max_size=8))
    @settings(max_examples=30)
    def test_the_state_is_the_fold_of_the_log(self, steps: list[tuple[Stage, bool]]) -> None:
        system = job_actor("scene", frozenset(declared()))
        ann = person_id(system)
        for stage, forward in steps:
            record_stage(system, [ann], stage=stage, cause="any", only_forward=forward)
        log = log_of(ann)
        assert all(one[1] == other[0] for one, other in pairwise(log))
        assert len({to for _from, to, first in log if first}) == sum(step[2] for step in log)
        if not log:
            return
        furthest = Stage(log[0][1])
        for _from, to, _first in log[1:]:
            furthest = Stage(to) if rank(Stage(to)) > rank(furthest) else furthest
        state = LifecycleState.objects.get(subject_kind="person", subject_id=ann)
        assert (state.stage, state.furthest_stage) == (log[-1][1], str(furthest))
        assert state.entry_count == len(log)


def test_of_two_stages_the_further_one() -> None:
    assert further(Stage.KNOWN, Stage.SQL) is Stage.SQL
    assert further(Stage.CHURNED, Stage.KNOWN) is Stage.KNOWN
