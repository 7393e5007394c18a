"""Many people at once: a field set, tags, deletion, each with its history and story, and undone."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from django.db.models import QuerySet

from bench import _scene as scene
from tandem.kernel.actions import last_change_set
from tandem.kernel.undo import undo
from tandem.people.models import Person
from tandem.people.schemas import ChangePerson
from tandem.records.actions.many import Deed, do_now
from tandem.records.queries import ListQuery, Selection
from tandem.records.schemas import BulkVerb, NewTag
from tandem.records.slots import object_type

SIZE = 100_000
Answer = TypeVar("Answer")


def run(size: int) -> dict[str, float]:
    """Do each verb once with ``size`` people; wall seconds, the database's work included."""
    figures: dict[str, float] = {}
    with scene.scratch_database() as user:
        scene.add_people_by_sql(size)
        actor = scene.actor_of(user)
        kind, everyone = object_type("person"), Selection(every=ListQuery())
        deeds = {
            "set_field": Deed(BulkVerb.CHANGE, ChangePerson(country="IE")),
            "tag": Deed(BulkVerb.TAG, NewTag(name="Fair")),
            "delete": Deed(BulkVerb.DELETE),
        }
        for name, deed in deeds.items():
            report, seconds = _timed(partial(do_now, actor, kind, everyone, deed))
            assert report.changed == size, report
            figures[f"{name}_seconds"] = seconds
            made = last_change_set()
            assert made is not None
            _undoing, seconds = _timed(partial(undo, actor, made))
            figures[f"undo_{name}_seconds"] = seconds
            assert _as_before(Person.objects.all(), size)
    return figures


def _as_before(people: QuerySet[Person], size: int) -> bool:
    return people.filter(country="GB", deleted_at__isnull=True).count() == size


def _timed(step: Callable[[], Answer]) -> tuple[Answer, float]:
    began = time.perf_counter()
    answer = step()
    return answer, round(time.perf_counter() - began, 2)
