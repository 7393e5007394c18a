"""Home and the search page."""

from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page, public_page, signed_in_page
from tandem.kernel.errors import Missing
from tandem.kernel.installation import installation, release_sending
from tandem.records import queries
from tandem.records.actions.accesses import note_access
from tandem.records.models import AccessDeed
from tandem.records.slots import OBJECT_TYPES, ObjectType
from tandem.records.views.cells import rows_of
from tandem.timeline.queries import latest_stories
from tandem.ui.home import HOME_PANELS, Place, is_there, panels_for
from tandem.ui.navigation import NavItem, Section, register
from tandem.ui.responses import Toast, render, see_other

SEARCH_SHOWN = 20
HOME_SHOWN = 12


# Until somebody is here, home welcomes; a pipeline or a form alone says nothing yet.
FIRST_KINDS = ("person", "company")


@require_GET
@public_page(reason="leads on to the home page or the sign-in, in the demo to its walk")
def front(request: ActorRequest) -> HttpResponseBase:
    if settings.TANDEM_DEMO and not request.actor.is_known:
        return redirect("web:walk")
    return home(request)


@require_GET
@signed_in_page
def home(request: ActorRequest) -> HttpResponseBase:
    actor = request.actor
    types = [found for found in OBJECT_TYPES if actor.may(found.permissions.view)]
    first = [found for found in types if found.kind in FIRST_KINDS]
    is_empty = not any(found.visible_to(actor).exists() for found in first)
    context = {
        "page_title": _("This month, both sides") if not is_empty else _("Home"),
        "name": actor.label.split(" ")[0],
        "first": [found for found in first if actor.may(found.permissions.create)],
        "is_empty": is_empty,
        "panels": {} if is_empty else _panels(request),
        "stories": [] if is_empty else latest_stories(actor, limit=HOME_SHOWN),
        "mine": [(found, rows) for found in types if (rows := _mine(actor, found))],
        "installation": installation(),
        "may_release": actor.may("kernel.operate"),
    }
    return render(request, "web/home.html", context)


@require_GET
@signed_in_page
def home_panel(request: ActorRequest, key: str) -> HttpResponseBase:
    """One panel again, for a page that has heard of a change."""
    panel = HOME_PANELS.get(key)
    if panel is None or not is_there(request.actor, panel):
        raise Missing()
    if not request.htmx:  # type: ignore[attr-defined]
        return see_other(request, reverse("web:home"))
    context = {"key": key, "panel": panel, "content": panel.render(request)}
    return render(request, "web/home.html#panel", context)


def _panels(request: ActorRequest) -> dict[str, list[dict[str, Any]]]:
    """The panels that have something to say, by their place."""
    placed: dict[str, list[dict[str, Any]]] = {str(place): [] for place in Place}
    for key, panel in panels_for(request.actor):
        placed[panel.place].append({"key": key, "panel": panel, "content": panel.render(request)})
    return placed


@require_POST
@page(permission="kernel.operate")
def sending_release(request: ActorRequest) -> HttpResponseBase:
    release_sending(request.actor)
    return see_other(request, reverse("web:home"), toast=Toast(_("Sending is released")))


@require_GET
@signed_in_page
def search(request: ActorRequest) -> HttpResponseBase:
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    actor = request.actor
    found = []
    if text:
        hits = queries.search_everywhere(actor, text, types=list(OBJECT_TYPES), limit=SEARCH_SHOWN)
        note_access(actor, AccessDeed.SEARCHED, about=text)
        found = [(kind, rows_of(kind, actor, records, [])) for kind, records in hits]
    context = {"page_title": _("Search"), "text": text, "found": found}
    return render(request, "web/search.html", context, fragment="found")


def _mine(actor: Actor, object_type: ObjectType) -> list[Any]:
    """The records that the actor owns, the latest changed first; some kinds have no owner."""
    if all(field.key != "owner" for field in object_type.fields_for(actor)):
        return []
    rows = object_type.visible_to(actor).filter(owner_id=actor.user_id).order_by("-updated_at")
    return rows_of(object_type, actor, list(object_type.prepare(rows)[:6]), [])


register(
    NavItem(
        key="home",
        label=gettext_lazy("Home"),
        icon="home",
        url_name="web:home",
        section=Section.TOP,
        order=0,
        shortcut="h",
        tab=True,
    ),
)
