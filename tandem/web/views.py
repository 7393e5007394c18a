"""Home and the search page."""

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tandem.kernel.actor import Actor
from tandem.kernel.doors import ActorRequest, page, signed_in_page
from tandem.kernel.installation import installation, release_sending
from tandem.records import queries
from tandem.records.slots import OBJECT_TYPES, ObjectType
from tandem.records.views.cells import rows_of
from tandem.timeline.queries import latest_stories
from tandem.ui.navigation import NavItem, Section, register
from tandem.ui.responses import Toast, render, see_other

SEARCH_SHOWN = 20
HOME_SHOWN = 12


@require_GET
@signed_in_page
def home(request: ActorRequest) -> HttpResponseBase:
    actor = request.actor
    types = [found for found in OBJECT_TYPES if actor.may(found.permissions.view)]
    counts = [(found, found.visible_to(actor).count()) for found in types]
    context = {
        "page_title": _("Home"),
        "name": actor.label.split(" ")[0],
        "counts": counts,
        "is_empty": not any(count for _type, count in counts),
        "stories": latest_stories(actor, limit=HOME_SHOWN),
        "mine": [(found, rows) for found in types if (rows := _mine(actor, found))],
        "installation": installation(),
        "may_release": actor.may("kernel.operate"),
    }
    return render(request, "web/home.html", context)


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
        found = [(kind, rows_of(kind, actor, records, [])) for kind, records in hits]
    context = {"page_title": _("Search"), "text": text, "found": found}
    return render(request, "web/search.html", context, fragment="found")


def _mine(actor: Actor, object_type: ObjectType) -> list[Any]:
    """The records that the actor owns, the latest changed first; some kinds have no owner."""
    if object_type.field("owner") is None:
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
