"""How the deeds of this room are told."""

import datetime as dt
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.kernel.money import Money
from tandem.records.slots import OBJECT_TYPES
from tandem.timeline.models import TimelineEntry
from tandem.timeline.rules import Side
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong
from tandem.ui import formats

FIELD_LABELS = {
    "name": gettext_lazy("name"),
    "code": gettext_lazy("code"),
    "aim": gettext_lazy("aim"),
    "starts_on": gettext_lazy("start"),
    "ends_on": gettext_lazy("end"),
    "budget": gettext_lazy("budget"),
    "goal": gettext_lazy("revenue goal"),
    "goal_leads": gettext_lazy("goal of leads"),
    "owner": gettext_lazy("owner"),
}


def _created(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} planned this campaign"), who=strong(entry.actor_label))


def _deleted(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} deleted this campaign"), who=strong(entry.actor_label))


def _undone(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} took a change back"), who=strong(entry.actor_label))


def _changed(entry: TimelineEntry) -> SafeString:
    who, changes = strong(entry.actor_label), entry.payload["changes"]
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
    changes = entry.payload["changes"]
    if len(changes) == 1:
        field, old = changes[0]["field"], changes[0]["old"]
        return format_html(_("was {value}"), value=_value(field, old)) if old else SafeString()
    return format_html_join(
        ", ",
        "{}: <span data-verbatim>{}</span>",
        ((_label(one["field"]), _value(one["field"], one["new"]) or "–") for one in changes),
    )


def _cost_added(entry: TimelineEntry) -> SafeString:
    return _about_cost(_("{who} noted a cost of {amount}"), entry)


def _cost_removed(entry: TimelineEntry) -> SafeString:
    return _about_cost(_("{who} took a cost of {amount} away"), entry)


def _cost_changed(entry: TimelineEntry) -> SafeString:
    return _about_cost(_("{who} mended a cost, it is {amount} now"), entry)


def _cost_where(entry: TimelineEntry) -> str:
    """The day and the channel, and what a mended cost was."""
    payload = entry.payload
    words = [formats.day(dt.date.fromisoformat(payload["on"])), payload["channel"]]
    if "was" in payload:
        words.append(_("was %(amount)s") % {"amount": formats.money(_amount(payload["was"]))})
    return ", ".join(filter(None, words))


def _attached(entry: TimelineEntry) -> SafeString:
    return _about_asset(_("{who} let the {kind} {name} carry this campaign"), entry)


def _detached(entry: TimelineEntry) -> SafeString:
    return _about_asset(_("{who} took the {kind} {name} off this campaign"), entry)


def _about_cost(words: str, entry: TimelineEntry) -> SafeString:
    amount = strong(formats.money(_amount(entry.payload)))
    return format_html(words, who=strong(entry.actor_label), amount=amount)


def _about_asset(words: str, entry: TimelineEntry) -> SafeString:
    described = OBJECT_TYPES.get(entry.payload["asset_kind"])
    kind = str(described.label).lower() if described else entry.payload["asset_kind"]
    name = strong(entry.payload["name"])
    return format_html(words, who=strong(entry.actor_label), kind=kind, name=name)


def _amount(payload: dict[str, Any]) -> Money:
    return Money(payload["minor"], payload["currency"])


def _label(field: str) -> str:
    return str(FIELD_LABELS.get(field, field))


def _value(field: str, value: str) -> str:
    """A value as people read it: what stands in the story is what was stored."""
    if field in ("budget", "goal") and value:
        minor, currency = value.split(" ")
        return formats.money(Money(int(minor), currency))
    if field in ("starts_on", "ends_on") and value:
        return formats.day(dt.date.fromisoformat(value))
    return value


COST = ("cost.amount", "cost.note", "cost.channel")

for kind in (
    EntryKind("campaigns.created", "speakerphone", _created),
    EntryKind("campaigns.changed", "pencil", _changed, why=_was, is_touch=False),
    EntryKind("campaigns.deleted", "trash", _deleted, is_touch=False),
    EntryKind("campaigns.undone", "arrow-back-up", _undone, is_touch=False),
    EntryKind(
        "campaigns.cost_added",
        "coins",
        _cost_added,
        side=Side.MARKETING,
        why=_cost_where,
        tells=COST,
    ),
    EntryKind(
        "campaigns.cost_changed",
        "coins",
        _cost_changed,
        side=Side.MARKETING,
        why=_cost_where,
        tells=COST,
    ),
    EntryKind(
        "campaigns.cost_removed",
        "coins",
        _cost_removed,
        side=Side.MARKETING,
        why=_cost_where,
        tells=COST,
    ),
    EntryKind("campaigns.asset_attached", "link", _attached, side=Side.MARKETING),
    EntryKind("campaigns.asset_detached", "unlink", _detached, side=Side.MARKETING),
):
    ENTRY_KINDS.register(kind.kind, kind)
