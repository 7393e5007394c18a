"""How the deeds of this room are told."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tandem.timeline.models import TimelineEntry
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong


def _by(words: str, entry: TimelineEntry, **named: str) -> SafeString:
    marked = {key: strong(value) for key, value in named.items()}
    return format_html(words, who=strong(entry.actor_label), **marked)


def _created(entry: TimelineEntry) -> SafeString:
    return _by(_("{who} made this segment"), entry)


def _changed(entry: TimelineEntry) -> SafeString:
    return _by(_("{who} changed the name, note or owner"), entry)


def _published(entry: TimelineEntry) -> SafeString:
    return _by(_("{who} published version {number}"), entry, number=str(entry.payload["version"]))


def _discarded(entry: TimelineEntry) -> SafeString:
    return _by(_("{who} let the draft go"), entry)


def _deleted(entry: TimelineEntry) -> SafeString:
    return _by(_("{who} deleted this segment"), entry)


def _undone(entry: TimelineEntry) -> SafeString:
    return _by(_("{who} took a change back"), entry)


def _snapshot(entry: TimelineEntry) -> SafeString:
    return _by(_("{who} took this snapshot of {name}"), entry, name=str(entry.payload["of"]))


for kind in (
    EntryKind("segments.created", "chart-pie", _created),
    EntryKind("segments.changed", "pencil", _changed, is_touch=False),
    EntryKind("segments.published", "circle-check", _published, is_touch=False),
    EntryKind("segments.draft_discarded", "trash", _discarded, is_touch=False),
    EntryKind("segments.deleted", "trash", _deleted, is_touch=False),
    EntryKind("segments.undone", "arrow-back-up", _undone, is_touch=False),
    EntryKind("segments.snapshot_taken", "photo", _snapshot, is_touch=False),
):
    ENTRY_KINDS.register(kind.kind, kind)
