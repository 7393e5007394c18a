"""The band of a deal's page: its way through the stages, its verbs, its next step."""

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tandem.deals import queries
from tandem.deals.models import Category, Deal
from tandem.deals.rules import OUTCOME, NextStep, next_step_of
from tandem.deals.views.words import REASONS, SAID_BY
from tandem.kernel.actor import Actor
from tandem.records.slots import RECORD_HEADS, RECORD_VERBS, ObjectType, RecordVerb, Way


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


def verbs(actor: Actor, object_type: ObjectType, record: Any) -> list[RecordVerb]:
    """What can be done with a deal: moved, won, lost."""
    if object_type.kind != "deal" or record.status != Category.OPEN or actor.hides_any(*OUTCOME):
        return []
    found = []
    if actor.may("deals.edit"):
        to = reverse("deals:stage", args=[record.public_id])
        found.append(RecordVerb(_("Move to another stage"), to, "arrow-right", way=Way.DIALOG))
    if actor.may("deals.close"):
        win = reverse("deals:win", args=[record.public_id])
        lose = reverse("deals:loss", args=[record.public_id])
        found.append(RecordVerb(_("Won"), win, "trophy", way=Way.DIALOG, key="w"))
        found.append(RecordVerb(_("Lost"), lose, "x", way=Way.DIALOG, key="shift+w"))
    return found


RECORD_HEADS.register("deals.head", DealHead())
RECORD_VERBS.register("deals", verbs)
