"""Long jobs as pages show them: one that runs, and the last ones."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tandem.kernel.doors import ActorRequest, page
from tandem.kernel.models import ProgressRecord
from tandem.kernel.progress import describe, progress_of, recent_progress, request_cancel
from tandem.ui.responses import render


@require_GET
@page(permission="kernel.watch")
def jobs(request: ActorRequest) -> HttpResponseBase:
    shown = [_shown(record) for record in recent_progress(request.actor)]
    return render(request, "ui/jobs.html", {"jobs": shown, "page_title": _("Long jobs")})


@require_GET
@page(permission="kernel.watch")
def job(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    return _one(request, progress_of(request.actor, public_id))


@require_POST
@page(permission="kernel.watch")
def cancellation(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    return _one(request, request_cancel(request.actor, public_id))


def _one(request: ActorRequest, record: ProgressRecord) -> HttpResponseBase:
    shown = _shown(record)
    context = {"jobs": [shown], "job": shown, "page_title": shown["label"]}
    return render(request, "ui/jobs.html", context, fragment="job")


def _shown(record: ProgressRecord) -> Mapping[str, Any]:
    return describe(record, now=timezone.now())
