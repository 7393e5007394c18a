"""Who sends events is judged anew when the rules learn more; who is gone is forgotten."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from tandem.kernel.actions import action
from tandem.kernel.actor import Actor
from tandem.lake.models import Agent
from tandem.lake.rules import REPLAY_DAYS
from tandem.lake.rules.agents import VERSION, judge

JUDGED_AT_ONCE = 2_000


@action(permission="lake.maintain")
def judge_agents(actor: Actor) -> int:
    """Judge up to 2,000 agents anew whose verdicts are of other rules than these; how many.

    No event is touched: its agent's verdict is read when it is.
    """
    old = Agent.objects.exclude(version=VERSION).select_for_update()
    found = list(old.order_by("number")[:JUDGED_AT_ONCE])
    for agent in found:
        verdict = judge(agent.text, from_page=agent.from_page)
        agent.kind, agent.p_human = verdict.kind, verdict.p_human
        agent.reasons, agent.version = list(verdict.reasons), VERSION
    Agent.objects.bulk_update(found, ["kind", "p_human", "reasons", "version"], batch_size=500)
    return len(found)


@action(permission="lake.maintain")
def forget_agents(actor: Actor, *, now: datetime | None = None) -> int:
    """Forget agents of whom no event can be left (see LAKE_KEEP_DAYS); how many."""
    kept = timedelta(days=settings.LAKE_KEEP_DAYS + REPLAY_DAYS + 2)
    gone = Agent.objects.filter(seen_at__lt=(now or timezone.now()) - kept)
    return gone.delete()[0]
