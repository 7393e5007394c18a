"""How much segments share: each two of them side by side."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.kernel.doors import ActorRequest, page
from tandem.segments import queries
from tandem.segments.models import Segment
from tandem.segments.views.tree import url_of
from tandem.ui.responses import render

MOST = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """How many of a segment's persons are in another one, and what share that is."""

    count: int
    share: Decimal | None
    is_same: bool


@require_GET
@page(permission="segments.view")
def overlap(request: ActorRequest) -> HttpResponseBase:
    """The segments that ``of`` names, at most eight; the largest where none is named."""
    every = list(queries.published(request.actor))
    named = {UUID(one) for one in request.GET.getlist("of") if _is_id(one)}
    chosen = [one for one in every if one.public_id in named]
    if not named:
        by_size = sorted(every, key=lambda one: -one.membership.size)[:4]
        chosen = [one for one in every if one in by_size]
    chosen = chosen[:MOST]
    shared = queries.overlaps(request.actor, chosen)
    context = {
        "page_title": _("Overlap of segments"),
        "every": [(one, one in chosen) for one in every],
        "columns": chosen,
        "rows": [_row(chosen, shared, at) for at in range(len(chosen))],
        "most": MOST,
    }
    return render(request, "segments/overlap.html", context)


def _row(
    chosen: list[Segment], shared: list[list[int]], at: int
) -> tuple[Segment, str, int, list[Cell]]:
    whole = shared[at][at]
    cells = [
        Cell(count, Decimal(count) / whole if whole else None, other == at)
        for other, count in enumerate(shared[at])
    ]
    return chosen[at], url_of(chosen[at]), whole, cells


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
