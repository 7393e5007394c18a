"""How the deeds at the seam are told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tandem.handoff.views import words
from tandem.timeline.models import TimelineEntry
from tandem.timeline.rules import Side
from tandem.timeline.slots import ENTRY_KINDS, EntryKind, strong
from tandem.ui import formats


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    return f"{formats.day(moment)} {formats.clock_time(moment)}"


def _lead_made(entry: TimelineEntry) -> SafeString:
    kind = entry.payload["kind"]
    if kind == "manual":
        return format_html(_("{who} made a lead by hand"), who=strong(entry.actor_label))
    if kind == "hand_raise":
        return format_html(_("Became a lead: {what}"), what=strong(_("asked for contact")))
    text = _("Became a lead: score {score}")
    return format_html(text, score=strong(entry.payload["score"]))


def _by_policy(entry: TimelineEntry) -> SafeString | str:
    version = entry.payload.get("version")
    if not version or entry.payload["kind"] == "manual":
        return str(entry.payload.get("asked_for", ""))
    rule = _("rule for leads, version %(version)s") % {"version": version}
    return ", ".join(filter(None, [rule, entry.payload.get("asked_for", "")]))


def _offered(entry: TimelineEntry) -> SafeString:
    to = entry.payload["to"]
    if not to:
        return format_html(_("Offered to sales"))
    return format_html(_("Offered to {to}"), to=strong(to))


def _due(entry: TimelineEntry) -> str:
    due = _("accept by %(due)s") % {"due": _moment(entry.payload["due"])}
    step = entry.payload.get("routing") if entry.is_automatic else None
    return f"{words.routing_words(step)}; {due}" if step else due


def _accepted(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} accepted the hand-off"), who=strong(entry.actor_label))


def _touch_due(entry: TimelineEntry) -> str:
    return _("first touch by %(due)s") % {"due": _moment(entry.payload["due"])}


def _rejected(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} gave the hand-off back: {code}"),
        who=strong(entry.actor_label),
        code=strong(words.said(words.CODES, entry.payload["code"])),
    )


def _route(entry: TimelineEntry) -> str:
    return words.said(words.FOLLOWED, entry.payload["route"])


def _note(entry: TimelineEntry) -> str:
    return str(entry.payload.get("note", ""))


def _replied(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{who} {verdict}: {code}"),
        who=strong(entry.actor_label),
        verdict=words.said(words.VERDICTS, entry.payload["verdict"]),
        code=words.said(words.CODES, entry.payload["code"]),
    )


def _touched(entry: TimelineEntry) -> SafeString:
    return format_html(
        _("{channel} by {who}: {outcome}"),
        channel=words.said(words.CHANNELS, entry.payload["channel"]),
        who=strong(entry.actor_label),
        outcome=words.said(words.OUTCOMES, entry.payload["outcome"]),
    )


def _overdue(entry: TimelineEntry) -> SafeString:
    clock = strong(words.said(words.CLOCKS, entry.payload["clock"]))
    if entry.payload["who"] and entry.payload["clock"] != "reply":
        text = _("Hand-off late with {who}: {clock}")
        return format_html(text, who=strong(entry.payload["who"]), clock=clock)
    return format_html(_("Hand-off late: {clock}"), clock=clock)


def _late(entries: Sequence[TimelineEntry]) -> SafeString:
    text = ngettext("{count} clock ran out", "{count} clocks ran out", len(entries))
    return format_html(text, count=len(entries))


def _was_due(entry: TimelineEntry) -> str:
    return _("was due %(due)s") % {"due": _moment(entry.payload["due"])}


def _qualified(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} qualified the lead"), who=strong(entry.actor_label))


def _withdrawn(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} took the offer back"), who=strong(entry.actor_label))


def _undone(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} took an answer back"), who=strong(entry.actor_label))


def _joined(entry: TimelineEntry) -> SafeString:
    return format_html(_("{form} joined the open lead"), form=strong(entry.payload["form"]))


def _why_joined(_entry: TimelineEntry) -> str:
    return _("a form that is sent while a lead is open counts for it")


def _joined_run(entries: Sequence[TimelineEntry]) -> SafeString:
    text = ngettext(
        "{count} form joined the open lead", "{count} forms joined the open lead", len(entries)
    )
    return format_html(text, count=len(entries))


def _lead_changed(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} changed the lead"), who=strong(entry.actor_label))


def _lead_deleted(entry: TimelineEntry) -> SafeString:
    return format_html(_("{who} deleted the lead"), who=strong(entry.actor_label))


_SEAM, _SALES, _MARKETING = Side.HANDOFF, Side.SALES, Side.MARKETING

# What of a lead or hand-off an entry tells.
TELLS = {
    "handoff.lead_made": ("lead.asked_for", "lead.kind", "lead.score"),
    "handoff.rejected": ("handoff.rejection_code",),
    "handoff.offered": ("handoff.owner",),
}

for kind in (
    EntryKind("handoff.lead_made", "focus-2", _lead_made, _MARKETING, why=_by_policy,
              is_touch=False, offers_undo=True),
    EntryKind("handoff.offered", "arrows-exchange", _offered, _SEAM, why=_due, is_touch=False,
              offers_undo=True),
    EntryKind("handoff.accepted", "check", _accepted, _SEAM, why=_touch_due, is_observed=False),
    EntryKind("handoff.rejected", "x", _rejected, _SEAM, why=_route, box=_note,
              is_observed=False),
    EntryKind("handoff.replied", "message", _replied, _MARKETING,
              box=lambda entry: str(entry.payload.get("text", "")), is_observed=False,
              is_touch=False),
    EntryKind("handoff.touched", "phone", _touched, _SALES, box=_note, is_observed=False),
    EntryKind("handoff.overdue", "clock", _overdue, _SEAM, why=_was_due, run=_late, is_touch=False),
    EntryKind("handoff.qualified", "circle-check", _qualified, _SALES, is_observed=False,
              is_touch=False),
    EntryKind("handoff.withdrawn", "arrow-back-up", _withdrawn, _SEAM, is_touch=False),
    EntryKind("handoff.undone", "arrow-back-up", _undone, _SEAM, is_touch=False),
    EntryKind("handoff.evidence_joined", "plus", _joined, _MARKETING, why=_why_joined,
              run=_joined_run, is_touch=False),
    EntryKind("handoff.lead_changed", "pencil", _lead_changed, is_touch=False),
    EntryKind("handoff.lead_deleted", "trash", _lead_deleted, is_touch=False),
):  # fmt: skip
    ENTRY_KINDS.register(
        kind.kind, replace(kind, about=("lead", "handoff"), tells=TELLS.get(kind.kind, ()))
    )
