"""How what people said about being contacted is told."""

from collections.abc import Callable

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tandem.consent.models import BASIS_LABELS, CHANNEL_LABELS, PURPOSE_LABELS
from tandem.consent.rules import Basis, Channel, Purpose, State
from tandem.consent.views.labels import topic_name
from tandem.timeline.models import TimelineEntry
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong


def _what(entry: TimelineEntry) -> SafeString:
    """Topics and channels: ``News by mail``."""
    names = [
        _("%(topic)s by %(channel)s")
        % {
            "topic": topic_name(topic),
            "channel": str(CHANNEL_LABELS[Channel(channel)]).lower(),
        }
        for channel, topic, _purpose in entry.payload["entries"]
    ]
    return strong(", ".join(names))


def _why(entry: TimelineEntry) -> str:
    purposes = {purpose for _channel, _topic, purpose in entry.payload["entries"]}
    return _("for %(purpose)s, by %(basis)s, wording %(number)s") % {
        "purpose": ", ".join(str(PURPOSE_LABELS[Purpose(one)]).lower() for one in sorted(purposes)),
        "basis": BASIS_LABELS[Basis(entry.payload["basis"])],
        "number": entry.payload["wording"],
    }


def _granted(entry: TimelineEntry) -> SafeString:
    return format_html(_("May be contacted: {what}"), what=_what(entry))


def _pending(entry: TimelineEntry) -> SafeString:
    return format_html(_("Asked for {what}, not yet confirmed"), what=_what(entry))


def _withdrawn(entry: TimelineEntry) -> SafeString:
    return format_html(_("Withdrew consent: {what}"), what=_what(entry))


def _denied(entry: TimelineEntry) -> SafeString:
    return format_html(_("Said no to {what}"), what=_what(entry))


_TOLD: dict[State, tuple[str, Callable[[TimelineEntry], SafeString]]] = {
    State.GRANTED: ("shield-check", _granted),
    State.PENDING: ("hourglass", _pending),
    State.WITHDRAWN: ("ban", _withdrawn),
    State.DENIED: ("ban", _denied),
}

for state, (icon, sentence) in _TOLD.items():
    kind = EntryKind(f"consent.{state}", icon, sentence, why=_why, is_touch=False)
    ENTRY_KINDS.register(kind.kind, kind)
