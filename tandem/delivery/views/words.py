"""States and decisions of messages, as people read them."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.delivery.models import Message
from tandem.delivery.rules import MessageState

TONES: Mapping[MessageState, str] = {
    MessageState.ACCEPTED: "ok",
    MessageState.DELIVERED: "ok",
    MessageState.REFUSED: "bad",
    MessageState.BOUNCED: "bad",
    MessageState.COMPLAINED: "bad",
    MessageState.WITHHELD: "warn",
    MessageState.UNKNOWN: "warn",
}

REASONS = {
    "consent": gettext_lazy("consent was granted"),
    "service": gettext_lazy("it answers the person's own deed; no consent is needed"),
    "no_consent": gettext_lazy("nobody ever agreed to it"),
    "pending": gettext_lazy("the consent was not yet confirmed"),
    "withdrawn": gettext_lazy("the consent was withdrawn"),
    "denied": gettext_lazy("the person said no"),
    "suppressed_unsubscribed": gettext_lazy("the address has unsubscribed"),
    "suppressed_bounced": gettext_lazy("the address bounced"),
    "suppressed_complained": gettext_lazy("the person complained about a mail"),
    "suppressed_invalid": gettext_lazy("there is no such mailbox"),
    "suppressed_manual": gettext_lazy("a colleague put the address on the stop list"),
    "suppressed_erased": gettext_lazy("the person asked to be forgotten"),
    "expired": gettext_lazy("its time was over before it could go"),
    "refused": gettext_lazy("the mail server said no"),
    "gave_up": gettext_lazy("the mail server said “not now” too often"),
    "temporary": gettext_lazy("the mail server said “not now”; it is tried again"),
    "sent_again": gettext_lazy("the outcome was unknown; it goes again under the same name"),
    "connection_lost": gettext_lazy("the connection broke after the last byte: nobody can know"),
    "unreachable": gettext_lazy("the mail server could not be spoken to; it is tried again"),
    "malformed": gettext_lazy("it could not be made into a mail"),
}


def reason_words(reason: str) -> str:
    """Why something was done with a message."""
    known = REASONS.get(reason)
    return str(known) if known is not None else reason.replace("_", " ")


def state_words(message: Message, waiting: str) -> str:
    """What became of a message in one sentence; ``waiting`` is why none go just now."""
    if message.state == MessageState.PLANNED and waiting:
        return _("Waiting: %(reason)s") % {"reason": waiting}
    if message.reason:
        return f"{message.get_state_display()}: {reason_words(message.reason)}"
    return str(message.get_state_display())


def decision_words(decision: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The decision about a message as label and words; empty while none was made."""
    if not decision:
        return []
    verdict = _("may go") if decision["allowed"] else _("may not go")
    stops = ", ".join(reason_words(f"suppressed_{stop}") for stop in decision["stops"])
    return [
        (_("Verdict"), f"{verdict}: {reason_words(decision['reason'])}"),
        (_("Stop list"), stops or _("not on it")),
        (_("Consent"), decision["consent"] or _("none needed or none given")),
    ]
