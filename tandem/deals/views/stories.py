"""How what happens to deals is told."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.deals.views.words import REASONS, ROLES, SAID_BY
from tandem.kernel.money import Money
from tandem.timeline.models import TimelineEntry
from tandem.timeline.rules import Side
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong
from tandem.ui import formats

FIELD_LABELS = {
    "name": gettext_lazy("name"),
    "company": gettext_lazy("company"),
    "person": gettext_lazy("person"),
    "amount": gettext_lazy("amount"),
    "currency": gettext_lazy("currency"),
    "expected_close": gettext_lazy("expected close"),
    "next_step": gettext_lazy("next step"),
    "next_step_on": gettext_lazy("day of the next step"),
    "owner": gettext_lazy("owner"),
}


def _deal(entry: TimelineEntry) -> SafeString:
    """The deal by name, leading to it; on its own page the name alone."""
    name = entry.payload.get("deal", "")
    if entry.subject_kind == "deal":
        return strong(name)
    url = reverse("records:record", args=["deals", entry.payload["deal_id"]])
    return format_html('<a class="t-link" data-verbatim="" href="{}">{}</a>', url, name)


def _told(words: Any) -> Callable[[TimelineEntry], SafeString]:
    """A sentence with ``{who}``, ``{deal}`` and whatever the entry carries."""

    def tell(entry: TimelineEntry) -> SafeString:
        payload = {key: strong(value) for key, value in entry.payload.items()}
        payload |= {"who": strong(entry.actor_label), "deal": _deal(entry)}
        return format_html(str(words), **payload)

    return tell


def _worth(entry: TimelineEntry) -> str:
    amount, currency = entry.payload.get("amount"), entry.payload.get("currency")
    if not amount or not currency:
        return ""
    try:
        return formats.money(Money.from_major(Decimal(amount), currency))
    except InvalidOperation:
        return ""


def _opened_from(entry: TimelineEntry) -> str:
    said = [_worth(entry), _("from a lead") if entry.payload.get("from_lead") else ""]
    return ", ".join(filter(None, said))


def _why_lost(entry: TimelineEntry) -> str:
    reason = REASONS.get(entry.payload.get("reason", ""), "")
    said_by = SAID_BY.get(entry.payload.get("said_by", ""), "")
    return ". ".join(str(one) for one in (reason, said_by) if one)


def _note(entry: TimelineEntry) -> str:
    return str(entry.payload.get("note", ""))


def _put(entry: TimelineEntry) -> SafeString:
    role = ROLES.get(entry.payload.get("role", ""), "")
    told = _told(_("{who} added {person} to {deal}"))(entry)
    return format_html("{} ({})", told, role) if role else told


def _changed(entry: TimelineEntry) -> SafeString:
    who, changes = strong(entry.actor_label), _changes(entry)
    if len(changes) != 1:
        names = ", ".join(_label(one["field"]) for one in changes)
        return format_html(_("{who} changed {names}"), who=who, names=names)
    name, value = _label(changes[0]["field"]), changes[0]["new"]
    if not value:
        return format_html(_("{who} emptied {name}"), who=who, name=name)
    return format_html(
        _("{who} changed {name} to {value}"), who=who, name=name, value=strong(value)
    )


def _was(entry: TimelineEntry) -> str:
    changes = _changes(entry)
    if len(changes) == 1:
        old = changes[0]["old"]
        return _("was %(value)s") % {"value": old} if old else ""
    return ", ".join(f"{_label(one['field'])}: {one['new'] or '–'}" for one in changes)


def _label(field: str) -> str:
    return str(FIELD_LABELS.get(field, field))


def _changes(entry: TimelineEntry) -> Sequence[dict[str, Any]]:
    found: Sequence[dict[str, Any]] = entry.payload["changes"]
    return found


def _told_of(kind: EntryKind) -> tuple[str, ...]:
    """The fields by their kind: these entries stand in stories of others, too."""
    return tuple(f"deal.{name}" for name in kind.tells)


_S = Side.SALES

for kind in (
    EntryKind(
        "deals.opened",
        "briefcase",
        _told(gettext_lazy("{who} opened {deal} in {to}")),
        side=_S,
        why=_opened_from,
        tells=("amount",),
        is_observed=False,
    ),
    EntryKind(
        "deals.moved",
        "arrow-right",
        _told(gettext_lazy("{who} moved {deal} from {from} to {to}")),
        side=_S,
        is_touch=False,
    ),
    EntryKind(
        "deals.won",
        "trophy",
        _told(gettext_lazy("{who} won {deal}")),
        side=_S,
        why=_worth,
        tells=("amount",),
        is_observed=False,
    ),
    EntryKind(
        "deals.lost",
        "circle-x",
        _told(gettext_lazy("{who} lost {deal}")),
        side=_S,
        why=_why_lost,
        box=_note,
        is_observed=False,
    ),
    EntryKind(
        "deals.reopened",
        "refresh",
        _told(gettext_lazy("{who} reopened {deal} in {to}")),
        side=_S,
        is_touch=False,
    ),
    EntryKind("deals.changed", "pencil", _changed, why=_was, side=_S, is_touch=False),
    EntryKind("deals.contact_put", "user-plus", _put, side=_S, is_touch=False),
    EntryKind(
        "deals.contact_removed",
        "user-x",
        _told(gettext_lazy("{who} took {person} out of {deal}")),
        side=_S,
        is_touch=False,
    ),
    EntryKind(
        "deals.deleted", "trash", _told(gettext_lazy("{who} deleted {deal}")), is_touch=False
    ),
    EntryKind(
        "deals.undone",
        "arrow-back-up",
        _told(gettext_lazy("{who} took a change of {deal} back")),
        is_touch=False,
    ),
):
    ENTRY_KINDS.register(kind.kind, replace(kind, about=("deal",), tells=_told_of(kind)))
