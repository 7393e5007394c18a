"""How messages are told in the story of a person."""

from collections.abc import Callable, Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tandem.delivery.rules import MessageState
from tandem.delivery.views.words import reason_words
from tandem.timeline.models import TimelineEntry
from tandem.timeline.rules import Side
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong


def _subject(entry: TimelineEntry) -> SafeString:
    return strong(entry.payload["subject"])


def _accepted(entry: TimelineEntry) -> SafeString:
    return format_html(_("Mail went out: {subject}"), subject=_subject(entry))


def _refused(entry: TimelineEntry) -> SafeString:
    return format_html(_("Mail was refused: {subject}"), subject=_subject(entry))


def _withheld(entry: TimelineEntry) -> SafeString:
    return format_html(_("Mail was withheld: {subject}"), subject=_subject(entry))


def _unknown(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("Nobody can know whether this mail arrived: {subject}"), subject=_subject(entry)
    )


def _why(entry: TimelineEntry) -> str:
    reason = entry.payload["reason"]
    return reason_words(reason) if reason else _("to %(to)s") % {"to": entry.payload["to"]}


def _run(entries: Sequence[TimelineEntry]) -> SafeString:
    """Several of a day at once, by their outcome."""
    texts = {
        f"mail.{MessageState.ACCEPTED}": ngettext(
            "{count} mail went out", "{count} mails went out", len(entries)
        ),
        f"mail.{MessageState.REFUSED}": ngettext(
            "{count} mail was refused", "{count} mails were refused", len(entries)
        ),
        f"mail.{MessageState.WITHHELD}": ngettext(
            "{count} mail was withheld", "{count} mails were withheld", len(entries)
        ),
        f"mail.{MessageState.UNKNOWN}": ngettext(
            "Nobody can know whether {count} mail arrived",
            "Nobody can know whether {count} mails arrived",
            len(entries),
        ),
    }
    return format_html(texts[entries[0].kind], count=len(entries))


_TOLD: dict[MessageState, tuple[str, Callable[[TimelineEntry], SafeString]]] = {
    MessageState.ACCEPTED: ("mail-forward", _accepted),
    MessageState.REFUSED: ("mail", _refused),
    MessageState.WITHHELD: ("ban", _withheld),
    MessageState.UNKNOWN: ("help", _unknown),
}

for state, (icon, sentence) in _TOLD.items():
    is_sent = state is MessageState.ACCEPTED
    kind = EntryKind(
        f"mail.{state}",
        icon,
        sentence,
        side=Side.SYSTEM,
        why=_why,
        run=_run,
        is_touch=is_sent,
    )
    ENTRY_KINDS.register(kind.kind, kind)
