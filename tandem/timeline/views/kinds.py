"""How comments, tags, files and merges are told; their room lies below and cannot do it itself."""

import re
from collections.abc import Sequence

from django.utils.html import escape, format_html, format_html_join, linebreaks
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tandem.records.slots import object_type
from tandem.timeline.models import TimelineEntry
from tandem.timeline.rules import Side
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong


def _commented(entry: TimelineEntry) -> SafeString:
    if entry.payload["text"]:
        return format_html(_("{who} noted"), who=strong(entry.actor_label))
    return format_html(_("{who} noted something and took it back"), who=strong(entry.actor_label))


def _words(entry: TimelineEntry) -> SafeString:
    text = entry.payload["text"]
    names = [one["name"] for one in entry.payload.get("mentions", ()) if one["name"]]
    return _marked(linebreaks(text, autoescape=True), names) if text else SafeString()


def _marked(html: str, names: Sequence[str]) -> SafeString:
    """The same with the names of those who are mentioned marked as such."""
    if names:
        marks = sorted({escape(f"@{name}") for name in names}, key=len, reverse=True)
        pattern = re.compile("|".join(map(re.escape, marks)))
        html = pattern.sub(lambda found: f'<span class="c-mention">{found[0]}</span>', html)
    return SafeString(html)


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


def _changed(entry: TimelineEntry) -> SafeString:
    who, changes = strong(entry.actor_label), entry.payload["changes"]
    if len(changes) != 1:
        names = ", ".join(one["label"] for one in changes)
        return format_html(_("{who} changed {names}"), who=who, names=names)
    [one] = changes
    if not one["new"]:
        return format_html(_("{who} emptied {name}"), who=who, name=one["label"])
    return format_html(
        _("{who} changed {name} to {value}"), who=who, name=one["label"], value=strong(one["new"])
    )


def _was(entry: TimelineEntry) -> SafeString:
    """What stood there before, or all the values where several changed."""
    changes = entry.payload["changes"]
    if len(changes) == 1:
        old = changes[0]["old"]
        return format_html(_("was {value}"), value=old) if old else SafeString()
    return format_html_join(
        ", ",
        "{}: <span data-verbatim>{}</span>",
        ((one["label"], one["new"] or "–") for one in changes),
    )


def _import_changed(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} changed {names} by importing {file}"),
        who=strong(entry.actor_label),
        names=", ".join(entry.payload["labels"]),
        file=strong(entry.payload["file"]),
    )


def _merged(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} merged {name} into this record"),
        who=strong(entry.actor_label),
        name=strong(entry.payload["name"]),
    )


def _way_back(entry: TimelineEntry) -> SafeString:
    kind = object_type(entry.subject_kind).slug
    address = f"/{kind}/{entry.payload['survivor']}/merges/{entry.payload['event']}"
    return format_html(
        '<a class="t-link" href="{}">{}</a>', address, _("What came along, and taking it back")
    )


def _unmerged(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} made two records again of this and {name}"),
        who=strong(entry.actor_label),
        name=strong(entry.payload["name"]),
    )


def _stays(entry: TimelineEntry) -> str:
    count = sum(entry.payload["stays"].values())
    if not count:
        return ""
    return ngettext(
        "%(count)s row was changed since and stays where it is",
        "%(count)s rows were changed since and stay where they are",
        count,
    ) % {"count": count}


def _attached(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} added {files}"),
        who=strong(entry.actor_label),
        files=strong(", ".join(entry.payload["names"])),
    )


def _detached(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} deleted the file {files}"),
        who=strong(entry.actor_label),
        files=strong(", ".join(entry.payload["names"])),
    )


def _disclosed(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} exported everything that is stored here"), who=strong(entry.actor_label)
    )


def _pinned(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} pinned an entry"), who=strong(entry.actor_label))


def _unpinned(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} took a pinned entry down"), who=strong(entry.actor_label))


for kind in (
    EntryKind("timeline.pinned", "pin", _pinned, side=Side.SYSTEM, is_touch=False),
    EntryKind("timeline.unpinned", "pinned-off", _unpinned, side=Side.SYSTEM, is_touch=False),
    EntryKind("records.changed", "pencil", _changed, why=_was, is_touch=False),
    EntryKind("records.import_changed", "file-import", _import_changed, is_touch=False),
    EntryKind("records.commented", "note", _commented, box=_words, is_observed=False),
    EntryKind("records.tagged", "tag", _tagged, is_touch=False),
    EntryKind("records.untagged", "tag", _untagged, is_touch=False),
    EntryKind(
        "records.merged",
        "copy",
        _merged,
        why=lambda entry: entry.payload["reason"],
        box=_way_back,
        is_touch=False,
    ),
    EntryKind("records.unmerged", "arrow-back-up", _unmerged, why=_stays, is_touch=False),
    EntryKind("records.disclosed", "file-export", _disclosed, side=Side.SYSTEM, is_touch=False),
    EntryKind("records.attached", "paperclip", _attached, is_touch=False),
    EntryKind("records.detached", "paperclip", _detached, is_touch=False),
):
    ENTRY_KINDS.register(kind.kind, kind)
