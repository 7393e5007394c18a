"""Segments: made from nothing, put together, kept up to date by a change, an event, a look.

``size`` persons, each known by a browser, with one event a person in the last 30 days, all hot.
Figures are CPU milliseconds of this process and wall time; the engine that reads events is in this
process, PostgreSQL is not.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import connection
from django.utils import timezone

from bench import _scene as scene
from tandem.kernel.actor import job_actor
from tandem.kernel.permissions import declared
from tandem.people.models import Person
from tandem.segments import actions, queries
from tandem.segments.models import Heard, Segment
from tandem.segments.schemas import NewSegment

SIZE = 100_000
TIMES = 7

_EVENTS = """
    INSERT INTO lake_event (id, at, visitor, name, url, referrer, title, source, medium, campaign,
                            channel, props)
    SELECT gen_random_uuid(), now() - random() * interval '30 days', 'v' || (p.id %% %s),
           (ARRAY['page', 'page', 'form'])[1 + floor(random() * 3)],
           'https://shop.example/' || (ARRAY['trade', 'tins', ''])[1 + floor(random() * 3)],
           '', '', '', '', '', '', '{}'
    FROM people_person p
"""
_ALIASES = """
    INSERT INTO lake_subjectalias (subject, kind, record_id, since, proof, created_in_id)
    SELECT 'v' || id, 'person', id, now() - interval '60 days', 'form', 1 FROM people_person
"""

IS = {"kind": "person", "where": {"field": "name", "is": "contains", "value": "1"}}
IS_NOT = {"kind": "person", "where": {"field": "country", "is": "any_of", "value": ["GB"]}}
DID: dict[str, Any] = {
    "kind": "did",
    "event": {"name": "page"},
    "window": {"last": {"days": 14}},
}
OFTEN = {**DID, "times": {"at_least": 2}, "window": {"last": {"days": 30}}}
ORDER = {
    "kind": "in_order",
    "steps": [{"name": "page"}, {"name": "form"}],
    "window": {"last": {"days": 30}},
}


def run(size: int) -> dict[str, float]:
    """Fill, publish, combine, follow."""
    with scene.scratch_database():
        scene.add_people_by_sql(size)
        with connection.cursor() as cursor:
            cursor.execute(_ALIASES)
            cursor.execute(_EVENTS, [size])
            cursor.execute("ANALYZE people_person, lake_event, lake_subjectalias")
        return _measured(size)


def _measured(size: int) -> dict[str, float]:
    actor = job_actor("bench", frozenset(declared()))
    Heard.objects.create(until=timezone.now())
    figures: dict[str, float] = {"segments_persons": size}
    made: dict[str, Segment] = {}
    for name, leaf in (("is", IS), ("did", DID), ("often", OFTEN), ("order", ORDER)):
        cpu, took = _cost(partial(_keep, made, actor, name, leaf))
        figures[f"segments_{name}_from_nothing_cpu_ms"] = cpu
        figures[f"segments_{name}_from_nothing_ms"] = took
        figures[f"segments_{name}_size"] = len(queries.persons_in(made[name]))
    tree = {
        "kind": "all",
        "of": [IS, {"kind": "any", "of": [DID, OFTEN, {"kind": "none", "of": [ORDER]}]}],
    }
    holding = queries.Holding([tree])
    figures["segments_combined_of_stored_ms"] = _least(lambda: holding.of(tree))
    figures["segments_combined_and_read_ms"] = _least(lambda: queries.Holding([tree]).of(tree))
    nested = _nested(actor, made["is"])
    figures["segments_six_deep_ms"] = _least(lambda: queries.persons_in(nested))
    figures["segments_look_ms"] = _least(queries.is_follow_due)
    figures.update(_followed(actor, size))
    return figures


def _followed(actor: Any, size: int) -> dict[str, float]:
    """One change, one event, nothing."""
    actions.follow(actor)
    person = Person.objects.order_by("pk").first()
    assert person is not None
    figures = {}
    scene.retitle(actor, person, "Buyer")
    figures["segments_follow_change_cpu_ms"], figures["segments_follow_change_ms"] = _cost(
        lambda: actions.follow(actor)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _EVENTS.replace("now() - random() * interval '30 days'", "now()") + " WHERE p.id = %s",
            [size * 10, person.pk],
        )
    figures["segments_follow_event_cpu_ms"], figures["segments_follow_event_ms"] = _cost(
        lambda: actions.follow(actor)
    )
    figures["segments_follow_nothing_cpu_ms"], _took = _cost(lambda: actions.follow(actor))
    return figures


def _nested(actor: Any, inner: Segment) -> Segment:
    """A segment of a segment, six deep."""
    for number in range(6):
        leaf = {"kind": "segment", "id": str(inner.public_id)}
        inner = _make(actor, f"Nested {number}", leaf)
    return inner


def _keep(made: dict[str, Segment], actor: Any, name: str, leaf: dict[str, Any]) -> None:
    made[name] = _make(actor, name, leaf)


def _make(actor: Any, name: str, leaf: dict[str, Any]) -> Segment:
    data = NewSegment(name=name, who={"kind": "all", "of": [leaf]})
    return actions.create_segment(actor, data=data)[0]


def _cost(step: Callable[[], object]) -> tuple[float, float]:
    cpu, took = time.process_time(), time.perf_counter()
    step()
    return (
        round((time.process_time() - cpu) * 1000, 1),
        round((time.perf_counter() - took) * 1000, 1),
    )


def _least(step: Callable[[], object]) -> float:
    return min(_cost(step)[1] for _time in range(TIMES))
