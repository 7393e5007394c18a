"""The page of a campaign's results: figures, channels, costs and assets, live."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tandem.campaigns import actions, queries
from tandem.campaigns.models import Campaign
from tandem.campaigns.schemas import AssetInput, CostInput
from tandem.campaigns.slots import RESULTS_SECTIONS
from tandem.campaigns.views.figures import Figures, channels, goal, sentence, stages
from tandem.kernel.actions import last_change_set
from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.errors import DomainError, Missing
from tandem.measures.queries import today
from tandem.records.slots import RECORD_TABS, ObjectType
from tandem.ui.forms import Form, submit
from tandem.ui.responses import Toast, render, see_other

COSTS_SHOWN = 50
TOPICS = "campaign order deal handoff lead"


class ResultsTab:
    """What came of a campaign: the first tab of its page, across the whole of it."""

    key = "results"
    label: str | Promise = gettext_lazy("Results")
    order = 0
    is_wide = True
    tells: tuple[str, ...] = (
        "campaign.budget",
        "campaign.cost",
        "campaign.revenue",
        "campaign.leads",
        "cost.amount",
        "cost.note",
        "order.net",
        "deal.amount",
    )

    def shows(self, object_type: ObjectType, actor: Actor) -> bool:
        return object_type.kind == "campaign"

    def count(self, actor: Actor, object_type: ObjectType, record: Any) -> int | None:
        return None

    def render(self, request: HttpRequest, object_type: ObjectType, record: Any) -> SafeString:
        context = _context(request, record)
        return SafeString(render_to_string("campaigns/results.html", context, request=request))


RECORD_TABS.register("campaigns.results", ResultsTab())


@require_GET
@page(permission="campaigns.view")
def results(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """The figures alone, for a page that has heard that they changed."""
    campaign = queries.campaign_by_public_id(request.actor, public_id)
    if not request.htmx:  # type: ignore[attr-defined]
        return see_other(request, _url(campaign))
    return render(request, "campaigns/results.html#figures", _figures(request, campaign))


@require_POST
@page(permission="campaigns.edit")
def new_cost(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    campaign = queries.campaign_by_public_id(request.actor, public_id)
    form = submit(CostInput, request.POST)
    with form.refusals():
        actions.add_cost(request.actor, public_id, data=form.value)
        return _back(request, campaign, _("The cost is noted"))
    context = {**_context(request, campaign, form=form), "page_title": campaign.name}
    return render(request, "campaigns/page.html", context, status=form.status)


@require_POST
@page(permission="campaigns.edit")
def cost_removal(request: ActorRequest, public_id: UUID, cost_id: UUID) -> HttpResponseBase:
    campaign = queries.campaign_by_public_id(request.actor, public_id)
    actions.remove_cost(request.actor, cost_id)
    return _back(request, campaign, _("The cost is taken away"))


@require_POST
@page(permission="campaigns.edit")
def new_asset(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    return _asset(request, public_id, actions.attach_asset, _("It carries this campaign now"))


@require_POST
@page(permission="campaigns.edit")
def asset_removal(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    return _asset(request, public_id, actions.detach_asset, _("It carries this campaign no more"))


def _asset(request: ActorRequest, public_id: UUID, act: Any, said: str) -> HttpResponseBase:
    campaign = queries.campaign_by_public_id(request.actor, public_id)
    form = submit(AssetInput, request.POST)
    try:
        act(request.actor, public_id, data=form.value)
    except Missing:
        raise
    except DomainError as refused:
        return see_other(request, _url(campaign), toast=Toast(str(refused), tone="bad"))
    return _back(request, campaign, said)


def _back(request: ActorRequest, campaign: Campaign, said: str) -> HttpResponseBase:
    return see_other(request, _url(campaign), toast=Toast(said, undo=last_change_set()))


def _url(campaign: Campaign) -> str:
    return reverse("records:record", args=["campaigns", campaign.public_id])


# --- what the page shows --------------------------------------------------------------------------


def _figures(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    figures = Figures(actor, campaign)
    news, beside = sentence(figures)
    shown = [section for section in RESULTS_SECTIONS if section.shows(actor)]
    return {
        "campaign": campaign,
        "topics": TOPICS,
        "news": news,
        "beside": beside,
        "goal": goal(figures),
        "stages": stages(figures),
        "channels": channels(figures),
        "sections": [
            section.render(request, campaign)
            for section in sorted(shown, key=lambda section: section.order)
        ],
    }


def _context(
    request: HttpRequest, campaign: Campaign, *, form: Form[CostInput] | None = None
) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    costs = queries.costs_of(actor, campaign)
    may_edit = actor.may("campaigns.edit")
    return {
        **_figures(request, campaign),
        "may_edit": may_edit,
        "form": form or Form(CostInput, initial={"on": today()}),
        "costs": costs[:COSTS_SHOWN],
        "cost_count": costs.count(),
        "known_channels": queries.known_channels(actor),
        "assets": _named(queries.assets_of(actor, campaign)),
        "free_assets": _by_kind(queries.free_assets(actor)) if may_edit else [],
    }


def _named(found: Sequence[tuple[ObjectType, Any]]) -> list[tuple[ObjectType, Any, str, str]]:
    return [
        (
            kind,
            record,
            kind.name_of(record),
            reverse("records:record", args=[kind, record.public_id]),
        )
        for kind, record in found
    ]


def _by_kind(
    found: Sequence[tuple[ObjectType, Any]],
) -> list[tuple[ObjectType, list[tuple[Any, str]]]]:
    kinds = {kind.kind: kind for kind, _record in found}
    return [
        (one, [(record, kind.name_of(record)) for kind, record in found if kind is one])
        for one in kinds.values()
    ]
