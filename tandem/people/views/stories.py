"""How the deeds of this room are told."""

from collections.abc import Sequence
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.timeline.models import TimelineEntry
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong

FIELD_LABELS = {
    "name": gettext_lazy("name"),
    "email": gettext_lazy("mail address"),
    "phone": gettext_lazy("phone"),
    "title": gettext_lazy("title"),
    "company": gettext_lazy("company"),
    "owner": gettext_lazy("owner"),
    "country": gettext_lazy("country"),
    "domain": gettext_lazy("domain"),
    "industry": gettext_lazy("industry"),
    "size": gettext_lazy("size"),
    "parent": gettext_lazy("parent company"),
}


def _created(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} added this record"), who=strong(entry.actor_label))


def _deleted(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} deleted this record"), who=strong(entry.actor_label))


def _owner_changed(entry: TimelineEntry) -> SafeString:
    who, owner = strong(entry.actor_label), entry.payload["owner"]
    if not owner:
        return format_html(_("{who} took the owner away"), who=who)
    return format_html(_("{who} made {owner} the owner"), who=who, owner=strong(owner))


def _changed(entry: TimelineEntry) -> SafeString:
    who, changes = strong(entry.actor_label), _changes(entry)
    if len(changes) != 1:
        names = ", ".join(str(FIELD_LABELS.get(one["field"], one["field"])) for one in changes)
        return format_html(_("{who} changed {names}"), who=who, names=names)
    one = changes[0]
    name = FIELD_LABELS.get(one["field"], one["field"])
    if not one["new"]:
        return format_html(_("{who} emptied {name}"), who=who, name=name)
    return format_html(
        _("{who} changed {name} to {value}"), who=who, name=name, value=strong(one["new"])
    )


def _was(entry: TimelineEntry) -> SafeString:
    """What stood there before, or all the values where several changed."""
    changes = _changes(entry)
    if len(changes) == 1:
        old = changes[0]["old"]
        return format_html(_("was {value}"), value=old) if old else SafeString()
    return format_html_join(
        ", ",
        "{}: {}",
        ((FIELD_LABELS.get(one["field"], one["field"]), one["new"] or "–") for one in changes),
    )


def _changes(entry: TimelineEntry) -> Sequence[dict[str, Any]]:
    found: Sequence[dict[str, Any]] = entry.payload["changes"]
    return found


for kind in (
    EntryKind("people.created", "user-plus", _created),
    EntryKind("people.changed", "pencil", _changed, why=_was, is_touch=False),
    EntryKind("people.owner_changed", "user-check", _owner_changed, is_touch=False),
    EntryKind("people.deleted", "trash", _deleted, is_touch=False),
):
    ENTRY_KINDS.register(kind.kind, kind)
