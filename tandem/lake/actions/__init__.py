"""The writers of the lake: who visitors are, hot days, files and what becomes of them."""

from tandem.lake.actions.agents import JUDGED_AT_ONCE, forget_agents, judge_agents
from tandem.lake.actions.days import FORGOTTEN_AT_ONCE, ensure_days, forget_ids
from tandem.lake.actions.erasing import Theirs, erase_events
from tandem.lake.actions.flushing import flush, flush_day
from tandem.lake.actions.subjects import link_subject
from tandem.lake.actions.tidying import forget_old, give_up, merge_day, sweep, tidy

__all__ = [
    "FORGOTTEN_AT_ONCE",
    "JUDGED_AT_ONCE",
    "Theirs",
    "ensure_days",
    "erase_events",
    "flush",
    "flush_day",
    "forget_agents",
    "forget_ids",
    "forget_old",
    "give_up",
    "judge_agents",
    "link_subject",
    "merge_day",
    "sweep",
    "tidy",
]
