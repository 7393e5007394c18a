"""The seller's inbox: the queue by due time, and one hand-off with all that one needs to know."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.handoff import queries
from tandem.handoff.models import Handoff
from tandem.handoff.views.offers import WORKPLACE, about, company_of, offer_context
from tandem.handoff.views.words import CODES, said
from tandem.kernel.actor import Actor, Scope
from tandem.kernel.doors import ActorRequest, page
from tandem.records.slots import RECORD_PANELS, object_type, refuse_hidden, shown_of
from tandem.ui.responses import is_fragment, render

SHOWS = ("mine", "team", "answered")
ANSWERED_SHOWN = 60


@require_GET
@page(permission="handoff.view")
def inbox(request: ActorRequest) -> HttpResponseBase:
    """The queue, and beside it what is due first."""
    refuse_hidden(request.actor, *WORKPLACE)
    if not request.actor.may("handoff.answer") and "show" not in request.GET:
        return redirect("handoff:sent")
    return _answer(request, None)


@require_GET
@page(permission="handoff.view")
def offer(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """One hand-off beside the queue."""
    refuse_hidden(request.actor, *WORKPLACE)
    return _answer(request, queries.handoff_by_public_id(request.actor, public_id))


def _answer(request: ActorRequest, chosen: Handoff | None) -> HttpResponseBase:
    show = _show(request)
    part = request.GET.get("part", "") if is_fragment(request) else ""
    rows = _rows(request, show) if part != "offer" or chosen is None else []
    selected = chosen or (rows[0] if rows else None)
    context: dict[str, Any] = {
        "page_title": _("Hand-offs"),
        "show": show,
        "shows": shows_for(request.actor),
        "chosen": chosen,
        "selected": selected,
        "here": reverse("handoff:offer", args=[chosen.public_id]) if chosen else _inbox(),
        "parts": _parts(request.actor, rows),
        "waiting": sum(row.turn < 4 for row in rows),
    }
    if selected is not None and part != "queue":
        context |= offer_context(request, selected)
        context["panels"] = _panels(request, selected)
    return render(request, "handoff/inbox.html", context, fragment=part or None)


def _panels(request: ActorRequest, handoff: Handoff) -> list[SafeString]:
    """What other rooms know of a hand-off: its deals, and opening one."""
    described = object_type("handoff")
    return [
        one.render(request, described, handoff)
        for one in shown_of(RECORD_PANELS, described, request.actor)
    ]


def _inbox() -> str:
    return reverse("handoff:inbox")


def _show(request: ActorRequest) -> str:
    """What the reader chose; who answers for all sees all."""
    asked = request.GET.get("show", "")
    usual = "team" if request.actor.scope_of("handoff") is Scope.ALL else "mine"
    return asked if asked in SHOWS else usual


def shows_for(actor: Actor) -> list[tuple[str, str]]:
    """What the inbox can show to somebody."""
    names = {"mine": _("Mine"), "team": _("Team"), "answered": _("Answered")}
    if actor.scope_of("handoff") is Scope.ALL:
        names["team"] = _("All")
    return list(names.items())


def _rows(request: ActorRequest, show: str) -> list[Any]:
    if show == "answered":
        return queries.answered_by(request.actor, limit=ANSWERED_SHOWN)
    return list(queries.queue_of(request.actor, only_own=show == "mine"))


def _parts(actor: Actor, rows: list[Any]) -> list[tuple[str, str, list[tuple[Any, str]]]]:
    """The queue under its headings, each with its rows and their second lines."""
    heads = {
        1: (_("Answer"), _("by due time")),
        2: (_("First touch"), _("real ones only")),
        3: (_("Outcome"), _("qualified, or back with a reason")),
        4: (_("Waiting for marketing"), _("their clock")),
        5: (_("Answered"), _("latest first")),
    }
    found = []
    for turn, (title, note) in heads.items():
        here = [(row, _line(actor, row)) for row in rows if row.turn == turn]
        if here:
            found.append((title, note, here))
    return found


def _line(actor: Actor, row: Any) -> str:
    lead, what = row.lead, ""
    if row.rejection_code:
        if not actor.hides("handoff", "rejection_code"):
            what = _("back: %(reason)s") % {"reason": said(CODES, row.rejection_code)}
    elif about(actor, lead):
        what = about(actor, lead)
    elif not actor.hides("lead", "score"):
        what = _("score %(score)s") % {"score": lead.score}
    return ", ".join(filter(None, [company_of(actor, lead), what]))
