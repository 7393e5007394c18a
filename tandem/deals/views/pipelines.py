"""The settings of pipelines: names, the default one, stages and their order."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tandem.deals import actions, queries
from tandem.deals.models import Category, Pipeline
from tandem.deals.schemas import ChangePipeline, ChangeStage, NewPipeline, NewStage
from tandem.kernel.actions import last_change_set
from tandem.kernel.doors import ActorRequest, page
from tandem.ui.forms import Form
from tandem.ui.responses import Toast, render, see_other


@require_http_methods(["GET", "POST"])
@page(permission="deals.settings")
def pipelines(request: ActorRequest) -> HttpResponseBase:
    form = Form(NewPipeline, data=_posted(request))
    with form.refusals():
        if form.is_submitted:
            made, _new = actions.create_pipeline(request.actor, data=form.value)
            return _back(request, made, _("%(name)s is set up") % {"name": made.name})
    context = {"pipelines": queries.pipelines_in_order(request.actor), "form": form}
    return render(request, "deals/pipelines.html", context, status=form.status)


@require_http_methods(["GET", "POST"])
@page(permission="deals.settings")
def pipeline(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = queries.pipeline_by_public_id(request.actor, public_id)
    form = Form(ChangePipeline, data=_posted(request), initial={"name": found.name})
    with form.refusals():
        if form.is_submitted:
            actions.change_pipeline(request.actor, public_id, data=form.value)
            return _back(request, found, _("Saved"))
    return _page(request, found, form=form)


@require_POST
@page(permission="deals.settings")
def default(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Make a pipeline the one where new deals go."""
    data = ChangePipeline(is_default=True)
    found = actions.change_pipeline(request.actor, public_id, data=data)
    return _back(request, found, _("New deals go to %(name)s") % {"name": found.name})


@require_POST
@page(permission="deals.settings")
def removal(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    actions.delete_pipeline(request.actor, public_id)
    toast = Toast(_("Pipeline deleted"), undo=last_change_set())
    return see_other(request, reverse("deals:pipelines"), toast=toast)


@require_POST
@page(permission="deals.settings")
def new_stage(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    found = queries.pipeline_by_public_id(request.actor, public_id)
    form = Form(NewStage, data=_as_share(request.POST))
    with form.refusals():
        made = actions.add_stage(request.actor, public_id, data=form.value)
        return _back(request, found, _("%(name)s added") % {"name": made.name})
    return _page(request, found, stage_form=form)


@require_POST
@page(permission="deals.settings")
def stage(request: ActorRequest, public_id: UUID, stage_id: UUID) -> HttpResponseBase:
    found = queries.pipeline_by_public_id(request.actor, public_id)
    form = Form(ChangeStage, data=_as_share(request.POST))
    with form.refusals():
        changed = actions.change_stage(request.actor, public_id, stage_id, data=form.value)
        return _back(request, found, _("%(name)s saved") % {"name": changed.name})
    return _page(request, found, refused=(stage_id, form))


@require_POST
@page(permission="deals.settings")
def stage_removal(request: ActorRequest, public_id: UUID, stage_id: UUID) -> HttpResponseBase:
    found = queries.pipeline_by_public_id(request.actor, public_id)
    actions.delete_stage(request.actor, public_id, stage_id)
    return _back(request, found, _("Stage deleted"))


def _posted(request: ActorRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _as_share(posted: QueryDict) -> QueryDict:
    """The chance is typed in percent and kept as a share of 1."""
    data = posted.copy()
    text = data.get("probability", "").strip()
    if text.isascii() and text.isdigit():
        data["probability"] = f"{int(text) / 100:.2f}"
    return data


def _page(
    request: ActorRequest,
    found: Pipeline,
    *,
    form: Form[ChangePipeline] | None = None,
    stage_form: Form[NewStage] | None = None,
    refused: tuple[UUID, Form[ChangeStage]] | None = None,
) -> HttpResponseBase:
    forms: tuple[Form[Any] | None, ...] = (form, stage_form, refused[1] if refused else None)
    stages = queries.stages_of(found.pk)
    context = {
        "pipeline": found,
        "rows": [
            {
                "stage": one,
                "percent": round(one.probability * 100),
                "place": at,
                "is_first": at == 1,
                "is_last": at == len(stages) or stages[at].category != Category.OPEN,
                "is_open": one.category == Category.OPEN,
                "form": refused[1] if refused and refused[0] == one.public_id else None,
            }
            for at, one in enumerate(stages, start=1)
        ],
        "form": form or Form(ChangePipeline, initial={"name": found.name}),
        "stage_form": stage_form or Form(NewStage),
    }
    status = max([one.status for one in forms if one is not None], default=200)
    return render(request, "deals/pipeline.html", context, status=status)


def _back(request: ActorRequest, found: Pipeline, text: str) -> HttpResponseBase:
    to = reverse("deals:pipeline", args=[found.public_id])
    return see_other(request, to, toast=Toast(text, undo=last_change_set()))
