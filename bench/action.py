"""One write through an action: permission, transaction, change set, history, story, outbox."""

import statistics
import time
from collections.abc import Callable

from bench import _scene as scene

SIZE = 300


def run(size: int) -> dict[str, float]:
    """Add ``size`` people one by one, then change each: median wall and CPU of this process."""
    with scene.scratch_database() as user:
        actor = scene.actor_of(user)
        people = []
        added, add_cpu = _timed(lambda at: people.append(scene.add_person(actor, at)), size)
        changed, change_cpu = _timed(
            lambda at: scene.retitle(actor, people[at], f"Title {at}"), size
        )
    return {
        "add_person_median_ms": added,
        "add_person_cpu_ms": add_cpu,
        "change_person_median_ms": changed,
        "change_person_cpu_ms": change_cpu,
    }


def _timed(step: Callable[[int], None], size: int) -> tuple[float, float]:
    walls = []
    cpu = time.process_time()
    for at in range(size):
        began = time.perf_counter()
        step(at)
        walls.append(time.perf_counter() - began)
    cpu = (time.process_time() - cpu) / size
    return round(statistics.median(walls) * 1000, 3), round(cpu * 1000, 3)
