"""Marketing's side: what was offered, how it came out, and what waits for a reply."""

from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.handoff import queries
from tandem.handoff.models import Handoff
from tandem.handoff.views import words
from tandem.handoff.views.inbox import shows_for
from tandem.handoff.views.offers import WORKPLACE, about, clock_of, company_of, kind_words
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.records.slots import refuse_hidden
from tandem.ui.responses import render

SHOWN = 100


@require_GET
@page(permission="handoff.view")
def sent(request: ActorRequest) -> HttpResponseBase:
    """The ledger: figures that add up, and the hand-offs of one part."""
    refuse_hidden(request.actor, *WORKPLACE)
    sums = queries.ledger_sums(request.actor)
    parts = _parts(sums)
    show = request.GET.get("show", "")
    if show not in {key for key, _label, _count in parts}:
        show = "reply" if sums.to_reply else "all"
    rows = queries.ledger(request.actor, part=show, limit=SHOWN)
    context = {
        "page_title": _("Hand-offs"),
        "show": show,
        "parts": parts,
        "sums": sums,
        "rows": [
            (row, words.clock_says(row), clock_of(row), _said(request.actor, row)) for row in rows
        ],
        "hidden": request.actor.hidden_of("handoff"),
        "is_cut": len(rows) == SHOWN,
        "may_reply": request.actor.may("handoff.reply"),
        "may_answer": request.actor.may("handoff.answer"),
        "shows": shows_for(request.actor),
    }
    return render(request, "handoff/sent.html", context, fragment="ledger")


def _parts(sums: queries.Sums) -> list[tuple[str, str, int]]:
    return [
        ("reply", _("Waits for our reply"), sums.to_reply),
        ("waiting", _("Waits for sales"), sums.waiting),
        ("accepted", _("Accepted"), sums.accepted),
        ("rejected", _("Rejected"), sums.rejected),
        ("all", _("All"), sums.offered),
    ]


def _said(actor: Actor, row: Handoff) -> dict[str, str]:
    tells_why = row.rejection_code and not actor.hides("handoff", "rejection_code")
    return {
        "about": about(actor, row.lead) or kind_words(actor, row),
        "company": company_of(actor, row.lead),
        "reason": words.said(words.CODES, row.rejection_code) if tells_why else "",
        "route": words.said(words.FOLLOWED, row.route) if row.route else "",
        "verdict": words.said(words.VERDICTS, row.reply_verdict) if row.reply_verdict else "",
    }
