"""The board: the open deals of a pipeline by stage, with filters, live."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tandem.accounts.errors import FieldHidden
from tandem.accounts.queries import user_choices
from tandem.deals import queries
from tandem.deals.actions import ensure_pipeline
from tandem.deals.models import Category, Pipeline
from tandem.deals.queries import board as boards
from tandem.deals.queries.board import Board, BoardFilter, Card, Column
from tandem.deals.rules import Age, Total
from tandem.deals.views.words import STEP_DOTS, STEP_TONES, age_words, median_words, step_words
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Missing
from tandem.ui import formats
from tandem.ui.responses import Toast, is_fragment, render, see_other

MAX_TEXT = 200
# What a board shows by where its cards stand: to whom it is hidden, deals are a list.
TOLD = ("deal.stage", "deal.status")


@require_GET
@page(permission="deals.view")
def board(request: ActorRequest) -> HttpResponseBase:
    if request.actor.hides_any(*TOLD):
        return redirect("records:list", "deals")
    pipelines = queries.pipelines_in_order(request.actor)
    if not pipelines:
        return render(request, "deals/no_pipeline.html", {"may_create": _may(request, "create")})
    pipeline = _chosen(pipelines, request.GET.get("pipeline", ""))
    narrowed = _filter(request)
    found = boards.board(request.actor, pipeline, narrowed, shown=_number(request, "shown"))
    here = _place(pipeline, narrowed, is_default=pipeline is pipelines[0])
    context = {
        "board": found,
        "pipeline": pipeline,
        "pipelines": [(one, f"?{_place(one, narrowed)}") for one in pipelines],
        "columns": [_shown(request.actor, column, here) for column in found.columns],
        "summary": _summary(request.actor, found),
        "closing": [stage for stage in _stages(pipeline) if stage.category != Category.OPEN],
        "narrowed": narrowed,
        "here": here,
        "owners": _owners(),
        "may_move": _may(request, "edit"),
        "may_create": _may(request, "create"),
        "is_news": is_fragment(request),
    }
    return render(request, "deals/board.html", context, fragment="columns")


@require_GET
@page(permission="deals.view")
def cards(request: ActorRequest) -> HttpResponseBase:
    """The next cards of one column, for its list; a page of the board without a script."""
    if request.actor.hides_any(*TOLD):
        raise FieldHidden()
    pipelines = queries.pipelines_in_order(request.actor)
    pipeline = _chosen(pipelines, request.GET.get("pipeline", ""))
    narrowed, after = _filter(request), _number(request, "after")
    stage = _uuid(request.GET.get("stage", ""))
    here = _place(pipeline, narrowed, is_default=pipeline is pipelines[0])
    if not is_fragment(request):
        shown = urlencode({"shown": after + boards.CARDS})
        return see_other(request, f"{reverse('deals:board')}?{here}&{shown}")
    found, left = boards.more_cards(request.actor, pipeline, narrowed, stage=stage, after=after)
    context = {
        "cards": _drawn(request.actor, found),
        "more": left,
        "more_url": _more_url(here, stage, after + len(found)),
        "may_move": _may(request, "edit"),
    }
    return render(request, "deals/cards.html", context)


@require_POST
@page(permission="deals.create")
def first_pipeline(request: ActorRequest) -> HttpResponseBase:
    """Set up the usual pipeline, before there is a deal."""
    made = ensure_pipeline(request.actor)
    toast = Toast(_("%(name)s is set up") % {"name": made.name}, undo=last_change_set())
    return see_other(request, reverse("deals:board"), toast=toast)


@dataclass(frozen=True, slots=True)
class DrawnCard:
    """A card as the template writes it: plain values, since there may be hundreds."""

    id: str
    url: str
    name: str
    stage: str
    amount: str
    owner: str
    owner_side: str
    dot: str
    tone: str
    step: str
    age: str
    age_tone: str
    is_from_marketing: bool
    needs: bool


@dataclass(frozen=True, slots=True)
class DrawnColumn:
    """A column as the template writes it."""

    column: Column
    id: str
    sum: str
    parts: str
    median: str
    cards: Sequence[DrawnCard]
    more: int
    more_url: str


def _shown(actor: Actor, column: Column, here: str) -> DrawnColumn:
    hides_amount = actor.hides("deal", "amount")
    return DrawnColumn(
        column=column,
        id=str(column.stage.public_id),
        sum="" if hides_amount else formats.money(column.total.base),
        parts="" if hides_amount else _parts(column.total),
        median=median_words(column.median_days),
        cards=_drawn(actor, column.cards),
        more=column.more,
        more_url=_more_url(here, column.stage.public_id, len(column.cards)),
    )


def _drawn(actor: Actor, cards: Sequence[Card]) -> list[DrawnCard]:
    base, today = reverse("records:list", args=["deals"]), timezone.localdate()
    hidden = actor.hidden_of("deal")
    return [_draw(card, base, today, hidden) for card in cards]


def _draw(card: Card, base: str, today: dt.date, hidden: frozenset[str]) -> DrawnCard:
    deal, step = card.deal, card.step
    owner = None if "owner" in hidden else deal.owner
    tells_step = "next_step" not in hidden
    return DrawnCard(
        id=str(deal.public_id),
        url=f"{base}/{deal.public_id}",
        name=deal.name,
        stage=str(deal.stage.public_id),
        amount=_amount(card) if "amount" not in hidden else "",
        owner=owner.name if owner is not None else "",
        owner_side=owner.mark if owner is not None else "",
        dot=STEP_DOTS[step] if tells_step else "none",
        tone=STEP_TONES[step] if tells_step else "",
        step=step_words(deal, today) if tells_step else "",
        age=age_words(card),
        age_tone="bad" if card.age is Age.STALE else "warn",
        is_from_marketing=card.is_from_marketing,
        needs=card.needs,
    )


def _amount(card: Card) -> str:
    return _("no amount") if card.amount is None else formats.money(card.amount)


def _summary(actor: Actor, found: Board) -> Mapping[str, Any]:
    if actor.hides("deal", "amount"):
        return {"count": found.count}
    return {
        "count": found.count,
        "sum": formats.money(found.total.base),
        "weighted": formats.money(found.weighted.base),
        "parts": _parts(found.total),
    }


def _parts(total: Total) -> str:
    """What a sum is made of where it holds other currencies than our own; else nothing."""
    if not total.is_mixed:
        return ""
    left = set(total.without_rate)
    known = [formats.money(part) for part in total.parts if part not in left]
    without = ", ".join(formats.money(money) for money in total.without_rate)
    said = [_("of it %(amounts)s") % {"amounts": ", ".join(known)}] if len(known) > 1 else []
    said += [_("and %(amounts)s without a rate") % {"amounts": without}] if without else []
    return "; ".join(said)


def _chosen(pipelines: Sequence[Pipeline], wanted: str) -> Pipeline:
    if not pipelines:
        raise Missing()
    if not wanted:
        return pipelines[0]
    found = [one for one in pipelines if str(one.public_id) == wanted]
    if not found:
        raise Missing()
    return found[0]


def _stages(pipeline: Pipeline) -> Sequence[Any]:
    found: Sequence[Any] = getattr(pipeline, "in_order", ())
    return found


def _filter(request: ActorRequest) -> BoardFilter:
    text = request.GET.get("q", "").replace("\0", "").strip()[:MAX_TEXT]
    return BoardFilter(owner=request.GET.get("owner", ""), text=text)


def _place(pipeline: Pipeline, narrowed: BoardFilter, *, is_default: bool = False) -> str:
    """What of the address says which board this is."""
    parts = {
        "pipeline": "" if is_default else str(pipeline.public_id),
        "owner": narrowed.owner,
        "q": narrowed.text,
    }
    return urlencode({name: value for name, value in parts.items() if value})


def _more_url(here: str, stage: UUID, after: int) -> str:
    more = urlencode({"stage": str(stage), "after": after})
    return f"{reverse('deals:cards')}?{here}&{more}" if here else f"{reverse('deals:cards')}?{more}"


def _owners() -> list[tuple[str, Any]]:
    everybody, nobody = ("", _("Everybody")), ("nobody", _("Nobody"))
    return [everybody, ("me", _("Me")), ("my_team", _("My team")), nobody, *user_choices()]


def _number(request: ActorRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return min(int(text), boards.MOST_CARDS * 100) if text.isascii() and text.isdigit() else 0


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Missing() from None


def _may(request: ActorRequest, verb: str) -> bool:
    return request.actor.may(f"deals.{verb}")
