"""How comments and tags are told; their room lies below and cannot do so itself."""

from django.utils.html import format_html, linebreaks
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tandem.timeline.models import TimelineEntry
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong


def _commented(entry: TimelineEntry) -> SafeString:
    if entry.payload["text"]:
        return format_html(_("{who} noted"), who=strong(entry.actor_label))
    return format_html(_("{who} noted something and took it back"), who=strong(entry.actor_label))


def _words(entry: TimelineEntry) -> SafeString:
    text = entry.payload["text"]
    return SafeString(linebreaks(text, autoescape=True)) if text else SafeString()


def _tagged(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} added the tag {tag}"),
        who=strong(entry.actor_label),
        tag=strong(entry.payload["tag"]),
    )


def _untagged(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} removed the tag {tag}"),
        who=strong(entry.actor_label),
        tag=strong(entry.payload["tag"]),
    )


for kind in (
    EntryKind("records.commented", "note", _commented, box=_words, is_observed=False),
    EntryKind("records.tagged", "tag", _tagged, is_touch=False),
    EntryKind("records.untagged", "tag", _untagged, is_touch=False),
):
    ENTRY_KINDS.register(kind.kind, kind)
