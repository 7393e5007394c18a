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

FIELD_LABELS = {
    "name": gettext_lazy("name"),
    "slug": gettext_lazy("address"),
    "fields": gettext_lazy("questions"),
    "raises_hand": gettext_lazy("raising a hand"),
    "contact_kind": gettext_lazy("what is asked for"),
    "intro": gettext_lazy("introduction"),
    "button": gettext_lazy("button"),
    "consent_wording": gettext_lazy("wording of consent"),
    "consent_topic": gettext_lazy("topic of consent"),
    "thanks": gettext_lazy("thanks"),
    "headline": gettext_lazy("headline"),
    "lead": gettext_lazy("lead"),
    "blocks": gettext_lazy("body"),
    "form": gettext_lazy("form"),
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


def _created(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} made this"), who=strong(entry.actor_label))


def _deleted(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} deleted this"), who=strong(entry.actor_label))


def _changed(entry: TimelineEntry) -> SafeString:
    who, status = strong(entry.actor_label), entry.payload["status"]
    if status == "published":
        return format_html(_("{who} published this"), who=who)
    if status == "draft":
        return format_html(_("{who} took this off the web"), who=who)
    names = ", ".join(str(FIELD_LABELS.get(one, one)) for one in entry.payload["fields"])
    return format_html(_("{who} changed {names}"), who=who, names=names)


for kind in (
    EntryKind("capture.submitted", "forms", _submitted, Side.MARKETING, why=_from, box=_said),
    EntryKind("capture.created", "plus", _created, is_touch=False),
    EntryKind("capture.changed", "pencil", _changed, is_touch=False),
    EntryKind("capture.deleted", "trash", _deleted, is_touch=False),
):
    ENTRY_KINDS.register(kind.kind, kind)
