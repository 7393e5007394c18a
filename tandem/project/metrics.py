"""Counters of every process of this machine, summed for one reader.

Files in a folder of the run directory carry them between processes; the supervisor empties it.
"""

import os
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from tandem.project.metrics_folder import FOLDER

REQUESTS = Counter("tandem_requests_total", "Answered requests.", ["door", "status"])
SECONDS = Histogram(
    "tandem_request_seconds",
    "Seconds from the head of a request to the end of its answer.",
    ["door"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

_children: dict[tuple[str, int], Any] = {}
_histograms: dict[str, Any] = {}


def request_done(*, door: str, status: int, seconds: float) -> None:
    """Count one answered request (status 0: the caller left first)."""
    counter = _children.get((door, status))
    if counter is None:
        counter = _children[door, status] = REQUESTS.labels(door, str(status))
    counter.inc()
    histogram = _histograms.get(door)
    if histogram is None:
        histogram = _histograms[door] = SECONDS.labels(door)
    histogram.observe(seconds)


def text() -> bytes:
    """Everything counted on this machine, in Prometheus' text form."""
    if FOLDER not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
