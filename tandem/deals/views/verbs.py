"""What is done with one deal: moved, won, lost, reopened, its next step and its persons."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tandem.accounts.queries import base_currency
from tandem.accounts.schemas import currencies
from tandem.deals import actions, queries
from tandem.deals.models import Category, Deal
from tandem.deals.rules import OUTCOME
from tandem.deals.schemas import (
    ChangeDeal,
    ContactIn,
    DealFromLead,
    LoseDeal,
    MoveDeal,
    NewDeal,
    NextStepIn,
    ReopenDeal,
    WinDeal,
)
from tandem.deals.views.words import REASONS, ROLES, SAID_BY
from tandem.handoff.queries import lead_by_public_id
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import Invalid
from tandem.records.slots import refuse_hidden
from tandem.ui import formats
from tandem.ui.forms import Form
from tandem.ui.responses import Toast, is_fragment, render, see_other, trigger

BOARD = "board"


@require_http_methods(["GET", "POST"])
@page(permission="deals.edit")
def stage(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Move a deal; the page with every stage is for who has no script."""
    refuse_hidden(request.actor, "deal.stage")
    deal = queries.deal_by_public_id(request.actor, public_id)
    form = Form(MoveDeal, data=_posted(request), initial=_seen(deal))
    if form.is_submitted:
        try:
            moved = actions.move_deal(request.actor, public_id, data=form.value)
        except Invalid as refused:
            form.refuse(refused)
        else:
            words = _("%(deal)s moved to %(stage)s") % {"deal": moved.name, "stage": moved.stage}
            return _finished(request, moved, words)
    stages = [one for one in queries.stages_of(deal.pipeline_id) if one.pk != deal.stage_id]
    context = _dialog(request, deal, form) | {"stages": stages}
    return render(request, "deals/move.html", context, fragment="dialog", status=form.status)


@require_http_methods(["GET", "POST"])
@page(permission="deals.close")
def win(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    refuse_hidden(request.actor, *OUTCOME)
    deal = queries.deal_by_public_id(request.actor, public_id)
    form = Form(WinDeal, data=_posted(request), initial=_seen(deal))
    if form.is_submitted:
        try:
            won = actions.win_deal(request.actor, public_id, data=form.value)
        except Invalid as refused:
            form.refuse(refused)
        else:
            return _finished(request, won, _won_words(request.actor, won))
    context = _dialog(request, deal, form) | {
        "asks_amount": deal.amount_minor is None,
        "asks_buyer": not queries.has_buyer(deal),
        "amount": queries.money_for(request.actor, deal),
    }
    return render(request, "deals/win.html", context, fragment="dialog", status=form.status)


@require_http_methods(["GET", "POST"])
@page(permission="deals.close")
def loss(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    refuse_hidden(request.actor, *OUTCOME)
    deal = queries.deal_by_public_id(request.actor, public_id)
    choices = {"reason": list(REASONS.items()), "said_by": list(SAID_BY.items())}
    form = Form(LoseDeal, data=_posted(request), initial=_seen(deal), choices=choices)
    if form.is_submitted:
        try:
            lost = actions.lose_deal(request.actor, public_id, data=form.value)
        except Invalid as refused:
            form.refuse(refused)
        else:
            return _finished(request, lost, _("%(deal)s is lost") % {"deal": lost.name})
    context = _dialog(request, deal, form)
    return render(request, "deals/lose.html", context, fragment="dialog", status=form.status)


@require_POST
@page(permission="deals.close")
def reopening(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    form = Form(ReopenDeal, data=request.POST)
    deal = actions.reopen_deal(request.actor, public_id, data=form.value)
    words = _("%(deal)s is open again, in %(stage)s") % {"deal": deal.name, "stage": deal.stage}
    return _finished(request, deal, words)


@require_POST
@page(permission="deals.edit")
def next_step(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    form = Form(NextStepIn, data=request.POST)
    data = ChangeDeal(**form.value.model_dump())
    deal = actions.change_deal(request.actor, public_id, data=data)
    toast = Toast(_("Next step saved"), undo=last_change_set())
    return see_other(request, _url(deal), toast=toast)


@require_http_methods(["GET", "POST"])
@page(permission="deals.create")
def from_lead(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Open a deal from a lead: what the lead does not know is asked for."""
    lead = lead_by_public_id(request.actor, public_id)
    pipelines = queries.pipelines_in_order(request.actor)
    choices: dict[str, Any] = {
        "currency": [(code, code) for code in currencies()],
        "pipeline": [(str(one.public_id), one.name) for one in pipelines],
    }
    company = None if request.actor.hides("lead", "company") else lead.company
    named = company or lead.person
    sees_motion = not request.actor.hides("pipeline", "motion")
    fitting = next(
        (one for one in pipelines if sees_motion and one.motion_id == lead.motion_id), None
    )
    initial = {
        "currency": base_currency(),
        "pipeline": str(fitting.public_id) if fitting else None,
    }
    form = Form(DealFromLead, data=_posted(request), initial=initial, choices=choices)
    with form.refusals():
        if form.is_submitted:
            data = NewDeal(lead=public_id, **form.value.model_dump())
            deal, _new = actions.open_deal(request.actor, data=data)
            toast = Toast(_("%(deal)s opened") % {"deal": deal.name}, undo=last_change_set())
            return see_other(request, _url(deal), toast=toast)
    context = {
        "lead": lead,
        "form": form,
        "asks_pipeline": len(pipelines) > 1,
        "url": request.path,
        "page_title": _("Open a deal with %(name)s") % {"name": named},
    }
    return render(request, "deals/from_lead.html", context, fragment="dialog", status=form.status)


@require_POST
@page(permission="deals.edit")
def contacts(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    form = Form(ContactIn, data=request.POST, choices={"role": list(ROLES.items())})
    contact = actions.put_contact(request.actor, public_id, data=form.value)
    words = _("%(person)s is in this deal") % {"person": contact.person.name}
    toast = Toast(words, undo=last_change_set())
    return see_other(request, reverse("records:record", args=["deals", public_id]), toast=toast)


@require_POST
@page(permission="deals.edit")
def contact_removal(request: ActorRequest, public_id: UUID, person_id: UUID) -> HttpResponseBase:
    actions.remove_contact(request.actor, public_id, person=person_id)
    toast = Toast(_("Taken out of this deal"), undo=last_change_set())
    return see_other(request, reverse("records:record", args=["deals", public_id]), toast=toast)


def _posted(request: ActorRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _seen(deal: Deal) -> dict[str, object]:
    return {"seen": str(deal.stage.public_id)}


def _dialog(request: ActorRequest, deal: Deal, form: Form[Any]) -> dict[str, Any]:
    origin = request.POST.get("_from") or request.GET.get("_from", "")
    return {
        "deal": deal,
        "form": form,
        "origin": BOARD if origin == BOARD else "",
        "seen": request.POST.get("seen") or request.GET.get("seen") or deal.stage.public_id,
        "url": request.path,
        "back": reverse("deals:board") if origin == BOARD else _url(deal),
    }


def _won_words(actor: Actor, deal: Deal) -> str:
    money = queries.money_for(actor, deal)
    if money is None:
        return _("%(deal)s is won") % {"deal": deal.name}
    worth = formats.money(money)
    return _("%(deal)s is won: %(amount)s") % {"deal": deal.name, "amount": worth}


def _finished(request: ActorRequest, deal: Deal, words: str) -> HttpResponseBase:
    """After a verb: on the board the card is settled in place, elsewhere the deal is shown."""
    toast = Toast(words, undo=last_change_set(), link=_url(deal))
    if request.POST.get("_from") != BOARD:
        return see_other(request, _url(deal), toast=Toast(words, undo=last_change_set()))
    if not is_fragment(request):
        return see_other(request, reverse("deals:board"), toast=toast)
    response = HttpResponse(status=204)
    trigger(response, "toast", toast.as_dict())
    if deal.status != Category.OPEN:
        trigger(response, "board-done")
        trigger(response, "dialog-close")
    return response


def _url(deal: Deal) -> str:
    return reverse("records:record", args=["deals", deal.public_id])
