"""How rules, reasons and states are said."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tandem.handoff.models import Handoff, HandoffState, LeadStatus
from tandem.handoff.rules.reasons import Code, Group, Route
from tandem.handoff.rules.routing import Rule, Why
from tandem.handoff.rules.scoring import Behaviour
from tandem.handoff.schemas import TouchChannel, TouchOutcome, Verdict
from tandem.records.slots import Choice

CODES = {
    Code.NOT_OUR_MARKET: gettext_lazy("Not our market"),
    Code.TOO_SMALL: gettext_lazy("Too small"),
    Code.COMPETITOR: gettext_lazy("Competitor, student"),
    Code.NO_PROJECT: gettext_lazy("No project now"),
    Code.BUDGET_LATER: gettext_lazy("Budget next period"),
    Code.BOUND: gettext_lazy("Bound until a date"),
    Code.WRONG_DATA: gettext_lazy("Wrong person, data"),
    Code.DUPLICATE: gettext_lazy("Duplicate, customer"),
    Code.WRONG_REGION: gettext_lazy("Wrong region"),
    Code.NO_CONSENT: gettext_lazy("Did not ask for it"),
    Code.UNREACHABLE: gettext_lazy("Unreachable"),
}
# The columns of the answers, as the page shows them.
COLUMNS = (
    (gettext_lazy("Marketing acts"), (Group.TARGETING, Group.CONSENT)),
    (gettext_lazy("Later, nurture"), (Group.TIMING, Group.EFFORT)),
    (gettext_lazy("Operations fix"), (Group.DATA, Group.ROUTING)),
)
ROUTES = {
    Route.RECYCLE: gettext_lazy("Nurture and come back"),
    Route.REROUTE: gettext_lazy("Offer to another seller"),
    Route.FIX: gettext_lazy("Mend the data, then offer again"),
    Route.DISQUALIFY: gettext_lazy("Close it"),
}
FOLLOWED = {
    Route.RECYCLE: gettext_lazy("back to nurture"),
    Route.REROUTE: gettext_lazy("offered to another seller"),
    Route.FIX: gettext_lazy("waits for its data"),
    Route.DISQUALIFY: gettext_lazy("closed"),
}
VERDICTS = {
    Verdict.AGREE: gettext_lazy("agrees"),
    Verdict.DISAGREE: gettext_lazy("disagrees"),
    Verdict.FIXED: gettext_lazy("has fixed it"),
}
CHANNELS = {
    TouchChannel.CALL: gettext_lazy("Call"),
    TouchChannel.MAIL: gettext_lazy("Mail"),
    TouchChannel.MEETING: gettext_lazy("Meeting"),
    TouchChannel.CHAT: gettext_lazy("Chat"),
}
OUTCOMES = {
    TouchOutcome.REACHED: gettext_lazy("spoke"),
    TouchOutcome.NO_ANSWER: gettext_lazy("no answer"),
    TouchOutcome.MESSAGE_LEFT: gettext_lazy("left a message"),
    TouchOutcome.WRONG_NUMBER: gettext_lazy("wrong number"),
    TouchOutcome.SENT: gettext_lazy("sent"),
}
CLOCKS = {
    "accept": gettext_lazy("accept"),
    "first_touch": gettext_lazy("first touch"),
    "outcome": gettext_lazy("outcome"),
    "reply": gettext_lazy("reply"),
}
KINDS = {
    "hand_raise": gettext_lazy("Asked for contact"),
    "mql": gettext_lazy("By score"),
    "recycled": gettext_lazy("Came back"),
    "manual": gettext_lazy("By hand"),
}
_STATE_TONES = {
    HandoffState.OFFERED: "handoff",
    HandoffState.ACCEPTED: "sales",
    HandoffState.TOUCHED: "sales",
    HandoffState.OUTCOME: "ok",
    HandoffState.REJECTED: "bad",
}
_STATUS_TONES = {
    LeadStatus.NEW: "handoff",
    LeadStatus.WORKING: "sales",
    LeadStatus.QUALIFIED: "ok",
    LeadStatus.RECYCLED: "mkt",
}
_RULES = {
    Rule.CHOSEN: gettext_lazy("chosen by hand"),
    Rule.COMPANY_OWNER: gettext_lazy("the company's owner"),
    Rule.PERSON_OWNER: gettext_lazy("the person's owner"),
    Rule.FEWEST_OPEN: gettext_lazy("the fewest open hand-offs"),
}


def state_choices() -> list[Choice]:
    """The states of a hand-off."""
    return [Choice(str(one), one.label, _STATE_TONES.get(one, "")) for one in HandoffState]


def status_choices() -> list[Choice]:
    """Where a lead can stand."""
    return [Choice(str(one), one.label, _STATUS_TONES.get(one, "")) for one in LeadStatus]


def kind_choices() -> list[Choice]:
    """How leads come about."""
    return [Choice(key, label) for key, label in KINDS.items()]


def code_choices() -> list[Choice]:
    """The reasons of a rejection."""
    return [Choice(str(code), label) for code, label in CODES.items()]


def said(words: Mapping[Any, Any], key: str) -> str:
    """The words for a key; the key itself where there are none any more."""
    return str(words.get(key, key))


def reason_words(reason: Mapping[str, Any]) -> str:
    """A reason of a score in a few words."""
    key, count = reason["key"], reason["count"]
    if key == Behaviour.VISIT:
        words = ngettext("Came to our pages", "Came to our pages %(count)s times", count)
        return words % {"count": count}
    if key == Behaviour.FORM:
        words = ngettext("Sent a form", "Sent %(count)s forms", count)
        return words % {"count": count}
    return str(
        {
            Behaviour.HAND_RAISE: _("Asked to be contacted"),
            Behaviour.COMPANY: _("Works at a company that we know"),
            Behaviour.PHONE: _("Gave a phone number"),
            Behaviour.CONSENT: _("Wants our news"),
            Behaviour.FREE_MAIL: _("Writes from a private mailbox"),
            Behaviour.OTHER: _("Smaller things together"),
        }.get(key, key)
    )


def routing_words(step: Mapping[str, Any]) -> str:
    """One rule of the routing and what came of it."""
    rule = said(_RULES, step["rule"])
    who, why = step.get("who", ""), step["why"]
    if why == Why.MATCHED:
        if step["rule"] == Rule.FEWEST_OPEN:
            words = ngettext("%(who)s, %(open)s open", "%(who)s, %(open)s open", step["open"] or 0)
            return f"{rule}: " + words % {"who": who, "open": step["open"]}
        return f"{rule}: {who}"
    told = {
        Why.NOBODY: _("nobody"),
        Why.NOT_SELLING: _("takes no hand-offs"),
        Why.HAS_REJECTED: _("%(who)s has given it back") % {"who": who},
    }
    return f"{rule}: {said(told, why)}"


def clock_says(handoff: Handoff) -> str:
    """The verb of the clock that runs."""
    return {
        HandoffState.OFFERED: _("accept {}"),
        HandoffState.ACCEPTED: _("touch {}"),
        HandoffState.TOUCHED: _("outcome {}"),
        HandoffState.REJECTED: _("reply {}"),
    }.get(HandoffState(handoff.state), "{}")
