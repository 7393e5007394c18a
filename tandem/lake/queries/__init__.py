"""Reads of events. They are nobody's records: who may see a person sees the events behind it."""

from tandem.lake.queries.arrivals import Arrivals, arrived
from tandem.lake.queries.counting import Counted, Counts, EventCount, count_all, count_events
from tandem.lake.queries.due import days_waiting, is_flush_due
from tandem.lake.queries.health import Health, health_of_lake
from tandem.lake.queries.questions import (
    Split,
    Turns,
    broken_down,
    how_many_where,
    subjects_and_turns,
    subjects_where,
)
from tandem.lake.queries.snapshots import ask_events
from tandem.lake.queries.stories import KnownEvent, events_of, subjects_of

__all__ = [
    "Arrivals",
    "Counted",
    "Counts",
    "EventCount",
    "Health",
    "KnownEvent",
    "Split",
    "Turns",
    "arrived",
    "ask_events",
    "broken_down",
    "count_all",
    "count_events",
    "days_waiting",
    "events_of",
    "health_of_lake",
    "how_many_where",
    "is_flush_due",
    "subjects_and_turns",
    "subjects_of",
    "subjects_where",
]
