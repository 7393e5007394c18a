"""Jobs of the lake."""

from tandem.kernel.actor import Actor
from tandem.kernel.jobs import job
from tandem.lake.actions import (
    FORGOTTEN_AT_ONCE,
    JUDGED_AT_ONCE,
    ensure_days,
    flush,
    forget_agents,
    forget_ids,
    judge_agents,
    tidy,
)
from tandem.lake.queries import is_flush_due

_MAINTAIN = frozenset({"lake.maintain"})


@job("lake.ensure_days", permissions=_MAINTAIN, every="11 1 * * *")
def make_days(actor: Actor) -> None:
    """Make the parts of the days to come, once a day."""
    ensure_days(actor)


@job("lake.forget_ids", permissions=_MAINTAIN, every="41 2 * * *")
def forget_old_ids(actor: Actor) -> None:
    """Forget the ids of events that are too old to be taken again, and agents that are gone, once a
    night."""
    while forget_ids(actor) == FORGOTTEN_AT_ONCE:
        pass
    forget_agents(actor)


@job("lake.flush", permissions=_MAINTAIN, every="* * * * *")
def flush_events(actor: Actor) -> None:
    """Move events to files once there are many, or old ones; one worker at a time does it."""
    actor.require("lake.maintain")
    if is_flush_due():
        flush(actor)


@job("lake.tidy", permissions=_MAINTAIN, every="*/10 * * * *")
def tidy_files(actor: Actor) -> None:
    """Merge small files, let old events go, remove what nothing needs any more."""
    actor.require("lake.maintain")
    tidy(actor)


@job("lake.judge_agents", permissions=_MAINTAIN, every="*/10 * * * *")
def judge_agents_anew(actor: Actor) -> None:
    """After an update of the rules, judge anew who sent events."""
    while judge_agents(actor) == JUDGED_AT_ONCE:
        pass
