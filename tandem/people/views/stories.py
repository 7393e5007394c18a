"""How the deeds of this room are told."""

from collections.abc import Mapping, Sequence
from typing import Any

from babel import Locale
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.people.models import (
    REACH_LABELS,
    SIZE_LABELS,
    TIE_LABELS,
)
from tandem.people.rules import Reach, SizeBand, Tie
from tandem.timeline.models import TimelineEntry
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong
from tandem.ui.formats import locale

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
    "function": gettext_lazy("function"),
    "seniority": gettext_lazy("seniority"),
    "salutation": gettext_lazy("salutation"),
    "given_name": gettext_lazy("given name"),
    "family_name": gettext_lazy("family name"),
    "language": gettext_lazy("language"),
    "time_zone": gettext_lazy("time zone"),
    "tags": gettext_lazy("tags"),
    "consent": gettext_lazy("consent"),
}


def language_name(tag: str) -> str:
    """A language in the reader's own; the tag where it has no name there."""
    return str(Locale.parse(tag, sep="-").get_display_name(locale()) or tag) if tag else ""


def country_name(code: str) -> str:
    """A country in the reader's language; the code where it has no name there."""
    return str(locale().territories.get(code, code))


def _value(field: str, value: str) -> str:
    """A value as people read it: what stands in the story is what was stored."""
    if field == "country":
        return country_name(value)
    if field == "language":
        return language_name(value)
    if field == "size" and value in SIZE_LABELS:
        return str(SIZE_LABELS[SizeBand(value)])
    return value


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
        names = ", ".join(_label(one["field"]) for one in changes)
        return format_html(_("{who} changed {names}"), who=who, names=names)
    field, value = changes[0]["field"], changes[0]["new"]
    if not value:
        return format_html(_("{who} emptied {name}"), who=who, name=_label(field))
    return format_html(
        _("{who} changed {name} to {value}"),
        who=who,
        name=_label(field),
        value=strong(_value(field, value)),
    )


def _was(entry: TimelineEntry) -> SafeString:
    """What stood there before, or all the values where several changed."""
    changes = _changes(entry)
    if len(changes) == 1:
        field, old = changes[0]["field"], changes[0]["old"]
        return format_html(_("was {value}"), value=_value(field, old)) if old else SafeString()
    return format_html_join(
        ", ",
        "{}: <span data-verbatim>{}</span>",
        ((_label(one["field"]), _value(one["field"], one["new"]) or "–") for one in changes),
    )


def _undone(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} took a change back"), who=strong(entry.actor_label))


def _imported(entry: TimelineEntry) -> SafeString:
    who, file = strong(entry.actor_label), strong(entry.payload["file"])
    return format_html(_("{who} brought this record in from {file}"), who=who, file=file)


def _import_changed(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} changed {names} by importing {file}"),
        who=strong(entry.actor_label),
        names=", ".join(_label(one) for one in entry.payload["fields"]),
        file=strong(entry.payload["file"]),
    )


# What is told of an address, number or domain: the part, the verb, the sentence.
_SENTENCES: Mapping[tuple[str, str], Any] = {
    ("email", "added"): gettext_lazy("{who} added the mail address {value}"),
    ("email", "main"): gettext_lazy("{who} made {value} the main mail address"),
    ("email", "marked"): gettext_lazy("{who} noted of the mail address {value}: {status}"),
    ("email", "removed"): gettext_lazy("{who} took away the mail address {value}"),
    ("phone", "added"): gettext_lazy("{who} added the phone number {value}"),
    ("phone", "main"): gettext_lazy("{who} made {value} the main phone number"),
    ("phone", "marked"): gettext_lazy("{who} noted of the phone number {value}: {status}"),
    ("phone", "removed"): gettext_lazy("{who} took away the phone number {value}"),
    ("domain", "added"): gettext_lazy("{who} added the domain {value}"),
    ("domain", "main"): gettext_lazy("{who} made {value} the main domain"),
    ("domain", "removed"): gettext_lazy("{who} took away the domain {value}"),
    ("job", "added"): gettext_lazy("{who} added the job {value}"),
    ("job", "changed"): gettext_lazy("{who} changed the job {value}"),
    ("job", "ended"): gettext_lazy("{who} noted the end of the job {value}"),
    ("job", "removed"): gettext_lazy("{who} took away the job {value}"),
}


_ICONS = {"email": "mail", "phone": "phone", "domain": "world", "job": "briefcase"}


def job_name(title: str, company: str) -> str:
    """A job in words: ``Buyer at Harbour``."""
    if title and company:
        return _("%(title)s at %(company)s") % {"title": title, "company": company}
    return title or company


def _part_told(entry: TimelineEntry) -> SafeString:
    _room, _dot, told = entry.kind.partition(".")
    part, _line, verb = told.partition("_")
    said = entry.payload
    value = job_name(said["title"], said["company"]) if part == "job" else said["value"]
    status = REACH_LABELS[Reach(said["status"])] if "status" in said else ""
    return format_html(
        str(_SENTENCES[part, verb]),
        who=strong(entry.actor_label),
        value=strong(value),
        status=status,
    )


def _tie_added(entry: TimelineEntry) -> SafeString:
    return _tie_told(entry, _("{who} noted: {tie} {name}"))


def _tie_removed(entry: TimelineEntry) -> SafeString:
    return _tie_told(entry, _("{who} took away: {tie} {name}"))


def _tie_told(entry: TimelineEntry, sentence: str) -> SafeString:
    return format_html(
        sentence,
        who=strong(entry.actor_label),
        tie=TIE_LABELS[Tie(entry.payload["tie"])],
        name=strong(entry.payload["name"]),
    )


def _label(field: str) -> str:
    return str(FIELD_LABELS.get(field, field))


def _changes(entry: TimelineEntry) -> Sequence[dict[str, Any]]:
    found: Sequence[dict[str, Any]] = entry.payload["changes"]
    return found


for kind in (
    EntryKind("people.created", "user-plus", _created),
    EntryKind("people.imported", "file-import", _imported),
    EntryKind("people.import_changed", "file-import", _import_changed, is_touch=False),
    EntryKind("people.changed", "pencil", _changed, why=_was, is_touch=False),
    EntryKind(
        "people.owner_changed", "user-check", _owner_changed, is_touch=False, tells=("owner",)
    ),
    EntryKind("people.deleted", "trash", _deleted, is_touch=False),
    *(
        EntryKind(
            f"people.{part}_{verb}",
            _ICONS[part],
            _part_told,
            is_touch=False,
            tells=("title", "company") if part == "job" else (part,),
        )
        for part, verb in _SENTENCES
    ),
    EntryKind("people.tie_added", "users", _tie_added, is_touch=False),
    EntryKind("people.tie_removed", "users", _tie_removed, is_touch=False),
    EntryKind("people.undone", "arrow-back-up", _undone, is_touch=False),
):
    ENTRY_KINDS.register(kind.kind, kind)
