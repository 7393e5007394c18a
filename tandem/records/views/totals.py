"""Choosing what the foot of a column tells, and fetching it where a list is very long."""

from typing import Any

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tandem.kernel.doors import ActorRequest
from tandem.kernel.errors import Missing
from tandem.records import queries
from tandem.records.errors import TooManyToAddUp
from tandem.records.queries.aggregates import Totals, offered_aggregates, totals
from tandem.records.queries.groups import groupings
from tandem.records.rules.aggregates import Aggregate
from tandem.records.slots import ObjectType
from tandem.records.views.boards import cards_context
from tandem.records.views.doors import record_page
from tandem.records.views.feet import LABELS, NO_FEET
from tandem.records.views.groups import grouping_label
from tandem.records.views.lists import ListState, counted, feet_of
from tandem.records.views.offers import offers
from tandem.ui import formats
from tandem.ui.responses import is_fragment, render, see_other


@require_GET
@record_page
def foot(request: ActorRequest, object_type: ObjectType, key: str) -> HttpResponseBase:
    """The dialog in which the foot of a column is chosen: each choice is an address of the list."""
    state = ListState(object_type, request.actor, request.GET.dict())
    field = state.field(key)
    offered = offered_aggregates(object_type, request.actor).get(key)
    if field is None or offered is None:
        raise Missing()
    now = dict(state.footers).get(key)
    choices: list[Aggregate | None] = [None, *offered]
    context = {
        "type": object_type,
        "page_title": _("Foot of %(column)s") % {"column": field.label},
        "lead": _(
            "Over all rows that this list shows, not this page alone. Amounts of different"
            " currencies are never added."
        ),
        "choices": [
            (LABELS[one] if one else _("Nothing"), _url_with(state, key, one), one == now)
            for one in choices
        ],
        "back": state.url(),
    }
    return render(request, "records/foot.html", context, fragment="dialog")


@require_GET
@record_page
def grouping(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """The dialog in which it is chosen what makes groups of a list."""
    state = ListState(object_type, request.actor, request.GET.dict())
    now = str(state.grouping or "")
    found = [(str(one), grouping_label(one)) for one in groupings(object_type, request.actor)]
    context = {
        "type": object_type,
        "page_title": _("Group"),
        "lead": _("The list in groups, each with its number of rows and its feet."),
        "choices": [
            (label, state.url(group=key or NO_FEET, shut=None), key == now)
            for key, label in [("", _("No groups")), *found]
        ],
        "back": state.url(),
    }
    return render(request, "records/foot.html", context, fragment="dialog")


@require_GET
@record_page
def feet(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """The foot of a very long list, over all of it; fetched after the page."""
    state = ListState(object_type, request.actor, request.GET.dict())
    why = ""
    try:
        found = totals(object_type, request.actor, state.query, state.footers)
    except TooManyToAddUp as error:
        rows = queries.records_matching(object_type, request.actor, state.query).count()
        found, why = Totals(rows, False, ()), str(error)
    context = {
        "type": object_type,
        "page_title": object_type.label_plural,
        "offers": offers(object_type, request.actor),
        "total": formats.number(found.rows),
        "counted": counted(object_type, found.rows),
        "feet": feet_of(state, found, why=why),
    }
    return TemplateResponse(request, "records/list.html#foot", context)


@require_GET
@record_page
def cards(request: ActorRequest, object_type: ObjectType) -> HttpResponseBase:
    """The next cards of one column of a board; the board itself without a script."""
    params = {key: one for key, one in request.GET.dict().items() if not key.startswith("_")}
    state = ListState(object_type, request.actor, params)
    if state.board is None:
        raise Missing()
    if not is_fragment(request):
        return see_other(request, state.url())
    text = request.GET.get("_after", "")
    after = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    key = request.GET.get("_column", "")
    context = cards_context(state, state.board, key=key, after=after)
    return render(request, "records/cards.html", context)


def _url_with(state: ListState, key: str, aggregate: Aggregate | None) -> str:
    chosen: dict[str, Any] = {**dict(state.footers), key: aggregate}
    kept = ",".join(f"{one}:{word}" for one, word in chosen.items() if word)
    return state.url(footers=kept or NO_FEET)
