"""The band of a deal's page: its way through the stages, its verbs, its next step."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from tandem.deals import queries
from tandem.deals.models import Category, Deal
from tandem.deals.rules import NextStep, next_step_of
from tandem.deals.views.words import REASONS, SAID_BY
from tandem.kernel.actor import Actor
from tandem.records.slots import RECORD_HEADS, ObjectType


class DealHead:
    """Where a deal is, what may be done with it, and what happens next."""

    order = 10
    tells: tuple[str, ...] = ("deal.stage", "deal.status")

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "deal"

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        deal: Deal = record
        step = next_step_of(deal.next_step, deal.next_step_on, timezone.localdate())
        context = {
            "deal": deal,
            "hidden": actor.hidden_of("deal"),
            "money": queries.money_of(deal),
            "path": queries.path_of(deal),
            "is_open": deal.status == Category.OPEN,
            "is_won": deal.status == Category.WON,
            "reason": REASONS.get(deal.close_reason, ""),
            "said_by": SAID_BY.get(deal.close_said_by, ""),
            "step": step,
            "is_step_missing": step is NextStep.NONE,
            "is_step_overdue": step is NextStep.OVERDUE,
            "may_edit": actor.may("deals.edit"),
            "may_close": actor.may("deals.close"),
        }
        return SafeString(render_to_string("deals/head.html", context, request=request))


RECORD_HEADS.register("deals.head", DealHead())
