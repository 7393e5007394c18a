"""How forms that came in are told in the story of a person."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tandem.capture.models import ContactKind
from tandem.capture.rules import Channel
from tandem.timeline.models import TimelineEntry
from tandem.timeline.rules import Side
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong

CHANNEL_LABELS = {
    Channel.PAID: gettext_lazy("advertising"),
    Channel.ORGANIC: gettext_lazy("a search"),
    Channel.SOCIAL: gettext_lazy("a social network"),
    Channel.EMAIL: gettext_lazy("e-mail"),
    Channel.REFERRAL: gettext_lazy("another site"),
    Channel.DIRECT: gettext_lazy("typing the address"),
}


def _submitted(entry: TimelineEntry) -> SafeString:
    told = entry.payload
    where = strong(told["page"] or told["form"])
    asked = ContactKind(told["asked"])
    if told["raises_hand"]:
        return format_html(_("Asked for {what} on {where}"), what=strong(asked.label), where=where)
    return format_html(_("Sent the form {form} on {where}"), form=strong(told["form"]), where=where)


def _from(entry: TimelineEntry) -> SafeString | str:
    told = entry.payload
    if told["campaign"]:
        return format_html(_("came by the campaign {code}"), code=strong(told["campaign"]))
    channel = told["channel"]
    label = CHANNEL_LABELS.get(Channel(channel)) if channel else None
    return format_html(_("came by {channel}"), channel=label) if label else ""


def _said(entry: TimelineEntry) -> str:
    return str(entry.payload["words"])


ENTRY_KINDS.register(
    "capture.submitted",
    EntryKind("capture.submitted", "forms", _submitted, side=Side.MARKETING, why=_from, box=_said),
)
