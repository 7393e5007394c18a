"""How the deeds of this room are told."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tandem.kernel.money import Money
from tandem.timeline.models import TimelineEntry
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong
from tandem.ui import formats


def _booked(entry: TimelineEntry) -> SafeString:
    payload = entry.payload
    amount = Money(payload["net_minor"], payload["currency"])
    return format_html(
        _("{who} booked the order {number} over {amount}"),
        who=strong(entry.actor_label),
        number=format_html(
            '<a href="{}" data-verbatim>{}</a>',
            reverse("records:record", args=["orders", payload["order"]]),
            payload["number"],
        ),
        amount=strong(formats.money(amount, exact=True)),
    )


def _changed(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} gave the order to its customer"), who=strong(entry.actor_label))


def _deleted(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} deleted this order"), who=strong(entry.actor_label))


def _imported(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} imported orders of this customer"), who=strong(entry.actor_label))


def _taken_back(_entry: TimelineEntry) -> SafeString:
    return format_html("{}", _("What was booked is taken back: the deal is open again"))


def _by_rule(entry: TimelineEntry) -> str:
    if not entry.is_automatic:
        return ""
    return _("by the rule that a won deal is an order; reopening the deal takes it back")


def _why_taken_back(_entry: TimelineEntry) -> str:
    return _("by the rule that a won deal is an order; winning the deal books it again")


for kind in (
    EntryKind(
        "revenue.taken_back", "arrow-back-up", _taken_back, why=_why_taken_back, is_touch=False
    ),
    EntryKind("revenue.imported", "file-import", _imported, is_touch=False),
    EntryKind(
        "revenue.booked",
        "receipt",
        _booked,
        why=_by_rule,
        is_touch=False,
        about=("order",),
        tells=("order.net",),
    ),
    EntryKind("revenue.changed", "user-check", _changed, is_touch=False),
    EntryKind("revenue.deleted", "trash", _deleted, is_touch=False),
):
    ENTRY_KINDS.register(kind.kind, kind)
