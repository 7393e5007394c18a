"""The few pages of the design system itself: palette, theme, undo, gallery."""

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tandem.kernel.doors import ActorRequest, page, public_page, signed_in_page
from tandem.kernel.errors import Missing
from tandem.kernel.models import ProgressRecord
from tandem.kernel.undo import ask_for_undo, undoable_by
from tandem.ui import gallery as samples
from tandem.ui.error_pages import error_page
from tandem.ui.palette import groups_for
from tandem.ui.responses import Toast, done, own_page, render, see_other
from tandem.ui.shell import THEME_COOKIE, THEMES

A_YEAR_IN_SECONDS = 365 * 24 * 3600


@require_GET
@signed_in_page
def palette(request: ActorRequest) -> HttpResponseBase:
    query = request.GET.get("q", "")
    groups = groups_for(request.actor, query, path=request.GET.get("path", ""))
    return render(
        request,
        "ui/palette.html",
        {"groups": groups, "query": query, "is_palette_page": True},
        fragment="list",
    )


@require_GET
@public_page(reason="Which keys the scripts of all pages hear is nobody's secret.")
def keys(request: HttpRequest) -> HttpResponseBase:
    return render(request, "ui/keys.html", fragment="rows")


@require_POST
@public_page(reason="Light or dark is chosen before signing in, too; only a cookie is set.")
def theme(request: HttpRequest) -> HttpResponse:
    chosen = request.POST.get("theme", "")
    response = see_other(request, own_page(request))
    if chosen in THEMES:
        response.set_cookie(THEME_COOKIE, chosen, max_age=A_YEAR_IN_SECONDS, samesite="Lax")
    return response


@require_POST
@page(permission="kernel.undo")
def undo_change(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    return _undone(request, public_id)


@require_POST
@page(permission="kernel.undo")
def undo_last(request: ActorRequest) -> HttpResponseBase:
    last = undoable_by(request.actor)
    if last is None:
        raise Missing(_("There is nothing of yours to undo."))
    return _undone(request, last.public_id)


def _undone(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Back on the page with what was undone, or on that of a worker who does it."""
    done = ask_for_undo(request.actor, public_id)
    if isinstance(done, ProgressRecord):
        return see_other(request, reverse("ui:job", args=[done.public_id]))
    return see_other(request, own_page(request), toast=Toast(_("Undone"), undo=done))


SHOWS_SAMPLES = "Shows components with made-up data, and only where a developer asked for it."


@require_GET
@public_page(reason=SHOWS_SAMPLES)
def gallery(request: HttpRequest, part: str = "") -> HttpResponseBase:
    _require_gallery()
    if part == "error":
        return error_page(request, status=404, title=_("There is nothing here"), message="")
    return render(request, samples.template_of(part), samples.context())


@require_GET
@public_page(reason=SHOWS_SAMPLES)
def gallery_peek(request: HttpRequest) -> HttpResponseBase:
    _require_gallery()
    return render(request, "ui/gallery/peek.html", samples.context())


@require_http_methods(["GET", "POST"])
@public_page(reason=SHOWS_SAMPLES)
def gallery_cell(request: HttpRequest) -> HttpResponseBase:
    _require_gallery()
    if request.method == "GET":
        return render(request, "ui/gallery/cell.html", {"title": "Buying director", "error": ""})
    title = request.POST.get("title", "")
    if not title:
        context = {"title": title, "error": _("This is needed.")}
        return render(request, "ui/gallery/cell.html", context, status=422)
    return render(request, "ui/gallery/cell_saved.html", {"title": title})


@require_POST
@public_page(reason=SHOWS_SAMPLES)
def gallery_answer(request: HttpRequest) -> HttpResponse:
    _require_gallery()
    toast = Toast("3 people assigned to Tom", undo=UUID(int=0), link="/", link_label=_("Open"))
    return done(request, toast=toast, to=own_page(request))


def _require_gallery() -> None:
    if not getattr(settings, "TANDEM_GALLERY", settings.DEBUG):
        raise Http404
