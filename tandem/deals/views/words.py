"""How deals are put into words: reasons, roles, next steps, ages."""

import datetime as dt
from collections.abc import Mapping

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tandem.deals.models import ContactRole, Deal
from tandem.deals.queries.board import Card
from tandem.deals.rules import Age, LossReason, NextStep, SaidBy
from tandem.ui import formats

Text = str | Promise

REASONS: Mapping[str, Text] = {
    LossReason.PRICE: gettext_lazy("Too expensive"),
    LossReason.COMPETITOR: gettext_lazy("Bought elsewhere"),
    LossReason.NO_BUDGET: gettext_lazy("No budget"),
    LossReason.TIMING: gettext_lazy("Not now"),
    LossReason.PRODUCT: gettext_lazy("Something missing in what we offer"),
    LossReason.NO_DECISION: gettext_lazy("Nothing decided"),
    LossReason.SILENCE: gettext_lazy("No answer any more"),
    LossReason.OTHER: gettext_lazy("Something else"),
}
SAID_BY: Mapping[str, Text] = {
    SaidBy.BUYER: gettext_lazy("The buyer said so"),
    SaidBy.SELLER: gettext_lazy("We think so"),
}
ROLES: Mapping[str, Text] = {str(role.value): role.label for role in ContactRole}
STEP_DOTS: Mapping[NextStep, str] = {
    NextStep.PLANNED: "ok",
    NextStep.OVERDUE: "bad",
    NextStep.NONE: "none",
}
STEP_TONES: Mapping[NextStep, str] = {
    NextStep.PLANNED: "t-2",
    NextStep.OVERDUE: "t-bad",
    NextStep.NONE: "t-3",
}


def step_words(deal: Deal, today: dt.date | None = None) -> str:
    """The next step with its day, as a card says it: "Call, tomorrow", "Mail, was due 3 Nov"."""
    today = today or timezone.localdate()
    text, on = deal.next_step, deal.next_step_on
    if on is None:
        return _("%(step)s, no day yet") % {"step": text} if text else _("No next step")
    if on < today:
        when = _("was due %(day)s") % {"day": formats.day(on)}
    elif on == today:
        when = _("today")
    elif on == today + dt.timedelta(days=1):
        when = _("tomorrow")
    else:
        when = formats.day(on)
    return f"{text or _('Next step')}, {when}"


def age_words(card: Card) -> str:
    """How long a late deal has stood where it is; nothing for the others."""
    if card.age is Age.FRESH:
        return ""
    days = ngettext("%(count)s day", "%(count)s days", card.days) % {"count": card.days}
    return _("%(days)s, stale") % {"days": days} if card.age is Age.STALE else days


def median_words(days: float | None) -> str:
    """The median of a column, "median 6 days"; nothing where no deal stands in it."""
    if days is None:
        return ""
    whole = round(days)
    return ngettext("median %(count)s day", "median %(count)s days", whole) % {"count": whole}
